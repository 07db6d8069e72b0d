/** ROUTE-REFRESH, RFC 2918 section 3; its begin and end RFC 7313; filters RFC 5291. */
import { NotificationError } from '../errors.js';
import { ERROR_CODE, ROUTE_REFRESH_ERROR, ROUTE_REFRESH_SUBTYPE } from '../iana.js';
import { HEADER_OCTETS } from './framer.js';
import type { RouteRefreshMessage } from './message.js';
import { u16At } from './reader.js';
import { Writer } from './writer.js';

const FIXED_OCTETS = 4;

/** Decodes the body, of at least 4 octets. A BoRR or EoRR of another length throws 7/1 (RFC 7313 section 5). */
export function decodeRouteRefresh(bytes: Uint8Array, start: number, end: number): RouteRefreshMessage {
  const subtype = bytes[start + 2]!;
  const exact = subtype === ROUTE_REFRESH_SUBTYPE.begin || subtype === ROUTE_REFRESH_SUBTYPE.end;
  if (exact && end - start !== FIXED_OCTETS) {
    const reason = `a ROUTE-REFRESH of subtype ${subtype} has ${FIXED_OCTETS} octets, not ${end - start}`;
    const whole = bytes.slice(start - HEADER_OCTETS, end);
    throw new NotificationError(ERROR_CODE.routeRefresh, ROUTE_REFRESH_ERROR.invalidLength, reason, whole);
  }
  const fixed = { type: 'route-refresh', afi: u16At(bytes, start), safi: bytes[start + 3]!, subtype } as const;
  return end - start > FIXED_OCTETS ? { ...fixed, filters: bytes.slice(start + FIXED_OCTETS, end) } : fixed;
}

export function encodeRouteRefresh({ afi, safi, subtype, filters }: RouteRefreshMessage): Uint8Array {
  const writer = new Writer().u16(afi).u8(subtype).u8(safi);
  return (filters ? writer.octets(filters) : writer).finish();
}
