/**
 * Goes once over a block of path attributes, checks each by its row and notes where it lies. What the object decoder and
 * the canonical form are both made of. RFC 4271 section 6.3 as revised by RFC 7606.
 */
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import type { WireContext } from '../context.js';
import { attributeByType } from './attribute.js';
import type { Complaint } from './codec.js';
import type { Fault, FaultAction } from './faults.js';
import { attributeCursor, readAttribute } from './walk.js';

/** The attributes that were found sound, in the order they came; filled in place and reused. */
export interface Inspection {
  count: number;
  readonly types: Uint8Array;
  readonly flags: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Place in the arrays by type, or -1. */
  readonly places: Int16Array;
  readonly faults: Fault[];
}

export const inspection = (): Inspection => ({
  count: 0,
  types: new Uint8Array(256),
  flags: new Uint8Array(256),
  starts: new Int32Array(256),
  ends: new Int32Array(256),
  places: new Int16Array(256).fill(-1),
  faults: [],
});

export interface InspectOptions {
  /** The UPDATE's own NLRI field holds prefixes, so NEXT_HOP is mandatory. */
  readonly nlri: boolean;
  /** False where a scan has dealt with MP_REACH_NLRI and MP_UNREACH_NLRI: they are passed over. */
  readonly mp: boolean;
  /** There are reachable NLRI that the inspection itself does not see. */
  readonly reachable: boolean;
}

const EMPTY: Uint8Array = new Uint8Array(0);
const CONFLICT = ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.transitive;
const cursor = attributeCursor();

/** Fills `into`; afterwards `faults` holds what was wrong, with the actions RFC 7606 gives. */
export function inspectAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
  context: WireContext,
  options: InspectOptions,
  into: Inspection,
): void {
  const { types, places, faults } = into;
  for (let place = 0; place < into.count; place++) places[types[place]!] = -1;
  into.count = 0;
  if (faults.length > 0) faults.length = 0;
  const seen = SEEN.fill(0);
  let reachable = options.reachable;
  let beyondMpUnreach = false;

  for (let at = start; at < end; at = cursor.valueEnd) {
    if (!readAttribute(bytes, at, end, cursor)) {
      faults.push(overrun(at + 1 < end ? bytes[at + 1]! : 0, at - start));
      beyondMpUnreach = true;
      break;
    }
    const { type, flags, valueStart, valueEnd } = cursor;
    const isMp = type === ATTRIBUTE_TYPE.mpReach || type === ATTRIBUTE_TYPE.mpUnreach;
    if (type !== ATTRIBUTE_TYPE.mpUnreach) beyondMpUnreach = true;
    if (isMp && !options.mp) continue;
    if (seen[type] === 1) {
      faults.push(twice(type, isMp, bytes, at, valueEnd));
      continue;
    }
    seen[type] = 1;
    const row = attributeByType(type);
    if (row) {
      if ((flags & CONFLICT) !== row.flags) {
        const action = isMp ? 'session-reset' : 'treat-as-withdraw';
        faults.push(flagsConflict(action, row.name, type, bytes, at, valueEnd));
        continue;
      }
      if (row.discards?.(context)) {
        faults.push(discarded(row.name, type, bytes, at, valueEnd));
        continue;
      }
      const complaint = row.check(bytes, valueStart, valueEnd, context);
      if (complaint) {
        faults.push(fault(row.malformed, complaint, type, bytes, at, valueEnd));
        continue;
      }
      if (type === ATTRIBUTE_TYPE.mpReach && valueEnd > valueStart + 5 + bytes[valueStart + 3]!) reachable = true;
    } else if ((flags & ATTRIBUTE_FLAG.optional) === 0) {
      faults.push(fault('session-reset', unrecognized(type), type, bytes, at, valueEnd));
      continue;
    }
    const place = into.count++;
    types[place] = type;
    into.flags[place] = flags;
    into.starts[place] = valueStart;
    into.ends[place] = valueEnd;
    places[type] = place;
  }

  if (reachable) {
    if (seen[ATTRIBUTE_TYPE.origin] === 0) faults.push(missing(ATTRIBUTE_TYPE.origin));
    if (seen[ATTRIBUTE_TYPE.asPath] === 0) faults.push(missing(ATTRIBUTE_TYPE.asPath));
    if (options.nlri && seen[ATTRIBUTE_TYPE.nextHop] === 0) faults.push(missing(ATTRIBUTE_TYPE.nextHop));
  } else if (faults.length > 0 && beyondMpUnreach) {
    escalate(faults);
  }
}

/** Which types came, sound or not. One array for all calls, as none outlives its call. */
const SEEN = new Uint8Array(256);

/** RFC 7606 section 5.2: attributes without reachable NLRI leave it open whether any were missed. */
function escalate(faults: Fault[]): void {
  for (let index = 0; index < faults.length; index++) {
    const found = faults[index]!;
    if (found.action === 'treat-as-withdraw') faults[index] = { ...found, action: 'session-reset' };
  }
}

const fault = (
  action: FaultAction,
  { errorSubcode, reason }: Complaint,
  attributeType: number,
  bytes: Uint8Array,
  at: number,
  end: number,
): Fault => ({ action, attributeType, errorSubcode, data: bytes.slice(at, end), reason });

/** RFC 7606 section 4; an MP attribute cut short hides its NLRI (section 3 (j)). */
function overrun(attributeType: number, at: number): Fault {
  const isMp = attributeType === ATTRIBUTE_TYPE.mpReach || attributeType === ATTRIBUTE_TYPE.mpUnreach;
  const action = isMp ? 'session-reset' : 'treat-as-withdraw';
  const reason = `the attribute at octet ${at} of the path attributes overruns them`;
  return { action, errorSubcode: UPDATE_ERROR.malformedAttributeList, data: EMPTY, reason };
}

/** RFC 7606 section 3 (g). */
function twice(type: number, isMp: boolean, bytes: Uint8Array, at: number, end: number): Fault {
  const name = attributeByType(type)?.name ?? `attribute ${type}`;
  const complaint = { errorSubcode: UPDATE_ERROR.malformedAttributeList, reason: `${name} appears twice` };
  const found = fault(isMp ? 'session-reset' : 'attribute-discard', complaint, type, bytes, at, end);
  return { ...found, data: EMPTY };
}

/** RFC 7606 section 3 (c). */
function flagsConflict(action: FaultAction, name: string, type: number, bytes: Uint8Array, at: number, end: number) {
  const complaint = {
    errorSubcode: UPDATE_ERROR.attributeFlags,
    reason: `the flags of ${name} conflict with its type`,
  };
  return fault(action, complaint, type, bytes, at, end);
}

function discarded(name: string, type: number, bytes: Uint8Array, at: number, end: number): Fault {
  const complaint = {
    errorSubcode: UPDATE_ERROR.malformedAttributeList,
    reason: `${name} does not belong on this session`,
  };
  return fault('attribute-discard', complaint, type, bytes, at, end);
}

const unrecognized = (type: number): Complaint => ({
  errorSubcode: UPDATE_ERROR.unrecognizedWellKnown,
  reason: `attribute ${type} claims to be well-known`,
});

/** RFC 7606 section 3 (d). */
function missing(type: number): Fault {
  const reason = `${attributeByType(type)?.name} is missing`;
  const data = Uint8Array.of(type);
  return {
    action: 'treat-as-withdraw',
    attributeType: type,
    errorSubcode: UPDATE_ERROR.missingWellKnown,
    data,
    reason,
  };
}
