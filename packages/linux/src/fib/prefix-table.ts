/**
 * Prefix -> number of 31 bits, for tables of a million prefixes: typed arrays, open addressing, 12 octets an IPv4 slot. The
 * table is 256 small ones, each growing alone, so that no insertion stops the event loop for a rehash of the whole,
 * and every number in it is a signed 32-bit one, which V8 passes around without allocating (bench/fib-writer).
 */
import type { IpVersion, Prefix } from '@tortie/ip';

const SHARDS = 256;
const FIRST_SLOTS = 16;
/** The length word holds the length + 1, so that fresh memory is free slots. */
const FREE = 0;

interface Shard {
  /** Per slot: the address words, the length + 1 (FREE where empty), the value. */
  slots: Int32Array;
  mask: number;
  size: number;
}

export class PrefixTable {
  readonly version: IpVersion;
  readonly #words: number;
  readonly #stride: number;
  readonly #shards: Shard[] = [];
  #size = 0;

  constructor(version: IpVersion) {
    this.version = version;
    this.#words = version === 4 ? 1 : 4;
    this.#stride = this.#words + 2;
    for (let i = 0; i < SHARDS; i++) this.#shards.push(this.#emptyShard(FIRST_SLOTS));
  }

  get size(): number {
    return this.#size;
  }

  /** The value, or -1. */
  get(prefix: Prefix): number {
    const hash = hashOf(prefix);
    const shard = this.#shards[(hash >>> 24) & 255]!;
    const at = this.#find(shard, hash, prefix);
    return shard.slots[at + this.#words] === FREE ? -1 : shard.slots[at + this.#words + 1]!;
  }

  set(prefix: Prefix, value: number): void {
    this.swap(prefix, value);
  }

  /** Sets the value and gives the one before, or -1: one search instead of two. */
  swap(prefix: Prefix, value: number): number {
    const hash = hashOf(prefix);
    const shard = this.#shards[(hash >>> 24) & 255]!;
    const words = this.#words;
    let at = this.#find(shard, hash, prefix);
    if (shard.slots[at + words] !== FREE) {
      const before = shard.slots[at + words + 1]!;
      shard.slots[at + words + 1] = value;
      return before;
    }
    if ((shard.size + 1) * 4 > (shard.mask + 1) * 3) {
      this.#grow(shard);
      at = this.#find(shard, hash, prefix);
    }
    const { slots } = shard;
    slots[at] = prefix.a | 0;
    if (words === 4) {
      slots[at + 1] = prefix.b | 0;
      slots[at + 2] = prefix.c | 0;
      slots[at + 3] = prefix.d | 0;
    }
    slots[at + words] = prefix.length + 1;
    slots[at + words + 1] = value;
    shard.size++;
    this.#size++;
    return -1;
  }

  /** Removes a prefix and gives its value, or -1. */
  delete(prefix: Prefix): number {
    const hash = hashOf(prefix);
    const shard = this.#shards[(hash >>> 24) & 255]!;
    const stride = this.#stride;
    const length = this.#words;
    const { slots, mask } = shard;
    let hole = this.#find(shard, hash, prefix);
    if (slots[hole + length] === FREE) return -1;
    const value = slots[hole + length + 1]!;
    // Backward shift: what probed past the hole moves into it, so that no tombstones gather.
    for (let next = this.#after(hole, mask); slots[next + length] !== FREE; next = this.#after(next, mask)) {
      const home = hashOf(this.#prefixAt(slots, next)) & mask;
      const distance = (next / stride - home) & mask;
      const reach = (next / stride - hole / stride) & mask;
      if (distance < reach) continue;
      slots.copyWithin(hole, next, next + stride);
      hole = next;
    }
    slots[hole + length] = FREE;
    shard.size--;
    this.#size--;
    return value;
  }

  /** Walks all entries; entries that change meanwhile may be missed, none comes twice. */
  *entries(): Generator<readonly [prefix: Prefix, value: number]> {
    for (const shard of this.#shards) {
      const slots = shard.slots.slice();
      for (let at = 0; at < slots.length; at += this.#stride) {
        if (slots[at + this.#words] !== FREE) yield [this.#prefixAt(slots, at), slots[at + this.#words + 1]!];
      }
    }
  }

  #emptyShard(count: number): Shard {
    return { slots: new Int32Array(count * this.#stride), mask: count - 1, size: 0 };
  }

  #after(at: number, mask: number): number {
    return at === mask * this.#stride ? 0 : at + this.#stride;
  }

  #prefixAt(slots: Int32Array, at: number): Prefix {
    const length = slots[at + this.#words]! - 1;
    const word = (i: number): number => slots[at + i]! >>> 0;
    if (this.#words === 1) return { version: 4, a: word(0), b: 0, c: 0, d: 0, length };
    return { version: 6, a: word(0), b: word(1), c: word(2), d: word(3), length };
  }

  /** Where the prefix is, or the free slot where it belongs. */
  #find(shard: Shard, hash: number, prefix: Prefix): number {
    const { slots, mask } = shard;
    const words = this.#words;
    const a = prefix.a | 0;
    const wanted = prefix.length + 1;
    for (let at = (hash & mask) * this.#stride; ; at = this.#after(at, mask)) {
      const length = slots[at + words]!;
      if (length === FREE) return at;
      if (length !== wanted || slots[at] !== a) continue;
      if (words === 1) return at;
      if (slots[at + 1] !== (prefix.b | 0) || slots[at + 2] !== (prefix.c | 0)) continue;
      if (slots[at + 3] === (prefix.d | 0)) return at;
    }
  }

  #grow(shard: Shard): void {
    const old = shard.slots;
    const bigger = this.#emptyShard((shard.mask + 1) * 2);
    for (let at = 0; at < old.length; at += this.#stride) {
      if (old[at + this.#words] === FREE) continue;
      const prefix = this.#prefixAt(old, at);
      const to = this.#find(bigger, hashOf(prefix), prefix);
      // Word by word: a view for each entry costs more than the rest of the growth.
      for (let i = 0; i < this.#stride; i++) bigger.slots[to + i] = old[at + i]!;
    }
    shard.slots = bigger.slots;
    shard.mask = bigger.mask;
  }
}

/**
 * Where a prefix belongs: the high octet picks the shard, the low bits the slot. The last four bits of the network part are
 * added unmixed, so that 16 neighbours share three cache lines: feeds tend to come in order.
 */
function hashOf({ a, b, c, d, length }: Prefix): number {
  const last = length <= 32 ? a : length <= 64 ? b : length <= 96 ? c : d;
  // A shift by 32 is one by 0, and the only prefix of length 0 has no bits anyway.
  const near = (last >>> (-length & 31)) & 15;
  const mask = ~(15 << (-length & 31));
  let hash = Math.imul((length <= 32 ? a & mask : a) ^ (length << 3), 0x9e3779b1);
  if (length > 32) {
    hash = Math.imul(hash ^ (hash >>> 15) ^ (length <= 64 ? b & mask : b), 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (length <= 64 || length > 96 ? c : c & mask), 0xc2b2ae3d);
    hash = Math.imul(hash ^ (hash >>> 16) ^ (length <= 96 ? d : d & mask), 0x27d4eb2f);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash & 0xff000000) | (((hash & 0xffffff) + near) & 0xffffff);
}
