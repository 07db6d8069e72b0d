/** BGP4MP records around UPDATEs made of routes of a walk. RFC 6396 section 4.4, RFC 4271 section 4.3, RFC 4760. */
import { AFI, ATTRIBUTE_FLAG, ATTRIBUTE_TYPE, MESSAGE_TYPE, SAFI } from '../iana.js';
import { writeHeader } from '../wire/framer.js';
import { Writer } from '../wire/writer.js';
import { encodeMrt } from './encode-mrt.js';
import { MRT_TYPE } from './record.js';
import { copyAttributes, mpNextHop, nlriOf, putAttribute } from './route-octets.js';
import type { MrtRoute } from './route-walk.js';

const HEADER_OCTETS = 19;
const { mpReach, mpUnreach, nextHop } = ATTRIBUTE_TYPE;

/** A prefix that stays in an UPDATE, and in which of its fields. */
export interface KeptPrefix {
  readonly nlri: Uint8Array;
  /** `w`, `a`: the fields of the body; with AFI * 4 + SAFI behind the letter: MP_UNREACH_NLRI and MP_REACH_NLRI. */
  readonly place: string;
}

/** The UPDATE that announces a route of a table dump, as a message of its peer to a collector without name. */
export function tableUpdate(route: MrtRoute): Uint8Array {
  const { version, asnOctets, addPath, frame, bytes, peerAt, peerVersion, peerAsn } = route;
  const attributes = new Writer();
  const nlri = nlriOf(route, addPath);
  const hop = mpNextHop(route);
  const body = version === 4 && (!hop || route.attributes.has(nextHop));
  if (!body && hop) {
    const afi = version === 4 ? AFI.ipv4 : AFI.ipv6;
    const value = new Writer().u16(afi).u8(SAFI.unicast).u8(hop.length).octets(hop).u8(0).octets(nlri);
    putAttribute(attributes, ATTRIBUTE_FLAG.optional, mpReach, value.finish());
  }
  copyAttributes(route, attributes, (type) => type !== mpReach);
  const update = message(new Uint8Array(0), attributes.finish(), body ? nlri : new Uint8Array(0));
  const octets = peerVersion === 4 ? 4 : 16;
  const record = new Writer();
  if (asnOctets === 4) record.u32(peerAsn).u32(0);
  else record.u16(peerAsn).u16(0);
  record
    .u16(0)
    .u16(peerVersion === 4 ? AFI.ipv4 : AFI.ipv6)
    .octets(bytes.subarray(peerAt, peerAt + octets));
  record.octets(new Uint8Array(octets)).octets(update);
  const subtype = (addPath ? SUBTYPES.addPath : SUBTYPES.plain)[asnOctets];
  const { timestampS } = frame;
  return encodeMrt({ type: 'opaque', timestampS, mrtType: MRT_TYPE.bgp4mp, subtype, value: record.finish() });
}

const SUBTYPES = { plain: { 2: 1, 4: 4 }, addPath: { 2: 8, 4: 9 } } as const;

/** The record of the walk's UPDATE with these prefixes alone; `route` is any of its routes. */
export function updateOf(route: MrtRoute, kept: readonly KeptPrefix[]): Uint8Array {
  const { frame, attributes } = route;
  const at = (place: string): Uint8Array => joined(kept.filter((each) => each.place === place));
  const announces = kept.some(({ place }) => place.startsWith('a'));
  const block = new Writer();
  for (const place of new Set(kept.map((each) => each.place))) {
    if (place.length === 1) continue;
    const index = Number(place.slice(1));
    const value = new Writer().u16(index >>> 2).u8(index & 3);
    if (place.startsWith('a')) {
      const { nextHopStart, nextHopLength } = attributes.reach[index]!;
      value
        .u8(nextHopLength)
        .octets(attributes.bytes.subarray(nextHopStart, nextHopStart + nextHopLength))
        .u8(0);
    }
    value.octets(at(place));
    putAttribute(block, ATTRIBUTE_FLAG.optional, place.startsWith('a') ? mpReach : mpUnreach, value.finish());
  }
  // Without routes to announce the other attributes say nothing.
  if (announces) copyAttributes(route, block, (type) => type !== mpReach && type !== mpUnreach);
  const update = message(at('w'), block.finish(), at('a'));
  const head = frame.bytes.subarray(frame.start, route.peerAt + 2 * (route.peerVersion === 4 ? 4 : 16));
  const value = new Writer().octets(head).octets(update).finish();
  const { timestampS, microseconds, mrtType, subtype } = frame;
  const time = microseconds === undefined ? { timestampS } : { timestampS, microseconds };
  return encodeMrt({ type: 'opaque', ...time, mrtType, subtype, value });
}

const joined = (kept: readonly KeptPrefix[]): Uint8Array => {
  const writer = new Writer();
  for (const { nlri } of kept) writer.octets(nlri);
  return writer.finish();
};

function message(withdrawn: Uint8Array, attributes: Uint8Array, nlri: Uint8Array): Uint8Array {
  const writer = new Writer().octets(new Uint8Array(HEADER_OCTETS)).u16(withdrawn.length).octets(withdrawn);
  const octets = writer.u16(attributes.length).octets(attributes).octets(nlri).finish();
  writeHeader(octets, 0, octets.length, MESSAGE_TYPE.update);
  return octets;
}
