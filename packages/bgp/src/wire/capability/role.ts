import { CAPABILITY_CODE } from '../../iana.js';
import { Writer } from '../writer.js';
import type { RoleCapability } from './capability.js';
import { type CapabilityCodec, checkLength } from './codec.js';

/** By number: what a speaker is to its peer. `rs` is a route server, `rs-client` its client. RFC 9234 section 4.1. */
export const ROLES = ['provider', 'rs', 'rs-client', 'customer', 'peer'] as const;

export type Role = (typeof ROLES)[number];

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
