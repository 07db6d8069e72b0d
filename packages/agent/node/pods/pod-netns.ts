/**
 * A pod's network namespace, held open: it cannot go away or become another one while a pod is plugged in. A client inside is
 * opened meanwhile, off the main thread.
 */
import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { CniError } from '@tortie/cni';
import { LinuxError } from '@tortie/linux';
import { openRtnetlink, type Rtnetlink } from '@tortie/linux/node';

const OWN = '/proc/self/ns/net';

export class PodNetns {
  /** Opens anywhere in this process what is held here. */
  readonly path: string;
  /** A client inside. Rejects with CniError `ERR_CNI_ENVIRONMENT` where it is a namespace of another kind. */
  readonly rtnetlink: Promise<Rtnetlink>;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = pathOf(fd);
    this.rtnetlink = openRtnetlink({ netns: this.path }).catch((error) => {
      throw error instanceof LinuxError && error.errnoName === 'EINVAL' ? noNamespace(path, error) : error;
    });
    // Whoever needs it is told.
    this.rtnetlink.catch(() => {});
  }

  /**
   * Throws CniError: `ERR_CNI_CONTAINER` where there is nothing, `ERR_CNI_ENVIRONMENT` for what is no network namespace,
   * or the node's own.
   */
  static open(path: string): PodNetns {
    const fd = openFile(path);
    try {
      const [found, own] = [fstatSync(fd), statSync(OWN)];
      if (found.dev !== own.dev) throw noNamespace(path);
      if (found.ino === own.ino) {
        throw new CniError('ERR_CNI_ENVIRONMENT', `CNI_NETNS ${path} is the node's own; it is the container's`);
      }
      return new PodNetns(fd, path);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Whether there is anything a namespace could be at a path. */
  static isThere(path: string): boolean {
    try {
      return statSync(path).dev === statSync(OWN).dev;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    await this.rtnetlink.then(
      (rtnetlink) => rtnetlink.close(),
      () => {},
    );
    closeSync(this.#fd);
  }
}

const pathOf = (fd: number): string => `/proc/self/fd/${fd}`;

const noNamespace = (path: string, cause?: unknown): CniError =>
  new CniError('ERR_CNI_ENVIRONMENT', `CNI_NETNS ${path} is no network namespace`, { cause });

function openFile(path: string): number {
  try {
    // Not opened unless it may be one: a FIFO would wait for a writer, and a device may do anything.
    if (statSync(path).dev !== statSync(OWN).dev) throw noNamespace(path);
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (cause instanceof CniError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new CniError('ERR_CNI_CONTAINER', `there is no network namespace at ${path}; the container is gone`, {
        cause,
      });
    }
    if (code === 'EACCES' && path.startsWith('/proc/')) {
      const right = 'to open the namespace of a process with more rights than its own the agent needs CAP_SYS_PTRACE';
      throw new CniError('ERR_CNI_ENVIRONMENT', `CNI_NETNS ${path.slice(0, 200)} cannot be opened: ${right}`, {
        cause,
      });
    }
    throw new CniError('ERR_CNI_ENVIRONMENT', `CNI_NETNS ${path.slice(0, 200)} cannot be opened: ${message}`, {
      cause,
    });
  }
}
