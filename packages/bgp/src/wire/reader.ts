/** Reading numbers in network order. */

export const u16At = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

export const u32At = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** Reads forward between two offsets; beyond the end it throws what `overrun` gives. */
export class Reader {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
  readonly #overrun: (wanted: number) => Error;

  constructor(bytes: Uint8Array, start: number, end: number, overrun: (wanted: number) => Error) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#overrun = overrun;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** Moves over `count` octets and returns the offset of the first. */
  skip(count: number): number {
    if (count > this.end - this.at) throw this.#overrun(count);
    const at = this.at;
    this.at += count;
    return at;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }

  u16(): number {
    return u16At(this.bytes, this.skip(2));
  }

  u32(): number {
    return u32At(this.bytes, this.skip(4));
  }

  /** A copy of the next `count` octets. */
  octets(count: number): Uint8Array {
    const at = this.skip(count);
    return this.bytes.slice(at, at + count);
  }

  /** A reader of the next `count` octets alone. */
  within(count: number): Reader {
    const at = this.skip(count);
    return new Reader(this.bytes, at, at + count, this.#overrun);
  }
}
