import { CAPABILITY_CODE } from '../../iana.js';
import type { ExtendedMessageCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** BGP extended message, RFC 8654: no value. */
export const extendedMessage: CapabilityCodec<ExtendedMessageCapability> = {
  code: CAPABILITY_CODE.extendedMessage,
  type: 'extended-message',
  decode(_bytes, start, end) {
    checkLength('extended-message', end - start, 0);
    return { type: 'extended-message' };
  },
  encode: () => new Uint8Array(0),
};
