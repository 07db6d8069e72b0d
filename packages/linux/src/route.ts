import type { Address, Prefix } from '@tortie/ip';

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw';

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
