/**
 * The embedded store: one LMDB environment in a directory that several processes open at once. Every commit is one write
 * transaction, on disk when it returns.
 *
 *     entries   key -> [revision,value] as JSON text
 *     log       revision -> ["key", …], the keys a commit wrote; its last row is the store's revision, its first row the
 *               oldest change still known
 *     meta      "format" -> {"format":1}
 *
 * Opening, committing and closing exclude each other over all processes, by a lock on the file `gate`. LMDB as lmdb-js
 * builds it reads the number of the last transaction when it opens and writes it to the shared lock table later, without
 * the writer's lock: a commit of another process in between would be overwritten by the next, although acknowledged. And
 * who opens while the last other process closes would find the table's mutexes destroyed.
 *
 * Transactions run synchronously: a commit blocks the event loop for one flush of the disk (and for the commit of another
 * process that holds the writer lock).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Mutex, openMutex } from '@tortie/linux/node';
import { type Database, open, type RootDatabase } from 'lmdb';
import {
  type AbortSignalLike,
  assertKey,
  assertOperations,
  assertPart,
  assertRevision,
  type Changes,
  type Entry,
  encodeValue,
  type Listing,
  type ListPart,
  type Operation,
  type Store,
  StoreError,
  Wakers,
  type WatchEvent,
  watchLoop,
} from '../src/index.js';
import { ChangeSignal } from './change-signal.js';
import { assertFormat, FORMAT } from './format.js';
import { storeError } from './lmdb-errors.js';
import { assertLmdbFile } from './lmdb-header.js';

export interface LmdbStoreOptions {
  /** How many commits the change log keeps. Default 10,000. */
  readonly keepCommits?: number;
  /** The most the database may grow to, in octets. Address space only, no memory. Default 4 GiB. */
  readonly maxOctets?: number;
  /** How often a watch looks at the log although no process signalled a change. Default 5,000. */
  readonly safetyMs?: number;
}

/** How many commits pass between two compactions of the log. */
const COMPACT_EVERY = 64;

/** Opens (and creates) the store in a directory. Throws StoreError. */
export function openLmdbStore(path: string, options: LmdbStoreOptions = {}): Store {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const gate = openMutex(join(path, 'gate'));
    try {
      return gate.hold(() => {
        assertLmdbFile(join(path, 'data.mdb'));
        const root: RootDatabase<string, string> = open({
          path,
          noSubdir: false,
          overlappingSync: false,
          maxDbs: 4,
          mapSize: options.maxOctets ?? 4 * 1024 ** 3,
        });
        try {
          return new LmdbStore(path, root, gate, options);
        } catch (error) {
          void root.close();
          throw error;
        }
      });
    } catch (error) {
      gate.close();
      throw error;
    }
  } catch (error) {
    throw storeError(path, error);
  }
}

class LmdbStore implements Store {
  readonly multiKey = true;
  readonly wakers = new Wakers();
  readonly #path: string;
  readonly #root: RootDatabase<string, string>;
  readonly #gate: Mutex;
  readonly #entries: Database<string, string>;
  readonly #log: Database<string, number>;
  readonly #signal: ChangeSignal;
  readonly #keepCommits: number;
  /** The last revision this process saw. */
  #known = 0;
  #closed = false;

