import { addressFromBytes } from '@tortie/ip';
import { AS_TRANS, ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { u16At, u32At } from '../reader.js';
import { Writer } from '../writer.js';
import { type AttributeCodec, complaint } from './codec.js';

const WRONG_LENGTH = complaint(UPDATE_ERROR.attributeLength, 'AGGREGATOR has a wrong length');
const AS_ZERO = complaint(UPDATE_ERROR.optionalAttribute, 'AGGREGATOR names AS 0');

/** AGGREGATOR, RFC 4271 section 5.1.7; malformed handling RFC 7606 section 7.7, AS 0 RFC 7607 section 2. */
export const aggregator: AttributeCodec<'aggregator'> = {
  type: ATTRIBUTE_TYPE.aggregator,
  name: 'AGGREGATOR',
  key: 'aggregator',
  flags: 0xc0,
  malformed: 'attribute-discard',
  check(bytes, start, end, { fourOctetAs }) {
    if (end - start !== (fourOctetAs ? 8 : 6)) return WRONG_LENGTH;
    return (fourOctetAs ? u32At(bytes, start) : u16At(bytes, start)) === 0 ? AS_ZERO : undefined;
  },
  decode: (bytes, start, end, { fourOctetAs }) => ({
    asn: fourOctetAs ? u32At(bytes, start) : u16At(bytes, start),
    address: addressFromBytes(bytes, 4, end - 4),
  }),
  encode({ asn, address }, { fourOctetAs }) {
    const writer = new Writer();
    if (fourOctetAs) writer.u32(asn);
    else writer.u16(asn > 0xffff ? AS_TRANS : asn);
    return writer.u32(address.a).finish();
  },
};
