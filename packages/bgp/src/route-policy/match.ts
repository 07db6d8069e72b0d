/** Whether a term of a policy holds for a route. */
import { maskWord } from '@tortie/ip';
import { ATTRIBUTE_TYPE } from '../iana.js';
import { wordAt } from '../rib/attribute-keys.js';
import { ATTRIBUTE, type AttributeTable } from '../rib/attribute-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import { attributeCursor, findAttribute } from '../wire/attribute/walk.js';
import type { PolicyMatch, PrefixMatch } from './policy.js';

const cursor = attributeCursor();

/** Whether a prefix, as signed words, lies in the match's range. */
export function matchesPrefix(key: PrefixKey, version: 4 | 6, { prefix, ge, le }: PrefixMatch): boolean {
  if (prefix.version !== version) return false;
  const shortest = ge ?? prefix.length;
  const longest = le ?? (ge === undefined ? prefix.length : version === 4 ? 32 : 128);
  if (key.length < Math.max(shortest, prefix.length) || key.length > longest) return false;
  const bits = prefix.length;
  return (
    ((key.a ^ prefix.a) & maskWord(bits)) === 0 &&
    ((key.b ^ prefix.b) & maskWord(bits - 32)) === 0 &&
    ((key.c ^ prefix.c) & maskWord(bits - 64)) === 0 &&
    ((key.d ^ prefix.d) & maskWord(bits - 96)) === 0
  );
}

function hasCommunity(table: AttributeTable, id: number, wanted: readonly number[]): boolean {
  const block = table.block(id);
  if (!findAttribute(block, 0, block.length, ATTRIBUTE_TYPE.communities, cursor)) return false;
  for (let at = cursor.valueStart; at < cursor.valueEnd; at += 4) {
    if (wanted.includes(wordAt(block, at) >>> 0)) return true;
  }
  return false;
}

export function matches(
  match: PolicyMatch | undefined,
  key: PrefixKey,
  version: 4 | 6,
  table: AttributeTable,
  id: number,
): boolean {
  if (!match) return true;
  const { prefixes, communities, originAsns } = match;
  if (prefixes && !prefixes.some((each) => matchesPrefix(key, version, each))) return false;
  if (originAsns && !originAsns.includes(table.word(id, ATTRIBUTE.originAs) >>> 0)) return false;
  return !communities || hasCommunity(table, id, communities);
}
