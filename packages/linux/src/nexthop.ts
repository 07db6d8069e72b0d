/** Nexthop objects: struct nhmsg and NHA_* (linux/nexthop.h). Routes name one by its id. */
import type { Address } from '@tortie/ip';
import { LinuxError } from './errors.js';
import { AF, familyOf, versionOf } from './family.js';
import {
  type AttributeCodec,
  type AttributeValues,
  address,
  flag,
  nestedRow,
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

export const RTM_NEXTHOP = { NEW: 104, DELETE: 105, GET: 106, GET_BUCKET: 118 } as const;
const NHMSG_OCTETS = 8;
const RTNH_F_ONLINK = 4;
/** NHA_GROUP_TYPE; 0 is the usual one. */
const GROUP_RESILIENT = 1;
/** Timers are told in clock_t, which is 1/100 s on every architecture Node knows. */
const TICKS_PER_S = 100;

export interface NexthopMember {
  readonly id: number;
  /** 1 to 256. */
  readonly weight: number;
}

/** How a group holds on to the flows it has (Linux 5.13): flows are hashed into buckets, and each bucket has a member. */
export interface Resilience {
  /** Fixed when the group is made. */
  readonly buckets: number;
  /** A bucket that saw no packet for so long may be given to another member. */
  readonly idleTimerS: number;
  /** A group out of balance for so long gives buckets away that are not idle; 0: never. */
  readonly unbalancedTimerS: number;
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
  /** Of a group; without it flows are dealt out anew when its members change. */
  readonly resilience?: Resilience;
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

const resilienceAttributes = schema({
  buckets: row(1, u16),
  idleTimer: row(2, u32),
  unbalancedTimer: row(3, u32),
});

const attributes = schema({
  id: row(1, u32),
  group: row(2, group),
  groupType: row(3, u16),
  blackhole: row(4, flag),
  outInterface: row(5, u32),
  gateway: row(6, address),
  resilience: nestedRow(12, resilienceAttributes),
});

export function writeNexthop(to: MessageWriter, flags: number, seq: number, nexthop: Nexthop): void {
  const { id, protocol, gateway, ifindex, group, resilience } = nexthop;
  to.begin(RTM_NEXTHOP.NEW, flags, seq);
  to.u8(group ? AF.UNSPEC : familyOf(gateway?.version ?? nexthop.version ?? 4));
  to.u8(0);
  to.u8(protocol);
  to.u8(0);
  to.u32(nexthop.onLink ? RTNH_F_ONLINK : 0);
  writeAttributes(attributes, to, {
    id,
    group,
    groupType: resilience ? GROUP_RESILIENT : undefined,
    blackhole: nexthop.blackhole ? true : undefined,
    outInterface: ifindex,
    gateway,
    resilience: resilience && {
      buckets: resilience.buckets,
      idleTimer: resilience.idleTimerS * TICKS_PER_S,
      unbalancedTimer: resilience.unbalancedTimerS * TICKS_PER_S,
    },
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

/** Of all resilient groups; kernels without them refuse it. */
export function writeBucketDump(to: MessageWriter, flags: number, seq: number): void {
  to.begin(RTM_NEXTHOP.GET_BUCKET, flags, seq);
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
    ...(values.groupType === GROUP_RESILIENT ? { resilience: resilienceOf(values.resilience ?? {}) } : {}),
  };
}

const resilienceOf = ({
  buckets = 0,
  idleTimer = 0,
  unbalancedTimer = 0,
}: AttributeValues<typeof resilienceAttributes.rows>): Resilience => ({
  buckets,
  idleTimerS: idleTimer / TICKS_PER_S,
  unbalancedTimerS: unbalancedTimer / TICKS_PER_S,
});
