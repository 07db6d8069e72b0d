/** Counts what a chunk of whole messages holds by walking their headers. */
import { MESSAGE_TYPE } from '../iana.js';
import type { MessageCounters } from '../views.js';
import { HEADER_OCTETS } from '../wire/framer.js';

/** The RIB makes UPDATEs, and ROUTE-REFRESHs around them (RFC 7313). */
export function countMessages(chunk: Uint8Array, counters: MessageCounters): void {
  counters.octets += chunk.length;
  for (let at = 0; at + HEADER_OCTETS <= chunk.length; at += (chunk[at + 16]! << 8) | chunk[at + 17]!) {
    if (chunk[at + 18] === MESSAGE_TYPE.update) counters.update++;
    else counters.routeRefresh++;
  }
}
