/** Cuts a stream of octets into BGP messages and checks their headers. RFC 4271 sections 4.1 and 6.1, RFC 8654. */
import { NotificationError } from '../errors.js';
import { ERROR_CODE, HEADER_ERROR, MESSAGE_TYPE } from '../iana.js';

/** One whole message: `bytes` from `start - 19` to `end` is it, from `start` on its body. */
export interface Frame {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export const HEADER_OCTETS = 19;
/** The longest message without extended messages, and the longest OPEN ever. */
export const STANDARD_OCTETS = 4096;

/** The shortest message by type, header included; KEEPALIVE is never longer either. */
const SHORTEST: readonly number[] = [0, 29, 23, 21, 19, 23];

/**
 * Checks the header at `at` and returns the message's length. Throws NotificationError 1/1, 1/2 or 1/3.
 * OPEN and KEEPALIVE never exceed 4,096 octets, whatever was negotiated (RFC 8654 section 4).
 */
export function checkHeader(bytes: Uint8Array, at: number, maxOctets: number): number {
  for (let index = at; index < at + 16; index++) {
    if (bytes[index] !== 0xff) {
      throw new NotificationError(ERROR_CODE.header, HEADER_ERROR.unsynchronized, 'the marker is not all ones');
    }
  }
  const length = (bytes[at + 16]! << 8) | bytes[at + 17]!;
  const type = bytes[at + 18]!;
  const shortest = SHORTEST[type];
  if (length < HEADER_OCTETS || length > maxOctets) throw badLength(bytes, at, length);
  if (!shortest) {
    const data = Uint8Array.of(type);
    throw new NotificationError(ERROR_CODE.header, HEADER_ERROR.badType, `message type ${type} is unknown`, data);
  }
  const standard = type === MESSAGE_TYPE.open || type === MESSAGE_TYPE.keepalive;
  if (
    length < shortest ||
    (type === MESSAGE_TYPE.keepalive && length > shortest) ||
    (standard && length > STANDARD_OCTETS)
  ) {
    throw badLength(bytes, at, length);
  }
  return length;
}

/** Writes the 19 octets of a header. */
export function writeHeader(target: Uint8Array, at: number, length: number, type: number): void {
  target.fill(0xff, at, at + 16);
  target[at + 16] = length >>> 8;
  target[at + 17] = length;
  target[at + 18] = type;
}

const badLength = (bytes: Uint8Array, at: number, length: number): NotificationError =>
  new NotificationError(
    ERROR_CODE.header,
    HEADER_ERROR.badLength,
    `message length ${length} is out of bounds`,
    bytes.slice(at + 16, at + 18),
  );

/**
 * Octets in, messages out. A message that lies whole in a chunk is not copied: its frame is a view of that chunk, valid
 * as long as the caller leaves the chunk alone. Once `next` has given undefined, no chunk is held any more, only the
 * started message (at most maxOctets).
 */
export class Framer {
  #maxOctets: number;
  #chunks: Uint8Array[] = [];
  #offset = 0;
  /** The message under assembly, of `#wanted` octets: first its header, then, its length known, the whole. */
  #assembly: Uint8Array = new Uint8Array(HEADER_OCTETS);
  #assembled = 0;
  #wanted = 0;

  constructor(maxOctets: number = STANDARD_OCTETS) {
    this.#maxOctets = maxOctets;
  }

  /** Takes effect with the next header; a message already under assembly keeps the limit it was checked against. */
  setMaxOctets(maxOctets: number): void {
    this.#maxOctets = maxOctets;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /** The next whole message, or undefined until more octets come. Throws NotificationError on a bad header. */
  next(): Frame | undefined {
    for (;;) {
      const chunk = this.#chunks[0];
      if (!chunk) return undefined;
      const frame = this.#wanted > 0 ? this.#continue(chunk) : this.#begin(chunk);
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
      if (frame) return frame;
    }
  }

  #begin(chunk: Uint8Array): Frame | undefined {
    const at = this.#offset;
    const left = chunk.length - at;
    if (left >= HEADER_OCTETS) {
      const length = checkHeader(chunk, at, this.#maxOctets);
      if (left >= length) {
        this.#offset = at + length;
        return { type: chunk[at + 18]!, bytes: chunk, start: at + HEADER_OCTETS, end: at + length };
      }
      this.#assembly = new Uint8Array(length);
      this.#wanted = length;
    } else {
      this.#assembly = new Uint8Array(HEADER_OCTETS);
      this.#wanted = HEADER_OCTETS;
    }
    this.#assembled = 0;
    return this.#continue(chunk);
  }

  #continue(chunk: Uint8Array): Frame | undefined {
    for (;;) {
      const count = Math.min(this.#wanted - this.#assembled, chunk.length - this.#offset);
      this.#assembly.set(chunk.subarray(this.#offset, this.#offset + count), this.#assembled);
      this.#offset += count;
      this.#assembled += count;
      if (this.#assembled < this.#wanted) return undefined;
      const bytes = this.#assembly;
      if (bytes.length === HEADER_OCTETS) {
        const length = checkHeader(bytes, 0, this.#maxOctets);
        if (length > HEADER_OCTETS) {
          this.#assembly = new Uint8Array(length);
          this.#assembly.set(bytes);
          this.#wanted = length;
          continue;
        }
      }
      this.#wanted = 0;
      return { type: bytes[18]!, bytes, start: HEADER_OCTETS, end: bytes.length };
    }
  }
}
