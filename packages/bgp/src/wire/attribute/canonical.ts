/**
 * The canonical block: the attributes of a route as the RIB keeps and compares them, equal octets for equal routes
 * whatever session they came over. Ascending types; AS numbers in four octets, AS4_PATH and AS4_AGGREGATOR merged in
 * (RFC 6793); MP_REACH_NLRI reduced to its AFI, SAFI and next hop, or made a NEXT_HOP where that is IPv4;
 * MP_UNREACH_NLRI, what this session discards and unknown non-transitive attributes left out. It reads as a block of a
 * 4-octet session. While nothing is wrong, nothing is allocated (except where AS4 attributes must be merged).
 */
import { AFI, ATTRIBUTE_FLAG, ATTRIBUTE_TYPE, SAFI, UPDATE_ERROR } from '../../iana.js';
import { type WireContext, wireContext } from '../context.js';
import { FAMILIES } from '../family/family.js';
import { u16At } from '../reader.js';
import type { UpdateScan } from '../update-scan.js';
import { putU16 } from '../writer.js';
import { aggregator } from './aggregator.js';
import { asPath } from './as-path.js';
import { as4Aggregator } from './as4-aggregator.js';
import { mergeAs4 } from './as4-merge.js';
import { as4Path } from './as4-path.js';
import { attributeByType } from './attribute.js';
import { type Fault, type FaultAction, strongestFault } from './faults.js';
import { type Inspection, inspectAttributes, inspection } from './inspect.js';
import { ascendsStrictly, largeCommunities } from './large-communities.js';
import { decodeMpNextHop, isHost, NO_HOST } from './mp-reach.js';
import { isHostIpv4 } from './next-hop.js';

/** Which routes the block is for: those of the NLRI field, those of MP_REACH_NLRI, or none (then it is only checked). */
export type ReachableField = 'nlri' | 'mp-reach' | 'none';

/** Filled in place and reused. */
export interface CanonicalBlock {
  /** The block is the first `length` octets. */
  readonly bytes: Uint8Array;
  /** 0 where `action` is treat-as-withdraw or session-reset. */
  length: number;
  /** What was wrong; valid until the next call. */
  readonly faults: readonly Fault[];
  /** The strongest action of the faults; undefined where there are none. */
  action: FaultAction | undefined;
}

interface Workspace extends CanonicalBlock {
  readonly found: Inspection;
}

/** Twice the longest attribute area, as AS numbers may double in size. */
const CAPACITY = 2 * 65536;

export function canonicalBlock(): CanonicalBlock {
  const found = inspection();
  const workspace: Workspace = {
    bytes: new Uint8Array(CAPACITY),
    length: 0,
    faults: found.faults,
    action: undefined,
    found,
  };
  return workspace;
}

const OPTIONS = {
  nlri: { nlri: true, mp: false, reachable: true },
  'mp-reach': { nlri: false, mp: false, reachable: true },
  none: { nlri: false, mp: false, reachable: false },
  foreign: { nlri: false, mp: false, reachable: true },
} as const;
const FOUR_OCTETS = wireContext();

/**
 * Checks the path attributes of a scanned UPDATE and writes their canonical block. `into` must come from
 * canonicalBlock(). The next hop of MP_REACH_NLRI counts only where its routes are asked for.
 */
export function canonicalizeAttributes(
  bytes: Uint8Array,
  scan: UpdateScan,
  context: WireContext,
  field: ReachableField,
  into: CanonicalBlock,
): void {
  const { found } = into as Workspace;
  const { mpReach } = scan;
  // Routes of a family that was not negotiated are ignored, yet they were found: nothing is hidden (RFC 7606 section 5.2).
  const foreign = field === 'none' && (scan.nlriEnd > scan.nlriStart || hasReach(scan));
  const options = foreign ? OPTIONS.foreign : OPTIONS[field];
  inspectAttributes(bytes, scan.attributesStart, scan.attributesEnd, context, options, found);
  if (field === 'mp-reach' && !isHostNextHop(bytes, mpReach.nextHopStart, mpReach.nextHopLength)) {
    const data = new Uint8Array(0);
    found.faults.push({ action: 'treat-as-withdraw', attributeType: ATTRIBUTE_TYPE.mpReach, data, ...NO_HOST });
  }
  if (!context.fourOctetAs && !widensWell(found)) found.faults.push(TOO_LONG);
  into.length = 0;
  into.action = found.faults.length === 0 ? undefined : strongestFault(found.faults)!.action;
  if (field === 'none' || into.action === 'treat-as-withdraw' || into.action === 'session-reset') return;

  const target = into.bytes;
  let at = 0;
  let mpWritten = field !== 'mp-reach';
  const mpType = isNextHopForm(scan) ? ATTRIBUTE_TYPE.nextHop : ATTRIBUTE_TYPE.mpReach;
  sortByType(found);
  for (let index = 0; index < found.count; index++) {
    const place = ORDER[index]!;
    const type = found.types[place]!;
    if (!mpWritten && type >= mpType) {
      at = putMpReach(bytes, scan, target, at);
      mpWritten = true;
    }
    if (type === ATTRIBUTE_TYPE.nextHop && field === 'mp-reach') continue;
    at = putAttribute(bytes, found, place, context, target, at);
  }
  if (!mpWritten) at = putMpReach(bytes, scan, target, at);
  into.length = at;
}

