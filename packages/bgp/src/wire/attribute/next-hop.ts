import { addressFromBytes, addressToBytes } from '@tortie/ip';
import { EncodeError } from '../../errors.js';
import { ATTRIBUTE_TYPE, UPDATE_ERROR } from '../../iana.js';
import { type AttributeCodec, complaint } from './codec.js';

const WRONG_LENGTH = complaint(UPDATE_ERROR.attributeLength, 'NEXT_HOP is not 4 octets long');
const NO_HOST = complaint(UPDATE_ERROR.invalidNextHop, 'NEXT_HOP is no host address');

/** Whether the four octets at `at` can be a host: not in 0.0.0.0/8, not multicast or above. RFC 4271 section 6.3. */
export const isHostIpv4 = (bytes: Uint8Array, at: number): boolean => bytes[at]! !== 0 && bytes[at]! < 224;

/** NEXT_HOP, RFC 4271 section 5.1.3; malformed handling RFC 7606 section 7.3 and, for the value, section 3 (e). */
export const nextHop: AttributeCodec<'nextHop'> = {
  type: ATTRIBUTE_TYPE.nextHop,
  name: 'NEXT_HOP',
  key: 'nextHop',
  flags: 0x40,
  malformed: 'treat-as-withdraw',
  check(bytes, start, end) {
    if (end - start !== 4) return WRONG_LENGTH;
    return isHostIpv4(bytes, start) ? undefined : NO_HOST;
  },
  decode: (bytes, start) => addressFromBytes(bytes, 4, start),
  encode(value) {
    if (value.version !== 4) throw new EncodeError('NEXT_HOP takes an IPv4 address; IPv6 ones go into MP_REACH_NLRI');
    return addressToBytes(value);
  },
};
