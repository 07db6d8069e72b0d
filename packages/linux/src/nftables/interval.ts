/**
 * Interval sets of addresses: each prefix is two elements, its first address and, marked as an end, the one behind its last.
 * Nothing stands behind the very last address.
 */
import {
  addressBits,
  addressFromBigInt,
  addressFromBytes,
  addressOctets,
  addressToBigInt,
  addressToBytes,
  comparePrefixes,
  type IpVersion,
  type Prefix,
  prefixCovers,
  prefixOf,
  prefixSize,
} from '@tortie/ip';

export interface SetElement {
  readonly key: Uint8Array;
  readonly isEnd: boolean;
}

/** The elements of prefixes that do not overlap. */
export function elementsOf(prefixes: readonly Prefix[]): SetElement[] {
  return prefixes.flatMap((prefix) => {
    const end = addressToBigInt(prefix) + prefixSize(prefix);
    const first = { key: addressToBytes(prefix), isEnd: false };
    if (end >> BigInt(addressBits(prefix.version))) return [first];
    return [first, { key: addressToBytes(addressFromBigInt(prefix.version, end)), isEnd: true }];
  });
}

/** The inverse, of elements in any order; undefined where they are not the elements of prefixes. */
export function prefixesOf(elements: readonly SetElement[], version: IpVersion): Prefix[] | undefined {
  if (elements.some(({ key }) => key.length !== addressOctets(version))) return undefined;
  const points = elements.map(({ key, isEnd }) => ({ at: addressToBigInt(addressFromBytes(key, version)), isEnd }));
  // Where one interval ends another may begin.
  points.sort((x, y) => (x.at === y.at ? Number(y.isEnd) - Number(x.isEnd) : x.at < y.at ? -1 : 1));
  const prefixes: Prefix[] = [];
  let open: bigint | undefined;
  const close = (end: bigint): boolean => {
    if (open === undefined) return false;
    const prefix = spanned(version, open, end);
    open = undefined;
    if (prefix) prefixes.push(prefix);
    return prefix !== undefined;
  };
  for (const { at, isEnd } of points) {
    // nft puts an end at the first address of sets it makes, which closes nothing.
    if (isEnd ? at !== 0n && !close(at) : open !== undefined) return undefined;
    if (!isEnd) open = at;
  }
  if (open !== undefined && !close(1n << BigInt(addressBits(version)))) return undefined;
  return prefixes;
}

function spanned(version: IpVersion, start: bigint, end: bigint): Prefix | undefined {
  const bits = addressBits(version);
  const size = end - start;
  const host = size.toString(2).length - 1;
  if (size !== 1n << BigInt(host) || start % size !== 0n) return undefined;
  return prefixOf(addressFromBigInt(version, start), bits - host);
}

/** Without those that another one covers, in order. */
export function outermost(prefixes: readonly Prefix[]): Prefix[] {
  const kept: Prefix[] = [];
  for (const prefix of [...prefixes].sort(comparePrefixes)) {
    const last = kept.at(-1);
    if (!last || !prefixCovers(last, prefix)) kept.push(prefix);
  }
  return kept;
}
