/**
 * Entries by prefix, and in slots: look-up by prefix, and walks by slot that see what is there all the time once.
 *
 * The map is in pieces, so that one growing piece never copies the whole index: with 500 k entries a single Map stops
 * the event loop for some 100 ms while it grows (bench/fib.mjs). The pieces get shares from 1 to 2, so that they double one
 * after another and not all with the same few prefixes.
 */
import type { Prefix } from '@tortie/ip';

/** IPv4 prefixes have a number as key: 32 bits of address, 6 of length, exact in a double. */
export const keyOf = ({ version, a, b, c, d, length }: Prefix): number | string =>
  version === 4 ? a * 64 + length : `${a}.${b}.${c}.${d}/${length}`;

const PIECES = 128;
const HASH_BITS = 12;
const PIECE_OF_HASH = Uint8Array.from({ length: 1 << HASH_BITS }, (_, hash) =>
  Math.floor(PIECES * Math.log2(1 + hash / (1 << HASH_BITS))),
);
const pieceOf = ({ a, b, c, d, length }: Prefix): number =>
  PIECE_OF_HASH[Math.imul(a ^ b ^ (c << 1) ^ (d << 2) ^ length, 0x9e3779b1) >>> (32 - HASH_BITS)]!;

export interface Slotted {
  readonly prefix: Prefix;
  readonly slot: number;
}

export class PrefixIndex<Entry extends Slotted> {
  readonly #pieces = Array.from({ length: PIECES }, () => new Map<number | string, Entry>());
  readonly #slots: (Entry | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slots.length - this.#free.length;
  }

  get(prefix: Prefix): Entry | undefined {
    return this.#pieces[pieceOf(prefix)]!.get(keyOf(prefix));
  }

  /** `make` gets the slot of the new entry. */
  add(prefix: Prefix, make: (slot: number) => Entry): Entry {
    const slot = this.#free.pop() ?? this.#slots.length;
    const entry = make(slot);
    this.#slots[slot] = entry;
    this.#pieces[pieceOf(prefix)]!.set(keyOf(prefix), entry);
    return entry;
  }

  /** False where it is not in the index any more. */
  delete(entry: Entry): boolean {
    if (this.#slots[entry.slot] !== entry) return false;
    this.#slots[entry.slot] = undefined;
    this.#free.push(entry.slot);
    return this.#pieces[pieceOf(entry.prefix)]!.delete(keyOf(entry.prefix));
  }

  *from(slot = 0): Generator<Entry> {
    for (let at = slot; at < this.#slots.length; at++) {
      const entry = this.#slots[at];
      if (entry) yield entry;
    }
  }
}
