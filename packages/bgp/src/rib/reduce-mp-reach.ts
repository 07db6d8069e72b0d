/**
 * The key under which the attributes of MP_REACH_NLRI are interned: the received block without NLRI, so that UPDATEs with
 * the same attributes share it. It has the canonical layout where the sender's order allows.
 */
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import type { UpdateScan } from '../wire/update-scan.js';

/**
 * Copies the attributes of a scanned UPDATE but MP_UNREACH_NLRI; MP_REACH_NLRI goes, reduced to family and next hop,
 * behind the attributes of lower type, or is left out. Gives the length.
 */
export function reduceMpReach(bytes: Uint8Array, scan: UpdateScan, withMp: boolean, target: Uint8Array): number {
  let to = 0;
  let due = withMp;
  for (let at = scan.attributesStart; at < scan.attributesEnd; ) {
    const type = bytes[at + 1]!;
    const extended = (bytes[at]! & ATTRIBUTE_FLAG.extendedLength) !== 0;
    const next = at + (extended ? 4 + ((bytes[at + 2]! << 8) | bytes[at + 3]!) : 3 + bytes[at + 2]!);
    if (type !== ATTRIBUTE_TYPE.mpReach && type !== ATTRIBUTE_TYPE.mpUnreach) {
      if (due && type > ATTRIBUTE_TYPE.mpReach) {
        to = putReduced(bytes, scan, target, to);
        due = false;
      }
      for (let i = at; i < next; i++) target[to++] = bytes[i]!;
    }
    at = next;
  }
  return due ? putReduced(bytes, scan, target, to) : to;
}

function putReduced(bytes: Uint8Array, { mpReach }: UpdateScan, target: Uint8Array, at: number): number {
  const { nextHopStart, nextHopLength } = mpReach;
  target[at] = ATTRIBUTE_FLAG.optional;
  target[at + 1] = ATTRIBUTE_TYPE.mpReach;
  target[at + 2] = 5 + nextHopLength;
  // From the AFI to the end of the next hop.
  let to = at + 3;
  for (let i = nextHopStart - 4; i < nextHopStart + nextHopLength; i++) target[to++] = bytes[i]!;
  target[to] = 0;
  return to + 1;
}
