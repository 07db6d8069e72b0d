/**
 * Addresses as unsigned 32-bit words. Text becomes words once, at the edge, through ipaddr.js; everything behind the
 * edge compares, masks and hashes numbers.
 */
import ipaddr from 'ipaddr.js';
import { IpError } from './errors.js';

export type IpVersion = 4 | 6;

/** Four unsigned 32-bit words, most significant first. An IPv4 address is `a` alone; `b`, `c` and `d` are then 0. */
export interface Address {
  readonly version: IpVersion;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/** Number of bits in an address of this version: 32 or 128. */
export const addressBits = (version: IpVersion): 32 | 128 => (version === 4 ? 32 : 128);

/** Number of octets in an address of this version: 4 or 16. */
export const addressOctets = (version: IpVersion): 4 | 16 => (version === 4 ? 4 : 16);

export const ipv4 = (word: number): Address => ({ version: 4, a: word >>> 0, b: 0, c: 0, d: 0 });

export const ipv6 = (a: number, b: number, c: number, d: number): Address => ({
  version: 6,
  a: a >>> 0,
  b: b >>> 0,
  c: c >>> 0,
  d: d >>> 0,
});

const wordAt = (bytes: ArrayLike<number>, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** Reads 4 or 16 octets in network order. The caller guarantees that they are there. */
export function addressFromBytes(bytes: ArrayLike<number>, version: IpVersion, offset = 0): Address {
  if (version === 4) return ipv4(wordAt(bytes, offset));
  return ipv6(wordAt(bytes, offset), wordAt(bytes, offset + 4), wordAt(bytes, offset + 8), wordAt(bytes, offset + 12));
}

/** Writes a 32-bit word in network order. */
function putWord(target: Uint8Array, offset: number, word: number): void {
  target[offset] = word >>> 24;
  target[offset + 1] = word >>> 16;
  target[offset + 2] = word >>> 8;
  target[offset + 3] = word;
}

/** Writes 4 or 16 octets in network order and returns the offset behind them. */
export function writeAddress(address: Address, target: Uint8Array, offset = 0): number {
  putWord(target, offset, address.a);
  if (address.version === 4) return offset + 4;
  putWord(target, offset + 4, address.b);
  putWord(target, offset + 8, address.c);
  putWord(target, offset + 12, address.d);
  return offset + 16;
}

export function addressToBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(addressOctets(address.version));
  writeAddress(address, bytes);
  return bytes;
}

/** Parses `192.0.2.1` or `2001:db8::1`; anything else (also a zone, a mask, octal parts) gives undefined. */
export function tryParseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return addressFromBytes(ipaddr.IPv4.parse(text).toByteArray(), 4);
  if (text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return addressFromBytes(ipaddr.IPv6.parse(text).toByteArray(), 6);
}

/** Parses an address; throws IpError `ERR_IP_ADDRESS` with the offending text. */
export function parseAddress(text: string): Address {
  const address = tryParseAddress(text);
  if (!address) {
    throw new IpError('ERR_IP_ADDRESS', `"${text}" is no IP address; write it like 192.0.2.1 or 2001:db8::1`);
  }
  return address;
}

/** The text form: dotted quad, or RFC 5952 for IPv6. */
export function formatAddress({ version, a, b, c, d }: Address): string {
  if (version === 4) return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
  const parts: number[] = [];
  for (const word of [a, b, c, d]) parts.push(word >>> 16, word & 0xffff);
  return new ipaddr.IPv6(parts).toRFC5952String();
}

/** Orders by version, then numerically. Negative, zero or positive. */
export function compareAddresses(x: Address, y: Address): number {
  return x.version - y.version || x.a - y.a || x.b - y.b || x.c - y.c || x.d - y.d;
}

export const addressesEqual = (x: Address, y: Address): boolean =>
  x.version === y.version && x.a === y.a && x.b === y.b && x.c === y.c && x.d === y.d;

/** The address as one unsigned integer, for arithmetic away from hot paths. */
export function addressToBigInt({ version, a, b, c, d }: Address): bigint {
  if (version === 4) return BigInt(a);
  return (BigInt(a) << 96n) | (BigInt(b) << 64n) | (BigInt(c) << 32n) | BigInt(d);
}

/** The inverse of addressToBigInt; throws IpError where the number does not fit the version. */
export function addressFromBigInt(version: IpVersion, value: bigint): Address {
  if (value < 0n || value >> BigInt(addressBits(version)) !== 0n) {
    throw new IpError('ERR_IP_ADDRESS', `${value} is outside the IPv${version} address space`);
  }
  if (version === 4) return ipv4(Number(value));
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return ipv6(word(96n), word(64n), word(32n), word(0n));
}

export const isUnspecified = ({ a, b, c, d }: Address): boolean => (a | b | c | d) === 0;

/** 127.0.0.0/8 or ::1. */
export const isLoopback = ({ version, a, b, c, d }: Address): boolean =>
  version === 4 ? a >>> 24 === 127 : (a | b | c) === 0 && d === 1;

/** 224.0.0.0/4 or ff00::/8. */
export const isMulticast = ({ version, a }: Address): boolean => (version === 4 ? a >>> 28 === 14 : a >>> 24 === 255);

/** 169.254.0.0/16 or fe80::/10. */
export const isLinkLocal = ({ version, a }: Address): boolean =>
  version === 4 ? a >>> 16 === 0xa9fe : a >>> 22 === 0xfe80 >>> 6;
