/** TCP-MD5 (RFC 2385): struct tcp_md5sig, and the counters in which a wrong key shows. */
import type { Address } from '@tortie/ip';
import { addressBits } from '@tortie/ip';
import { LITTLE_ENDIAN, LinuxError, viewOf } from '@tortie/linux';
import { addon, checkedOctets } from './addon.js';
import { SOL, setOption, socketAddress } from './descriptor.js';
import { type NetnsRef, netnsPath } from './netns-path.js';

const TCP_MD5SIG = 14;
const TCP_MD5SIG_EXT = 32;
const TCP_MD5SIG_FLAG_PREFIX = 1;
const MAX_KEY_OCTETS = 80;
const ENOENT = 2;
/** sockaddr_storage 128, flags u8, prefix length u8, key length u16, interface u32, key 80. */
const MD5SIG_OCTETS = 128 + 8 + MAX_KEY_OCTETS;

/**
 * Sets the key for segments to and from an address, or from every address of a prefix where `length` is given.
 * Undefined takes it away. Throws LinuxError; ENOENT where there was none to take away.
 */
export function setMd5Key(fd: number, remote: Address, password: string | undefined, length?: number): void {
  const key = Buffer.from(password ?? '', 'utf8');
  if (password === '' || key.length > MAX_KEY_OCTETS) {
    throw new LinuxError(
      'ERR_LINUX_MESSAGE',
      `a TCP-MD5 password has 1 to ${MAX_KEY_OCTETS} octets, not ${key.length}`,
    );
  }
  const value = new Uint8Array(MD5SIG_OCTETS);
  const view = viewOf(value);
  value.set(socketAddress(remote, 0));
  const range = length !== undefined && length < addressBits(remote.version);
  if (range) {
    value[128] = TCP_MD5SIG_FLAG_PREFIX;
    value[129] = length;
  }
  view.setUint16(130, key.length, LITTLE_ENDIAN);
  value.set(key, 136);
  setOption(fd, SOL.TCP, range ? TCP_MD5SIG_EXT : TCP_MD5SIG, value, 'the TCP-MD5 key');
}

/**
 * Makes sure that an accepted connection was signed from its first segment. The kernel gives it the listener's key when it is
 * made; a connection that was there before the listener had one has none, ever, and would be taken for one with the key.
 * Linux tells only by refusing to take away a key that is not there. Throws LinuxError.
 */
export function requireMd5Key(fd: number, remote: Address, password: string): void {
  try {
    setMd5Key(fd, remote, undefined);
  } catch (error) {
    if (!(error instanceof LinuxError && error.errno === ENOENT)) throw error;
    throw new LinuxError('ERR_LINUX_UNSIGNED', 'the connection was made without the TCP-MD5 key, before it was set', {
      cause: error,
    });
  }
  setMd5Key(fd, remote, password);
}

export interface TcpMd5Counters {
  /** A key was expected and the segment had none. */
  readonly notFound: number;
  /** The segment had a key and none was expected. */
  readonly unexpected: number;
  /** The keys differ. */
  readonly failure: number;
  /** Dropped by GTSM. */
  readonly minTtlDrop: number;
}

/** Counters of a namespace since it began, from /proc/net/netstat; 0 where the kernel does not count. */
export async function tcpMd5Counters(options: { readonly netns?: NetnsRef } = {}): Promise<TcpMd5Counters> {
  const octets = addon().readFile(netnsPath(options.netns), '/proc/thread-self/net/netstat');
  const counters = readNetstat(Buffer.from(checkedOctets('read /proc/net/netstat', octets)).toString());
  return {
    notFound: counters.get('TCPMD5NotFound') ?? 0,
    unexpected: counters.get('TCPMD5Unexpected') ?? 0,
    failure: counters.get('TCPMD5Failure') ?? 0,
    minTtlDrop: counters.get('TCPMinTTLDrop') ?? 0,
  };
}

/** A line of names, then a line of numbers, both behind `TcpExt:`. */
function readNetstat(text: string): Map<string, number> {
  const [names = '', numbers = ''] = text.split('\n').filter((line) => line.startsWith('TcpExt:'));
  const values = numbers.split(' ');
  return new Map(names.split(' ').map((name, i) => [name, Number(values[i])]));
}
