/**
 * From hashes to dense ids: open addressing with linear probing. The top bits of the hash choose one of 64 shards, and
 * each shard grows alone, so that no insert ever moves more than 1/64 of the table (bench `growth`: the longest pause
 * with 1 M prefixes). Like all tables of the RIB it keeps the size of its fullest time. A slot is two words, hash and id; keeping the hash spares growth and probes a look at the rows.
 */

const SHARD_BITS = 6;
export const SHARD_SHIFT = 32 - SHARD_BITS;
const SHARDS = 1 << SHARD_BITS;
const FIRST_SLOTS = 16;

export class ShardedIndex {
  /** Pairs (hash, id); id 0 is an empty slot. Read by the tables' own find loops. */
  readonly shards: Int32Array[] = [];
  readonly #used = new Int32Array(SHARDS);

  constructor() {
    for (let i = 0; i < SHARDS; i++) this.shards.push(new Int32Array(2 * FIRST_SLOTS));
  }

  /** Adds an id that is not there. */
  insert(hash: number, id: number): void {
    const number = hash >>> SHARD_SHIFT;
    let shard = this.shards[number]!;
    const used = this.#used[number]! + 1;
    this.#used[number] = used;
    if (used * 8 > shard.length * 3) shard = this.#grow(number);
    place(shard, hash, id);
  }

  remove(hash: number, id: number): void {
    const number = hash >>> SHARD_SHIFT;
    const shard = this.shards[number]!;
    const mask = (shard.length >>> 1) - 1;
    let hole = hash & mask;
    while (shard[2 * hole + 1] !== id) {
      if (shard[2 * hole + 1] === 0) return;
      hole = (hole + 1) & mask;
    }
    this.#used[number]!--;
    // Backward shift: later members of the run move into the hole unless they are at home behind it.
    for (let slot = (hole + 1) & mask; shard[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      const home = shard[2 * slot]! & mask;
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        shard[2 * hole] = shard[2 * slot]!;
        shard[2 * hole + 1] = shard[2 * slot + 1]!;
        hole = slot;
      }
    }
    shard[2 * hole + 1] = 0;
  }

  #grow(number: number): Int32Array {
    const old = this.shards[number]!;
    const grown = new Int32Array(old.length * 2);
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) place(grown, old[at]!, old[at + 1]!);
    }
    this.shards[number] = grown;
    return grown;
  }
}

function place(shard: Int32Array, hash: number, id: number): void {
  const mask = (shard.length >>> 1) - 1;
  let slot = hash & mask;
  while (shard[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
  shard[2 * slot] = hash;
  shard[2 * slot + 1] = id;
}
