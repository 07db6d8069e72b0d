/** Canonical blocks made or changed by us: our own routes, policies, graceful shutdown. Away from the hot path. */
import type { Prefix } from '@tortie/ip';
import { type Address, addressToBytes, ipv4, ipv6 } from '@tortie/ip';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { asPath } from '../wire/attribute/as-path.js';
import { attributeByType } from '../wire/attribute/attribute.js';
import { communities } from '../wire/attribute/communities.js';
import { largeCommunities } from '../wire/attribute/large-communities.js';
import type { AsPathSegment, LargeCommunity, Origin } from '../wire/attribute/path-attributes.js';
import { attributeCursor, findAttribute, readAttribute } from '../wire/attribute/walk.js';
import { wireContext } from '../wire/context.js';
import type { Family } from '../wire/family/family.js';
import { u32At } from '../wire/reader.js';

/** The session whose blocks canonical ones read as. */
export const CANONICAL_CONTEXT = wireContext({ peerType: 'ibgp', extendedNextHop: [true, true] });

/** Attributes of a route of our own. Without a next hop it is ours on every session. */
export interface OriginateAttributes {
  readonly origin?: Origin;
  readonly asPath?: readonly AsPathSegment[];
  readonly nextHop?: Address;
  readonly med?: number;
  readonly localPref?: number;
  readonly communities?: readonly number[];
  readonly largeCommunities?: readonly LargeCommunity[];
}

/** New values by attribute type; undefined takes the attribute out. */
export type BlockChanges = ReadonlyMap<number, Uint8Array | undefined>;

/** The block with these changes; what is not named stays as it is. */
export function editBlock(block: Uint8Array, changes: BlockChanges): Uint8Array {
  const attributes = new Map<number, { flags: number; value: Uint8Array }>();
  const cursor = attributeCursor();
  for (let at = 0; at < block.length && readAttribute(block, at, block.length, cursor); at = cursor.valueEnd) {
    attributes.set(cursor.type, {
      flags: cursor.flags & ~ATTRIBUTE_FLAG.extendedLength,
      value: block.subarray(cursor.valueStart, cursor.valueEnd),
    });
  }
  for (const [type, value] of changes) {
    if (!value) attributes.delete(type);
    else attributes.set(type, { flags: attributes.get(type)?.flags ?? attributeByType(type)!.flags, value });
  }
  const parts = [...attributes].sort(([x], [y]) => x - y);
  let octets = 0;
  for (const [, { value }] of parts) octets += (value.length > 255 ? 4 : 3) + value.length;
  const edited = new Uint8Array(octets);
  let at = 0;
  for (const [type, { flags, value }] of parts) {
    const extended = value.length > 255;
    edited[at++] = extended ? flags | ATTRIBUTE_FLAG.extendedLength : flags;
    edited[at++] = type;
    if (extended) edited[at++] = value.length >>> 8;
    edited[at++] = value.length & 0xff;
    edited.set(value, at);
    at += value.length;
  }
  return edited;
}

export const wordValue = (word: number): Uint8Array => Uint8Array.of(word >>> 24, word >>> 16, word >>> 8, word);

export const communitiesValue = (list: readonly number[]): Uint8Array | undefined =>
  list.length === 0 ? undefined : communities.encode(list, CANONICAL_CONTEXT);

export const largeCommunitiesValue = (list: readonly LargeCommunity[]): Uint8Array | undefined =>
  list.length === 0 ? undefined : largeCommunities.encode(list, CANONICAL_CONTEXT);

export const asPathValue = (segments: readonly AsPathSegment[]): Uint8Array =>
  asPath.encode(segments, CANONICAL_CONTEXT);

/** NEXT_HOP, or the MP_REACH_NLRI without NLRI that canonical blocks keep for IPv6 next hops. */
export function nextHopChange(family: Family, nextHop: Address): readonly [number, Uint8Array] {
  const octets = addressToBytes(nextHop);
  if (nextHop.version === 4) return [ATTRIBUTE_TYPE.nextHop, octets];
  return [
    ATTRIBUTE_TYPE.mpReach,
    Uint8Array.of(family.afi >>> 8, family.afi, family.safi, octets.length, ...octets, 0),
  ];
}

