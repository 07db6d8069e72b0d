/** fast-check arbitraries of addresses and prefixes, with short and clustered ones as often as wide ones. */
import fc from 'fast-check';
import { type Address, addressBits, type IpVersion, ipv4, ipv6, type Prefix, prefixOf } from '../src/index.js';

const word = fc.oneof(
  fc.nat(0xffffffff),
  fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0x0a000000, 0x20010db8),
);

export const addressOf = (version: IpVersion): fc.Arbitrary<Address> =>
  version === 4 ? word.map(ipv4) : fc.tuple(word, word, word, word).map((words) => ipv6(...words));

export const address: fc.Arbitrary<Address> = fc.constantFrom<IpVersion>(4, 6).chain(addressOf);

export const prefixWith = (version: IpVersion): fc.Arbitrary<Prefix> =>
  fc.tuple(addressOf(version), fc.nat(addressBits(version))).map(([at, length]) => prefixOf(at, length));

export const prefix: fc.Arbitrary<Prefix> = fc.constantFrom<IpVersion>(4, 6).chain(prefixWith);

/** Prefixes that lie close together: a few bits decide, so that they cover, branch and repeat. */
export const crowdedPrefix = (version: IpVersion): fc.Arbitrary<Prefix> =>
  fc
    .tuple(fc.nat(255), fc.nat(8), fc.constantFrom(0, 24, ...(version === 6 ? [56, 120] : [])))
    .map(([bits, length, shift]) => {
      const words = [0, 0, 0, 0];
      words[shift >>> 5] = (bits << (24 - (shift & 31))) >>> 0;
      const [a, b, c, d] = words as [number, number, number, number];
      return prefixOf(version === 4 ? ipv4(a) : ipv6(a, b, c, d), shift + length);
    });
