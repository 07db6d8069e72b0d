import { CAPABILITY_CODE } from '../../iana.js';
import { u32At } from '../reader.js';
import { Writer } from '../writer.js';
import type { FourOctetAsCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** Support for 4-octet AS numbers, RFC 6793 section 3: the sender's own. */
export const fourOctetAs: CapabilityCodec<FourOctetAsCapability> = {
  code: CAPABILITY_CODE.fourOctetAs,
  type: 'four-octet-as',
  decode(bytes, start, end) {
    checkLength('four-octet-as', end - start, 4);
    return { type: 'four-octet-as', asn: u32At(bytes, start) };
  },
  encode: ({ asn }) => new Writer().u32(asn).finish(),
};
