/**
 * Rows of the FIB table, by prefix and by id. A row is eight words of a typed array (eleven for IPv6): objects, one per route, were what
 * the garbage collector stopped the event loop for, 180 ms at a time with a million routes (bench/fib.mjs). Rows lie in
 * segments, so that growing copies nothing; an id is an integer and stays while the row lives.
 */
import type { Prefix } from '@tortie/ip';
import { PrefixTable } from '@tortie/linux';

/** Words of a row. `VIA` of a free row is the next free id. */
export const VIA = 0;
export const DIRECT = 1;
export const HAVE = 2;
export const DUMP = 3;
/** Length of the prefix in the low octet, flags above. */
const META = 4;
const ADDRESS = 5;

/** Flags. */
export const BLOCK = 1 << 8;
export const STALE = 1 << 9;
export const QUEUED = 1 << 10;
export const IN_FLIGHT = 1 << 11;
export const REFUSED = 1 << 12;
const USED = 1 << 13;

const ROW_BITS = 12;
const ROW_MASK = (1 << ROW_BITS) - 1;
/** Ids of IPv6 rows have this bit; IPv4 comes first in a walk. */
const SIX = 1 << 29;

class RowsOfVersion {
  readonly #version: 4 | 6;
  readonly #stride: number;
  readonly #segments: Int32Array[] = [];
  readonly index: PrefixTable;
  #free = -1;
  /** Rows ever handed out. */
  top = 0;

  constructor(version: 4 | 6) {
    this.#version = version;
    this.#stride = version === 4 ? 8 : 11;
    this.index = new PrefixTable(version);
  }

  segment(row: number): Int32Array {
    return this.#segments[row >>> ROW_BITS]!;
  }

  at(row: number): number {
    return (row & ROW_MASK) * this.#stride;
  }

  allocate(prefix: Prefix): number {
    let row = this.#free;
    if (row < 0) {
      row = this.top++;
      if ((row & ROW_MASK) === 0) this.#segments.push(new Int32Array(this.#stride << ROW_BITS));
    } else {
      this.#free = this.segment(row)[this.at(row) + VIA]!;
    }
    const words = this.segment(row);
    const at = this.at(row);
    words.fill(0, at, at + this.#stride);
    words[at + META] = prefix.length | USED;
    words[at + ADDRESS] = prefix.a;
    if (this.#version === 6) {
      words[at + ADDRESS + 1] = prefix.b;
      words[at + ADDRESS + 2] = prefix.c;
      words[at + ADDRESS + 3] = prefix.d;
    }
    this.index.set(prefix, row);
    return row;
  }

  release(row: number): void {
    this.index.delete(this.prefix(row));
    const words = this.segment(row);
    const at = this.at(row);
    words[at + META] = 0;
    words[at + VIA] = this.#free;
    this.#free = row;
  }

  prefix(row: number): Prefix {
    const words = this.segment(row);
    const at = this.at(row);
    const length = words[at + META]! & 0xff;
    const word = (i: number): number => words[at + ADDRESS + i]! >>> 0;
    if (this.#version === 4) return { version: 4, a: word(0), b: 0, c: 0, d: 0, length };
    return { version: 6, a: word(0), b: word(1), c: word(2), d: word(3), length };
  }
}

export class FibRows {
  readonly #four = new RowsOfVersion(4);
  readonly #six = new RowsOfVersion(6);

  get size(): number {
    return this.#four.index.size + this.#six.index.size;
  }

  /** The id, or -1. */
  find(prefix: Prefix): number {
    if (prefix.version === 4) return this.#four.index.get(prefix);
    const row = this.#six.index.get(prefix);
    return row < 0 ? row : row | SIX;
  }

  /** A new row, all zero, for a prefix that has none. */
  add(prefix: Prefix): number {
    return prefix.version === 4 ? this.#four.allocate(prefix) : this.#six.allocate(prefix) | SIX;
  }

  /** The id may be that of another prefix afterwards. */
  remove(id: number): void {
    this.#of(id).release(id & ~SIX);
  }

  prefix(id: number): Prefix {
    return this.#of(id).prefix(id & ~SIX);
  }

  get(id: number, word: number): number {
    const rows = this.#of(id);
    const row = id & ~SIX;
    return rows.segment(row)[rows.at(row) + word]!;
  }

  set(id: number, word: number, value: number): void {
    const rows = this.#of(id);
    const row = id & ~SIX;
    rows.segment(row)[rows.at(row) + word] = value;
  }

  flags(id: number): number {
    return this.get(id, META);
  }

  raise(id: number, flag: number): void {
    this.set(id, META, this.get(id, META) | flag);
  }

  clear(id: number, flag: number): void {
    this.set(id, META, this.get(id, META) & ~flag);
  }

  /** The first id from `id` on that is in use, or -1: a walk sees once what is there all the time, whatever changes. */
  next(id: number): number {
    if ((id & SIX) === 0) {
      for (let row = id; row < this.#four.top; row++) if (this.flags(row) & USED) return row;
    }
    for (let row = id & SIX ? id & ~SIX : 0; row < this.#six.top; row++) {
      if (this.flags(row | SIX) & USED) return row | SIX;
    }
    return -1;
  }

  #of(id: number): RowsOfVersion {
    return (id & SIX) === 0 ? this.#four : this.#six;
  }
}
