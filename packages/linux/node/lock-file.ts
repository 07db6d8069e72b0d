import { closeSync, openSync } from 'node:fs';
import { LinuxError } from '@tortie/linux';
import { addon, checked } from './addon.js';

export interface FileLock {
  release(): void;
}

/** A lock taken for short, synchronous actions. */
export interface Mutex {
  /** Waits, blocking the thread, until no other process holds the lock, and runs the action under it. */
  hold<T>(action: () => T): T;
  close(): void;
}

const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const EWOULDBLOCK = 11;

/**
 * Takes an exclusive lock (flock) on a file, creating it. The kernel drops it with the process, however that ends; the
 * file stays. Undefined where another holds it.
 */
export function tryLockFile(path: string): FileLock | undefined {
  const fd = open(path);
  const result = addon().flock(fd, LOCK_EX | LOCK_NB);
  if (result < 0) closeSync(fd);
  if (result === -EWOULDBLOCK) return undefined;
  checked(`lock ${path}`, result);
  let held = true;
  return {
    release() {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

/**
 * An exclusive lock (flock) on a file, which is created, for actions of many processes that must not overlap. The kernel
 * hands it on when its holder is killed. Actions of one Mutex may nest; two of one file in one process must not.
 */
export function openMutex(path: string): Mutex {
  const fd = open(path);
  let depth = 0;
  return {
    hold(action) {
      if (depth === 0) checked(`lock ${path}`, addon().flock(fd, LOCK_EX));
      depth++;
      try {
        return action();
      } finally {
        if (--depth === 0) addon().flock(fd, LOCK_UN);
      }
    },
    close: () => closeSync(fd),
  };
}

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw new LinuxError('ERR_LINUX_SYSCALL', `lock ${path}: ${(cause as Error).message}`, { cause });
  }
}
