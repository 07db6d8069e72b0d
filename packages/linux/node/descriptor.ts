/** Socket options and addresses as the octets that system calls take. */
import { type Address, addressFromBytes, writeAddress } from '@tortie/ip';
import { AF, familyOf, LITTLE_ENDIAN, versionOf, viewOf } from '@tortie/linux';
import { addon, checked } from './addon.js';

export const SOL = { SOCKET: 1, IP: 0, TCP: 6, IPV6: 41, NETLINK: 270 } as const;
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, NONBLOCK: 0x800 } as const;
export const EAGAIN = 11;

/** An int, as most socket options are. */
export function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, value, LITTLE_ENDIAN);
  return bytes;
}

/** Throws LinuxError `ERR_LINUX_SYSCALL` naming the option. */
export function setOption(fd: number, level: number, option: number, value: number | Uint8Array, name: string): void {
  const octets = typeof value === 'number' ? int32(value) : value;
  checked(`set ${name}`, addon().setsockopt(fd, level, option, octets));
}

/** struct sockaddr_in (16 octets) or sockaddr_in6 (28). */
export function socketAddress(address: Address, port: number, scopeId = 0): Uint8Array {
  const bytes = new Uint8Array(address.version === 4 ? 16 : 28);
  const view = viewOf(bytes);
  view.setUint16(0, familyOf(address.version), LITTLE_ENDIAN);
  view.setUint16(2, port, false);
  writeAddress(address, bytes, address.version === 4 ? 4 : 8);
  if (address.version === 6) view.setUint32(24, scopeId, LITTLE_ENDIAN);
  return bytes;
}

export function readSocketAddress(bytes: Uint8Array): { readonly address: Address; readonly port: number } | undefined {
  if (bytes.length < 16) return undefined;
  const view = viewOf(bytes);
  const version = versionOf(view.getUint16(0, LITTLE_ENDIAN));
  if (!version || (version === 6 && bytes.length < 28)) return undefined;
  return { address: addressFromBytes(bytes, version, version === 4 ? 4 : 8), port: view.getUint16(2, false) };
}

/** struct sockaddr_nl: port id 0 lets the kernel choose. */
export function netlinkAddress(groups = 0): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = viewOf(bytes);
  view.setUint16(0, AF.NETLINK, LITTLE_ENDIAN);
  view.setUint32(8, groups, LITTLE_ENDIAN);
  return bytes;
}
