/**
 * What a node does to reach the pods of the others: ends of tunnels and routes, from the pools, the nodes' records and the blocks.
 * Pure, and the same whatever order its input comes in.
 *
 * A route over a tunnel is there once the other end says that it hears: until then the way of before stays, so that a pool's way
 * can be changed while traffic flows.
 */
import {
  type Address,
  addressesEqual,
  comparePrefixes,
  formatPrefix,
  hostPrefix,
  type IpVersion,
  type Prefix,
} from '@tortie/ip';
import type { NodePrefix, Pool } from '@tortie/ipam';
import type { NextHop } from '@tortie/linux';
import { linkLocalOf } from './mac.js';
import { TUNNEL_WAYS, TUNNELS, type Tunnel, type TunnelName, type TunnelWay } from './tunnel.js';
import { type Way, wayBetween } from './way.js';

/** One end of a tunnel. */
export interface TunnelEnd {
  /** The node's own address inside: of the pools. */
  readonly address: Address;
  /** Of a VXLAN. */
  readonly mac?: string;
  /** Of WireGuard: the public one. */
  readonly key?: string;
}

/** What is known of a node, by IP version. */
export interface NodeFacts {
  readonly name: string;
  /** Where the other nodes reach it, and its subnet. */
  readonly address: Readonly<Partial<Record<IpVersion, { readonly address: Address; readonly prefix: Prefix }>>>;
  /** All by which it may be called, those without a subnet too. */
  readonly addresses: readonly Address[];
  /** Tunnels it hears on. */
  readonly tunnels: Readonly<Partial<Record<TunnelName, TunnelEnd>>>;
}

/** Indices of the interfaces that this node has up itself. */
export interface OwnDevices {
  readonly uplink: Readonly<Partial<Record<IpVersion, number>>>;
  readonly tunnels: Readonly<Partial<Record<TunnelName, number>>>;
  /** Those that no pool asks for any more: packets still come and go there for a while. */
  readonly idle?: Readonly<Partial<Record<TunnelName, number>>>;
}

export interface WaysInput {
  readonly own: NodeFacts;
  readonly devices: OwnDevices;
  readonly others: readonly NodeFacts[];
  readonly pools: readonly WayPool[];
  readonly prefixes: readonly NodePrefix[];
  /** Far ends of WireGuard that have answered, as `endName` calls them: to others packets would be lost. */
  readonly answered: ReadonlySet<string>;
  /** Routes as they were: one that still leads there stays until the new one can be. */
  readonly before?: readonly WayRoute[];
}

export const endName = (tunnel: TunnelName, node: string): string => `${tunnel} ${node}`;

export type WayPool = Pick<Pool, 'name' | 'cidr' | 'vxlanMode' | 'ipipMode' | 'wireguardMode' | 'hostGateway'>;

export interface WayRoute {
  readonly prefix: Prefix;
  readonly node: string;
  readonly way: Exclude<Way['type'], 'bgp' | 'none'>;
  readonly hop: NextHop;
}

/** The far end of a tunnel, at the node whose address outside is `underlay`. */
export interface FarEnd extends TunnelEnd {
  readonly node: string;
  readonly underlay: Address;
  /** Sources of what comes from there: its prefixes of whatever pool, and its addresses. */
  readonly sources: readonly Prefix[];
}

export interface WaysPlan {
  /** Every node that hears, also those that no route leads to. */
  readonly ends: ReadonlyMap<TunnelName, readonly FarEnd[]>;
  readonly routes: readonly WayRoute[];
  /** Why prefixes have no route of ours although their pool asks for one; a sentence for each node and reason. */
  readonly waiting: readonly string[];
}

export function planWays(input: WaysInput): WaysPlan {
  const { own, pools, prefixes } = input;
  const others = new Map(input.others.filter(({ name }) => name !== own.name).map((one) => [one.name, one]));
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const before = new Map(input.before?.map((route) => [routeName(route), route]));
  const routes: WayRoute[] = [];
  const waiting = new Set<string>();
  for (const { prefix, node, pool: poolName } of [...prefixes].sort((x, y) => comparePrefixes(x.prefix, y.prefix))) {
    const pool = byName.get(poolName);
    if (!pool || node === own.name) continue;
    const way = wayTo(input, pool, others.get(node));
    if (way.type === 'bgp') continue;
    const other = others.get(node);
    const hop = other && way.type !== 'none' ? hopOver(input, way.type, prefix.version, other) : undefined;
    if (way.type !== 'none' && hop && !('reason' in hop)) routes.push({ prefix, node, way: way.type, hop });
    else {
      const former = before.get(routeName({ prefix, node }));
      if (former && way.type !== 'none' && stillLeads(input, former, other)) routes.push(former);
      const reason =
        way.type === 'none' ? way.reason : hop && 'reason' in hop ? hop.reason : 'has no record in the store';
      waiting.add(`node ${node}, IPv${prefix.version}: ${reason}`);
    }
  }
  return { ends: farEnds(input), routes, waiting: [...waiting].sort() };
}

