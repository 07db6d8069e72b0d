/** Nexthop objects: struct nhmsg and NHA_* (linux/nexthop.h). Routes name one by its id. */
import type { Address } from '@tortie/ip';
import { LinuxError } from './errors.js';
import { AF, familyOf, versionOf } from './family.js';
import {
  type AttributeCodec,
  address,
  flag,
  readAttributes,
  row,
  schema,
  u16,
  u32,
  writeAttributes,
} from './netlink/attribute.js';
import { LITTLE_ENDIAN } from './netlink/byte-order.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

export const RTM_NEXTHOP = { NEW: 104, DELETE: 105, GET: 106 } as const;
const NHMSG_OCTETS = 8;
const RTNH_F_ONLINK = 4;

export interface NexthopMember {
  readonly id: number;
  /** 1 to 256. */
  readonly weight: number;
}

/** A single way (gateway, interface), a blackhole, or a group of single ways for ECMP. */
export interface Nexthop {
  readonly id: number;
  readonly protocol: number;
  /** The routes an interface without gateway serves; with a gateway its version says it. */
  readonly version?: 4 | 6;
  readonly gateway?: Address;
  readonly ifindex?: number;
  readonly onLink?: boolean;
  readonly blackhole?: boolean;
  readonly group?: readonly NexthopMember[];
}

const MEMBER_OCTETS = 8;

/** NHA_GROUP: struct nexthop_grp {id u32, weight - 1 u8, 3 octets reserved}. */
const group: AttributeCodec<readonly NexthopMember[]> = {
  min: 0,
  read(from, start, end) {
    if ((end - start) % MEMBER_OCTETS !== 0) {
      throw new LinuxError('ERR_LINUX_MESSAGE', `NHA_GROUP of ${end - start} octets is no list of members`);
    }
    const members: NexthopMember[] = [];
    for (let at = start; at < end; at += MEMBER_OCTETS) {
      members.push({ id: from.view.getUint32(at, LITTLE_ENDIAN), weight: from.bytes[at + 4]! + 1 });
    }
    return members;
  },
  write(to, members) {
    for (const { id, weight } of members) {
      to.u32(id);
      to.u8(weight - 1);
      to.u8(0);
      to.u16(0);
    }
  },
};

const attributes = schema({
  id: row(1, u32),
  group: row(2, group),
  groupType: row(3, u16),
  blackhole: row(4, flag),
  outInterface: row(5, u32),
  gateway: row(6, address),
});

export function writeNexthop(to: MessageWriter, flags: number, seq: number, nexthop: Nexthop): void {
  const { id, protocol, gateway, ifindex, group } = nexthop;
  to.begin(RTM_NEXTHOP.NEW, flags, seq);
  to.u8(group ? AF.UNSPEC : familyOf(gateway?.version ?? nexthop.version ?? 4));
  to.u8(0);
  to.u8(protocol);
  to.u8(0);
  to.u32(nexthop.onLink ? RTNH_F_ONLINK : 0);
  writeAttributes(attributes, to, {
    id,
    group,
    blackhole: nexthop.blackhole ? true : undefined,
    outInterface: ifindex,
    gateway,
  });
  to.end();
}

export function writeNexthopDelete(to: MessageWriter, flags: number, seq: number, id: number): void {
  to.begin(RTM_NEXTHOP.DELETE, flags, seq);
  to.u32(0);
  to.u32(0);
  writeAttributes(attributes, to, { id });
  to.end();
}

export function writeNexthopDump(to: MessageWriter, flags: number, seq: number): void {
  to.begin(RTM_NEXTHOP.GET, flags, seq);
  to.u32(0);
  to.u32(0);
  to.end();
}

export function readNexthop(message: NetlinkMessage): Nexthop {
  requireBody(message, NHMSG_OCTETS);
  const { bytes, view, start, end } = message;
  const values = readAttributes(attributes, message, start + NHMSG_OCTETS, end);
  const version = versionOf(bytes[start]!);
  return {
    id: values.id ?? 0,
    protocol: bytes[start + 2]!,
    ...(version ? { version } : {}),
    ...(values.gateway ? { gateway: values.gateway } : {}),
    ...(values.outInterface ? { ifindex: values.outInterface } : {}),
    ...(view.getUint32(start + 4, LITTLE_ENDIAN) & RTNH_F_ONLINK ? { onLink: true } : {}),
    ...(values.blackhole ? { blackhole: true } : {}),
    ...(values.group?.length ? { group: values.group } : {}),
  };
}
