/** A view of a prefix that never goes stale: a snapshot, then events, and a snapshot again after a compaction. */
import { StoreError } from './errors.js';
import type { AbortSignalLike, Entry, Store, WatchEvent } from './store.js';

/** `snapshot` replaces everything known so far. */
export type FollowEvent =
  | { readonly type: 'snapshot'; readonly entries: readonly Entry[]; readonly revision: number }
  | WatchEvent;

/** Lists, then watches; lists again where the watch was compacted away. Ends when the signal aborts. */
export async function* follow(
  store: Store,
  prefix: string,
  options: { readonly signal?: AbortSignalLike } = {},
): AsyncGenerator<FollowEvent, void, undefined> {
  while (!options.signal?.aborted) {
    const snapshot = await snapshotOf(store, prefix);
    yield snapshot;
    // Generators, and who loops over them, keep the last event in hand: of a large store that would be all of it, for good.
    snapshot.entries = [];
    try {
      yield* store.watch(prefix, snapshot.revision, options);
      return;
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'ERR_STORE_COMPACTED')) throw error;
    }
  }
}

async function snapshotOf(store: Store, prefix: string) {
  const { entries, revision } = await store.list(prefix);
  return { type: 'snapshot' as const, entries, revision };
}
