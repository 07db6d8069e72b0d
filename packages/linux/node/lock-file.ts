import { closeSync, openSync } from 'node:fs';
import { LinuxError } from '@tortie/linux';
import { addon, checked } from './addon.js';

export interface FileLock {
  release(): void;
}

const LOCK_EX = 2;
const LOCK_NB = 4;
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

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600);
  } catch (cause) {
    throw new LinuxError('ERR_LINUX_SYSCALL', `lock ${path}: ${(cause as Error).message}`, { cause });
  }
}
