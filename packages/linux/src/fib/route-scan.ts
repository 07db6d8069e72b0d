/**
 * Reads a route of ours without an object per attribute: at adoption a million of them go by (bench/fib-writer, list).
 * Only what identifies a route and the nexthop object it takes; for anything else there is readRoute.
 */
import { LITTLE_ENDIAN } from '../netlink/byte-order.js';
import { MESSAGE_HEADER_OCTETS } from '../netlink/message.js';
import { RTM_ROUTE } from '../route.js';

const RTMSG_OCTETS = 12;
const RTA = { DST: 1, PRIORITY: 6, TABLE: 15, NH_ID: 30 } as const;
const AF_INET = 2;

/** Filled in place. */
export interface ScannedRoute {
  version: 4 | 6;
  a: number;
  b: number;
  c: number;
  d: number;
  length: number;
  protocol: number;
  type: number;
  metric: number;
  table: number;
  /** 0 where the route takes none. */
  nexthopId: number;
}

export const newScannedRoute = (): ScannedRoute => ({
  version: 4,
  a: 0,
  b: 0,
  c: 0,
  d: 0,
  length: 0,
  protocol: 0,
  type: 0,
  metric: 0,
  table: 0,
  nexthopId: 0,
});

/** Scans the message at octets[at..end), header included. False for what is no route or does not parse. */
export function scanRoute(view: DataView, at: number, end: number, into: ScannedRoute): boolean {
  const body = at + MESSAGE_HEADER_OCTETS;
  if (end - body < RTMSG_OCTETS || view.getUint16(at + 4, LITTLE_ENDIAN) !== RTM_ROUTE.NEW) return false;
  into.version = view.getUint8(body) === AF_INET ? 4 : 6;
  into.length = view.getUint8(body + 1);
  into.table = view.getUint8(body + 4);
  into.protocol = view.getUint8(body + 5);
  into.type = view.getUint8(body + 7);
  into.a = into.b = into.c = into.d = into.metric = into.nexthopId = 0;
  for (let attribute = body + RTMSG_OCTETS; attribute + 8 <= end; ) {
    const length = view.getUint16(attribute, LITTLE_ENDIAN);
    if (length < 4 || attribute + length > end) return false;
    const value = attribute + 4;
    switch (view.getUint16(attribute + 2, LITTLE_ENDIAN)) {
      case RTA.DST:
        into.a = view.getUint32(value, false);
        if (length >= 20) {
          into.b = view.getUint32(value + 4, false);
          into.c = view.getUint32(value + 8, false);
          into.d = view.getUint32(value + 12, false);
        }
        break;
      case RTA.PRIORITY:
        into.metric = view.getUint32(value, LITTLE_ENDIAN);
        break;
      case RTA.TABLE:
        into.table = view.getUint32(value, LITTLE_ENDIAN);
        break;
      case RTA.NH_ID:
        into.nexthopId = view.getUint32(value, LITTLE_ENDIAN);
        break;
    }
    attribute += (length + 3) & ~3;
  }
  return true;
}
