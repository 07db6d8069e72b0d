/** Neighbour and forwarding entries: struct ndmsg and NDA_* (linux/neighbour.h). */
import type { Address } from '@tortie/ip';
import { AF, familyOf, versionOf } from './family.js';
import { address, mac, readAttributes, row, schema, u32, writeAttributes } from './netlink/attribute.js';
import { LITTLE_ENDIAN } from './netlink/byte-order.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

export const RTM_NEIGHBOUR = { NEW: 28, DELETE: 29, GET: 30 } as const;

/** NUD_*. */
export const NEIGHBOUR_STATE = {
  INCOMPLETE: 0x01,
  REACHABLE: 0x02,
  STALE: 0x04,
  DELAY: 0x08,
  PROBE: 0x10,
  FAILED: 0x20,
  NOARP: 0x40,
  PERMANENT: 0x80,
} as const;

/** NTF_*. */
export const NEIGHBOUR_FLAGS = {
  SELF: 0x02,
  MASTER: 0x04,
  PROXY: 0x08,
  EXTERNALLY_LEARNED: 0x10,
  ROUTER: 0x80,
} as const;
const NDMSG_OCTETS = 12;

export interface Neighbour {
  readonly ifindex: number;
  /** Absent on forwarding entries (fdb) of bridges and vxlan devices. */
  readonly address?: Address;
  readonly mac?: string;
  /** NUD_* bits: 0x02 reachable, 0x04 stale, 0x20 failed, 0x80 permanent. */
  readonly state: number;
  /** NTF_* bits: 0x08 proxy, 0x02 self (fdb), 0x10 externally learned, 0x80 router. */
  readonly flags: number;
  /** AF_INET 2, AF_INET6 10, AF_BRIDGE 7. */
  readonly family: number;
  /** For vxlan forwarding entries: the far end. */
  readonly destination?: Address;
}

const attributes = schema({ destination: row(1, address), mac: row(2, mac), ifindex: row(8, u32) });

export function writeNeighbour(
  to: MessageWriter,
  type: number,
  flags: number,
  seq: number,
  neighbour: Neighbour,
): void {
  to.begin(type, flags, seq);
  to.u8(neighbour.family);
  to.u8(0);
  to.u16(0);
  to.u32(neighbour.ifindex);
  to.u16(neighbour.state);
  to.u8(neighbour.flags);
  to.u8(0);
  writeAttributes(attributes, to, {
    destination: neighbour.family === AF.BRIDGE ? neighbour.destination : neighbour.address,
    mac: neighbour.mac,
  });
  to.end();
}

export function writeNeighbourDump(
  to: MessageWriter,
  flags: number,
  seq: number,
  /** `forwarding`: the entries of bridges and vxlan devices instead of neighbours. */
  filter: { readonly version?: 4 | 6; readonly ifindex?: number; readonly forwarding?: boolean },
): void {
  to.begin(RTM_NEIGHBOUR.GET, flags, seq);
  to.u8(filter.forwarding ? AF.BRIDGE : filter.version ? familyOf(filter.version) : AF.UNSPEC);
  // Strict checking refuses ndm_ifindex in a dump and wants the attribute.
  for (let i = 0; i < NDMSG_OCTETS - 1; i++) to.u8(0);
  writeAttributes(attributes, to, { ifindex: filter.ifindex });
  to.end();
}

export function readNeighbour(message: NetlinkMessage): Neighbour {
  requireBody(message, NDMSG_OCTETS);
  const { bytes, view, start, end } = message;
  const family = bytes[start]!;
  const values = readAttributes(attributes, message, start + NDMSG_OCTETS, end);
  const where = values.destination;
  return {
    ifindex: view.getInt32(start + 4, LITTLE_ENDIAN),
    ...(where && versionOf(family) ? { address: where } : {}),
    ...(where && family === AF.BRIDGE ? { destination: where } : {}),
    ...(values.mac ? { mac: values.mac } : {}),
    state: view.getUint16(start + 8, LITTLE_ENDIAN),
    flags: bytes[start + 10]!,
    family,
  };
}