const hasReach = ({ mpReach }: UpdateScan): boolean => mpReach.present && mpReach.nlriEnd > mpReach.nlriStart;

/** The longest canonical block: what is longer fits no UPDATE, extended messages included (RFC 8654). */
export const MAX_BLOCK_OCTETS = 65535 - 23;

/** AS numbers of two octets get four: what just fitted an extended message may outgrow its attribute, or every message. */
const TOO_LONG: Fault = {
  action: 'treat-as-withdraw',
  attributeType: ATTRIBUTE_TYPE.asPath,
  errorSubcode: UPDATE_ERROR.malformedAsPath,
  data: new Uint8Array(0),
  reason: 'AS_PATH is too long for AS numbers of four octets',
};

/** The head of an attribute with extended length, and the longest reduced MP_REACH_NLRI. */
const HEAD_OCTETS = 4;
const NEXT_HOP_OCTETS = 41;

function widensWell({ places, starts, ends, count }: Inspection): boolean {
  const path = places[ATTRIBUTE_TYPE.asPath]!;
  const path4 = places[ATTRIBUTE_TYPE.as4Path]!;
  const octets = path < 0 ? 0 : ends[path]! - starts[path]!;
  if (2 * octets + (path4 < 0 ? 0 : ends[path4]! - starts[path4]!) > 0xffff) return false;
  let block = NEXT_HOP_OCTETS + octets;
  for (let place = 0; place < count; place++) block += HEAD_OCTETS + ends[place]! - starts[place]!;
  return block <= MAX_BLOCK_OCTETS;
}

const ORDER = new Uint8Array(256);

/** Fills ORDER with the places by ascending type; a block in order costs one comparison each. */
function sortByType({ types, count }: Inspection): void {
  for (let index = 0; index < count; index++) {
    let slot = index;
    const type = types[index]!;
    for (; slot > 0 && types[ORDER[slot - 1]!]! > type; slot--) ORDER[slot] = ORDER[slot - 1]!;
    ORDER[slot] = index;
  }
}

function isHostNextHop(bytes: Uint8Array, at: number, length: number): boolean {
  if (length === 4) return isHostIpv4(bytes, at);
  // A global unicast or link-local address is sound at one look; only the rest is decoded.
  if (bytes[at]! > 0 && bytes[at]! < 255) return true;
  return isHost(decodeMpNextHop(bytes, at, length).nextHop);
}

const isNextHopForm = ({ mpReach }: UpdateScan): boolean =>
  mpReach.nextHopLength === 4 && mpReach.afi === AFI.ipv4 && mpReach.safi === SAFI.unicast;

function putMpReach(bytes: Uint8Array, scan: UpdateScan, target: Uint8Array, at: number): number {
  const { nextHopStart, nextHopLength } = scan.mpReach;
  let offset = at;
  if (isNextHopForm(scan)) {
    target[offset++] = ATTRIBUTE_FLAG.transitive;
    target[offset++] = ATTRIBUTE_TYPE.nextHop;
    target[offset++] = 4;
    return copy(bytes, nextHopStart, nextHopStart + 4, target, offset);
  }
  target[offset++] = ATTRIBUTE_FLAG.optional;
  target[offset++] = ATTRIBUTE_TYPE.mpReach;
  target[offset++] = 5 + nextHopLength;
  const family = FAMILIES[scan.mpReach.family]!;
  putU16(target, offset, family.afi);
  target[offset + 2] = family.safi;
  target[offset + 3] = nextHopLength;
  offset = copy(bytes, nextHopStart, nextHopStart + nextHopLength, target, offset + 4);
  target[offset++] = 0;
  return offset;
}

