/** Readable descriptors, reported by the addon's epoll thread. */
import { addon, checked } from './addon.js';

const handlers = new Map<number, () => void>();
let nextToken = 1;
let started = false;

export interface Watch {
  /** Asks for one more report. */
  again(): void;
  /** Stops; the descriptor may be closed afterwards. */
  stop(): void;
}

/** Calls `onReadable` once; then again after each `again()`. Keeps the event loop alive until stopped. */
export function watchReadable(fd: number, onReadable: () => void): Watch {
  if (!started) {
    checked(
      'start the epoll thread',
      addon().startWatching((token) => handlers.get(token)?.()),
    );
    started = true;
  }
  // Tokens are never used twice, so a late report about a closed descriptor finds nobody.
  const token = nextToken++;
  checked('watch a descriptor', addon().watch(fd, token, false));
  if (handlers.size === 0) addon().hold(true);
  handlers.set(token, onReadable);
  return {
    again: () => {
      if (handlers.has(token)) addon().watch(fd, token, true);
    },
    stop() {
      if (!handlers.delete(token)) return;
      addon().unwatch(fd);
      if (handlers.size === 0) addon().hold(false);
    },
  };
}
