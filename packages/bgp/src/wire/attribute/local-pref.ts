import { ATTRIBUTE_TYPE } from '../../iana.js';
import { u32At } from '../reader.js';
import type { AttributeCodec } from './codec.js';
import { encodeWord, exactly } from './word.js';

/** LOCAL_PREF, RFC 4271 section 5.1.5; from external peers discarded, malformed handling RFC 7606 section 7.5. */
export const localPref: AttributeCodec<'localPref'> = {
  type: ATTRIBUTE_TYPE.localPref,
  name: 'LOCAL_PREF',
  key: 'localPref',
  flags: 0x40,
  malformed: 'treat-as-withdraw',
  discards: ({ peerType }) => peerType === 'ebgp',
  check: exactly(4, 'LOCAL_PREF'),
  decode: (bytes, start) => u32At(bytes, start),
  encode: encodeWord,
};
