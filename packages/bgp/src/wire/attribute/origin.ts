import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { type AttributeCodec, complaint } from './codec.js';
import type { Origin } from './path-attributes.js';

const ORIGINS: readonly Origin[] = ['igp', 'egp', 'incomplete'];
const WRONG_LENGTH = complaint(UPDATE_ERROR.attributeLength, 'ORIGIN is not 1 octet long');
const UNDEFINED = complaint(UPDATE_ERROR.invalidOrigin, 'ORIGIN has an undefined value');

/** ORIGIN, RFC 4271 section 5.1.1; malformed handling RFC 7606 section 7.1. */
export const origin: AttributeCodec<'origin'> = {
  type: ATTRIBUTE_TYPE.origin,
  name: 'ORIGIN',
  key: 'origin',
  flags: 0x40,
  malformed: 'treat-as-withdraw',
  check(bytes, start, end) {
    if (end - start !== 1) return WRONG_LENGTH;
    return bytes[start]! > 2 ? UNDEFINED : undefined;
  },
  decode: (bytes, start) => ORIGINS[bytes[start]!]!,
  encode: (value) => Uint8Array.of(ORIGINS.indexOf(value)),
};
