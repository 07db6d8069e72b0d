/** The store in the memory of one process: for tests, and for an agent that must not keep anything. */
import { StoreError } from './errors.js';
import { assertKey, assertOperations, assertPart, assertRevision, encodeValue } from './operation.js';
import type { AbortSignalLike, Changes, Entry, Listing, ListPart, Operation, Store, WatchEvent } from './store.js';
import { Wakers, watchLoop } from './watch-loop.js';

export interface MemoryStoreOptions {
  /** How many commits the change log keeps; older ones are compacted. Default 10,000. */
  readonly keepCommits?: number;
  /** False makes it a backend without multi-key commits. Default true. */
  readonly multiKey?: boolean;
}

interface Row {
  readonly text: string;
  readonly revision: number;
}

export class MemoryStore implements Store {
  readonly multiKey: boolean;
  readonly wakers = new Wakers();
  readonly #keepCommits: number;
  readonly #rows = new Map<string, Row>();
  /** Keys of each commit; index 0 is the commit `#compacted + 1`. */
  readonly #log: (readonly string[])[] = [];
  #compacted = 0;
  #revision = 0;
  #closed = false;

  constructor(options: MemoryStoreOptions = {}) {
    this.#keepCommits = options.keepCommits ?? 10_000;
    this.multiKey = options.multiKey ?? true;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#assertOpen();
    assertKey(key);
    const row = this.#rows.get(key);
    return row && { key, value: JSON.parse(row.text), revision: row.revision };
  }

  async list(prefix: string, part?: ListPart): Promise<Listing> {
    this.#assertOpen();
    assertPart(part);
    const { after = '', limit = Number.POSITIVE_INFINITY } = part ?? {};
    const keys = [...this.#rows.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const entries = keys.slice(0, limit).map((key) => {
      const row = this.#rows.get(key)!;
      return { key, value: JSON.parse(row.text), revision: row.revision };
    });
    return { entries, revision: this.#revision, ...(keys.length > limit && { more: true }) };
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
    if (operations.length > 1 && !this.multiKey) {
      throw new StoreError('ERR_STORE_UNSUPPORTED', 'this store commits one key at a time');
    }
    const texts = operations.map((o) => ('value' in o ? encodeValue(o.key, o.value) : ''));
    for (const operation of operations) assertRevision(operation, this.#rows.get(operation.key)?.revision);
    const written = operations.filter(({ type }) => type !== 'check').map(({ key }) => key);
    if (written.length === 0) return this.#revision;
    const revision = ++this.#revision;
    for (const [at, { type, key }] of operations.entries()) {
      if (type === 'delete') this.#rows.delete(key);
      else if (type !== 'check') this.#rows.set(key, { text: texts[at]!, revision });
    }
    this.#log.push(written);
    if (this.#log.length > 2 * this.#keepCommits) {
      const drop = this.#log.length - this.#keepCommits;
      this.#log.splice(0, drop);
      this.#compacted += drop;
    }
    this.wakers.wakeAll();
    return revision;
  }

  async changes(prefix: string, revision: number): Promise<Changes> {
    this.#assertOpen();
    if (revision < this.#compacted || revision > this.#revision) {
      throw new StoreError('ERR_STORE_COMPACTED', `changes behind revision ${revision} are not known; list again`);
    }
    const newest = new Map<string, number>();
    for (let at = revision - this.#compacted; at < this.#log.length; at++) {
      for (const key of this.#log[at]!) {
        if (!key.startsWith(prefix)) continue;
        newest.delete(key);
        newest.set(key, this.#compacted + at + 1);
      }
    }
    const events: WatchEvent[] = [];
    for (const [key, at] of newest) {
      const row = this.#rows.get(key);
      if (row) events.push({ type: 'put', key, value: JSON.parse(row.text), revision: row.revision });
      else events.push({ type: 'delete', key, revision: at });
    }
    return { events, revision: this.#revision };
  }

  isUnchanged(revision: number): boolean {
    this.#assertOpen();
    return revision === this.#revision;
  }

  watch(prefix: string, fromRevision: number, options: { readonly signal?: AbortSignalLike } = {}) {
    return watchLoop(this, prefix, fromRevision, options.signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.wakers.wakeAll();
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('ERR_STORE_CLOSED', 'the store was closed');
  }
}