/** Copies octets; a loop, as most attributes are too short for `set` to pay off. */
function copy(bytes: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
  if (to - from > 64) {
    target.set(bytes.subarray(from, to), at);
    return at + to - from;
  }
  let offset = at;
  for (let index = from; index < to; index++) target[offset++] = bytes[index]!;
  return offset;
}

function putHead(flags: number, type: number, length: number, target: Uint8Array, at: number): number {
  const extended = length > 255;
  target[at] = extended ? flags | ATTRIBUTE_FLAG.extendedLength : flags;
  target[at + 1] = type;
  if (!extended) {
    target[at + 2] = length;
    return at + 3;
  }
  putU16(target, at + 2, length);
  return at + 4;
}

function putValue(flags: number, type: number, value: Uint8Array, target: Uint8Array, at: number): number {
  const offset = putHead(flags, type, value.length, target, at);
  target.set(value, offset);
  return offset + value.length;
}

function putAttribute(
  bytes: Uint8Array,
  found: Inspection,
  place: number,
  context: WireContext,
  target: Uint8Array,
  at: number,
): number {
  const type = found.types[place]!;
  const from = found.starts[place]!;
  const to = found.ends[place]!;
  const received = found.flags[place]!;
  const row = attributeByType(type);
  if (!row && (received & ATTRIBUTE_FLAG.transitive) === 0) return at;
  const transitiveOptional = (received & 0xc0) === 0xc0;
  const flags = received & (transitiveOptional ? 0xe0 : 0xc0);
  if (!context.fourOctetAs && row) {
    if (row === asPath) return putAsPath(bytes, found, context, target, at);
    if (row === aggregator) return putAggregator(bytes, found, flags, context, target, at);
    if (row === as4Path || row === as4Aggregator) return at;
  }
  if (type === ATTRIBUTE_TYPE.largeCommunities && !ascendsStrictly(bytes, from, to)) {
    const value = largeCommunities.encode(largeCommunities.decode(bytes, from, to, context), context);
    return putValue(flags, type, value, target, at);
  }
  return copy(bytes, from, to, target, putHead(flags, type, to - from, target, at));
}

/** Decodes and merges what a 2-octet session said of path and aggregator. */
function mergedAs4(bytes: Uint8Array, found: Inspection, context: WireContext) {
  const { places, starts, ends } = found;
  const placeOf = (type: number): number => places[type]!;
  const path = placeOf(asPath.type);
  const path4 = placeOf(as4Path.type);
  const agg = placeOf(aggregator.type);
  const agg4 = placeOf(as4Aggregator.type);
  return mergeAs4({
    asPath: path < 0 ? [] : asPath.decode(bytes, starts[path]!, ends[path]!, context),
    as4Path: path4 < 0 ? undefined : as4Path.decode(bytes, starts[path4]!, ends[path4]!, context),
    aggregator: agg < 0 ? undefined : aggregator.decode(bytes, starts[agg]!, ends[agg]!, context),
    as4Aggregator: agg4 < 0 ? undefined : as4Aggregator.decode(bytes, starts[agg4]!, ends[agg4]!, context),
  });
}

function putAsPath(bytes: Uint8Array, found: Inspection, context: WireContext, target: Uint8Array, at: number): number {
  if (found.places[as4Path.type]! >= 0) {
    const value = asPath.encode(mergedAs4(bytes, found, context).asPath, FOUR_OCTETS);
    return putValue(asPath.flags, asPath.type, value, target, at);
  }
  const place = found.places[asPath.type]!;
  const from = found.starts[place]!;
  const to = found.ends[place]!;
  let length = 0;
  for (let segment = from; segment < to; segment += 2 + bytes[segment + 1]! * 2) length += 2 + bytes[segment + 1]! * 4;
  let offset = putHead(asPath.flags, asPath.type, length, target, at);
  for (let segment = from; segment < to; ) {
    const count = bytes[segment + 1]!;
    target[offset] = bytes[segment]!;
    target[offset + 1] = count;
    offset += 2;
    segment += 2;
    for (let index = 0; index < count; index++, segment += 2, offset += 4) {
      putU16(target, offset, 0);
      putU16(target, offset + 2, u16At(bytes, segment));
    }
  }
  return offset;
}

function putAggregator(
  bytes: Uint8Array,
  found: Inspection,
  flags: number,
  context: WireContext,
  target: Uint8Array,
  at: number,
): number {
  const value = mergedAs4(bytes, found, context).aggregator;
  return value ? putValue(flags, aggregator.type, aggregator.encode(value, FOUR_OCTETS), target, at) : at;
}
