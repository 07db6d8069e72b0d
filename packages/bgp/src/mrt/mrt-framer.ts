/**
 * Cuts a stream of octets into MRT records, however it is split into chunks. RFC 6396 sections 2 and 3.
 *
 * A damaged header throws MrtError; `recover` then looks for the next header that makes sense, so that one bad spot costs
 * the records around it and not the rest of the file. What is held is the started record and the chunk pushed last.
 */
import { MrtError } from '../errors.js';
import { u16At, u32At } from '../wire/reader.js';
import { MRT_TYPE } from './record.js';

/** One record: its body lies in `bytes` from `start` to `end`, a view that is valid until the next push(). */
export interface MrtFrame {
  /** Of the record's header, from the start of the stream. */
  readonly offset: number;
  readonly timestampS: number;
  /** Only in the _ET types. */
  readonly microseconds: number | undefined;
  readonly mrtType: number;
  readonly subtype: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface MrtFramerOptions {
  /** The longest record that is believed, without its header. Default 16 MiB. */
  readonly maxRecordOctets?: number;
}

export const MRT_HEADER_OCTETS = 12;
const MAX_RECORD_OCTETS = 16 * 1024 * 1024;
/** IANA gives no types from here on without a standard: such a number is damage. */
const FIRST_UNASSIGNED_TYPE = 2048;
/** How far from the last sound record a header found by recover() may be. */
const NEARBY_S = 30 * 86_400;
/** A longer record is not believed while looking for one. */
const MAX_FOUND_OCTETS = 1 << 20;

/** Reads the header at `at`, which is there, whole. Throws MrtError where it cannot be one. */
export function frameAt(bytes: Uint8Array, at: number, offset: number, maxRecordOctets: number): MrtFrame {
  const mrtType = u16At(bytes, at + 4);
  const length = u32At(bytes, at + 8);
  if (mrtType >= FIRST_UNASSIGNED_TYPE) throw new MrtError(offset, `${mrtType} is no MRT type`);
  if (length > maxRecordOctets) {
    throw new MrtError(offset, `a record of ${length} octets, more than the ${maxRecordOctets} allowed`);
  }
  const extended = mrtType === MRT_TYPE.bgp4mpEt;
  // Section 3: the length counts the microseconds.
  if (extended && length < 4) throw new MrtError(offset, 'a record of an _ET type without microseconds');
  const start = at + MRT_HEADER_OCTETS;
  return {
    offset,
    timestampS: u32At(bytes, at),
    microseconds: undefined,
    mrtType,
    subtype: u16At(bytes, at + 6),
    bytes,
    start,
    end: start + length,
  };
}

/** The frame with the microseconds of an _ET type taken off the body, all of which is there. */
export function withMicroseconds(frame: MrtFrame): MrtFrame {
  if (frame.mrtType !== MRT_TYPE.bgp4mpEt) return frame;
  return { ...frame, microseconds: u32At(frame.bytes, frame.start), start: frame.start + 4 };
}

export class MrtFramer {
  readonly #maxRecordOctets: number;
  /** What is not yet given out lies from `#at` to `#end`. */
  #buffer = new Uint8Array(0);
  #at = 0;
  #end = 0;
  /** Offset in the stream of the buffer's first octet. */
  #base = 0;
  #ended = false;
  #seeking = false;
  #lastTimestampS: number | undefined;
  #skippedOctets = 0;

  constructor({ maxRecordOctets = MAX_RECORD_OCTETS }: MrtFramerOptions = {}) {
    this.#maxRecordOctets = maxRecordOctets;
  }

  /** Octets that recover() has passed over. */
  get skippedOctets(): number {
    return this.#skippedOctets;
  }

  push(chunk: Uint8Array): void {
    const left = this.#end - this.#at;
    if (this.#end + chunk.length > this.#buffer.length) {
      const room = left + chunk.length;
      const buffer = room > this.#buffer.length ? new Uint8Array(2 * room) : this.#buffer;
      buffer.set(this.#buffer.subarray(this.#at, this.#end));
      this.#base += this.#at;
      this.#buffer = buffer;
      this.#at = 0;
      this.#end = left;
    }
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** No more octets come: next() then tells of a record that is cut off. */
  end(): void {
    this.#ended = true;
  }

  /** The next record, or undefined until more octets come. Throws MrtError; recover() makes it go on. */
  next(): MrtFrame | undefined {
    if (this.#seeking && !this.#seek()) return undefined;
    const left = this.#end - this.#at;
    const offset = this.#base + this.#at;
    if (left < MRT_HEADER_OCTETS) {
      if (this.#ended && left > 0) throw new MrtError(offset, 'the file ends within the header of a record');
      return undefined;
    }
    const frame = frameAt(this.#buffer, this.#at, offset, this.#maxRecordOctets);
    if (frame.end > this.#end) {
      if (this.#ended) {
        throw new MrtError(offset, `the file ends within a record, ${frame.end - this.#end} octets too early`);
      }
      return undefined;
    }
    this.#at = frame.end;
    this.#lastTimestampS = frame.timestampS;
    return withMicroseconds(frame);
  }

  /** After a MrtError of next(): goes on with the next header that makes sense, which next() finds. */
  recover(): void {
    this.#seeking = true;
    this.#skip(1);
  }

  #skip(octets: number): void {
    const skipped = Math.min(octets, this.#end - this.#at);
    this.#at += skipped;
    this.#skippedOctets += skipped;
  }

  /** Moves to a header whose record is followed by another one, or by the end. False where more octets are needed. */
  #seek(): boolean {
    while (this.#end - this.#at >= MRT_HEADER_OCTETS) {
      if (this.#isPlausible(this.#at)) {
        const behind = this.#at + MRT_HEADER_OCTETS + u32At(this.#buffer, this.#at + 8);
        const next = this.#end - behind;
        if (next >= MRT_HEADER_OCTETS ? this.#isPlausible(behind) : this.#ended && next === 0) {
          this.#seeking = false;
          return true;
        }
        if (next < MRT_HEADER_OCTETS && !this.#ended) return false;
      }
      this.#skip(1);
    }
    if (this.#ended) this.#skip(this.#end - this.#at);
    return false;
  }

  #isPlausible(at: number): boolean {
    const bytes = this.#buffer;
    const range = SUBTYPES[u16At(bytes, at + 4)];
    if (!range) return false;
    const subtype = u16At(bytes, at + 6);
    if (subtype < range[0] || subtype > range[1]) return false;
    if (u32At(bytes, at + 8) > Math.min(this.#maxRecordOctets, MAX_FOUND_OCTETS)) return false;
    const timestampS = u32At(bytes, at);
    return this.#lastTimestampS === undefined || Math.abs(timestampS - this.#lastTimestampS) < NEARBY_S;
  }
}

/** The subtypes of the types that routes and messages come in. */
const SUBTYPES: Readonly<Record<number, readonly [lowest: number, highest: number]>> = {
  [MRT_TYPE.tableDump]: [1, 2],
  [MRT_TYPE.tableDumpV2]: [1, 12],
  [MRT_TYPE.bgp4mp]: [0, 11],
  [MRT_TYPE.bgp4mpEt]: [0, 11],
};
