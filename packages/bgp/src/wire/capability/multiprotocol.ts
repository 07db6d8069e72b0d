import { CAPABILITY_CODE } from '../../iana.js';
import { u16At } from '../reader.js';
import { Writer } from '../writer.js';
import type { MultiprotocolCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** Multiprotocol extensions, RFC 4760 section 8: one address family the sender takes part in. */
export const multiprotocol: CapabilityCodec<MultiprotocolCapability> = {
  code: CAPABILITY_CODE.multiprotocol,
  type: 'multiprotocol',
  decode(bytes, start, end) {
    checkLength('multiprotocol', end - start, 4);
    return { type: 'multiprotocol', afi: u16At(bytes, start), safi: bytes[start + 3]! };
  },
  encode: ({ afi, safi }) => new Writer().u16(afi).u8(0).u8(safi).finish(),
};
