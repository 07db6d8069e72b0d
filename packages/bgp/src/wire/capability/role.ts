import { CAPABILITY_CODE } from '../../iana.js';
import { Writer } from '../writer.js';
import type { RoleCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** BGP role, RFC 9234 section 4.1. */
export const role: CapabilityCodec<RoleCapability> = {
  code: CAPABILITY_CODE.role,
  type: 'role',
  decode(bytes, start, end) {
    checkLength('role', end - start, 1);
    return { type: 'role', role: bytes[start]! };
  },
  encode: (capability) => new Writer().u8(capability.role).finish(),
};
