/**
 * The store in etcd v3, for nodes of a cluster. Commits are etcd transactions with comparisons; reads are linearizable;
 * what changed comes from one watch per store, which knows that it is complete by the head key (see keys.ts).
 *
 * A commit is sent once. Where its answer is lost it is looked for among the heads; one that is not found may still be made
 * later, and ERR_STORE_UNAVAILABLE says that its fate is not known: only the caller knows how to look.
 */
import {
  type AbortSignalLike,
  assertKey,
  assertOperations,
  assertPart,
  assertRevision,
  type Changes,
  type Entry,
  encodeValue,
  type Hold,
  type HoldingStore,
  isUnavailable,
  type Listing,
  type ListPart,
  type Operation,
  StoreError,
  watchLoop,
} from '../src/index.js';
import { ChangeFeed } from './change-feed.js';
import type { ChangeLog } from './change-log.js';
import { Connection, closedError } from './connection.js';
import { History } from './history.js';
import { assertHead, Layout, parseValue } from './keys.js';
import { Lease } from './lease.js';
import {
  type Compare,
  type KeyValue,
  MOD_REVISION_EQUALS,
  RANGE,
  type RangeResponse,
  type RequestOp,
  TXN,
  type TxnResponse,
} from './messages.js';
import { assertOptions, type EtcdStoreOptions } from './options.js';

/** A revision that no key has. */
const NEVER = -1;

/** The head as a majority knows it at `revision` of etcd; `head` 0: nothing was ever committed. */
interface Head {
  readonly head: number;
  readonly revision: number;
}

/** Opens the store below a prefix of etcd. Nothing is sent before the first request. Throws ERR_STORE_INVALID. */
export function openEtcdStore(options: EtcdStoreOptions): HoldingStore {
  assertOptions(options);
  return new EtcdStore(options);
}

class EtcdStore implements HoldingStore {
  readonly multiKey = true;
  readonly #layout: Layout;
  readonly #history: History;
  readonly #connection: Connection;
  readonly #feed: ChangeFeed;
  readonly #pageSize: number;
  readonly #leases = new Set<Lease>();
  #closed = false;
  #nextHead: Promise<Head> | undefined;