  constructor(path: string, root: RootDatabase<string, string>, gate: Mutex, options: LmdbStoreOptions) {
    this.#path = path;
    this.#root = root;
    this.#gate = gate;
    this.#keepCommits = options.keepCommits ?? 10_000;
    root.readerCheck();
    const meta = root.openDB<string, string>('meta', { encoding: 'string' });
    this.#entries = root.openDB<string, string>('entries', { encoding: 'string' });
    this.#log = root.openDB<string, number>('log', { encoding: 'string' });
    const format = root.transactionSync(() => {
      const found = meta.get('format');
      if (found === undefined) meta.putSync('format', JSON.stringify({ format: FORMAT }));
      return found;
    });
    if (format !== undefined) assertFormat(path, format);
    this.#signal = new ChangeSignal(path, options.safetyMs ?? 5_000, () => {
      root.readerCheck();
      this.wakers.wakeAll();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  async get(key: string): Promise<Entry | undefined> {
    assertKey(key);
    return this.#read(() => {
      const text = this.#entries.get(key);
      return text === undefined ? undefined : this.#decode(key, text);
    });
  }

  async list(prefix: string, part?: ListPart): Promise<Listing> {
    assertPart(part);
    const { after = '', limit = Number.POSITIVE_INFINITY } = part ?? {};
    return this.#read(() => {
      const entries: Entry[] = [];
      let more = false;
      for (const { key, value } of this.#entries.getRange({ start: after > prefix ? after : prefix })) {
        if (!key.startsWith(prefix)) break;
        if (key === after) continue;
        more = entries.length === limit;
        if (more) break;
        entries.push(this.#decode(key, value));
      }
      return { entries, revision: this.#lastRevision(), ...(more && { more }) };
    });
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

  async commit(operations: readonly Operation[]): Promise<number> {
    this.#assertOpen();
    assertOperations(operations);
    const texts = operations.map((o) => ('value' in o ? encodeValue(o.key, o.value) : ''));
    const written = operations.filter(({ type }) => type !== 'check').map(({ key }) => key);
    try {
      const revision = this.#gate.hold(() => this.#root.transactionSync(() => this.#write(operations, texts, written)));
      if (written.length > 0) {
        this.#known = revision;
        this.#signal.raise();
        this.wakers.wakeAll();
      }
      return revision;
    } catch (error) {
      throw storeError(this.#path, error);
    }
  }

  async changes(prefix: string, revision: number): Promise<Changes> {
    return this.#read(() => this.#changes(prefix, revision));
  }

  isUnchanged(revision: number): boolean {
    return this.#read(() => this.#lastRevision() === revision);
  }

  async *watch(prefix: string, fromRevision: number, options: { readonly signal?: AbortSignalLike } = {}) {
    this.#watches++;
    this.#signal.listen(!this.#closed);
    try {
      yield* watchLoop(this, prefix, fromRevision, options.signal);
    } finally {
      if (--this.#watches === 0) this.#signal.listen(false);
    }
  }

  #watches = 0;

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.wakers.wakeAll();
    this.#signal.close();
    await this.#gate.hold(() => this.#root.close());
    this.#gate.close();
  }

  /** Runs inside the write transaction: an exception aborts it whole. */
  #write(operations: readonly Operation[], texts: readonly string[], written: readonly string[]): number {
    for (const operation of operations) {
      const octets = this.#entries.getBinaryFast(operation.key);
      assertRevision(operation, octets && revisionOf(octets));
    }
    const last = this.#lastRevision();
    if (written.length === 0) return last;
    const revision = last + 1;
    for (const [at, { type, key }] of operations.entries()) {
      if (type === 'delete') this.#entries.removeSync(key);
      else if (type !== 'check') this.#entries.putSync(key, `[${revision},${texts[at]}]`);
    }
    this.#log.putSync(revision, JSON.stringify(written));
    if (revision % COMPACT_EVERY === 0) {
      const old = [...this.#log.getKeys({ end: revision - this.#keepCommits + 1, limit: 4 * COMPACT_EVERY })];
      for (const row of old) this.#log.removeSync(row);
    }
    return revision;
  }

  #changes(prefix: string, revision: number): Changes {
    const last = this.#lastRevision();
    if (revision === last) return { events: [], revision };
    const first = [...this.#log.getKeys({ limit: 1 })][0] ?? 1;
    if (revision > last || revision < first - 1) {
      throw new StoreError('ERR_STORE_COMPACTED', `changes behind revision ${revision} are not known; list again`);
    }
    const newest = new Map<string, number>();
    for (const { key: at, value } of this.#log.getRange({ start: revision + 1 })) {
      for (const key of JSON.parse(value) as string[]) {
        if (!key.startsWith(prefix)) continue;
        newest.delete(key);
        newest.set(key, at);
      }
    }
    const events: WatchEvent[] = [];
    for (const [key, at] of newest) {
      const text = this.#entries.get(key);
      events.push(
        text === undefined ? { type: 'delete', key, revision: at } : { type: 'put', ...this.#decode(key, text) },
      );
    }
    return { events, revision: last };
  }

  /** The newest snapshot, read synchronously: everything inside sees one moment. */
  #read<T>(action: () => T): T {
    this.#assertOpen();
    try {
      this.#root.resetReadTxn();
      return action();
    } catch (error) {
      throw storeError(this.#path, error);
    }
  }

  /** Rows are only added behind the last one: where none follows the one known, asking for that costs no cursor. */
  #lastRevision(): number {
    if (!this.#log.doesExist(this.#known) || this.#log.doesExist(this.#known + 1)) {
      this.#known = 0;
      for (const revision of this.#log.getKeys({ reverse: true, limit: 1 })) this.#known = revision;
    }
    return this.#known;
  }

  #decode(key: string, text: string): Entry {
    try {
      const [revision, value] = JSON.parse(text) as [number, unknown];
      return { key, value, revision };
    } catch (cause) {
      throw new StoreError('ERR_STORE_CORRUPT', `the entry ${key} in ${this.#path} is unreadable`, { key, cause });
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('ERR_STORE_CLOSED', `the store in ${this.#path} was closed`);
  }
}

/** The revision at the head of an entry's octets, without reading the value. */
const revisionOf = (octets: Buffer): number => Number.parseInt(octets.toString('latin1', 1, 1 + DIGITS), 10);

/** Of the highest revision, 2 ** 53 - 1. */
const DIGITS = 16;
