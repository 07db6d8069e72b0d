/** A view of a prefix that never goes stale: pages of all there is, then events, and pages again after a compaction. */
import { StoreError } from './errors.js';
import { type Page, PagesRead, readPages } from './pages.js';
import type { AbortSignalLike, Store, WatchEvent } from './store.js';

export type FollowEvent = Page | WatchEvent;

export interface FollowOptions {
  readonly signal?: AbortSignalLike;
  /** Pages that were read already, by somebody else: where they are all, only what happened since is told. */
  readonly read?: PagesRead;
}

/**
 * Lists, then watches; lists again where the watch was compacted away. Ends when the signal aborts. An event is never older than
 * what was told of its key.
 */
export async function* follow(
  store: Store,
  prefix: string,
  { signal, read = new PagesRead() }: FollowOptions = {},
): AsyncGenerator<FollowEvent, void, undefined> {
  while (!signal?.aborted) {
    if (read.revision === undefined) {
      for await (const page of readPages(store, prefix)) {
        read.add(page);
        yield page;
        if (signal?.aborted) return;
      }
    }
    try {
      for await (const event of store.watch(prefix, read.revision!, signal && { signal })) {
        if (!read.includes(event)) yield event;
      }
      return;
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'ERR_STORE_COMPACTED')) throw error;
      read = new PagesRead();
    }
  }
}
