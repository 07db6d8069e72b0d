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
    const { entries, revision } = await store.list(prefix);
    yield { type: 'snapshot', entries, revision };
    try {
      yield* store.watch(prefix, revision, options);
      return;
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'ERR_STORE_COMPACTED')) throw error;
    }
  }
}
