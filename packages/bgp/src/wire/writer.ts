/** Writing numbers in network order. */
import { type Address, writeAddress } from '@tortie/ip';
import { EncodeError } from '../errors.js';

export function putU16(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 8;
  target[at + 1] = value;
}

export function putU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** Octets that grow as they are written. Numbers out of range throw EncodeError. */
export class Writer {
  #bytes = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#check(value, 0xff);
    const at = this.#claim(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    this.#check(value, 0xffff);
    const at = this.#claim(2);
    putU16(this.#bytes, at, value);
    return this;
  }

  u32(value: number): this {
    this.#check(value, 0xffffffff);
    const at = this.#claim(4);
    putU32(this.#bytes, at, value);
    return this;
  }

  octets(octets: Uint8Array): this {
    const at = this.#claim(octets.length);
    this.#bytes.set(octets, at);
    return this;
  }

  address(address: Address): this {
    const at = this.#claim(address.version === 4 ? 4 : 16);
    writeAddress(address, this.#bytes, at);
    return this;
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #claim(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    return at;
  }

  #check(value: number, max: number): void {
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw new EncodeError(`${value} does not fit a field of 0 to ${max}`);
    }
  }
}
