/**
 * The prefixes of one family as dense ids. A row holds the prefix, the head of its chain of routes and the best one, so
 * that the usual update touches one cache line. A row lives while it has routes or holds: marks of update groups and
 * subscribers that still have to tell somebody about the prefix.
 */
import type { Prefix } from '@tortie/ip';
import { ROW_BITS, ROW_MASK, RowTable } from './row-table.js';
import type { SeededHash } from './seeded-hash.js';
import { SHARD_SHIFT, ShardedIndex } from './sharded-index.js';

/** Words of a row: head, best, length | USED | holds * HOLD, and the address words. */
export const PREFIX_HEAD = 0;
export const PREFIX_BEST = 1;
const META = 2;
const ADDRESS = 3;
const USED = 1 << 8;
const HOLD = 1 << 9;

/** Prefixes whose slots are read ahead together. */
const AHEAD = 32;

/** A prefix as signed words: those are small integers to the JIT, unsigned ones would be boxed. */
export interface PrefixKey {
  a: number;
  b: number;
  c: number;
  d: number;
  length: number;
}

export class PrefixTable {
  readonly version: 4 | 6;
  readonly rows: RowTable;
  readonly #index = new ShardedIndex();
  readonly #hash: SeededHash;
  readonly #hashes = new Int32Array(AHEAD);
  /** Where words read ahead go, see NlriBatch. */
  sink = 0;

  constructor(version: 4 | 6, hash: SeededHash) {
    this.version = version;
    this.rows = new RowTable(version === 4 ? 2 : 3);
    this.#hash = hash;
  }

  get size(): number {
    return this.rows.used;
  }

  hashOf(key: PrefixKey): number {
    return this.version === 4
      ? this.#hash.word(key.a, key.length)
      : this.#hash.words(key.a, key.b, key.c, key.d, key.length);
  }

  /** The id of a prefix, or 0. `hash` is what hashOf gives for the key. */
  find(key: PrefixKey, hash: number): number {
    const shard = this.#index.shards[hash >>> SHARD_SHIFT]!;
    const mask = (shard.length >>> 1) - 1;
    let slot = hash & mask;
    for (;;) {
      const id = shard[2 * slot + 1]!;
      if (id === 0) return 0;
      if (shard[2 * slot] === hash && this.#equals(id, key)) return id;
      slot = (slot + 1) & mask;
    }
  }

  #equals(id: number, key: PrefixKey): boolean {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.rows.shift;
    if (row[at + ADDRESS] !== key.a || (row[at + META]! & 0xff) !== key.length) return false;
    if (this.version === 4) return true;
    return row[at + ADDRESS + 1] === key.b && row[at + ADDRESS + 2] === key.c && row[at + ADDRESS + 3] === key.d;
  }

  /** Reads the first slot where a prefix with this hash may be, so that it is in the cache. */
  touch(hash: number): number {
    const shard = this.#index.shards[hash >>> SHARD_SHIFT]!;
    return shard[2 * (hash & ((shard.length >>> 1) - 1)) + 1]!;
  }

  /** The id of a prefix; makes one without routes and holds where there is none. */
  intern(key: PrefixKey, hash: number): number {
    const known = this.find(key, hash);
    if (known !== 0) return known;
    const id = this.rows.allocate();
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.rows.shift;
    row[at + META] = key.length | USED;
    row[at + ADDRESS] = key.a;
    if (this.version === 6) {
      row[at + ADDRESS + 1] = key.b;
      row[at + ADDRESS + 2] = key.c;
      row[at + ADDRESS + 3] = key.d;
    }
    this.#index.insert(hash, id);
    return id;
  }

