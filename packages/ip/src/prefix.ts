/** Prefixes: an address whose bits behind `length` are zero, and the arithmetic on them. */
import {
  type Address,
  addressBits,
  addressFromBigInt,
  addressToBigInt,
  formatAddress,
  tryParseAddress,
} from './address.js';
import { IpError } from './errors.js';

/** An address with all host bits zero, and the number of network bits (0–32 or 0–128). */
export interface Prefix extends Address {
  readonly length: number;
}

/** The 32-bit mask with `bits` leading ones; below 0 counts as 0, above 32 as 32. */
export const maskWord = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (~0 << (32 - bits)) >>> 0);

/** The prefix of this length that contains the address. */
export function prefixOf(address: Address, length: number): Prefix {
  const { version, a, b, c, d } = address;
  return {
    version,
    a: (a & maskWord(length)) >>> 0,
    b: (b & maskWord(length - 32)) >>> 0,
    c: (c & maskWord(length - 64)) >>> 0,
    d: (d & maskWord(length - 96)) >>> 0,
    length,
  };
}

/** The address alone as a prefix: /32 or /128. */
export const hostPrefix = (address: Address): Prefix => prefixOf(address, addressBits(address.version));

/** Parses `10.0.0.0/8`. Throws IpError `ERR_IP_PREFIX`, also where bits are set behind the length. */
export function parsePrefix(text: string): Prefix {
  const { address, length } = splitPrefix(text);
  const prefix = prefixOf(address, length);
  if (compareWords(prefix, address) !== 0) {
    throw new IpError(
      'ERR_IP_PREFIX',
      `"${text}" has bits set behind /${length}; the prefix is ${formatPrefix(prefix)}`,
    );
  }
  return prefix;
}

/** Parses `10.1.2.3/24` as an interface address: the address and the prefix around it. */
export function parseInterfaceAddress(text: string): { address: Address; prefix: Prefix } {
  const { address, length } = splitPrefix(text);
  return { address, prefix: prefixOf(address, length) };
}

function splitPrefix(text: string): { address: Address; length: number } {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : tryParseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(digits)) {
    throw new IpError('ERR_IP_PREFIX', `"${text}" is no prefix; write it like 10.0.0.0/8 or 2001:db8::/32`);
  }
  const bits = addressBits(address.version);
  const length = Number(digits);
  if (length > bits) {
    throw new IpError('ERR_IP_PREFIX', `"${text}": the length of an IPv${address.version} prefix is 0 to ${bits}`);
  }
  return { address, length };
}

export const formatPrefix = (prefix: Prefix): string => `${formatAddress(prefix)}/${prefix.length}`;

const compareWords = (x: Address, y: Address): number => x.a - y.a || x.b - y.b || x.c - y.c || x.d - y.d;

/** Orders by version, address, then length. */
export const comparePrefixes = (x: Prefix, y: Prefix): number =>
  x.version - y.version || compareWords(x, y) || x.length - y.length;

export const prefixesEqual = (x: Prefix, y: Prefix): boolean => comparePrefixes(x, y) === 0;

/** Whether the address lies inside the prefix; an address of the other version never does. */
export function prefixContains(prefix: Prefix, address: Address): boolean {
  const { version, length } = prefix;
  return (
    version === address.version &&
    ((prefix.a ^ address.a) & maskWord(length)) === 0 &&
    ((prefix.b ^ address.b) & maskWord(length - 32)) === 0 &&
    ((prefix.c ^ address.c) & maskWord(length - 64)) === 0 &&
    ((prefix.d ^ address.d) & maskWord(length - 96)) === 0
  );
}

/** Whether `inner` is `outer` or a more-specific prefix inside it. */
export const prefixCovers = (outer: Prefix, inner: Prefix): boolean =>
  outer.length <= inner.length && prefixContains(outer, inner);

export const prefixesOverlap = (x: Prefix, y: Prefix): boolean => prefixCovers(x, y) || prefixCovers(y, x);

/** How many addresses the prefix holds. */
export const prefixSize = ({ version, length }: Prefix): bigint => 1n << BigInt(addressBits(version) - length);

/** The address at this distance from the first; throws IpError where it lies outside the prefix. */
export function addressAt(prefix: Prefix, ordinal: number | bigint): Address {
  const at = BigInt(ordinal);
  if (at < 0n || at >= prefixSize(prefix)) {
    throw new IpError('ERR_IP_ADDRESS', `ordinal ${at} is outside ${formatPrefix(prefix)}`);
  }
  return addressFromBigInt(prefix.version, addressToBigInt(prefix) + at);
}

/** The distance of an address from the first of its prefix. The inverse of addressAt. */
export const ordinalOf = (prefix: Prefix, address: Address): bigint =>
  addressToBigInt(address) - addressToBigInt(prefix);

export const lastAddress = (prefix: Prefix): Address => addressAt(prefix, prefixSize(prefix) - 1n);

/** The n-th prefix of `length` inside `outer`. Throws IpError where there is none. */
export function subnetAt(outer: Prefix, length: number, index: number | bigint): Prefix {
  const bits: number = addressBits(outer.version);
  if (length < outer.length || length > bits) {
    throw new IpError('ERR_IP_PREFIX', `a /${length} does not fit into ${formatPrefix(outer)}`);
  }
  return prefixOf(addressAt(outer, BigInt(index) << BigInt(bits - length)), length);
}

/** How many prefixes of `length` there are inside `outer`. */
export const subnetCount = (outer: Prefix, length: number): bigint => 1n << BigInt(length - outer.length);

/** The number of the bit (0 = most significant) as 0 or 1. */
export function bitAt(address: Address, bit: number): 0 | 1 {
  const word = bit < 32 ? address.a : bit < 64 ? address.b : bit < 96 ? address.c : address.d;
  return ((word >>> (31 - (bit & 31))) & 1) as 0 | 1;
}

/** How many leading bits two addresses of one version share, at most `limit`. */
export function commonBits(x: Address, y: Address, limit: number = addressBits(x.version)): number {
  let bits = Math.clz32(x.a ^ y.a);
  if (bits === 32 && limit > 32) bits += Math.clz32(x.b ^ y.b);
  if (bits === 64 && limit > 64) bits += Math.clz32(x.c ^ y.c);
  if (bits === 96 && limit > 96) bits += Math.clz32(x.d ^ y.d);
  return Math.min(bits, limit);
}
