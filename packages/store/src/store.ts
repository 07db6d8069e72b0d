/**
 * The contract every store backend fulfils: keys with JSON values, one revision counter for the whole store, writes that
 * name the revision they build on, and what changed since a revision.
 *
 * Every commit raises the store's revision by at least one; an entry carries the revision of the commit that wrote it
 * last. Values are data that JSON can hold; what a caller gets is its own copy.
 */

/** One key as it stands in the store. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly revision: number;
}

/** Entries of one moment in key order, and the revision of that moment: where a watch goes on without a gap. */
export interface Listing {
  readonly entries: readonly Entry[];
  readonly revision: number;
  /** Of a part: there are more behind the last entry. */
  readonly more?: true;
}

/** A part of what a prefix has, to be read page by page. Pages are of different moments. */
export interface ListPart {
  /** Only keys behind this one, which need not be there. */
  readonly after?: string;
  /** At most so many, at least 1. */
  readonly limit: number;
}

/** One part of a commit. `check` writes nothing; with revision 0 it demands that the key is absent. */
export type Operation =
  | { readonly type: 'create'; readonly key: string; readonly value: unknown }
  | { readonly type: 'update'; readonly key: string; readonly value: unknown; readonly revision: number }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number }
  | { readonly type: 'check'; readonly key: string; readonly revision: number };

export type WatchEvent =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown; readonly revision: number }
  | { readonly type: 'delete'; readonly key: string; readonly revision: number };

/** What changed behind a revision, oldest first, and the revision it leads to. */
export interface Changes {
  readonly events: readonly WatchEvent[];
  readonly revision: number;
}

/** All methods throw StoreError; see its codes. */
export interface Store {
  /** Whether `commit` takes several operations as one. Where false, it throws `ERR_STORE_UNSUPPORTED` for more than one. */
  readonly multiKey: boolean;
  get(key: string): Promise<Entry | undefined>;
  /** Every entry whose key starts with `prefix`, or a part of them, as of one moment. A part costs no more than it has. */
  list(prefix: string, part?: ListPart): Promise<Listing>;
  /** Writes a key that is not there (else `ERR_STORE_EXISTS`) and gives its revision. */
  create(key: string, value: unknown): Promise<number>;
  /** Replaces the value of exactly this revision (else `ERR_STORE_CONFLICT` or `ERR_STORE_NOT_FOUND`). */
  update(key: string, value: unknown, revision: number): Promise<number>;
  /** Deletes exactly this revision (else `ERR_STORE_CONFLICT` or `ERR_STORE_NOT_FOUND`). */
  delete(key: string, revision: number): Promise<number>;
  /** All operations or none, each key at most once. Returned means durable. Gives the revision of what was written. */
  commit(operations: readonly Operation[]): Promise<number>;
  /**
   * What changed under `prefix` after `revision`, without waiting. Several changes of one key may come as the newest
   * alone. Throws `ERR_STORE_COMPACTED` where the store no longer knows: list again.
   */
  changes(prefix: string, revision: number): Promise<Changes>;
  /**
   * The same as an endless sequence: first what happened since `fromRevision`, then what happens. Ends when `signal`
   * aborts; throws `ERR_STORE_COMPACTED` where the reader fell too far behind, `ERR_STORE_CLOSED` when the store closes.
   */
  watch(
    prefix: string,
    fromRevision: number,
    options?: { readonly signal?: AbortSignalLike },
  ): AsyncIterable<WatchEvent>;
  /** Whether nothing at all was committed since; absent where that cannot be said without waiting. */
  isUnchanged?(revision: number): boolean;
  close(): Promise<void>;
}

/** A key that is there as long as its holder. */
export interface Hold {
  /** Resolves when it is gone although nobody released it: the store was out of reach for too long. */
  readonly lost: Promise<void>;
  /** Deletes the key. */
  release(): Promise<void>;
}

/** What a store that several hosts share can do besides: it notices when a process is gone, and when itself went back. */
export interface HoldingStore extends Store {
  /** Where it stands, for a later process to notice that it went back; undefined: nothing was read yet. */
  readonly position: string | undefined;
  /**
   * Writes a key that is kept while this process lives and reaches the store, and goes `ttlS` seconds after. The key must be
   * absent (else `ERR_STORE_EXISTS`), or be at `revision` (else `ERR_STORE_CONFLICT` or `ERR_STORE_NOT_FOUND`): then it is
   * taken over. Its end shows in watches; `changes` may tell of it a moment later.
   */
  hold(key: string, value: unknown, options: { readonly ttlS: number; readonly revision?: number }): Promise<Hold>;
}

/** The part of the platform's AbortSignal that a watch needs; the core knows no platform. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
