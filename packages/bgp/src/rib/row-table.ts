/**
 * Rows of 32-bit words with dense ids from 1, in segments of 4096 rows: growing allocates one segment and copies
 * nothing. A row's words lie together, so that touching a row costs one cache line (bench `pipeline`). Hot code takes
 * `segments[id >>> ROW_BITS]` and the offset `(id & ROW_MASK) << shift` once and then reads words.
 */

export const ROW_BITS = 12;
export const ROW_MASK = (1 << ROW_BITS) - 1;

export class RowTable {
  readonly segments: Int32Array[];
  /** Binary logarithm of the words in a row. */
  readonly shift: number;
  /** Ids below this one have been given out at some time. */
  limit = 1;
  #free = 0;
  #used = 0;

  constructor(shift: number) {
    this.shift = shift;
    // The first one is there from the start: compiled code treats an array that never held an object as another kind.
    this.segments = [new Int32Array(1 << (ROW_BITS + shift))];
  }

  get used(): number {
    return this.#used;
  }

  /** Gives an id whose row is all zeros. */
  allocate(): number {
    this.#used++;
    const id = this.#free;
    if (id === 0) {
      const fresh = this.limit++;
      if (fresh >>> ROW_BITS >= this.segments.length) this.segments.push(new Int32Array(1 << (ROW_BITS + this.shift)));
      return fresh;
    }
    const segment = this.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.shift;
    this.#free = segment[at]!;
    segment[at] = 0;
    return id;
  }

  /** Takes an id back; its row is zeroed. Free rows are chained through their first word. */
  release(id: number): void {
    this.#used--;
    const segment = this.segments[id >>> ROW_BITS]!;
    const at = (id & ROW_MASK) << this.shift;
    const end = at + (1 << this.shift);
    segment[at] = this.#free;
    for (let word = at + 1; word < end; word++) segment[word] = 0;
    this.#free = id;
  }
}
