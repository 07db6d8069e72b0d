import { addressFromBytes } from '@tortie/ip';
import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { u32At } from '../reader.js';
import { Writer } from '../writer.js';
import { type AttributeCodec, complaint } from './codec.js';

const MALFORMED = complaint(UPDATE_ERROR.optionalAttribute, 'AS4_AGGREGATOR is malformed');

/** AS4_AGGREGATOR, RFC 6793 section 3; between 4-octet speakers, or malformed (sections 4.1 and 6), it is discarded. */
export const as4Aggregator: AttributeCodec<'as4Aggregator'> = {
  type: ATTRIBUTE_TYPE.as4Aggregator,
  name: 'AS4_AGGREGATOR',
  key: 'as4Aggregator',
  flags: 0xc0,
  malformed: 'attribute-discard',
  discards: ({ fourOctetAs }) => fourOctetAs,
  check: (bytes, start, end) => (end - start !== 8 || u32At(bytes, start) === 0 ? MALFORMED : undefined),
  decode: (bytes, start) => ({ asn: u32At(bytes, start), address: addressFromBytes(bytes, 4, start + 4) }),
  encode: ({ asn, address }) => new Writer().u32(asn).u32(address.a).finish(),
};
