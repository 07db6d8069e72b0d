import { type Address, addressOctets, writeAddress } from '@tortie/ip';
import { align4, LITTLE_ENDIAN, viewOf } from './byte-order.js';
import { MESSAGE_HEADER_OCTETS } from './message.js';

/** Builds netlink messages one behind the other in a buffer that grows. */
export class MessageWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;
  #messageStart = 0;

  constructor(octets = 512) {
    this.#bytes = new Uint8Array(octets);
    this.#view = viewOf(this.#bytes);
  }

  /** Octets written so far. */
  get length(): number {
    return this.#at;
  }

  /** A view of what was written, valid until the next write. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  reset(): void {
    this.#at = 0;
  }

  begin(type: number, flags: number, seq: number): void {
    this.#messageStart = this.#at;
    this.#room(MESSAGE_HEADER_OCTETS);
    this.u32(0);
    this.u16(type);
    this.u16(flags);
    this.u32(seq);
    this.u32(0);
  }

  end(): void {
    this.#view.setUint32(this.#messageStart, this.#at - this.#messageStart, LITTLE_ENDIAN);
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#at, value, LITTLE_ENDIAN);
    this.#at += 2;
  }

  u32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value, LITTLE_ENDIAN);
    this.#at += 4;
  }

  u64(value: bigint): void {
    this.#room(8);
    this.#view.setBigUint64(this.#at, value, LITTLE_ENDIAN);
    this.#at += 8;
  }

  /** More flags for the message that was begun last. */
  addFlags(flags: number): void {
    const at = this.#messageStart + 6;
    this.#view.setUint16(at, this.#view.getUint16(at, LITTLE_ENDIAN) | flags, LITTLE_ENDIAN);
  }

  /** In network order. */
  be32(value: number): void {
    this.#room(4);
    this.#view.setUint32(this.#at, value, false);
    this.#at += 4;
  }

  /** In network order. */
  be16(value: number): void {
    this.#room(2);
    this.#view.setUint16(this.#at, value, false);
    this.#at += 2;
  }

  octets(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  address(value: Address): void {
    this.#room(addressOctets(value.version));
    this.#at = writeAddress(value, this.#bytes, this.#at);
  }

  /** With the closing zero that the kernel wants. */
  text(value: string): void {
    for (let i = 0; i < value.length; i++) this.u8(value.charCodeAt(i));
    this.u8(0);
  }

  /** An attribute whose value `write` writes; its length is filled in behind it. */
  attribute(type: number, write: () => void): void {
    const start = this.#at;
    this.u16(0);
    this.u16(type);
    write();
    this.#view.setUint16(start, this.#at - start, LITTLE_ENDIAN);
    this.pad();
  }

  /** Zeroes up to the next multiple of four. */
  pad(): void {
    const to = align4(this.#at);
    while (this.#at < to) this.u8(0);
  }

  /** Sets a length field written earlier as a 16-bit placeholder. */
  setU16(at: number, value: number): void {
    this.#view.setUint16(at, value, LITTLE_ENDIAN);
  }

  #room(octets: number): void {
    if (this.#at + octets <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + octets));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = viewOf(grown);
  }
}
