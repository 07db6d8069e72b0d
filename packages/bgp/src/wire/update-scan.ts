/**
 * The hot path of UPDATE: finds the fields, MP_REACH_NLRI and MP_UNREACH_NLRI, and checks lengths. Nothing is allocated
 * while the message is sound; NLRI are walked and attributes checked by the caller. RFC 4271 section 4.3, RFC 7606.
 */
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE, UPDATE_ERROR } from '../iana.js';
import type { Fault } from './attribute/faults.js';
import { isNextHopLength } from './attribute/mp-reach.js';
import { negotiatedFamily, type WireContext } from './context.js';
import { BODY_FAMILY } from './family/family.js';

export interface MpReachScan {
  present: boolean;
  /** Offset of the attribute's flags octet, and the offset behind the attribute. */
  at: number;
  end: number;
  afi: number;
  safi: number;
  /** Family index; -1 where the AFI/SAFI is unknown or was not negotiated: its routes are to be ignored. */
  family: number;
  nextHopStart: number;
  nextHopLength: number;
  nlriStart: number;
  nlriEnd: number;
}

export interface MpUnreachScan {
  present: boolean;
  at: number;
  end: number;
  afi: number;
  safi: number;
  family: number;
  nlriStart: number;
  nlriEnd: number;
}

/** All offsets are into the array that was scanned. Filled in place and reused. */
export interface UpdateScan {
  withdrawnStart: number;
  withdrawnEnd: number;
  attributesStart: number;
  /** Where sound attributes end: before an attribute that overruns the area, else the end of the area. */
  attributesEnd: number;
  nlriStart: number;
  nlriEnd: number;
  /** How many attributes there are beside MP_REACH_NLRI and MP_UNREACH_NLRI. */
  otherAttributes: number;
  readonly mpReach: MpReachScan;
  readonly mpUnreach: MpUnreachScan;
}

export const updateScan = (): UpdateScan => ({
  withdrawnStart: 0,
  withdrawnEnd: 0,
  attributesStart: 0,
  attributesEnd: 0,
  nlriStart: 0,
  nlriEnd: 0,
  otherAttributes: 0,
  mpReach: {
    present: false,
    at: 0,
    end: 0,
    afi: 0,
    safi: 0,
    family: -1,
    nextHopStart: 0,
    nextHopLength: 0,
    nlriStart: 0,
    nlriEnd: 0,
  },
  mpUnreach: { present: false, at: 0, end: 0, afi: 0, safi: 0, family: -1, nlriStart: 0, nlriEnd: 0 },
});

/** The family whose End-of-RIB marker this is, or -1. RFC 4724 section 2. */
export function endOfRibFamily(scan: UpdateScan): number {
  if (scan.otherAttributes > 0 || scan.mpReach.present) return -1;
  if (scan.withdrawnEnd > scan.withdrawnStart || scan.nlriEnd > scan.nlriStart) return -1;
  if (!scan.mpUnreach.present) return scan.attributesEnd === scan.attributesStart ? BODY_FAMILY.index : -1;
  return scan.mpUnreach.nlriEnd === scan.mpUnreach.nlriStart ? scan.mpUnreach.family : -1;
}

const resetFault = (errorSubcode: number, reason: string, data: Uint8Array, attributeType?: number): Fault =>
  attributeType === undefined
    ? { action: 'session-reset', errorSubcode, data, reason }
    : { action: 'session-reset', attributeType, errorSubcode, data, reason };

const EMPTY: Uint8Array = new Uint8Array(0);
const CONFLICT = ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.transitive;

/**
 * Scans the body of an UPDATE between `start` and `end`. A fault of action `session-reset` leaves the scan unusable; one
 * of `treat-as-withdraw` means that the attribute area is broken (RFC 7606 section 4) while every NLRI was located.
 */
export function scanUpdate(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: WireContext,
  scan: UpdateScan,
): Fault | undefined {
  const { mpReach, mpUnreach } = scan;
  mpReach.present = false;
  mpUnreach.present = false;
  scan.otherAttributes = 0;
  if (end - start < 4) {
    return resetFault(UPDATE_ERROR.malformedAttributeList, 'the UPDATE is shorter than its length fields', EMPTY);
  }
  const withdrawnStart = start + 2;
  const withdrawnEnd = withdrawnStart + ((bytes[start]! << 8) | bytes[start + 1]!);
  scan.withdrawnStart = withdrawnStart;
  scan.withdrawnEnd = withdrawnEnd;
  if (withdrawnEnd + 2 > end) {
    return resetFault(UPDATE_ERROR.malformedAttributeList, 'the withdrawn routes exceed the message', EMPTY);
  }
  const attributesStart = withdrawnEnd + 2;
  const attributesEnd = attributesStart + ((bytes[withdrawnEnd]! << 8) | bytes[withdrawnEnd + 1]!);
  scan.attributesStart = attributesStart;
  scan.attributesEnd = attributesEnd;
  scan.nlriStart = attributesEnd;
  scan.nlriEnd = end;
  if (attributesEnd > end) {
    return resetFault(UPDATE_ERROR.malformedAttributeList, 'the path attributes exceed the message', EMPTY);
  }

  let at = attributesStart;
  while (at < attributesEnd) {
    const flags = bytes[at]!;
    const headOctets = flags & ATTRIBUTE_FLAG.extendedLength ? 4 : 3;
    if (attributesEnd - at < headOctets) return truncated(bytes, at, attributesEnd, scan);
    const type = bytes[at + 1]!;
    const valueStart = at + headOctets;
    const length = headOctets === 4 ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
    const valueEnd = valueStart + length;
    if (valueEnd > attributesEnd) return truncated(bytes, at, attributesEnd, scan);
    if (type === ATTRIBUTE_TYPE.mpReach || type === ATTRIBUTE_TYPE.mpUnreach) {
      const fault =
        type === ATTRIBUTE_TYPE.mpReach
          ? scanMpReach(bytes, at, valueStart, valueEnd, context, mpReach)
          : scanMpUnreach(bytes, at, valueStart, valueEnd, context, mpUnreach);
      if (fault) return fault;
    } else {
      scan.otherAttributes++;
    }
    at = valueEnd;
  }
  return undefined;
}

