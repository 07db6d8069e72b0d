import { ATTRIBUTE_TYPE } from '../../iana.js';
import { u32At } from '../reader.js';
import type { AttributeCodec } from './codec.js';
import { encodeWord, exactly } from './word.js';

/** ORIGINATOR_ID, RFC 4456 section 8; from external peers discarded, malformed handling RFC 7606 section 7.9. */
export const originatorId: AttributeCodec<'originatorId'> = {
  type: ATTRIBUTE_TYPE.originatorId,
  name: 'ORIGINATOR_ID',
  key: 'originatorId',
  flags: 0x80,
  malformed: 'treat-as-withdraw',
  discards: ({ peerType }) => peerType === 'ebgp',
  check: exactly(4, 'ORIGINATOR_ID'),
  decode: (bytes, start) => u32At(bytes, start),
  encode: encodeWord,
};