  constructor(options: EtcdStoreOptions) {
    this.#layout = new Layout(options.prefix ?? '/tortie/', options.unwatched);
    this.#pageSize = options.pageSize ?? 100;
    const history = new History({
      layout: this.#layout,
      former: options.formerPosition,
      onSetBack: (from, to) => options.onSetBack?.(from, to),
    });
    this.#history = history;
    this.#connection = new Connection(options, (link, deadline) => history.prove(link, deadline));
    this.#feed = new ChangeFeed({
      connection: this.#connection,
      history,
      layout: this.#layout,
      keepChanges: options.keepChanges ?? 10_000,
      timeoutMs: options.timeoutMs ?? 5_000,
      revision: async () => (await this.#readHead()).revision,
    });
  }

  get position(): string | undefined {
    return this.#history.position;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    assertKey(key);
    const { kvs } = await this.#connection.call(RANGE, { key: this.#layout.keyInEtcd(key) }, { repeatable: true });
    return kvs[0] && this.#entryOf(key, kvs[0]);
  }

  async list(prefix: string, part?: ListPart): Promise<Listing> {
    this.#assertOpen();
    assertPart(part);
    for (;;) {
      try {
        return await this.#list(prefix, part);
      } catch (error) {
        // The moment of the first page was compacted before the last was read.
        if (!(error instanceof StoreError && error.code === 'ERR_STORE_COMPACTED')) throw error;
      }
    }
  }

  create(key: string, value: unknown): Promise<number> {
    return this.commit([{ type: 'create', key, value }]);
  }

  update(key: string, value: unknown, revision: number): Promise<number> {
    return this.commit([{ type: 'update', key, value, revision }]);
  }

  delete(key: string, revision: number): Promise<number> {
    return this.commit([{ type: 'delete', key, revision }]);
  }

  commit(operations: readonly Operation[]): Promise<number> {
    return this.#commit(operations);
  }

  async hold(
    key: string,
    value: unknown,
    { ttlS, revision }: { readonly ttlS: number; readonly revision?: number },
  ): Promise<Hold> {
    this.#assertOpen();
    const lease = await Lease.grant(this.#connection, ttlS);
    try {
      const operation: Operation =
        revision === undefined ? { type: 'create', key, value } : { type: 'update', key, value, revision };
      await this.#commit([operation], lease.id);
    } catch (error) {
      // Where this fails too the lease ends by itself.
      await lease.revoke().catch(() => {});
      throw error;
    }
    this.#leases.add(lease);
    void lease.lost.then(() => this.#leases.delete(lease));
    return {
      lost: lease.lost,
      release: async () => {
        this.#leases.delete(lease);
        await lease.revoke();
      },
    };
  }

  /** What it puts hangs on the lease. */
  async #commit(operations: readonly Operation[], lease?: number): Promise<number> {
    this.#assertOpen();
    assertOperations(operations);
    const keys = operations.map(({ key }) => this.#layout.keyInEtcd(key));
    const compare = operations.map(
      (operation, at): Compare => ({
        ...MOD_REVISION_EQUALS,
        key: keys[at]!,
        modRevision: operation.type === 'create' ? 0 : (this.#history.toEtcd(operation.revision) ?? NEVER),
      }),
    );
    const success = operations.flatMap((operation, at): RequestOp[] => {
      if (operation.type === 'check') return [];
      if (operation.type === 'delete') return [{ deleteRange: { key: keys[at]! } }];
      const value = Buffer.from(encodeValue(operation.key, operation.value));
      return [{ put: { key: keys[at]!, value, ...(lease !== undefined && { lease }) } }];
    });
    const writes = success.length > 0;
    const head = this.#history.nextHead();
    // What no watch tells of need not be known of to have seen everything.
    const tells = operations.some(({ type, key }) => type !== 'check' && !this.#layout.isUnwatched(key));
    if (tells) success.push({ put: { key: this.#layout.head, value: Buffer.from(head) } });
    const failure = keys.map((key): RequestOp => ({ range: { key, keysOnly: true } }));
    let answer: TxnResponse;
    try {
      answer = await this.#connection.call(TXN, { compare, success, failure }, { repeatable: !writes });
    } catch (error) {
      const found = tells && isUnavailable(error) ? await this.#find(head) : undefined;
      if (found === undefined) throw error;
      return this.#history.toStore(found);
    }
    if (answer.succeeded) {
      if (tells) this.#history.saw(answer.header.revision, head);
      return this.#history.toStore(answer.header.revision);
    }
    for (const [at, operation] of operations.entries()) {
      const present = answer.responses[at]?.range?.kvs[0]?.modRevision;
      assertRevision(operation, present === undefined ? undefined : this.#history.toStore(present));
    }
    throw new StoreError('ERR_STORE_IO', 'etcd refused a commit although all its keys were as demanded');
  }

  /** The revision at which a commit was made whose answer was lost; undefined where nobody knows. */
  async #find(written: string): Promise<number | undefined> {
    try {
      const { head } = await this.#readHead();
      await this.#feed.reach(head);
      return this.#history.revisionOf(written);
    } catch {
      return undefined;
    }
  }

  async changes(prefix: string, revision: number): Promise<Changes> {
    this.#assertOpen();
    const { head, revision: present } = await this.#readHead();
    const behind = this.#toEtcd(revision);
    if (behind > present) throw compactedError(revision);
    const log = this.#feed.log(behind);
    await this.#feed.reach(head);
    return this.#feed.log(behind) === log ? this.#since(log, prefix, behind) : this.changes(prefix, revision);
  }

  async *watch(prefix: string, fromRevision: number, options: { readonly signal?: AbortSignalLike } = {}) {
    this.#assertOpen();
    const feed = this.#feed;
    const log = feed.log(this.#toEtcd(fromRevision));
    const since = (below: string, revision: number): Changes => {
      const behind = this.#toEtcd(revision);
      if (feed.log(behind) !== log) throw compactedError(revision);
      return this.#since(log, below, behind);
    };
    const isClosed = (): boolean => this.#closed;
    const source = {
      wakers: feed.wakers,
      get closed(): boolean {
        return isClosed();
      },
      changes: async (below: string, revision: number) => since(below, revision),
    };
    yield* watchLoop(source, prefix, fromRevision, options.signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const lease of this.#leases) lease.end();
    this.#feed.close();
    this.#connection.close();
  }

  /** Calls of one turn share one read, which begins after all of them. */
  #readHead(): Promise<Head> {
    this.#nextHead ??= Promise.resolve().then(() => {
      this.#nextHead = undefined;
      return this.#fetchHead();
    });
    return this.#nextHead;
  }

  async #fetchHead(): Promise<Head> {
    const { head } = this.#layout;
    const { header, kvs } = await this.#connection.call(RANGE, { key: head }, { repeatable: true });
    if (kvs[0]) {
      const text = kvs[0].value.toString();
      assertHead(head.toString(), text);
      this.#history.saw(kvs[0].modRevision, text);
    }
    return { head: kvs[0]?.modRevision ?? 0, revision: header.revision };
  }

  /** All pages at the revision of the first. */
  async #list(prefix: string, part?: ListPart): Promise<Listing> {
    const others = this.#layout.unwatchedBelow(prefix);
    if (others.length === 0) return this.#listRange(prefix, part);
    // Two places of etcd are one order of keys here; whoever asks for both wants everything.
    const { entries, revision } = await this.#listRange(prefix, undefined);
    const all = entries.filter(({ key }) => !this.#layout.isUnwatched(key));
    for (const other of others) all.push(...(await this.#listRange(other, undefined, this.#toEtcd(revision))).entries);
    all.sort((x, y) => (x.key < y.key ? -1 : 1));
    const { after, limit = all.length } = part ?? {};
    const rest = after === undefined ? all : all.filter(({ key }) => key > after);
    return { entries: rest.slice(0, limit), revision, ...(rest.length > limit && { more: true }) };
  }

  /** `at`: etcd's revision to read at; undefined: the present one. */
  async #listRange(prefix: string, part: ListPart | undefined, at?: number): Promise<Listing> {
    const { key: first, rangeEnd } = this.#layout.range(prefix);
    const { after = '', limit = Number.POSITIVE_INFINITY } = part ?? {};
    const entries: Entry[] = [];
    let key = after > prefix ? behind(this.#layout.keyInEtcd(after)) : first;
    let revision = at;
    for (;;) {
      const page: RangeResponse = await this.#connection.call(
        RANGE,
        {
          key,
          rangeEnd,
          limit: Math.min(this.#pageSize, limit - entries.length),
          ...(revision !== undefined && { revision }),
        },
        { repeatable: true },
      );
      revision ??= page.header.revision;
      for (const kv of page.kvs) entries.push(this.#entryOf(this.#layout.keyOf(kv.key)!, kv));
      const last = page.kvs.at(-1);
      if (!page.more || !last) return { entries, revision: this.#history.toStore(revision) };
      if (entries.length >= limit) return { entries, revision: this.#history.toStore(revision), more: true };
      key = behind(last.key);
    }
  }

  #entryOf(key: string, { value, modRevision }: KeyValue): Entry {
    return { key, value: parseValue(key, value.toString()), revision: this.#history.toStore(modRevision) };
  }

  /** Throws ERR_STORE_COMPACTED for a revision of a former history. */
  #toEtcd(revision: number): number {
    const inEtcd = this.#history.toEtcd(revision);
    if (inEtcd === undefined) throw compactedError(revision);
    return inEtcd;
  }

  #since(log: ChangeLog, prefix: string, behind: number): Changes {
    const { events, revision } = log.since(prefix, behind);
    const toStore = (one: number): number => this.#history.toStore(one);
    return {
      events: events.map((event) => ({ ...event, revision: toStore(event.revision) })),
      revision: toStore(revision),
    };
  }

  #assertOpen(): void {
    if (this.#closed) throw closedError();
  }
}

/** The first key behind another. */
const behind = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)]);

const compactedError = (revision: number): StoreError =>
  new StoreError('ERR_STORE_COMPACTED', `changes behind revision ${revision} are not known; list again`);
