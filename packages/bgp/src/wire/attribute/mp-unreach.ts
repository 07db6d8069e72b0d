import { EncodeError } from '../../errors.js';
import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { negotiatedFamily } from '../context.js';
import { FAMILIES, familyIndex } from '../family/family.js';
import { countNlri, decodeNlri, encodeNlri } from '../nlri.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import { type AttributeCodec, complaint } from './codec.js';

const TOO_SHORT = complaint(UPDATE_ERROR.optionalAttribute, 'MP_UNREACH_NLRI is shorter than 3 octets');
const BAD_NLRI = complaint(UPDATE_ERROR.optionalAttribute, 'MP_UNREACH_NLRI holds a malformed prefix');

/** MP_UNREACH_NLRI, RFC 4760 section 4; RFC 7606 sections 5.3 and 7.12. Families not negotiated are ignored. */
export const mpUnreach: AttributeCodec<'mpUnreach'> = {
  type: ATTRIBUTE_TYPE.mpUnreach,
  name: 'MP_UNREACH_NLRI',
  key: 'mpUnreach',
  flags: 0x80,
  malformed: 'session-reset',
  check(bytes, start, end, context) {
    if (end - start < 3) return TOO_SHORT;
    const index = negotiatedFamily(context, u16At(bytes, start), bytes[start + 2]!);
    if (index < 0) return undefined;
    const addPath = context.addPath[index] === true;
    return countNlri(bytes, start + 3, end, FAMILIES[index]!.version, addPath) < 0 ? BAD_NLRI : undefined;
  },
  decode(bytes, start, end, context) {
    const afi = u16At(bytes, start);
    const safi = bytes[start + 2]!;
    const index = negotiatedFamily(context, afi, safi);
    if (index < 0) return { afi, safi, nlri: [] };
    const { version } = FAMILIES[index]!;
    return { afi, safi, nlri: decodeNlri(bytes, start + 3, end, version, context.addPath[index] === true) ?? [] };
  },
  encode({ afi, safi, nlri }, context) {
    const index = familyIndex(afi, safi);
    if (index < 0) throw new EncodeError(`AFI ${afi} SAFI ${safi} is no family of ours`);
    return new Writer()
      .u16(afi)
      .u8(safi)
      .octets(encodeNlri(nlri, context.addPath[index] === true))
      .finish();
  },
};
