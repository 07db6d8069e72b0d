/** AS_PATH towards another AS. */
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { ATTRIBUTE_FACT } from '../rib/attribute-keys.js';
import { type AsPathEdit, editAsPath } from './as-path-edit.js';
import { copy, putHead } from './put-octets.js';

/** What a session does to AS_PATH. `asnBehind`: our real number, where another one of ours goes in front of it. */
interface PathExport {
  readonly asPathEdit: AsPathEdit | undefined;
  readonly localAsn: number;
  readonly asnBehind: number | undefined;
}

/** AS_PATH towards another AS: confederation segments stay here, the session's edit is done, our number goes in front. */
export function exportPath(
  facts: number,
  bytes: Uint8Array,
  from: number,
  end: number,
  { asPathEdit, localAsn, asnBehind }: PathExport,
  target: Uint8Array,
  at: number,
): number {
  const confederation = (facts & ATTRIBUTE_FACT.confederation) !== 0;
  if (!confederation && asPathEdit === undefined && asnBehind === undefined)
    return prependAs(bytes, from, end, localAsn, target, at);
  let path = bytes.subarray(from, end);
  if (confederation) path = withoutConfederations(path);
  if (asPathEdit !== undefined) path = editAsPath(path, 0, path.length, asPathEdit);
  if (asnBehind !== undefined) path = behindAs(path, asnBehind);
  return prependAs(path, 0, path.length, localAsn, target, at);
}

/** RFC 4271 section 5.1.2 b: our AS number in front, in the first sequence unless that is full. */
function prependAs(bytes: Uint8Array, from: number, end: number, asn: number, target: Uint8Array, at: number): number {
  const joins = end > from && bytes[from] === 2 && bytes[from + 1]! < 255;
  let to = putHead(ATTRIBUTE_FLAG.transitive, ATTRIBUTE_TYPE.asPath, end - from + (joins ? 4 : 6), target, at);
  target[to] = 2;
  target[to + 1] = joins ? bytes[from + 1]! + 1 : 1;
  target[to + 2] = asn >>> 24;
  target[to + 3] = asn >>> 16;
  target[to + 4] = asn >>> 8;
  target[to + 5] = asn;
  to += 6;
  return copy(bytes, joins ? from + 2 : from, end, target, to);
}

/** The value of AS_PATH with a number in front. */
function behindAs(path: Uint8Array, asn: number): Uint8Array {
  const attribute = new Uint8Array(path.length + 10);
  const end = prependAs(path, 0, path.length, asn, attribute, 0);
  return attribute.subarray((attribute[0]! & ATTRIBUTE_FLAG.extendedLength) === 0 ? 3 : 4, end);
}

/**
 * A path in four octets without AS_CONFED_SEQUENCE and AS_CONFED_SET. They never go to another AS (RFC 5065 section 4), so
 * also not where an internal peer has left them in: the external one would have to call the path malformed.
 */
export function withoutConfederations(bytes: Uint8Array): Uint8Array {
  const path = new Uint8Array(bytes.length);
  let to = 0;
  for (let at = 0; at < bytes.length; ) {
    const next = at + 2 + 4 * bytes[at + 1]!;
    if (bytes[at]! <= 2) to = copy(bytes, at, next, path, to);
    at = next;
  }
  return path.subarray(0, to);
}
