/** Attribute blocks in table dumps. RFC 6396 section 4.3.4. */
import { addressOctets } from '@tortie/ip';
import { EncodeError } from '../errors.js';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { decodeAttributes, encodeAttributes } from '../wire/attribute/attribute-set.js';
import type { PathAttributes } from '../wire/attribute/path-attributes.js';
import { attributeCursor, findAttribute } from '../wire/attribute/walk.js';
import { type WireContext, wireContext } from '../wire/context.js';
import { FAMILIES, type Family } from '../wire/family/family.js';
import type { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import type { MrtAttributes } from './record.js';

/** What a collector wrote down, it took whole: nothing is discarded for the kind of session. */
export const mrtContext = (fourOctetAs: boolean, addPath: boolean): WireContext =>
  wireContext({
    fourOctetAs,
    extendedMessages: true,
    peerType: 'ibgp',
    addPath: FAMILIES.map(() => addPath),
    extendedNextHop: FAMILIES.map(() => true),
  });

const TWO_OCTETS = mrtContext(false, false);
const FOUR_OCTETS = mrtContext(true, false);
const cursor = attributeCursor();

/** Decodes the block that `reader` holds, for a route of this family. */
export function readAttributeBlock(reader: Reader, family: Family, fourOctetAs: boolean): MrtAttributes {
  const { bytes, at, end } = reader;
  const context = fourOctetAs ? FOUR_OCTETS : TWO_OCTETS;
  const contents = { nlri: false, reachable: true };
  // MP_REACH_NLRI is cut down to the next hop and its length. A whole one, as some daemons write, begins with AFI 0x00…
  const short = findAttribute(bytes, at, end, ATTRIBUTE_TYPE.mpReach, cursor) && bytes[cursor.valueStart] !== 0;
  if (!short) return decodeAttributes(bytes, at, end, context, contents);
  const headStart = cursor.valueStart - (cursor.flags & ATTRIBUTE_FLAG.extendedLength ? 4 : 3);
  const writer = new Writer().octets(bytes.subarray(at, headStart));
  const value = bytes.subarray(cursor.valueStart, cursor.valueEnd);
  writer.u8(ATTRIBUTE_FLAG.optional | ATTRIBUTE_FLAG.extendedLength).u8(ATTRIBUTE_TYPE.mpReach);
  writer
    .u16(value.length + 4)
    .u16(family.afi)
    .u8(family.safi)
    .octets(value)
    .u8(0);
  const whole = writer.octets(bytes.subarray(cursor.valueEnd, end)).finish();
  return decodeAttributes(whole, 0, whole.length, context, contents);
}

/**
 * The block for a route of this family: AS numbers have four octets, and MP_REACH_NLRI is cut down to the next hop and
 * its length. Throws EncodeError where MP_REACH_NLRI is of another family.
 */
export function encodeAttributeBlock(attributes: Partial<PathAttributes>, family: Family): Uint8Array {
  const { mpReach, ...others } = attributes;
  if (!mpReach) return encodeAttributes(others, FOUR_OCTETS);
  if (mpReach.afi !== family.afi || mpReach.safi !== family.safi) {
    throw new EncodeError(`MP_REACH_NLRI of AFI ${mpReach.afi} SAFI ${mpReach.safi} in a route of ${family.name}`);
  }
  const { nextHop, linkLocalNextHop } = mpReach;
  const writer = new Writer().u8(addressOctets(nextHop.version) + (linkLocalNextHop ? 16 : 0)).address(nextHop);
  if (linkLocalNextHop) writer.address(linkLocalNextHop);
  const short = { type: ATTRIBUTE_TYPE.mpReach, flags: ATTRIBUTE_FLAG.optional, value: writer.finish() };
  return encodeAttributes({ ...others, unknown: [...(others.unknown ?? []), short] }, FOUR_OCTETS);
}
