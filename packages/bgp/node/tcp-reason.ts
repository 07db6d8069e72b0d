/** The words for a failed connection: what a person has to look for. */

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'TCP connection refused',
  ECONNRESET: 'TCP connection reset by the peer',
  EPIPE: 'TCP connection reset by the peer',
  ETIMEDOUT: 'TCP connection timed out',
  EHOSTUNREACH: 'the host is unreachable',
  ENETUNREACH: 'there is no route to the peer',
  EADDRNOTAVAIL: 'the local address is not one of this host',
  EADDRINUSE: 'the local address and port are in use',
  EACCES: 'the system does not permit the connection',
  EPERM: 'the system does not permit the connection',
};

export function tcpReason(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && REASONS[code]) || error.message;
}
