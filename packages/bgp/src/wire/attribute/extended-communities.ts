import { ATTRIBUTE_TYPE } from '../../iana.js';
import { u32At } from '../reader.js';
import { Writer } from '../writer.js';
import type { AttributeCodec } from './codec.js';
import { multipleOf } from './word.js';

/** EXTENDED COMMUNITIES, RFC 4360: 64-bit numbers; malformed handling RFC 7606 section 7.14. */
export const extendedCommunities: AttributeCodec<'extendedCommunities'> = {
  type: ATTRIBUTE_TYPE.extendedCommunities,
  name: 'EXTENDED_COMMUNITIES',
  key: 'extendedCommunities',
  flags: 0xc0,
  malformed: 'treat-as-withdraw',
  check: multipleOf(8, 'EXTENDED_COMMUNITIES'),
  decode(bytes, start, end) {
    const list: bigint[] = [];
    for (let at = start; at < end; at += 8) list.push((BigInt(u32At(bytes, at)) << 32n) | BigInt(u32At(bytes, at + 4)));
    return list;
  },
  encode(value) {
    const writer = new Writer();
    for (const community of value) writer.u32(Number(community >> 32n)).u32(Number(community & 0xffffffffn));
    return writer.finish();
  },
};
