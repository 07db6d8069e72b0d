/** What an eBGP session has done to AS_PATH before our own number goes in front: private numbers, the peer's own number. */

import { wordAt } from '../rib/attribute-keys.js';
import type { RibSession } from '../rib/rib-session.js';

/** Private use: RFC 6996 section 5. */
export const isPrivateAsn = (asn: number): boolean =>
  (asn >= 64512 && asn <= 65534) || (asn >= 4200000000 && asn <= 4294967294);

export interface AsPathEdit {
  readonly localAsn: number;
  readonly peerAsn: number;
  /** Put our number in the place of the peer's. */
  readonly override: boolean;
  /**
   * What becomes of private numbers. The peer's own stays whatever it is, unless `override` replaces it: without it the peer
   * could not see that the route has been there.
   */
  readonly privateAs: 'all' | 'replace' | undefined;
}

/** The edit of a session; undefined where the path stays as it is, always so on iBGP. */
export function asPathEdit({ type, asn, send, asOverride, removePrivateAs }: RibSession): AsPathEdit | undefined {
  if (type !== 'ebgp' || (asOverride !== true && removePrivateAs === undefined)) return undefined;
  return { localAsn: send.localAsn, peerAsn: asn, override: asOverride === true, privateAs: removePrivateAs };
}

/** The value of AS_PATH, 4-octet numbers, after the edit: never longer; segments that become empty go. */
export function editAsPath(bytes: Uint8Array, start: number, end: number, edit: AsPathEdit): Uint8Array {
  const edited = new Uint8Array(end - start);
  let to = 0;
  for (let at = start; at < end; ) {
    const head = to;
    const segmentEnd = at + 2 + 4 * bytes[at + 1]!;
    edited[head] = bytes[at]!;
    to += 2;
    for (at += 2; at < segmentEnd; at += 4) {
      const asn = becomes(wordAt(bytes, at) >>> 0, edit);
      if (asn === undefined) continue;
      edited[to] = asn >>> 24;
      edited[to + 1] = asn >>> 16;
      edited[to + 2] = asn >>> 8;
      edited[to + 3] = asn;
      to += 4;
    }
    edited[head + 1] = (to - head - 2) >>> 2;
    if (to === head + 2) to = head;
  }
  return edited.subarray(0, to);
}

function becomes(asn: number, { localAsn, peerAsn, override, privateAs }: AsPathEdit): number | undefined {
  if (asn === peerAsn) return override ? localAsn : asn;
  if (privateAs === undefined || !isPrivateAsn(asn)) return asn;
  return privateAs === 'replace' ? localAsn : undefined;
}
