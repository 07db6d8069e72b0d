/** Routes to pods, and those of others that stand before them. */
import { type Address, addressBits, formatAddress, formatPrefix } from '@tortie/ip';
import type { Route } from '@tortie/linux';
import { type Rtnetlink, type Subscription, subscribeEvents } from '@tortie/linux/node';
import { deletionOf, routeText } from '../../src/fib/route-text.js';
import { foreignRoutesTo } from '../kernel/foreign-route.js';
import { leadsOver, type RouteMark, routeToPod } from './pod-link.js';
import type { PodProblem } from './pod-problems.js';

/**
 * Routes to single addresses as others than `rtnetlink` change them, at whatever metric and in whatever table: `onTouched` gets the
 * addresses as text, to be looked at; `onAll` is called where rules have changed, or the kernel has told more than could be read: it may be any.
 */
export function watchPodRoutes(
  rtnetlink: Rtnetlink,
  onTouched: (addresses: readonly string[]) => void,
  onAll: () => void,
): Promise<Subscription> {
  return subscribeEvents({
    groups: ['route', 'rule'],
    hostRoutes: { except: rtnetlink.portId },
    onEvents(events) {
      onTouched(events.flatMap((event) => (event.type === 'route' ? [formatAddress(event.route.prefix)] : [])));
      if (events.some(({ type }) => type === 'rule')) onAll();
    },
    onResync: onAll,
  });
}

/** Sees to it that packets to an address go over a link: whether they did, do again, or what is in the way. */
export async function ensureRoute(
  host: Rtnetlink,
  mark: RouteMark,
  ifindex: number,
  address: Address,
): Promise<'there' | 'there again' | PodProblem> {
  if (leadsOver(await host.matchingRoute(address), ifindex)) return 'there';
  await routeToPod(host, mark, ifindex, [address]);
  const after = await host.matchingRoute(address);
  return leadsOver(after, ifindex) ? 'there again' : taken(host, mark, address, after);
}

async function taken(
  host: Rtnetlink,
  mark: RouteMark,
  address: Address,
  found: Route | undefined,
): Promise<PodProblem> {
  const isOurs = (route: Route): boolean =>
    (route.protocol === mark.protocol && route.metric === mark.metric) ||
    route.prefix.length < addressBits(address.version);
  const before = found ?? (await foreignRoutesTo(host, [address], isOurs))[0];
  const names = new Map((await host.links()).map(({ ifindex, name }) => [ifindex, name]));
  const to = formatAddress(address);
  if (!before) {
    const text = `packets to ${to} do not go there, although it has its route: rules of the host look elsewhere first`;
    return {
      code: 'pod-route-taken',
      text,
      remedy: `look at ip route get ${to} and ip rule, and let addresses of pods pass by such rules`,
    };
  }
  return {
    code: 'pod-route-taken',
    text: `packets to ${to} do not go there: the route ${routeText(before, (ifindex) => names.get(ifindex))} goes before its own, of metric ${mark.metric}`,
    remedy: remedyFor(before),
  };
}

function remedyFor(route: Route): string {
  if (route.type === 'local') return `take ${formatPrefix(route.prefix)} off this node: it is the address of a pod`;
  return `${deletionOf(route)}, and have whoever made it leave addresses of pods alone`;
}
