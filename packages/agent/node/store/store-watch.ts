/** Calls back when something below a prefix of the store changes; survives compaction and errors of the store. */
import { type FollowEvent, follow, isUnavailable, type PagesRead, type Store, StoreError } from '@tortie/store';
import type { Journal } from '../journal.js';

export interface StoreWatchOptions {
  readonly store: Store;
  readonly prefix: string;
  readonly journal: Journal;
  /** Pages of it that were read and told already: where they are all, it is not listed again. */
  readonly read?: PagesRead;
  /** Called for the first pages, each change and after each gap: the callee is level-triggered and lists by itself. */
  readonly onChange: (event: FollowEvent) => void;
}

export interface StoreWatch {
  close(): void;
}

export function watchStore({ store, prefix, read, journal, onChange }: StoreWatchOptions): StoreWatch {
  const stop = new AbortController();
  const run = async (): Promise<void> => {
    let pauseMs = 200;
    while (!stop.signal.aborted) {
      try {
        for await (const event of follow(store, prefix, { signal: stop.signal, ...(read && { read }) })) {
          pauseMs = 200;
          onChange(event);
        }
      } catch (error) {
        if (stop.signal.aborted || (error instanceof StoreError && error.code === 'ERR_STORE_CLOSED')) return;
        const away = isUnavailable(error);
        // That a store is away is told once, by who opened it.
        if (!away) journal.problem(`watching ${prefix} of the store failed`, error as Error);
        await pause(pauseMs, stop.signal);
        pauseMs = Math.min(pauseMs * 2, away ? 2_000 : 30_000);
      }
    }
  };
  void run();
  return { close: () => stop.abort() };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
