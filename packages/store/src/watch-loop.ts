/** The waiting half of a watch: backends give `changes` and wake it; it turns that into a sequence of events. */
import { StoreError } from './errors.js';
import type { AbortSignalLike, Changes, WatchEvent } from './store.js';

/** Those who wait for the next commit. One per open store. */
export class Wakers {
  readonly #waiting = new Set<() => void>();

  /** How many watches wait at this moment. */
  get size(): number {
    return this.#waiting.size;
  }

  add(wake: () => void): void {
    this.#waiting.add(wake);
  }

  delete(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  wakeAll(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

/** What a backend lends to its watches. */
export interface WatchSource {
  readonly wakers: Wakers;
  readonly closed: boolean;
  changes(prefix: string, revision: number): Promise<Changes>;
}

/** Yields events under `prefix` behind `fromRevision` until the signal aborts or the store closes. */
export async function* watchLoop(
  source: WatchSource,
  prefix: string,
  fromRevision: number,
  signal: AbortSignalLike | undefined,
): AsyncGenerator<WatchEvent, void, undefined> {
  let dirty = true;
  let resume = (): void => {};
  const wake = (): void => {
    dirty = true;
    resume();
  };
  let revision = fromRevision;
  source.wakers.add(wake);
  signal?.addEventListener('abort', wake, { once: true });
  try {
    while (!signal?.aborted) {
      if (source.closed) throw new StoreError('ERR_STORE_CLOSED', 'the store was closed');
      if (!dirty) {
        await new Promise<void>((resolve) => {
          resume = resolve;
          if (dirty) resolve();
        });
        continue;
      }
      dirty = false;
      const changes = await source.changes(prefix, revision);
      for (const event of changes.events) {
        if (signal?.aborted) return;
        yield event;
      }
      revision = changes.revision;
    }
  } finally {
    source.wakers.delete(wake);
    signal?.removeEventListener('abort', wake);
  }
}
