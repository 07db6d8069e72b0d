/** Routes: struct rtmsg and RTA_* (linux/rtnetlink.h). */
import { type Address, addressFromBytes, ipv4, ipv6, type Prefix } from '@tortie/ip';
import { LinuxError } from './errors.js';
import { AF, familyOf, versionOf } from './family.js';
import {
  type AttributeCodec,
  type AttributeValues,
  address,
  nestedRow,
  readAttributes,
  row,
  schema,
  u16,
  u32,
  writeAttributes,
} from './netlink/attribute.js';
import { align4, LITTLE_ENDIAN } from './netlink/byte-order.js';
import { type NetlinkMessage, requireBody } from './netlink/message.js';
import type { MessageWriter } from './netlink/message-writer.js';

export const RTM_ROUTE = { NEW: 24, DELETE: 25, GET: 26 } as const;

/** In the order of RTN_*: the number of a type is its place. */
export const ROUTE_TYPES = [
  'unspecified',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
] as const;
export type RouteType = (typeof ROUTE_TYPES)[number];

/** RT_SCOPE_*: universe for routes through a gateway, link for on-link ones; nowhere matches any in a deletion. */
export const SCOPE = { UNIVERSE: 0, SITE: 200, LINK: 253, HOST: 254, NOWHERE: 255 } as const;

export const MAIN_TABLE = 254;
const RTM_F_CLONED = 0x200;
/** RTM_GETROUTE answers with the route itself rather than with what was looked up. */
export const RTM_F_FIB_MATCH = 0x2000;
/** Without it every answer about IPv4 says table main; of IPv6, whose answers say it anyway, the kernel refuses it. */
const RTM_F_LOOKUP_TABLE = 0x1000;
const RTNH_F_ONLINK = 4;
const RTMSG_OCTETS = 12;
const RTNEXTHOP_OCTETS = 8;

/** One way out of a route. At least one of gateway and ifindex is there. */
export interface NextHop {
  /** May be of the other IP version (IPv4 through an IPv6 gateway, RFC 8950). */
  readonly gateway?: Address;
  readonly ifindex?: number;
  /** 1 to 256; absent means 1. */
  readonly weight?: number;
  /** The gateway counts as on-link even where no connected prefix covers it. */
  readonly onLink?: boolean;
}

export interface Route {
  readonly prefix: Prefix;
  readonly type: RouteType;
  /** 254 is the main table. */
  readonly table: number;
  /** Who installed it: rtm_protocol; 2 kernel, 3 boot, 4 static, 12 bird, 201 tortie. */
  readonly protocol: number;
  /** RTA_PRIORITY; 0 where the kernel reports none (IPv4). */
  readonly metric: number;
  readonly scope: number;
  readonly nextHops: readonly NextHop[];
  /** Id of the nexthop object behind the route. */
  readonly nexthopId?: number;
  readonly preferredSource?: Address;
  readonly mtu?: number;
  /** rtm_flags as the kernel gave them (RTNH_F_DEAD, RTM_F_OFFLOAD and so on). */
  readonly flags: number;
}

/** RTA_VIA: a gateway of another family than the route's. */
const via: AttributeCodec<Address> = {
  min: 6,
  read: (from, start, end) => addressFromBytes(from.bytes, end - start >= 18 ? 6 : 4, start + 2),
  write(to, value) {
    to.u16(familyOf(value.version));
    to.address(value);
  },
};

const hopAttributes = schema({ gateway: row(5, address), via: row(18, via) });

/** RTA_MULTIPATH: struct rtnexthop, one behind the other. The family of the route decides between gateway and via. */
function multipath(version?: 4 | 6): AttributeCodec<readonly NextHop[]> {
  return {
    min: 0,
    read(from, start, end) {
      const hops: NextHop[] = [];
      for (let at = start; at < end; ) {
        const length = end - at < RTNEXTHOP_OCTETS ? 0 : from.view.getUint16(at, LITTLE_ENDIAN);
        if (length < RTNEXTHOP_OCTETS || at + length > end) {
          throw new LinuxError('ERR_LINUX_MESSAGE', `next hop at octet ${at} is cut: rtnh_len is ${length}`);
        }
        const { gateway, via } = readAttributes(hopAttributes, from, at + RTNEXTHOP_OCTETS, at + length);
        const weight = from.bytes[at + 3]! + 1;
        hops.push(nextHop(gateway ?? via, from.view.getInt32(at + 4, LITTLE_ENDIAN), weight, from.bytes[at + 2]!));
        at += align4(length);
      }
      return hops;
    },
    write(to, hops) {
      for (const hop of hops) {
        const start = to.length;
        to.u16(0);
        to.u8(hop.onLink ? RTNH_F_ONLINK : 0);
        to.u8((hop.weight ?? 1) - 1);
        to.u32(hop.ifindex ?? 0);
        writeAttributes(hopAttributes, to, gatewayOf(hop, version));
        to.setU16(start, to.length - start);
      }
    },
  };
}

const metrics = schema({ mtu: row(2, u32) });

const rows = (version?: 4 | 6) =>
  schema({
    destination: row(1, address),
    outInterface: row(4, u32),
    gateway: row(5, address),
    priority: row(6, u32),
    preferredSource: row(7, address),
    metrics: nestedRow(8, metrics),
    multipath: row(9, multipath(version)),
    table: row(15, u32),
    via: row(18, via),
    encapsulation: row(21, u16),
    nexthopId: row(30, u32),
  });
const byVersion = { 4: rows(4), 6: rows(6) } as const;
type RouteAttributes = AttributeValues<ReturnType<typeof rows>['rows']>;

