import { ATTRIBUTE_TYPE } from '../../iana.js';

import type { AttributeCodec } from './codec.js';
import { decodeWords, encodeWords, multipleOf } from './word.js';

/** COMMUNITIES, RFC 1997; malformed handling RFC 7606 section 7.8. */
export const communities: AttributeCodec<'communities'> = {
  type: ATTRIBUTE_TYPE.communities,
  name: 'COMMUNITIES',
  key: 'communities',
  flags: 0xc0,
  malformed: 'treat-as-withdraw',

  check: multipleOf(4, 'COMMUNITIES'),
  decode: decodeWords,
  encode: encodeWords,
};
