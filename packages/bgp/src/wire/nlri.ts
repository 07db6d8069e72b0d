/**
 * NLRI: prefixes as on the wire (RFC 4271 section 4.3), with a path identifier before each where ADD-PATH is on
 * (RFC 7911 section 3). The walkers allocate nothing; they fill a cursor the caller owns.
 */
import type { Prefix } from '@tortie/ip';

/** A prefix with the path identifier it came with; without ADD-PATH there is none. */
export interface Nlri {
  readonly prefix: Prefix;
  readonly pathId?: number;
}

/** The prefix last read: address words with the bits behind `length` cleared, and the offset behind it. */
export interface NlriCursor {
  a: number;
  b: number;
  c: number;
  d: number;
  length: number;
  /** 0 without ADD-PATH. */
  pathId: number;
  next: number;
}

export const nlriCursor = (): NlriCursor => ({ a: 0, b: 0, c: 0, d: 0, length: 0, pathId: 0, next: 0 });

/** The word of `count` octets (0 to 4) at `at`, filled up with zeros on the right. */
function partialWord(bytes: Uint8Array, at: number, count: number): number {
  let word = 0;
  if (count > 0) word = bytes[at]! << 24;
  if (count > 1) word |= bytes[at + 1]! << 16;
  if (count > 2) word |= bytes[at + 2]! << 8;
  if (count > 3) word |= bytes[at + 3]!;
  return word;
}

/** Keeps the first `bits` bits; unsigned. */
const masked = (word: number, bits: number): number =>
  bits >= 32 ? word >>> 0 : bits <= 0 ? 0 : (word & (~0 << (32 - bits))) >>> 0;

/**
 * Reads the prefix at `at`; false where it is syntactically incorrect by RFC 7606 section 5.3: longer than the address
 * family allows, or running over `end`. Bits behind the prefix length are cleared: RFC 4271 calls them irrelevant.
 */
export function readNlri(
  bytes: Uint8Array,
  at: number,
  end: number,
  version: 4 | 6,
  addPath: boolean,
  into: NlriCursor,
): boolean {
  let offset = at;
  if (addPath) {
    if (end - offset < 5) return false;
    into.pathId =
      ((bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!) >>> 0;
    offset += 4;
  } else {
    if (offset >= end) return false;
    into.pathId = 0;
  }
  const length = bytes[offset++]!;
  const octets = (length + 7) >>> 3;
  if (octets > end - offset) return false;
  into.length = length;
  into.next = offset + octets;
  if (version === 4) {
    if (length > 32) return false;
    into.a = masked(partialWord(bytes, offset, octets), length);
    into.b = 0;
    into.c = 0;
    into.d = 0;
    return true;
  }
  if (length > 128) return false;
  into.a = masked(partialWord(bytes, offset, octets), length);
  into.b = masked(partialWord(bytes, offset + 4, octets - 4), length - 32);
  into.c = masked(partialWord(bytes, offset + 8, octets - 8), length - 64);
  into.d = masked(partialWord(bytes, offset + 12, octets - 12), length - 96);
  return true;
}

/** How many prefixes lie between `start` and `end`, or -1 where the field is syntactically incorrect. */
export function countNlri(bytes: Uint8Array, start: number, end: number, version: 4 | 6, addPath: boolean): number {
  const limit = version === 4 ? 32 : 128;
  const head = addPath ? 4 : 0;
  let count = 0;
  let at = start;
  while (at < end) {
    at += head;
    if (at >= end) return -1;
    const length = bytes[at]!;
    if (length > limit) return -1;
    at += 1 + ((length + 7) >>> 3);
    count++;
  }
  return at === end ? count : -1;
}

/** How many octets a prefix of this length takes on the wire. */
export const nlriOctets = (length: number, addPath: boolean): number => (addPath ? 5 : 1) + ((length + 7) >>> 3);

function writeWord(target: Uint8Array, at: number, word: number, count: number): void {
  if (count > 0) target[at] = word >>> 24;
  if (count > 1) target[at + 1] = word >>> 16;
  if (count > 2) target[at + 2] = word >>> 8;
  if (count > 3) target[at + 3] = word;
}

/** Writes a prefix and returns the offset behind it; `pathId` below 0 writes none. */
export function writeNlri(
  target: Uint8Array,
  at: number,
  a: number,
  b: number,
  c: number,
  d: number,
  length: number,
  pathId: number,
): number {
  let offset = at;
  if (pathId >= 0) {
    writeWord(target, offset, pathId, 4);
    offset += 4;
  }
  target[offset++] = length;
  const octets = (length + 7) >>> 3;
  writeWord(target, offset, a, octets);
  if (octets > 4) {
    writeWord(target, offset + 4, b, octets - 4);
    writeWord(target, offset + 8, c, octets - 8);
    writeWord(target, offset + 12, d, octets - 12);
  }
  return offset + octets;
}

/** The prefixes between `start` and `end` as objects; undefined where the field is syntactically incorrect. */
export function decodeNlri(
  bytes: Uint8Array,
  start: number,
  end: number,
  version: 4 | 6,
  addPath: boolean,
): readonly Nlri[] | undefined {
  const list: Nlri[] = [];
  const cursor = nlriCursor();
  for (let at = start; at < end; at = cursor.next) {
    if (!readNlri(bytes, at, end, version, addPath, cursor)) return undefined;
    const { a, b, c, d, length, pathId } = cursor;
    const prefix: Prefix = { version, a, b, c, d, length };
    list.push(addPath ? { prefix, pathId } : { prefix });
  }
  return list;
}

/** The octets of these prefixes; a missing path identifier is written as 0 where ADD-PATH is on. */
export function encodeNlri(list: readonly Nlri[], addPath: boolean): Uint8Array {
  let octets = 0;
  for (const { prefix } of list) octets += nlriOctets(prefix.length, addPath);
  const target = new Uint8Array(octets);
  let at = 0;
  for (const { prefix, pathId = 0 } of list) {
    at = writeNlri(target, at, prefix.a, prefix.b, prefix.c, prefix.d, prefix.length, addPath ? pathId : -1);
  }
  return target;
}