function nextHop(gateway: Address | undefined, ifindex: number, weight: number, flags: number): NextHop {
  return {
    ...(gateway ? { gateway } : {}),
    ...(ifindex ? { ifindex } : {}),
    ...(weight > 1 ? { weight } : {}),
    ...(flags & RTNH_F_ONLINK ? { onLink: true } : {}),
  };
}

const gatewayOf = (hop: NextHop, version: 4 | 6 | undefined): { gateway?: Address; via?: Address } =>
  !hop.gateway ? {} : hop.gateway.version === version ? { gateway: hop.gateway } : { via: hop.gateway };

/** What a request to install, replace or delete a route says. Absent fields say nothing (deletion: match any). */
export type RouteRequest = Pick<Route, 'prefix'> & Partial<Omit<Route, 'prefix'>>;

export function writeRoute(to: MessageWriter, type: number, flags: number, seq: number, route: RouteRequest): void {
  const { prefix, nextHops = [], table = MAIN_TABLE } = route;
  const version = prefix.version;
  const single = nextHops.length === 1 ? nextHops[0]! : undefined;
  to.begin(type, flags, seq);
  to.u8(familyOf(version));
  to.u8(prefix.length);
  to.u8(0);
  to.u8(0);
  to.u8(table < 256 ? table : 0);
  to.u8(route.protocol ?? 0);
  to.u8(route.scope ?? SCOPE.UNIVERSE);
  to.u8(ROUTE_TYPES.indexOf(route.type ?? 'unspecified'));
  to.u32((route.flags ?? 0) | (single?.onLink ? RTNH_F_ONLINK : 0));
  const { length: _length, ...destination } = prefix;
  const values: RouteAttributes = {
    destination: prefix.length === 0 && type !== RTM_ROUTE.GET ? undefined : destination,
    outInterface: single?.ifindex,
    ...(single ? gatewayOf(single, version) : {}),
    priority: route.metric,
    preferredSource: route.preferredSource,
    metrics: route.mtu === undefined ? undefined : { mtu: route.mtu },
    multipath: nextHops.length > 1 ? nextHops : undefined,
    table: table || undefined,
    nexthopId: route.nexthopId,
  };
  writeAttributes(byVersion[version], to, values);
  to.end();
}

/** Reads RTM_NEWROUTE or RTM_DELROUTE; undefined for other families and for cached entries, which are no routes. */
export function readRoute(message: NetlinkMessage): Route | undefined {
  requireBody(message, RTMSG_OCTETS);
  const { bytes, view, start, end } = message;
  const version = versionOf(bytes[start]!);
  const flags = view.getUint32(start + 8, LITTLE_ENDIAN);
  if (!version || (flags & RTM_F_CLONED && message.type === RTM_ROUTE.DELETE)) return undefined;
  const values = readAttributes(byVersion[version], message, start + RTMSG_OCTETS, end);
  const length = bytes[start + 1]!;
  if (length > (version === 4 ? 32 : 128)) {
    throw new LinuxError('ERR_LINUX_MESSAGE', `rtm_dst_len ${length} in a route of IPv${version}`);
  }
  const { version: _version, ...words } = values.destination ?? (version === 4 ? ipv4(0) : ipv6(0, 0, 0, 0));
  const gateway = values.gateway ?? values.via;
  const hops =
    values.multipath ?? (gateway || values.outInterface ? [nextHop(gateway, values.outInterface ?? 0, 1, flags)] : []);
  return {
    prefix: { version, ...words, length },
    type: ROUTE_TYPES[bytes[start + 7]!] ?? 'unspecified',
    table: values.table ?? bytes[start + 4]!,
    protocol: bytes[start + 5]!,
    metric: values.priority ?? 0,
    scope: bytes[start + 6]!,
    nextHops: hops,
    ...(values.nexthopId ? { nexthopId: values.nexthopId } : {}),
    ...(values.preferredSource ? { preferredSource: values.preferredSource } : {}),
    ...(values.metrics?.mtu ? { mtu: values.metrics.mtu } : {}),
    flags,
  };
}

/** What a dump asks for; with NETLINK_GET_STRICT_CHK the kernel filters. */
export interface RouteDump {
  readonly version?: 4 | 6;
  readonly table?: number;
  readonly protocol?: number;
  readonly ifindex?: number;
}

export function writeRouteDump(to: MessageWriter, flags: number, seq: number, filter: RouteDump): void {
  const { table = 0 } = filter;
  to.begin(RTM_ROUTE.GET, flags, seq);
  to.u8(filter.version ? familyOf(filter.version) : AF.UNSPEC);
  for (let i = 0; i < 3; i++) to.u8(0);
  to.u8(table < 256 ? table : 0);
  to.u8(filter.protocol ?? 0);
  to.u8(0);
  to.u8(0);
  to.u32(0);
  writeAttributes(rows(), to, { outInterface: filter.ifindex, table: table || undefined });
  to.end();
}

/** Asks what the FIB does with one address; `ifindex` of a VRF: what its own does. */
export function writeRouteLookup(
  to: MessageWriter,
  flags: number,
  seq: number,
  target: Address,
  fibMatch: boolean,
  ifindex?: number,
): void {
  writeRoute(to, RTM_ROUTE.GET, flags, seq, {
    prefix: { ...target, length: target.version === 4 ? 32 : 128 },
    table: 0,
    flags: fibMatch ? RTM_F_FIB_MATCH | (target.version === 4 ? RTM_F_LOOKUP_TABLE : 0) : 0,
    ...(ifindex === undefined ? {} : { nextHops: [{ ifindex }] }),
  });
}
