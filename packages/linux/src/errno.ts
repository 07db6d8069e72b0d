/** Linux error numbers that rtnetlink and sockets answer with: name and the usual words (asm-generic/errno.h). */
const ERRNO: Readonly<Record<number, readonly [name: string, words: string]>> = {
  1: ['EPERM', 'operation not permitted'],
  2: ['ENOENT', 'no such file, route or object'],
  3: ['ESRCH', 'no such route or process'],
  4: ['EINTR', 'interrupted'],
  5: ['EIO', 'input/output error'],
  6: ['ENXIO', 'no such device or address'],
  7: ['E2BIG', 'too much'],
  9: ['EBADF', 'bad descriptor'],
  11: ['EAGAIN', 'no answer in time'],
  12: ['ENOMEM', 'out of memory'],
  13: ['EACCES', 'permission denied'],
  16: ['EBUSY', 'device or resource busy'],
  17: ['EEXIST', 'already there'],
  18: ['EXDEV', 'cross-device'],
  19: ['ENODEV', 'no such device'],
  20: ['ENOTDIR', 'not a directory'],
  22: ['EINVAL', 'invalid argument'],
  24: ['EMFILE', 'too many open files'],
  28: ['ENOSPC', 'no space left'],
  30: ['EROFS', 'read-only file system'],
  34: ['ERANGE', 'out of range'],
  38: ['ENOSYS', 'not in this kernel'],
  61: ['ENODATA', 'no data'],
  71: ['EPROTO', 'protocol error'],
  75: ['EOVERFLOW', 'value too large'],
  90: ['EMSGSIZE', 'message too long'],
  92: ['ENOPROTOOPT', 'option not in this kernel'],
  93: ['EPROTONOSUPPORT', 'protocol not in this kernel'],
  95: ['EOPNOTSUPP', 'not supported'],
  97: ['EAFNOSUPPORT', 'address family not in this kernel'],
  98: ['EADDRINUSE', 'address in use'],
  99: ['EADDRNOTAVAIL', 'address not available'],
  100: ['ENETDOWN', 'network is down'],
  101: ['ENETUNREACH', 'network is unreachable'],
  105: ['ENOBUFS', 'no buffer space'],
  110: ['ETIMEDOUT', 'timed out'],
  111: ['ECONNREFUSED', 'connection refused'],
  113: ['EHOSTUNREACH', 'no route to host'],
  125: ['ECANCELED', 'cancelled'],
};

/** `EEXIST` for 17; `E123` for numbers not in the table. */
export const errnoName = (errno: number): string => ERRNO[errno]?.[0] ?? `E${errno}`;

/** The usual words for an error number. */
export const errnoWords = (errno: number): string => ERRNO[errno]?.[1] ?? `error ${errno}`;
