import { ATTRIBUTE_TYPE } from '../../iana.js';
import { u32At } from '../reader.js';
import { Writer } from '../writer.js';
import type { AttributeCodec } from './codec.js';
import type { LargeCommunity } from './path-attributes.js';
import { multipleOf } from './word.js';

/**
 * LARGE_COMMUNITIES, RFC 8092; malformed handling section 6. Values that repeat are silently removed on the way in and
 * out (section 3).
 */
export const largeCommunities: AttributeCodec<'largeCommunities'> = {
  type: ATTRIBUTE_TYPE.largeCommunities,
  name: 'LARGE_COMMUNITIES',
  key: 'largeCommunities',
  flags: 0xc0,
  malformed: 'treat-as-withdraw',
  check: multipleOf(12, 'LARGE_COMMUNITIES'),
  decode(bytes, start, end) {
    const list: LargeCommunity[] = [];
    for (let at = start; at < end; at += 12) list.push([u32At(bytes, at), u32At(bytes, at + 4), u32At(bytes, at + 8)]);
    return withoutRepeats(list);
  },
  encode(value) {
    const writer = new Writer();
    for (const words of withoutRepeats(value)) for (const word of words) writer.u32(word);
    return writer.finish();
  },
};

function withoutRepeats(list: readonly LargeCommunity[]): readonly LargeCommunity[] {
  const byText = new Map(list.map((community) => [community.join(':'), community]));
  return byText.size === list.length ? list : [...byText.values()];
}

/** Whether the values of a sound attribute ascend strictly, so that none can repeat. */
export function ascendsStrictly(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start + 12; at < end; at += 12) {
    let order = 0;
    for (let word = 0; word < 12 && order === 0; word += 4)
      order = u32At(bytes, at + word) - u32At(bytes, at + word - 12);
    if (order <= 0) return false;
  }
  return true;
}
