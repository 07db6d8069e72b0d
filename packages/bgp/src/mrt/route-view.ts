/** A route of a walk as a plain object, for JSON and for lines that people read. Addresses as in RFC 5952. */
import { addressFromBytes, formatAddress, formatPrefix, ipv4 } from '@tortie/ip';
import { ATTRIBUTE_TYPE } from '../iana.js';
import { u32At } from '../wire/reader.js';
import type { MrtRoute, MrtRouteKind } from './route-walk.js';

export interface MrtRouteView {
  readonly kind: MrtRouteKind;
  /** Seconds of the epoch, with a fraction where the record has microseconds. */
  readonly timestamp: number;
  readonly peer: { readonly address: string; readonly asn: number };
  /** A message that the collector itself has sent. */
  readonly local?: true;
  readonly prefix?: string;
  readonly pathId?: number;
  /** When the route came, in a table dump: seconds of the epoch. */
  readonly originated?: number;
  readonly attributes?: MrtAttributesView;
  /** Numbers of the states, 1 Idle to 6 Established (RFC 4271 section 8.2.2). */
  readonly state?: { readonly from: number; readonly to: number };
}

export interface MrtAttributesView {
  readonly origin?: string;
  /** Sets in braces, confederations in parentheses and brackets. */
  readonly asPath?: string;
  readonly nextHop?: string;
  readonly linkLocalNextHop?: string;
  readonly med?: number;
  readonly localPref?: number;
  readonly atomicAggregate?: true;
  readonly aggregator?: { readonly asn: number; readonly address: string };
  readonly communities?: readonly string[];
  readonly largeCommunities?: readonly string[];
  /** Hexadecimal, eight octets each. */
  readonly extendedCommunities?: readonly string[];
  readonly originatorId?: string;
  readonly clusterList?: readonly string[];
  /** What has no field here, its value in hexadecimal. */
  readonly others?: readonly { readonly type: number; readonly flags: number; readonly value: string }[];
}

const SHOWN: ReadonlySet<number> = new Set(Object.values(ATTRIBUTE_TYPE));

export function mrtRouteView(route: MrtRoute): MrtRouteView {
  const { kind, frame, bytes, peerAt, peerVersion, peerAsn } = route;
  const head = {
    kind,
    timestamp: frame.timestampS + (frame.microseconds ?? 0) / 1e6,
    peer: { address: formatAddress(addressFromBytes(bytes, peerVersion, peerAt)), asn: peerAsn },
    ...(route.local && { local: true as const }),
  };
  if (kind === 'state') return { ...head, state: { from: route.oldState, to: route.newState } };
  return {
    ...head,
    prefix: prefixText(route),
    ...(route.addPath && { pathId: route.pathId }),
    ...(kind === 'rib' && { originated: route.originatedS }),
    ...(kind !== 'withdraw' && { attributes: attributesView(route) }),
  };
}

function prefixText({ octets, version, length }: MrtRoute): string {
  return formatPrefix({ ...addressFromBytes(octets, version), length });
}

/** The next hop of a route, and the link-local one beside it (RFC 2545 section 3). */
export function mrtNextHops({
  attributes,
  mp,
  field,
  version,
}: MrtRoute): Pick<MrtAttributesView, 'nextHop' | 'linkLocalNextHop'> {
  const { bytes, reach } = attributes;
  const from = field === 'table-dump' && version === 6 ? reach.find(({ present }) => present) : mp;
  if (!from) return attributes.has(ATTRIBUTE_TYPE.nextHop) ? { nextHop: wordAddress(attributes.nextHop) } : {};
  const { nextHopStart: at, nextHopLength: length } = from;
  const text = (version: 4 | 6, start: number): string => formatAddress(addressFromBytes(bytes, version, start));
  if (length === 4) return { nextHop: text(4, at) };
  if (length === 16) return { nextHop: text(6, at) };
  return length === 32 ? { nextHop: text(6, at), linkLocalNextHop: text(6, at + 16) } : {};
}

export const wordAddress = (word: number): string => formatAddress(ipv4(word));

function attributesView(route: MrtRoute): MrtAttributesView {
  const { attributes } = route;
  const { aggregator } = attributes;
  const has = (type: number): boolean => attributes.has(type);
  const others = attributes.types.filter((type) => !SHOWN.has(type));
  return {
    ...(has(ATTRIBUTE_TYPE.origin) && { origin: attributes.origin.toLowerCase() }),
    ...(has(ATTRIBUTE_TYPE.asPath) && { asPath: attributes.pathText }),
    ...mrtNextHops(route),
    ...(has(ATTRIBUTE_TYPE.med) && { med: attributes.med }),
    ...(has(ATTRIBUTE_TYPE.localPref) && { localPref: attributes.localPref }),
    ...(attributes.atomicAggregate && { atomicAggregate: true as const }),
    ...(aggregator && { aggregator: { asn: aggregator.asn, address: wordAddress(aggregator.address) } }),
    ...(has(ATTRIBUTE_TYPE.communities) && { communities: split(attributes.communityText) }),
    ...(has(ATTRIBUTE_TYPE.largeCommunities) && { largeCommunities: split(attributes.largeCommunityText) }),
    ...(has(ATTRIBUTE_TYPE.extendedCommunities) && {
      extendedCommunities: extended(attributes.value(ATTRIBUTE_TYPE.extendedCommunities)),
    }),
    ...(has(ATTRIBUTE_TYPE.originatorId) && {
      originatorId: wordsText(attributes.words(ATTRIBUTE_TYPE.originatorId))[0]!,
    }),
    ...(has(ATTRIBUTE_TYPE.clusterList) && { clusterList: wordsText(attributes.words(ATTRIBUTE_TYPE.clusterList)) }),
    ...(others.length > 0 && {
      others: others.map((type) => ({ type, flags: attributes.flags(type), value: hexText(attributes.value(type)) })),
    }),
  };
}

const split = (text: string): string[] => (text === '' ? [] : text.split(' '));

const wordsText = (words: readonly number[]): string[] => words.map(wordAddress);

export const hexText = (octets: Uint8Array): string =>
  Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');

function extended(value: Uint8Array): string[] {
  const list: string[] = [];
  for (let at = 0; at + 8 <= value.length; at += 8) {
    const word = (from: number): string => u32At(value, from).toString(16).padStart(8, '0');
    list.push(word(at) + word(at + 4));
  }
  return list;
}
