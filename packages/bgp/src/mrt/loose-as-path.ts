/**
 * AS paths as they stand in a file, sound or not: what bgpdump makes of them, so that its lines and ours agree. Paths are
 * octets with 4-octet AS numbers throughout; RFC 6793 section 4.2.3 for the merge of AS4_PATH.
 */
import { u32At } from '../wire/reader.js';

/** What bgpdump prints for a path that contradicts its lengths. */
export const AS_PATH_ERROR = '! Error !';

const SEQUENCE = 2;
/** bgpdump cuts longer paths off. */
const MAX_TEXT = 7900;

/** Around an AS_SET, AS_CONFED_SEQUENCE and AS_CONFED_SET. RFC 4271 section 4.3, RFC 5065 section 3. */
const BRACKETS: Readonly<Record<number, string>> = { 1: '{}', 3: '()', 4: '[]' };

const isSet = (type: number): boolean => type === 1 || type === 4;

/** Whether the segments between two offsets are known and fill them. */
export function isSoundPath(bytes: Uint8Array, start: number, end: number, asnOctets: number): boolean {
  let at = start;
  while (at < end) {
    const type = bytes[at]!;
    if (type < 1 || type > 4 || end - at < 2) return false;
    at += 2 + bytes[at + 1]! * asnOctets;
  }
  return at === end;
}

/** A sound path of 2-octet AS numbers with four. */
export function widenPath(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const wide = new Uint8Array(2 * (end - start));
  let to = 0;
  for (let at = start; at < end; ) {
    const count = bytes[at + 1]!;
    wide[to++] = bytes[at]!;
    wide[to++] = count;
    at += 2;
    for (let left = count; left > 0; left--, at += 2, to += 4) {
      wide[to + 2] = bytes[at]!;
      wide[to + 3] = bytes[at + 1]!;
    }
  }
  return wide.subarray(0, to);
}

/** How many ASes a sound path counts as: a set is one. */
function pathLength(path: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < path.length; at += 2 + 4 * path[at + 1]!) length += isSet(path[at]!) ? 1 : path[at + 1]!;
  return length;
}

/** AS4_PATH behind as much of AS_PATH as it does not cover; AS_PATH alone where it is the shorter one. Both are sound. */
export function mergePaths(path: Uint8Array, as4Path: Uint8Array): Uint8Array {
  const lead = pathLength(path) - pathLength(as4Path);
  if (lead < 0) return path;
  const merged = new Uint8Array(path.length + as4Path.length);
  let to = 0;
  let taken = 0;
  for (let at = 0; taken < lead && at < path.length; ) {
    const type = path[at]!;
    const count = path[at + 1]!;
    const kept = isSet(type) ? count : Math.min(count, lead - taken);
    merged.set(path.subarray(at, at + 2 + 4 * kept), to);
    merged[to + 1] = kept;
    to += 2 + 4 * kept;
    taken += isSet(type) ? 1 : count;
    at += 2 + 4 * count;
  }
  merged.set(as4Path, to);
  return merged.subarray(0, to + as4Path.length);
}

/** `3333 1103 {1,2} (65001 65002) [65003,65004]`: a sound path between two offsets. */
export function pathText(path: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; ) {
    const type = path[at]!;
    const next = at + 2 + 4 * path[at + 1]!;
    const separator = isSet(type) ? ',' : ' ';
    const brackets = BRACKETS[type];
    let segment = '';
    for (at += 2; at < next; at += 4) {
      segment = segment === '' ? String(u32At(path, at)) : `${segment}${separator}${u32At(path, at)}`;
    }
    if (brackets) segment = `${brackets[0]}${segment}${brackets[1]}`;
    text = text === '' ? segment : `${text} ${segment}`;
    if (text.length > MAX_TEXT) return `${text.slice(0, text.lastIndexOf(' ', MAX_TEXT))}...`;
  }
  return text;
}

/** The AS that announced the route first: the last of a sound path, of each member where it ends with a set. */
export function originAsns(path: Uint8Array, start: number, end: number): readonly number[] {
  let last = -1;
  for (let at = start; at < end; at += 2 + 4 * path[at + 1]!) if (path[at + 1]! > 0) last = at;
  if (last < 0) return [];
  const count = path[last + 1]!;
  const first = path[last] === SEQUENCE || path[last] === 3 ? count - 1 : 0;
  const asns: number[] = [];
  for (let member = first; member < count; member++) asns.push(u32At(path, last + 2 + 4 * member));
  return asns;
}
