/**
 * Prefixes of one UPDATE, read ahead. Looking a prefix up is a chain of cache misses, each waiting for the one before:
 * slot, prefix row, route row, attribute row. The batch makes each step for all its prefixes before the next step, so
 * that the processor has many misses under way at once; what then works on the prefixes finds everything in the cache
 * (bench `pipeline`: the phase `withdraw` takes about half the time). JavaScript has no prefetch; reading is the way.
 */

import { wordAt } from './attribute-keys.js';
import { ATTRIBUTE } from './attribute-table.js';
import type { FamilyRib } from './family-rib.js';
import { readKey } from './prefix-key.js';
import type { PrefixKey } from './prefix-table.js';
import { ROUTE } from './route-row.js';

const SIZE = 32;

export class NlriBatch {
  readonly keys: readonly PrefixKey[] = Array.from({ length: SIZE }, () => ({ a: 0, b: 0, c: 0, d: 0, length: 0 }));
  readonly hashes = new Int32Array(SIZE);
  readonly pathIds = new Int32Array(SIZE);
  /** Offset behind the last prefix read. */
  next = 0;
  readonly #rows = new Int32Array(SIZE);
  /** Where the words read ahead go, so that reading them is not optimised away. */
  sink = 0;

  /** Reads up to a batch of prefixes between two offsets, which were checked; gives how many. */
  fill(bytes: Uint8Array, start: number, end: number, addPath: boolean, rib: FamilyRib): number {
    const { prefixes } = rib;
    let count = 0;
    let at = start;
    for (; at < end && count < SIZE; count++) {
      if (addPath) {
        this.pathIds[count] = wordAt(bytes, at);
        at += 4;
      }
      const key = this.keys[count]!;
      at = readKey(bytes, at, prefixes.version, key);
      this.hashes[count] = prefixes.hashOf(key);
    }
    // A loop of its own: the shorter it is, the more of its misses are under way at once.
    let sink = 0;
    for (let i = 0; i < count; i++) sink += prefixes.touch(this.hashes[i]!);
    this.next = at;
    this.sink = sink | 0;
    if (count > 1) this.#warm(count, rib);
    return count;
  }

  #warm(count: number, rib: FamilyRib): void {
    const { prefixes, attributes } = rib;
    const rows = this.#rows;
    let sink = 0;
    let known = 0;
    for (let i = 0; i < count; i++) {
      const prefix = prefixes.find(this.keys[i]!, this.hashes[i]!);
      if (prefix !== 0) rows[known++] = prefixes.head(prefix);
    }
    for (let i = 0; i < known; i++) rows[i] = rows[i] === 0 ? 0 : rib.word(rows[i]!, ROUTE.received);
    for (let i = 0; i < known; i++) if (rows[i] !== 0) sink += attributes.word(rows[i]!, ATTRIBUTE.references);
    this.sink = (this.sink + sink) | 0;
  }
}
