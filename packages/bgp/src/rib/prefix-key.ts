/** Reads NLRI that were checked already, as the signed words prefix tables are keyed by. */
import type { PrefixKey } from './prefix-table.js';

const mask = (bits: number): number => (bits >= 32 ? -1 : bits <= 0 ? 0 : ~0 << (32 - bits));

/** Reads the prefix at `at` into `key` and gives the offset behind it. Bits behind the length are cleared. */
export function readKey(bytes: Uint8Array, at: number, version: 4 | 6, key: PrefixKey): number {
  const length = bytes[at]!;
  const octets = (length + 7) >>> 3;
  const from = at + 1;
  key.length = length;
  key.a = word(bytes, from, octets) & mask(length);
  if (version === 6) {
    key.b = word(bytes, from + 4, octets - 4) & mask(length - 32);
    key.c = word(bytes, from + 8, octets - 8) & mask(length - 64);
    key.d = word(bytes, from + 12, octets - 12) & mask(length - 96);
  }
  return from + octets;
}

function word(bytes: Uint8Array, at: number, count: number): number {
  if (count <= 0) return 0;
  let value = bytes[at]! << 24;
  if (count > 1) value |= bytes[at + 1]! << 16;
  if (count > 2) value |= bytes[at + 2]! << 8;
  if (count > 3) value |= bytes[at + 3]!;
  return value;
}
