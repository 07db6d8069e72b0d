import { ATTRIBUTE_TYPE } from '../../iana.js';
import { u32At } from '../reader.js';
import type { AttributeCodec } from './codec.js';
import { encodeWord, exactly } from './word.js';

/** MULTI_EXIT_DISC, RFC 4271 section 5.1.4; malformed handling RFC 7606 section 7.4. */
export const med: AttributeCodec<'med'> = {
  type: ATTRIBUTE_TYPE.med,
  name: 'MULTI_EXIT_DISC',
  key: 'med',
  flags: 0x80,
  malformed: 'treat-as-withdraw',

  check: exactly(4, 'MULTI_EXIT_DISC'),
  decode: (bytes, start) => u32At(bytes, start),
  encode: encodeWord,
};