/**
 * The block with the link-local half of a next hop of 32 octets alone; undefined where it has none. RFC 2545 section 3.
 */
export function withLinkLocalNextHop(block: Uint8Array): Uint8Array | undefined {
  const cursor = attributeCursor();
  if (!findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.mpReach, cursor)) return undefined;
  const at = cursor.valueStart;
  const second = at + 4 + 16;
  if (block[at + 3] !== 32 || block[second] !== 0xfe || (block[second + 1]! & 0xc0) !== 0x80) return undefined;
  const value = Uint8Array.of(...block.subarray(at, at + 3), 16, ...block.subarray(second, second + 16), 0);
  return editBlock(block, new Map([[ATTRIBUTE_TYPE.mpReach, value]]));
}

/** COMMUNITIES of a block with these beside those it has. */
export function addedCommunities(
  block: Uint8Array,
  added: readonly number[],
): readonly [number, Uint8Array | undefined] {
  const cursor = attributeCursor();
  const found = findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.communities, cursor);
  const present = found ? communities.decode(block, cursor.valueStart, cursor.valueEnd, CANONICAL_CONTEXT) : [];
  return [ATTRIBUTE_TYPE.communities, communitiesValue([...new Set([...present, ...added])])];
}

/** The most ASes in one segment of AS_PATH. */
const SEGMENT_MAX = 255;

/** Puts ASes in front of a path, into its first sequence where they fit. RFC 4271 section 5.1.2. */
export function prepend(path: readonly AsPathSegment[], asns: readonly number[]): readonly AsPathSegment[] {
  const [first, ...rest] = path;
  if (first?.type === 'sequence' && first.asns.length + asns.length <= SEGMENT_MAX) {
    return [{ type: 'sequence', asns: [...asns, ...first.asns] }, ...rest];
  }
  return [{ type: 'sequence', asns }, ...path];
}

/** The value of AS_PATH of a block with an AS in front. */
export function prependedPath(block: Uint8Array, asn: number): Uint8Array {
  const cursor = attributeCursor();
  const found = findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.asPath, cursor);
  const path = found ? asPath.decode(block, cursor.valueStart, cursor.valueEnd, CANONICAL_CONTEXT) : [];
  return asPathValue(prepend(path, [asn]));
}

/** How often an AS number is in AS_PATH, sets and confederation segments included. */
export function asnOccurrences(block: Uint8Array, asn: number): number {
  const cursor = attributeCursor();
  if (!findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.asPath, cursor)) return 0;
  let count = 0;
  for (let at = cursor.valueStart; at < cursor.valueEnd; ) {
    const end = at + 2 + 4 * block[at + 1]!;
    for (at += 2; at < end; at += 4) if (u32At(block, at) === asn) count++;
  }
  return count;
}

const ORIGINS: readonly Origin[] = ['igp', 'egp', 'incomplete'];

export const originValue = (origin: Origin): Uint8Array => Uint8Array.of(ORIGINS.indexOf(origin));

/** The block of a route of our own. An unspecified next hop stands for ours on each session. */
export function originatedBlock(prefix: Prefix, family: Family, attributes: OriginateAttributes): Uint8Array {
  const self = prefix.version === 4 ? ipv4(0) : ipv6(0, 0, 0, 0);
  const changes = new Map<number, Uint8Array | undefined>([
    [ATTRIBUTE_TYPE.origin, originValue(attributes.origin ?? 'igp')],
    [ATTRIBUTE_TYPE.asPath, asPathValue(attributes.asPath ?? [])],
    nextHopChange(family, attributes.nextHop ?? self),
  ]);
  if (attributes.med !== undefined) changes.set(ATTRIBUTE_TYPE.med, wordValue(attributes.med));
  if (attributes.localPref !== undefined) changes.set(ATTRIBUTE_TYPE.localPref, wordValue(attributes.localPref));
  if (attributes.communities) changes.set(ATTRIBUTE_TYPE.communities, communitiesValue(attributes.communities));
  if (attributes.largeCommunities) {
    changes.set(ATTRIBUTE_TYPE.largeCommunities, largeCommunitiesValue(attributes.largeCommunities));
  }
  return editBlock(new Uint8Array(0), changes);
}
