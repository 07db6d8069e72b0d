/** Routes of others as `ip route` writes them: for who has to find them, and to take them away. Pure. */
import { formatAddress, formatPrefix } from '@tortie/ip';
import { MAIN_TABLE, type NextHop, type Route } from '@tortie/linux';

/** RTPROT_* as iproute2 names them; the others are shown as numbers, which it takes as well. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
  ...([
    [2, 'kernel'],
    [3, 'boot'],
    [4, 'static'],
    [9, 'ra'],
    [11, 'zebra'],
    [12, 'bird'],
    [16, 'dhcp'],
  ] as const),
  ...([
    [186, 'bgp'],
    [187, 'isis'],
    [188, 'ospf'],
    [189, 'rip'],
    [192, 'eigrp'],
  ] as const),
]);

type NameOf = (ifindex: number) => string | undefined;

/** `10.244.0.0/26 via 10.0.0.9 dev eth0 proto static metric 5`. */
export function routeText(route: Route, nameOf: NameOf): string {
  const { type, nextHops } = route;
  const hops = nextHops.map((hop) => hopText(hop, nameOf));
  const way = hops.length > 1 ? hops.map((hop) => ` nexthop${hop}`).join('') : (hops[0] ?? '');
  return `${type === 'unicast' ? '' : `${type} `}${formatPrefix(route.prefix)}${way}${markText(route)}`;
}

/** The command that takes it away. */
export const deletionOf = (route: Route): string =>
  `ip ${route.prefix.version === 6 ? '-6 ' : ''}route del ${route.type === 'unicast' ? '' : `${route.type} `}${formatPrefix(route.prefix)}${markText(route)}`;

const hopText = ({ gateway, ifindex }: NextHop, nameOf: NameOf): string =>
  `${gateway ? ` via ${formatAddress(gateway)}` : ''}${ifindex === undefined ? '' : ` dev ${nameOf(ifindex) ?? `if${ifindex}`}`}`;

const markText = ({ protocol, metric, table }: Route): string =>
  ` proto ${PROTOCOLS.get(protocol) ?? protocol}${metric > 0 ? ` metric ${metric}` : ''}${table === MAIN_TABLE ? '' : ` table ${table}`}`;
