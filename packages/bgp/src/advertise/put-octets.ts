/** Writing into a block of attributes; each function gives the offset behind what it wrote. */
import { ATTRIBUTE_FLAG } from '../iana.js';

export function copy(bytes: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
  let offset = at;
  for (let index = from; index < to; index++) target[offset++] = bytes[index]!;
  return offset;
}

/** Flags, type and length of an attribute. */
export function putHead(flags: number, type: number, length: number, target: Uint8Array, at: number): number {
  target[at + 1] = type;
  if (length > 255) {
    target[at] = flags | ATTRIBUTE_FLAG.extendedLength;
    target[at + 2] = length >>> 8;
    target[at + 3] = length;
    return at + 4;
  }
  target[at] = flags;
  target[at + 2] = length;
  return at + 3;
}
