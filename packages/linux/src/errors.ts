/** Stable codes of LinuxError. */
export type LinuxErrorCode =
  /** The native addon is missing or does not load; the message says how to build it. */
  | 'ERR_LINUX_ADDON'
  /** The kernel refused a netlink request; `errno`, `errnoName` and the kernel's own text are there. */
  | 'ERR_LINUX_NETLINK'
  /** A system call failed; `errno` and `errnoName` are there. */
  | 'ERR_LINUX_SYSCALL'
  /** A namespace, link or route that was named does not exist. */
  | 'ERR_LINUX_NOT_FOUND'
  /** Octets from the kernel that do not parse, or values that do not fit a message. */
  | 'ERR_LINUX_MESSAGE'
  /** The object was closed. */
  | 'ERR_LINUX_CLOSED'
  /** A connection that its TCP-MD5 key has not signed from the beginning. */
  | 'ERR_LINUX_UNSIGNED';

export interface LinuxErrorDetails {
  readonly errno?: number;
  readonly errnoName?: string;
  readonly cause?: unknown;
}

/** Everything this package throws. Branch on `code`, or on `errnoName` behind the two codes that carry one. */
export class LinuxError extends Error {
  override readonly name = 'LinuxError';
  readonly code: LinuxErrorCode;
  /** The positive errno, where the kernel gave one. */
  readonly errno: number | undefined;
  /** Its name, as `EEXIST`. */
  readonly errnoName: string | undefined;

  constructor(code: LinuxErrorCode, message: string, details: LinuxErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.errno = details.errno;
    this.errnoName = details.errnoName;
  }
}
