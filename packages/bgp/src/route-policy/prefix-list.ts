/**
 * Many prefix matches as one question: a hash table by (prefix, length), each entry with the lengths of routes that it lets
 * in. A look-up costs one probe per distinct length in the list, however many prefixes it has.
 */
import { maskWord } from '@tortie/ip';
import type { PrefixKey } from '../rib/prefix-table.js';
import type { PrefixMatch } from './policy.js';

/** Up to so many matches are simply tried one after the other. */
const FEW = 8;
/** Words of an entry: prefix, its length, and a bit for each length 0 to 128 that matches. */
const WORDS = 10;
const LENGTHS = 5;

export class PrefixList {
  readonly #few: readonly PrefixMatch[] | undefined;
  readonly #ipv4: Table;
  readonly #ipv6: Table;

  constructor(matches: readonly PrefixMatch[]) {
    this.#few = matches.length <= FEW ? matches : undefined;
    const ofVersion = (version: 4 | 6): Table =>
      new Table(this.#few ? [] : matches.filter(({ prefix }) => prefix.version === version));
    this.#ipv4 = ofVersion(4);
    this.#ipv6 = ofVersion(6);
  }

  matches(key: PrefixKey, version: 4 | 6): boolean {
    const few = this.#few;
    if (few === undefined) return (version === 4 ? this.#ipv4 : this.#ipv6).matches(key);
    for (let i = 0; i < few.length; i++) if (matchesPrefix(key, version, few[i]!)) return true;
    return false;
  }
}

class Table {
  readonly #entries: Int32Array;
  readonly #mask: number;
  /** Distinct lengths of the prefixes, ascending. */
  readonly #lengths: readonly number[];

  constructor(matches: readonly PrefixMatch[]) {
    let slots = 4;
    while (slots < 2 * matches.length) slots *= 2;
    this.#mask = slots - 1;
    this.#entries = new Int32Array(slots * WORDS);
    for (const match of matches) {
      const { a, b, c, d, length } = match.prefix;
      const at = this.#find(a | 0, b | 0, c | 0, d | 0, length);
      this.#entries.set([a, b, c, d, length + 1], at);
      const [shortest, longest] = lengthsOf(match);
      for (let each = shortest; each <= longest; each++)
        this.#entries[at + LENGTHS + (each >>> 5)]! |= 1 << (each & 31);
    }
    this.#lengths = [...new Set(matches.map(({ prefix }) => prefix.length))].sort((x, y) => x - y);
  }

  matches({ a, b, c, d, length }: PrefixKey): boolean {
    const entries = this.#entries;
    for (let i = 0; i < this.#lengths.length; i++) {
      const bits = this.#lengths[i]!;
      if (bits > length) return false;
      const at = this.#find(
        a & maskWord(bits),
        b & maskWord(bits - 32),
        c & maskWord(bits - 64),
        d & maskWord(bits - 96),
        bits,
      );
      if (((entries[at + LENGTHS + (length >>> 5)]! >>> (length & 31)) & 1) !== 0) return true;
    }
    return false;
  }

  /** The entry of this prefix, or the free one where it would be; words are signed. */
  #find(a: number, b: number, c: number, d: number, length: number): number {
    const entries = this.#entries;
    let hash =
      Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d) ^ Math.imul(d, 0x27d4eb2f);
    hash = Math.imul(hash ^ (hash >>> 15) ^ length, 0x2c1b3c6d);
    for (let slot = (hash ^ (hash >>> 13)) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * WORDS;
      const stored = entries[at + 4]!;
      if (stored === 0) return at;
      if (
        stored === length + 1 &&
        entries[at] === a &&
        entries[at + 1] === b &&
        entries[at + 2] === c &&
        entries[at + 3] === d
      ) {
        return at;
      }
    }
  }
}

/** The shortest and the longest prefix that matches; the second below the first where none does. */
export function lengthsOf({ prefix, ge, le }: PrefixMatch): readonly [shortest: number, longest: number] {
  const bits = prefix.version === 4 ? 32 : 128;
  return [
    Math.max(ge ?? prefix.length, prefix.length),
    Math.min(le ?? (ge === undefined ? prefix.length : bits), bits),
  ];
}

/** Whether a prefix, as signed words, lies in the match's range. */
function matchesPrefix(key: PrefixKey, version: 4 | 6, { prefix, ge, le }: PrefixMatch): boolean {
  if (prefix.version !== version) return false;
  const bits = prefix.length;
  const shortest = ge ?? bits;
  const longest = le ?? (ge === undefined ? bits : version === 4 ? 32 : 128);
  if (key.length < Math.max(shortest, bits) || key.length > longest) return false;
  return (
    ((key.a ^ prefix.a) & maskWord(bits)) === 0 &&
    ((key.b ^ prefix.b) & maskWord(bits - 32)) === 0 &&
    ((key.c ^ prefix.c) & maskWord(bits - 64)) === 0 &&
    ((key.d ^ prefix.d) & maskWord(bits - 96)) === 0
  );
}
