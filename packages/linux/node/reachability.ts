import type { Address } from '@tortie/ip';
import type { LinuxError, Route } from '@tortie/linux';

/** What the kernel would do with a packet to an address. */
export type Reachability =
  | {
      readonly reachable: true;
      readonly ifindex: number;
      /** Absent where the address is on the link itself. */
      readonly gateway?: Address;
      readonly onLink: boolean;
      /** The address is our own. */
      readonly local: boolean;
    }
  | { readonly reachable: false; readonly reason: string };

const RTNH_F_LINKDOWN = 16;
const RTNH_F_DEAD = 1;

/** Reads the answer to RTM_GETROUTE. */
export function reachabilityOf(route: Route | undefined): Reachability {
  const hop = route?.nextHops[0];
  if (!route) return { reachable: false, reason: 'no route' };
  if (route.type !== 'unicast' && route.type !== 'local') return { reachable: false, reason: `${route.type} route` };
  if (!hop?.ifindex) return { reachable: false, reason: 'the route names no interface' };
  if (route.flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) return { reachable: false, reason: 'the link is down' };
  return {
    reachable: true,
    ifindex: hop.ifindex,
    ...(hop.gateway ? { gateway: hop.gateway } : {}),
    onLink: !hop.gateway,
    local: route.type === 'local',
  };
}

export const unreachable = (error: LinuxError): Reachability => ({
  reachable: false,
  reason: error.errnoName === 'ENETUNREACH' ? 'no route' : error.message,
});

export function sameReachability(x: Reachability | undefined, y: Reachability): boolean {
  return x !== undefined && JSON.stringify(x) === JSON.stringify(y);
}
