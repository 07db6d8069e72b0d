/**
 * Prefix -> 32-bit number, for tables of a million prefixes: typed arrays, open addressing, 12 octets an IPv4 slot. The
 * table is 256 small ones, each growing alone, so that no insertion stops the event loop for a rehash of the whole
 * (bench/fib-writer).
 */
import type { IpVersion, Prefix } from '@tortie/ip';

const SHARDS = 256;
const FIRST_SLOTS = 16;
/** Marks a free slot in the length word. */
const FREE = 0xff;

interface Shard {
  /** Per slot: the address words, the length (FREE where empty), the value. */
  slots: Uint32Array;
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
    const shard = this.#shards[hash >>> 24]!;
    const at = this.#find(shard, hash, prefix);
    return shard.slots[at + this.#words] === FREE ? -1 : shard.slots[at + this.#words + 1]!;
  }

  set(prefix: Prefix, value: number): void {
    const hash = hashOf(prefix);
    const shard = this.#shards[hash >>> 24]!;
    let at = this.#find(shard, hash, prefix);
    if (shard.slots[at + this.#words] === FREE) {
      if ((shard.size + 1) * 4 > (shard.mask + 1) * 3) {
        this.#grow(shard);
        at = this.#find(shard, hash, prefix);
      }
      const { slots } = shard;
      slots[at] = prefix.a;
      if (this.#words === 4) {
        slots[at + 1] = prefix.b;
        slots[at + 2] = prefix.c;
        slots[at + 3] = prefix.d;
      }
      slots[at + this.#words] = prefix.length;
      shard.size++;
      this.#size++;
    }
    shard.slots[at + this.#words + 1] = value;
  }

  /** Removes a prefix and gives its value, or -1. */
  delete(prefix: Prefix): number {
    const hash = hashOf(prefix);
    const shard = this.#shards[hash >>> 24]!;
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
    const slots = new Uint32Array(count * this.#stride);
    for (let at = this.#words; at < slots.length; at += this.#stride) slots[at] = FREE;
    return { slots, mask: count - 1, size: 0 };
  }

  #after(at: number, mask: number): number {
    return at === mask * this.#stride ? 0 : at + this.#stride;
  }

  #prefixAt(slots: Uint32Array, at: number): Prefix {
    const length = slots[at + this.#words]!;
    if (this.#words === 1) return { version: 4, a: slots[at]!, b: 0, c: 0, d: 0, length };
    return { version: 6, a: slots[at]!, b: slots[at + 1]!, c: slots[at + 2]!, d: slots[at + 3]!, length };
  }

  /** Where the prefix is, or the free slot where it belongs. */
  #find(shard: Shard, hash: number, prefix: Prefix): number {
    const { slots, mask } = shard;
    const words = this.#words;
    for (let at = (hash & mask) * this.#stride; ; at = this.#after(at, mask)) {
      const length = slots[at + words]!;
      if (length === FREE) return at;
      if (length !== prefix.length || slots[at] !== prefix.a) continue;
      if (words === 1) return at;
      if (slots[at + 1] === prefix.b && slots[at + 2] === prefix.c && slots[at + 3] === prefix.d) return at;
    }
  }

  #grow(shard: Shard): void {
    const old = shard.slots;
    const bigger = this.#emptyShard((shard.mask + 1) * 2);
    for (let at = 0; at < old.length; at += this.#stride) {
      if (old[at + this.#words] === FREE) continue;
      const prefix = this.#prefixAt(old, at);
      const to = this.#find(bigger, hashOf(prefix), prefix);
      bigger.slots.set(old.subarray(at, at + this.#stride), to);
    }
    shard.slots = bigger.slots;
    shard.mask = bigger.mask;
  }
}

/** Spreads prefixes that differ in few bits; the high octet picks the shard, the low bits the slot. */
function hashOf({ a, b, c, d, length }: Prefix): number {
  let hash = Math.imul(a ^ (length << 3), 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash ^ b, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 13) ^ c, 0xc2b2ae3d);
  hash = Math.imul(hash ^ (hash >>> 16) ^ d, 0x27d4eb2f);
  return (hash ^ (hash >>> 15)) >>> 0;
}
