/** AS path segments, shared by AS_PATH and AS4_PATH. RFC 4271 section 4.3, RFC 5065 section 3, RFC 6793. */
import { EncodeError } from '../../errors.js';
import { AS_TRANS } from '../../iana.js';
import { u16At, u32At } from '../reader.js';
import { Writer } from '../writer.js';
import type { AsPathSegment } from './path-attributes.js';

/** By segment type; 0 is none. */
const SEGMENT_TYPES = ['', 'set', 'sequence', 'confed-sequence', 'confed-set'] as const;

/** The longest segment: its length field has one octet. */
const MAX_ASNS = 255;

export type SegmentProblem = 'overrun' | 'underrun' | 'empty' | 'type' | 'as-zero';

/** The malformed segments of RFC 7606 section 7.2, and AS 0 of RFC 7607; undefined where all are sound. */
export function segmentProblem(
  bytes: Uint8Array,
  start: number,
  end: number,
  asnOctets: 2 | 4,
): SegmentProblem | undefined {
  let at = start;
  while (at < end) {
    if (end - at < 2) return 'underrun';
    const type = bytes[at]!;
    const count = bytes[at + 1]!;
    if (type < 1 || type > 4) return 'type';
    if (count === 0) return 'empty';
    at += 2;
    const segmentEnd = at + count * asnOctets;
    if (segmentEnd > end) return 'overrun';
    for (; at < segmentEnd; at += asnOctets) {
      if (asnOctets === 4) {
        if ((bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) === 0) return 'as-zero';
      } else if ((bytes[at]! | bytes[at + 1]!) === 0) return 'as-zero';
    }
  }
  return undefined;
}

/** Whether a sound path has an AS_CONFED_SEQUENCE or AS_CONFED_SET. */
export function hasConfedSegment(bytes: Uint8Array, start: number, end: number, asnOctets: 2 | 4): boolean {
  for (let at = start; at < end; at += 2 + bytes[at + 1]! * asnOctets) if (bytes[at]! > 2) return true;
  return false;
}

export function decodeSegments(
  bytes: Uint8Array,
  start: number,
  end: number,
  asnOctets: 2 | 4,
): readonly AsPathSegment[] {
  const segments: AsPathSegment[] = [];
  for (let at = start; at < end; ) {
    const type = SEGMENT_TYPES[bytes[at]!] as AsPathSegment['type'];
    const asns: number[] = [];
    const segmentEnd = at + 2 + bytes[at + 1]! * asnOctets;
    for (at += 2; at < segmentEnd; at += asnOctets) asns.push(asnOctets === 4 ? u32At(bytes, at) : u16At(bytes, at));
    segments.push({ type, asns });
  }
  return segments;
}

/** A sequence of more than 255 AS numbers is split; a set cannot be. Two octets hold AS_TRANS for a larger number. */
export function encodeSegments(segments: readonly AsPathSegment[], asnOctets: 2 | 4): Uint8Array {
  const writer = new Writer();
  for (const { type, asns } of segments) {
    if (asns.length === 0) throw new EncodeError('an AS path segment must hold at least one AS number');
    if (asns.length > MAX_ASNS && (type === 'set' || type === 'confed-set')) {
      throw new EncodeError(`an AS set holds at most ${MAX_ASNS} AS numbers, not ${asns.length}`);
    }
    for (let from = 0; from < asns.length; from += MAX_ASNS) {
      const part = asns.slice(from, from + MAX_ASNS);
      writer.u8(SEGMENT_TYPES.indexOf(type)).u8(part.length);
      for (const asn of part) {
        if (asnOctets === 4) writer.u32(asn);
        else writer.u16(asn > 0xffff ? AS_TRANS : asn);
      }
    }
  }
  return writer.finish();
}
