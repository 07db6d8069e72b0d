/** Walks a block of path attributes by type, length and value, without allocation. */
import { ATTRIBUTE_FLAG } from '../../iana.js';

/** The attribute last read. */
export interface AttributeCursor {
  flags: number;
  type: number;
  valueStart: number;
  valueEnd: number;
}

export const attributeCursor = (): AttributeCursor => ({ flags: 0, type: 0, valueStart: 0, valueEnd: 0 });

/** Reads the attribute at `at`; the next one lies at `valueEnd`. False where it runs over `end` (RFC 7606 section 4). */
export function readAttribute(bytes: Uint8Array, at: number, end: number, into: AttributeCursor): boolean {
  if (end - at < 3) return false;
  const flags = bytes[at]!;
  let valueStart = at + 3;
  let length = bytes[at + 2]!;
  if (flags & ATTRIBUTE_FLAG.extendedLength) {
    if (end - at < 4) return false;
    length = (length << 8) | bytes[at + 3]!;
    valueStart++;
  }
  into.flags = flags;
  into.type = bytes[at + 1]!;
  into.valueStart = valueStart;
  into.valueEnd = valueStart + length;
  return into.valueEnd <= end;
}

/** Finds the first attribute of this type in a sound block; false where it is not there. */
export function findAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  type: number,
  into: AttributeCursor,
): boolean {
  for (let at = start; at < end && readAttribute(bytes, at, end, into); at = into.valueEnd) {
    if (into.type === type) return true;
  }
  return false;
}
