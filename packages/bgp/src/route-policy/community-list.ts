/** Communities and large communities with wildcards: whether a route carries one, and which of its own are meant. */
import { ATTRIBUTE_TYPE } from '../iana.js';
import { wordAt } from '../rib/attribute-keys.js';
import type { LargeCommunity } from '../wire/attribute/path-attributes.js';
import { attributeCursor, findAttribute } from '../wire/attribute/walk.js';
import type { CommunityMatch, CommunityPart } from './policy.js';

const cursor = attributeCursor();

const asNumber = (high: number, low: number): number => ((high << 16) | low) >>> 0;

export class CommunityList {
  /** Those without wildcards. */
  readonly #exact = new Set<number>();
  /** Pairs of bits that count and their values. */
  readonly #masked: (readonly [mask: number, value: number])[] = [];
  readonly #large: (readonly [CommunityPart, CommunityPart, CommunityPart])[] = [];

  constructor(matches: readonly CommunityMatch[]) {
    for (const match of matches) {
      if (typeof match === 'number') this.#exact.add(match >>> 0);
      else if (match.length === 3) this.#large.push(match);
      else {
        const [high, low] = match;
        if (high !== '*' && low !== '*') this.#exact.add(asNumber(high, low));
        else {
          const mask = (high === '*' ? 0 : 0xffff0000) | (low === '*' ? 0 : 0xffff);
          this.#masked.push([mask | 0, asNumber(high === '*' ? 0 : high, low === '*' ? 0 : low) | 0]);
        }
      }
    }
  }

  has(community: number): boolean {
    if (this.#exact.has(community >>> 0)) return true;
    for (let i = 0; i < this.#masked.length; i++) {
      const [mask, value] = this.#masked[i]!;
      if ((community & mask) === value) return true;
    }
    return false;
  }

  hasLarge([global, local1, local2]: LargeCommunity): boolean {
    return this.#hasLarge(global, local1, local2);
  }

  #hasLarge(global: number, local1: number, local2: number): boolean {
    for (let i = 0; i < this.#large.length; i++) {
      const [x, y, z] = this.#large[i]!;
      if ((x === '*' || x === global) && (y === '*' || y === local1) && (z === '*' || z === local2)) return true;
    }
    return false;
  }

  /** Whether a canonical block carries one of them. */
  isIn(block: Uint8Array): boolean {
    const { length } = block;
    if (this.#exact.size > 0 || this.#masked.length > 0) {
      const found = findAttribute(block, 0, length, ATTRIBUTE_TYPE.communities, cursor);
      for (let at = cursor.valueStart; found && at < cursor.valueEnd; at += 4) {
        if (this.has(wordAt(block, at))) return true;
      }
    }
    if (this.#large.length > 0) {
      const found = findAttribute(block, 0, length, ATTRIBUTE_TYPE.largeCommunities, cursor);
      for (let at = cursor.valueStart; found && at < cursor.valueEnd; at += 12) {
        if (this.#hasLarge(wordAt(block, at) >>> 0, wordAt(block, at + 4) >>> 0, wordAt(block, at + 8) >>> 0))
          return true;
      }
    }
    return false;
  }
}
