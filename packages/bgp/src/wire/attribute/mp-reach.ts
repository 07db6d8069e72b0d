import { type Address, addressFromBytes, isMulticast, isUnspecified } from '@tortie/ip';
import { EncodeError } from '../../errors.js';
import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { negotiatedFamily, type WireContext } from '../context.js';
import { FAMILIES, familyIndex } from '../family/family.js';
import { countNlri, decodeNlri, encodeNlri } from '../nlri.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import { type AttributeCodec, type Complaint, complaint } from './codec.js';

const TOO_SHORT = complaint(UPDATE_ERROR.optionalAttribute, 'MP_REACH_NLRI is shorter than 5 octets');
const NEXT_HOP_LENGTH = complaint(UPDATE_ERROR.optionalAttribute, 'MP_REACH_NLRI has a next hop of unexpected length');
const BAD_NLRI = complaint(UPDATE_ERROR.optionalAttribute, 'MP_REACH_NLRI holds a malformed prefix');
export const NO_HOST: Complaint = complaint(
  UPDATE_ERROR.invalidNextHop,
  'the next hop of MP_REACH_NLRI is no host address',
);

/** Whether a next hop of this length may stand with this family. RFC 4760 section 3, RFC 2545 section 3, RFC 8950. */
export function isNextHopLength(length: number, family: number, context: WireContext): boolean {
  const own = FAMILIES[family]!.version;
  if (length === 4) return own === 4;
  return (length === 16 || length === 32) && (own === 6 || context.extendedNextHop[family] === true);
}

export interface MpNextHop {
  readonly nextHop: Address;
  readonly linkLocalNextHop?: Address;
}

/**
 * The next hop of 4, 16 or 32 octets. RFC 2545 section 3. Of 32 octets whose global half is `::` (some speakers on
 * unnumbered links send that) the link-local half alone is the next hop.
 */
export function decodeMpNextHop(bytes: Uint8Array, start: number, length: number): MpNextHop {
  if (length === 4) return { nextHop: addressFromBytes(bytes, 4, start) };
  const nextHop = addressFromBytes(bytes, 6, start);
  if (length === 16) return { nextHop };
  const second = addressFromBytes(bytes, 6, start + 16);
  if (isUnspecified(nextHop)) return { nextHop: second };
  return isUnspecified(second) ? { nextHop } : { nextHop, linkLocalNextHop: second };
}

/** Whether a next hop can be a host. RFC 4271 section 6.3, by RFC 7606 section 3 (e) no reason for a reset. */
export const isHost = (address: Address): boolean =>
  !isUnspecified(address) &&
  !isMulticast(address) &&
  !(address.version === 4 && (address.a >>> 24 === 0 || address.a >>> 28 > 13));

/**
 * MP_REACH_NLRI, RFC 4760 section 3; RFC 7606 sections 5.3 and 7.11: what hides the NLRI resets the session. The next
 * hop's value is checked apart (isHost), as its fault is milder. Routes of a family that was not negotiated are ignored.
 */
export const mpReach: AttributeCodec<'mpReach'> = {
  type: ATTRIBUTE_TYPE.mpReach,
  name: 'MP_REACH_NLRI',
  key: 'mpReach',
  flags: 0x80,
  malformed: 'session-reset',
  check(bytes, start, end, context) {
    if (end - start < 5) return TOO_SHORT;
    const nextHopLength = bytes[start + 3]!;
    const nlriStart = start + 5 + nextHopLength;
    if (nlriStart > end) return NEXT_HOP_LENGTH;
    const index = negotiatedFamily(context, u16At(bytes, start), bytes[start + 2]!);
    if (index < 0) return undefined;
    if (!isNextHopLength(nextHopLength, index, context)) return NEXT_HOP_LENGTH;
    const addPath = context.addPath[index] === true;
    return countNlri(bytes, nlriStart, end, FAMILIES[index]!.version, addPath) < 0 ? BAD_NLRI : undefined;
  },
  decode(bytes, start, end, context) {
    const afi = u16At(bytes, start);
    const safi = bytes[start + 2]!;
    const index = negotiatedFamily(context, afi, safi);
    const length = bytes[start + 3]!;
    if (index < 0) return { afi, safi, nextHop: addressFromBytes(new Uint8Array(16), 6), nlri: [] };
    const { version } = FAMILIES[index]!;
    const nlri = decodeNlri(bytes, start + 5 + length, end, version, context.addPath[index] === true) ?? [];
    return { afi, safi, ...decodeMpNextHop(bytes, start + 4, length), nlri };
  },
  encode({ afi, safi, nextHop, linkLocalNextHop, nlri }, context) {
    const index = familyIndex(afi, safi);
    if (index < 0) throw new EncodeError(`AFI ${afi} SAFI ${safi} is no family of ours`);
    const writer = new Writer().u16(afi).u8(safi);
    const octets = (nextHop.version === 4 ? 4 : 16) + (linkLocalNextHop ? 16 : 0);
    if (!isNextHopLength(octets, index, context)) {
      throw new EncodeError(`${FAMILIES[index]!.name} takes no next hop of ${octets} octets on this session`);
    }
    writer.u8(octets).address(nextHop);
    if (linkLocalNextHop) writer.address(linkLocalNextHop);
    return writer
      .u8(0)
      .octets(encodeNlri(nlri, context.addPath[index] === true))
      .finish();
  },
};