/**
 * RFC 7606 section 4: treat-as-withdraw, relying on the Total Attribute Length. Session reset where routes may be hidden
 * in the rest: it begins an MP attribute (section 3 (j)), or no reachable NLRI was found (section 5.2).
 */
function truncated(bytes: Uint8Array, at: number, end: number, scan: UpdateScan): Fault {
  scan.attributesEnd = at;
  scan.otherAttributes++;
  const type = at + 1 < end ? bytes[at + 1]! : 0;
  const { mpReach } = scan;
  const reachable = scan.nlriEnd > scan.nlriStart || (mpReach.present && mpReach.nlriEnd > mpReach.nlriStart);
  const hidden = type === ATTRIBUTE_TYPE.mpReach || type === ATTRIBUTE_TYPE.mpUnreach || !reachable;
  return {
    action: hidden ? 'session-reset' : 'treat-as-withdraw',
    errorSubcode: UPDATE_ERROR.malformedAttributeList,
    data: EMPTY,
    reason: `the attribute at octet ${at - scan.attributesStart} of the path attributes overruns them`,
  };
}

/** The faults both MP attributes share: twice in one UPDATE (RFC 7606 section 3 (g)), wrong flags (section 5.3). */
function mpFault(bytes: Uint8Array, at: number, end: number, twice: boolean): Fault | undefined {
  const type = bytes[at + 1]!;
  const name = type === ATTRIBUTE_TYPE.mpReach ? 'MP_REACH_NLRI' : 'MP_UNREACH_NLRI';
  if (twice) return resetFault(UPDATE_ERROR.malformedAttributeList, `${name} appears twice`, EMPTY, type);
  if ((bytes[at]! & CONFLICT) !== ATTRIBUTE_FLAG.optional) {
    return resetFault(
      UPDATE_ERROR.attributeFlags,
      `${name} is not flagged optional non-transitive`,
      bytes.slice(at, end),
      type,
    );
  }
  return undefined;
}

function scanMpReach(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
  context: WireContext,
  into: MpReachScan,
): Fault | undefined {
  const shared = mpFault(bytes, at, end, into.present);
  if (shared) return shared;
  if (end - start < 5) {
    return resetFault(
      UPDATE_ERROR.optionalAttribute,
      'MP_REACH_NLRI is shorter than 5 octets',
      bytes.slice(at, end),
      14,
    );
  }
  into.present = true;
  into.at = at;
  into.end = end;
  into.afi = (bytes[start]! << 8) | bytes[start + 1]!;
  into.safi = bytes[start + 2]!;
  into.family = negotiatedFamily(context, into.afi, into.safi);
  const nextHopLength = bytes[start + 3]!;
  into.nextHopStart = start + 4;
  into.nextHopLength = nextHopLength;
  into.nlriStart = start + 5 + nextHopLength;
  into.nlriEnd = end;
  // RFC 7606 section 7.11: the NLRI cannot be located reliably behind a next hop of an unexpected length.
  if (into.nlriStart > end || (into.family >= 0 && !isNextHopLength(nextHopLength, into.family, context))) {
    const reason = `MP_REACH_NLRI has a next hop of ${nextHopLength} octets`;
    return resetFault(UPDATE_ERROR.optionalAttribute, reason, bytes.slice(at, end), ATTRIBUTE_TYPE.mpReach);
  }
  return undefined;
}

function scanMpUnreach(
  bytes: Uint8Array,
  at: number,
  start: number,
  end: number,
  context: WireContext,
  into: MpUnreachScan,
): Fault | undefined {
  const shared = mpFault(bytes, at, end, into.present);
  if (shared) return shared;
  if (end - start < 3) {
    return resetFault(
      UPDATE_ERROR.optionalAttribute,
      'MP_UNREACH_NLRI is shorter than 3 octets',
      bytes.slice(at, end),
      15,
    );
  }
  into.present = true;
  into.at = at;
  into.end = end;
  into.afi = (bytes[start]! << 8) | bytes[start + 1]!;
  into.safi = bytes[start + 2]!;
  into.family = negotiatedFamily(context, into.afi, into.safi);
  into.nlriStart = start + 3;
  into.nlriEnd = end;
  return undefined;
}
