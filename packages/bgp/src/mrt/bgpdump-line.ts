/** Routes as `bgpdump -m` prints them, character by character: scripts parse those lines. */
import { IPV6_UNICAST } from './loose-attributes.js';
import { MRT_TYPE } from './record.js';
import type { MrtRoute } from './route-walk.js';

/** A dotted quad from octets. */
export const ipv4Text = (bytes: Uint8Array, at: number): string =>
  `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;

const wordText = (word: number): string => `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;

/**
 * Not RFC 5952: a single group of zeros is shortened too, and addresses whose first 96 bits are zeros, or zeros with ffff,
 * end in a dotted quad.
 */
export function bgpdumpIpv6(bytes: Uint8Array, at: number): string {
  let zeros = 0;
  while (zeros < 12 && bytes[at + zeros] === 0) zeros++;
  if (zeros >= 10) {
    const small = bytes[at + 12] === 0 && bytes[at + 13] === 0 && bytes[at + 14] === 0 && bytes[at + 15]! < 2;
    if (zeros === 12 && !small) return `::${ipv4Text(bytes, at + 12)}`;
    if (zeros === 10 && bytes[at + 10] === 0xff && bytes[at + 11] === 0xff) return `::ffff:${ipv4Text(bytes, at + 12)}`;
  }
  let runStart = -1;
  let runLength = 0;
  for (let group = 0; group < 8; ) {
    let length = 0;
    while (group + length < 8 && bytes[at + 2 * (group + length)] === 0 && bytes[at + 2 * (group + length) + 1] === 0) {
      length++;
    }
    if (length > runLength) {
      runStart = group;
      runLength = length;
    }
    group += length + 1;
  }
  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === runStart) {
      text += group === 0 ? '::' : ':';
      group += runLength - 1;
    } else {
      text += ((bytes[at + 2 * group]! << 8) | bytes[at + 2 * group + 1]!).toString(16);
      if (group < 7) text += ':';
    }
  }
  return text;
}

const addressText = (bytes: Uint8Array, at: number, version: 4 | 6): string =>
  version === 4 ? ipv4Text(bytes, at) : bgpdumpIpv6(bytes, at);

/** Makes the lines; keeps what neighbouring routes share, so one per walk. */
export class BgpdumpFormat {
  #frameOffset = -1;
  #time = '';

  /** Without the end of the line. */
  line(route: MrtRoute): string {
    const { kind, bytes, peerAt, peerVersion, peerAsn } = route;
    const peer = `${this.#timeOf(route)}|${LETTERS[kind]}|${addressText(bytes, peerAt, peerVersion)}|${peerAsn}`;
    const head = `${formatOf(route)}|${peer}`;
    if (kind === 'state') return `${head}|${route.oldState}|${route.newState}`;
    const prefix = `${head}|${addressText(route.octets, 0, route.version)}/${route.length}`;
    const path = route.addPath ? `${prefix}|${route.pathId}` : prefix;
    return kind === 'withdraw' ? path : `${path}|${tailOf(route)}`;
  }

  #timeOf({ frame }: MrtRoute): string {
    if (frame.offset !== this.#frameOffset) {
      this.#frameOffset = frame.offset;
      const { timestampS, microseconds } = frame;
      const fraction = microseconds === undefined ? '' : `.${String(microseconds).padStart(6, '0')}`;
      this.#time = `${timestampS}${fraction}`;
    }
    return this.#time;
  }
}

const LETTERS = { rib: 'B', announce: 'A', withdraw: 'W', state: 'STATE' } as const;

function formatOf({ field, frame, addPath, local, kind }: MrtRoute): string {
  if (field === 'table-dump') return 'TABLE_DUMP';
  if (field === 'table-dump-v2') return addPath ? 'TABLE_DUMP2_AP' : 'TABLE_DUMP2';
  const et = frame.mrtType === MRT_TYPE.bgp4mpEt ? '_ET' : '';
  return `BGP4MP${et}${local && kind !== 'state' ? '_LOCAL' : ''}${addPath ? '_AP' : ''}`;
}

/** AS path, origin, next hop, LOCAL_PREF, MED, communities, AG or NAG, aggregator: each with a bar behind it. */
function tailOf(route: MrtRoute): string {
  const { attributes } = route;
  const { aggregator } = attributes;
  const by = aggregator && aggregator.address !== 0xffffffff ? `${aggregator.asn} ${wordText(aggregator.address)}` : '';
  const end = `${attributes.communityText}|${attributes.atomicAggregate ? 'AG' : 'NAG'}|${by}|`;
  const nextHop = nextHopText(route);
  const path = `${attributes.pathText}|${attributes.origin}|`;
  // What bgpdump does with a next hop of another length than 4, 16 or 32.
  if (nextHop === undefined) return route.version === 6 ? end : `${path}${end}`;
  if (route.field === 'mp' && route.version === 4) {
    return `${path}${nextHop}|${attributes.localPref | 0}|${attributes.med | 0}|${end}`;
  }
  return `${path}${nextHop}|${attributes.localPref}|${attributes.med}|${end}`;
}

function nextHopText({ field, attributes, mp }: MrtRoute): string | undefined {
  if (!mp || field === 'table-dump' || field === 'body') {
    const reach = field === 'table-dump' ? attributes.reach[IPV6_UNICAST]! : undefined;
    return reach?.present ? bgpdumpIpv6(attributes.bytes, reach.nextHopStart) : wordText(attributes.nextHop);
  }
  if (mp.nextHopLength === 4) return ipv4Text(attributes.bytes, mp.nextHopStart);
  if (mp.nextHopLength === 16 || mp.nextHopLength === 32) return bgpdumpIpv6(attributes.bytes, mp.nextHopStart);
  return undefined;
}
