/**
 * Makes sure that this is the only agent of its name on its store, and the only one behind its socket. The locks are the
 * kernel's: they end with the process, however it ends.
 */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FileLock, tryLockFile } from '@tortie/linux/node';
import { AgentError } from '../../src/errors.js';

export interface Place {
  readonly node: string;
  readonly storePath: string;
  readonly socket: string;
  /** Of the CNI plugin, where it is answered. */
  readonly cniSocket?: string | undefined;
}

/** Throws ERR_AGENT_RUNNING where another agent has the place. */
export function takePlace({ node, storePath, socket, cniSocket }: Place): { release(): void } {
  makeFolder(storePath, 0o700, 'store.path');
  makeFolder(dirname(socket), 0o755, 'api.socket');
  if (cniSocket !== undefined) makeFolder(dirname(cniSocket), 0o755, 'cni.socket');
  const locks: FileLock[] = [];
  const take = (path: string, taken: string): void => {
    let lock: FileLock | undefined;
    try {
      lock = tryLockFile(path);
    } catch (error) {
      throw new AgentError('ERR_AGENT_UNAVAILABLE', (error as Error).message, { cause: error });
    }
    if (!lock) {
      for (const other of locks) other.release();
      throw new AgentError('ERR_AGENT_RUNNING', taken);
    }
    locks.push(lock);
  };
  take(
    nodeLock(storePath, node),
    `another agent is running as node "${node}" on the store ${storePath}; stop it, or give this one another name with "node:" or another store with "store.path:"`,
  );
  take(
    `${socket}.lock`,
    `another agent is running on the socket ${socket}; stop it, or give this one another with "api.socket:"`,
  );
  if (cniSocket !== undefined) {
    take(
      `${cniSocket}.lock`,
      `another agent is answering CNI on the socket ${cniSocket}; stop it, or give this one another with "cni.socket:"`,
    );
  }
  return {
    release() {
      for (const lock of locks) lock.release();
    },
  };
}

/** Whether an agent of this host runs by that name on that store. */
export function isPlaceTaken(storePath: string, node: string): boolean {
  const file = nodeLock(storePath, node);
  if (!existsSync(file)) return false;
  const lock = tryLockFile(file);
  lock?.release();
  return lock === undefined;
}

const nodeLock = (storePath: string, node: string): string => join(storePath, `agent-${node}.lock`);

function makeFolder(path: string, mode: number, field: string): void {
  try {
    mkdirSync(path, { recursive: true, mode });
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === 'EACCES' || code === 'EPERM' ? `you may not write to ${path}` : message;
    throw new AgentError(
      'ERR_AGENT_UNAVAILABLE',
      `${why}; run as another user, or name another place with "${field}:"`,
      {
        cause,
      },
    );
  }
}