const routeName = ({ prefix, node }: Pick<WayRoute, 'prefix' | 'node'>): string => `${formatPrefix(prefix)} ${node}`;

/** Every node that hears, also those that no route leads to. */
export function farEnds({ own, others, prefixes }: Pick<WaysInput, 'own' | 'others' | 'prefixes'>): WaysPlan['ends'] {
  const byNode = new Map<string, Prefix[]>();
  for (const { prefix, node } of prefixes) {
    const all = byNode.get(node);
    if (all) all.push(prefix);
    else byNode.set(node, [prefix]);
  }
  const far = others.filter(({ name }) => name !== own.name);
  return new Map(TUNNELS.map((tunnel) => [tunnel.name, endsOf(far, byNode, tunnel)]));
}

const wayTo = ({ own }: WaysInput, pool: WayPool, other: NodeFacts | undefined): Way => {
  const { version } = pool.cidr;
  return wayBetween(pool, own.address[version]?.prefix, other?.address[version]?.address);
};

function hopOver(
  { devices, answered }: WaysInput,
  way: WayRoute['way'],
  version: IpVersion,
  other: NodeFacts,
): NextHop | { readonly reason: string } {
  const gateway = other.address[version]?.address;
  if (!gateway) return { reason: `has no IPv${version} address in its record` };
  if (way === 'direct') {
    const ifindex = devices.uplink[version];
    return ifindex === undefined ? { reason: "no interface here has this node's address" } : { gateway, ifindex };
  }
  const { title } = TUNNEL_WAYS[way];
  const tunnel = TUNNELS.find((one) => one.way === way && one.version === version);
  if (!tunnel) return { reason: `${title} carries no IPv${version}` };
  const ifindex = devices.tunnels[tunnel.name];
  if (ifindex === undefined) return { reason: `this node has no ${title} device` };
  const end = other.tunnels[tunnel.name];
  if (!end) return { reason: `has no ${title} device yet` };
  if (way === 'wireguard' && !answered.has(endName(tunnel.name, other.name))) {
    return { reason: `has not answered over ${title} yet` };
  }
  return HOPS[way](version, end, gateway, ifindex);
}

/** Whether packets that take a route of before arrive: both ends of its tunnel are still there. */
function stillLeads({ devices }: WaysInput, { way, prefix, hop }: WayRoute, other: NodeFacts | undefined): boolean {
  const { version } = prefix;
  if (way === 'direct') {
    const gateway = other?.address[version]?.address;
    return (
      hop.ifindex === devices.uplink[version] && !!gateway && !!hop.gateway && addressesEqual(gateway, hop.gateway)
    );
  }
  const name = TUNNELS.find((one) => one.way === way && one.version === version)?.name;
  if (!name || !other?.tunnels[name]) return false;
  return hop.ifindex === (devices.tunnels[name] ?? devices.idle?.[name]);
}

type HopOf = (version: IpVersion, end: TunnelEnd, underlay: Address, ifindex: number) => NextHop;

/** What a route into a tunnel names. */
const HOPS: Readonly<Record<TunnelWay, HopOf>> = {
  vxlan: (version, end, _underlay, ifindex) => {
    const gateway = vxlanGateway(version, end);
    return version === 4 ? { gateway, ifindex, onLink: true } : { gateway, ifindex };
  },
  // The kernel takes the gateway for where the outer packet goes.
  ipip: (_version, _end, underlay, ifindex) => ({ gateway: underlay, ifindex, onLink: true }),
  // Which peer it is follows from the destination.
  wireguard: (_version, _end, _underlay, ifindex) => ({ ifindex }),
};

/**
 * The neighbour that routes into a VXLAN name. IPv6 takes the link-local address of the far end: with another one the kernel
 * refuses a gateway that lies in a prefix that is still routed elsewhere, as it does while the way of a pool changes.
 */
export const vxlanGateway = (version: IpVersion, { address, mac = '' }: TunnelEnd): Address =>
  version === 4 ? address : linkLocalOf(mac);

function endsOf(
  others: readonly NodeFacts[],
  prefixes: ReadonlyMap<string, readonly Prefix[]>,
  { name, version }: Tunnel,
): FarEnd[] {
  const ends: FarEnd[] = [];
  for (const { name: node, address, addresses, tunnels } of others) {
    const [end, underlay] = [tunnels[name], address[version]?.address];
    if (!end || !underlay) continue;
    const own = [...addresses, end.address].map(hostPrefix);
    const sources = [...(prefixes.get(node) ?? []), ...own].filter((prefix) => prefix.version === version);
    ends.push({ node, underlay, ...end, sources: sources.sort(comparePrefixes) });
  }
  return ends.sort((x, y) => (x.node < y.node ? -1 : 1));
}