  head(id: number): number {
    return this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << this.rows.shift) + PREFIX_HEAD]!;
  }

  best(id: number): number {
    return this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << this.rows.shift) + PREFIX_BEST]!;
  }

  hold(id: number): void {
    const at = ((id & ROW_MASK) << this.rows.shift) + META;
    const row = this.rows.segments[id >>> ROW_BITS]!;
    row[at] = row[at]! + HOLD;
  }

  /** Gives up a hold; the id may be gone afterwards. */
  release(id: number): void {
    const at = (id & ROW_MASK) << this.rows.shift;
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const meta = row[at + META]! - HOLD;
    row[at + META] = meta;
    if (meta < HOLD && row[at + PREFIX_HEAD] === 0) this.#remove(id);
  }

  /**
   * Gives up holds on many prefixes. Of those without routes it reads the slots ahead, as freeing one begins with a cache
   * miss there (bench `pipeline`, phase `withdraw`); for the others that read would be the dearest part.
   */
  releaseAll(ids: Int32Array, count: number): void {
    const hashes = this.#hashes;
    for (let start = 0; start < count; start += AHEAD) {
      const end = Math.min(start + AHEAD, count);
      let unused = 0;
      for (let i = start; i < end; i++) if (this.head(ids[i]!) === 0) hashes[unused++] = this.#hashOfRow(ids[i]!);
      let sink = 0;
      for (let i = 0; i < unused; i++) sink += this.touch(hashes[i]!);
      this.sink = sink | 0;
      for (let i = start; i < end; i++) this.release(ids[i]!);
    }
  }

  #hashOfRow(id: number): number {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.rows.shift;
    const length = row[at + META]! & 0xff;
    if (this.version === 4) return this.#hash.word(row[at + ADDRESS]!, length);
    return this.#hash.words(
      row[at + ADDRESS]!,
      row[at + ADDRESS + 1]!,
      row[at + ADDRESS + 2]!,
      row[at + ADDRESS + 3]!,
      length,
    );
  }

  /** Frees the id where it has neither routes nor holds. */
  drop(id: number): void {
    const at = (id & ROW_MASK) << this.rows.shift;
    const row = this.rows.segments[id >>> ROW_BITS]!;
    if (row[at + META]! < HOLD && row[at + PREFIX_HEAD] === 0) this.#remove(id);
  }

  #remove(id: number): void {
    this.#index.remove(this.#hashOfRow(id), id);
    this.rows.release(id);
  }

  /** How many octets the prefix takes as NLRI without a path identifier. */
  nlriOctets(id: number): number {
    const meta = this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << this.rows.shift) + META]!;
    return 1 + (((meta & 0xff) + 7) >>> 3);
  }

  /** Writes the prefix as NLRI and gives the offset behind it; the caller has checked that there is room. */
  writeNlri(id: number, target: Uint8Array, offset: number): number {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.rows.shift;
    const length = row[at + META]! & 0xff;
    target[offset] = length;
    let to = offset + 1;
    let from = at + ADDRESS;
    let octets = (length + 7) >>> 3;
    while (octets > 0) {
      const word = row[from++]!;
      target[to] = word >>> 24;
      if (octets > 1) target[to + 1] = word >>> 16;
      if (octets > 2) target[to + 2] = word >>> 8;
      if (octets > 3) target[to + 3] = word;
      to += Math.min(octets, 4);
      octets -= 4;
    }
    return to;
  }

  /** Fills `key` with the prefix. */
  readKey(id: number, key: PrefixKey): PrefixKey {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.rows.shift;
    const six = this.version === 6;
    key.length = row[at + META]! & 0xff;
    key.a = row[at + ADDRESS]!;
    key.b = six ? row[at + ADDRESS + 1]! : 0;
    key.c = six ? row[at + ADDRESS + 2]! : 0;
    key.d = six ? row[at + ADDRESS + 3]! : 0;
    return key;
  }

  /** Whether the id stands for a prefix at present. */
  isUsed(id: number): boolean {
    return (this.rows.segments[id >>> ROW_BITS]![((id & ROW_MASK) << this.rows.shift) + META]! & USED) !== 0;
  }

  prefix(id: number): Prefix {
    const row = this.rows.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.rows.shift;
    const six = this.version === 6;
    return {
      version: this.version,
      a: row[at + ADDRESS]! >>> 0,
      b: six ? row[at + ADDRESS + 1]! >>> 0 : 0,
      c: six ? row[at + ADDRESS + 2]! >>> 0 : 0,
      d: six ? row[at + ADDRESS + 3]! >>> 0 : 0,
      length: row[at + META]! & 0xff,
    };
  }
}
