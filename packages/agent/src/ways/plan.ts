/**
 * What a node does to reach the pods of the others: ends of tunnels and routes, from the pools, the nodes' records and the blocks.
 * Pure, and the same whatever order its input comes in.
 *
 * A route over a tunnel is there once the other end says that it hears: until then the way of before stays, so that a pool's way
 * can be changed while traffic flows.
 */
import { type Address, comparePrefixes, type IpVersion, type Prefix } from '@tortie/ip';
import type { NodePrefix, Pool } from '@tortie/ipam';
import type { NextHop } from '@tortie/linux';
import { linkLocalOf } from './mac.js';
import { type Way, wayBetween } from './way.js';

/** One end of a VXLAN. */
export interface VxlanEnd {
  /** The node's own address inside: of the pools. */
  readonly address: Address;
  readonly mac: string;
}

/** What is known of a node, by IP version. */
export interface NodeFacts {
  readonly name: string;
  /** Where the other nodes reach it, and its subnet. */
  readonly address: Readonly<Partial<Record<IpVersion, { readonly address: Address; readonly prefix: Prefix }>>>;
  /** Tunnels it hears on. */
  readonly vxlan: Readonly<Partial<Record<IpVersion, VxlanEnd>>>;
}

/** Indices of the interfaces that this node has up itself. */
export interface OwnDevices {
  readonly uplink: Readonly<Partial<Record<IpVersion, number>>>;
  readonly vxlan: Readonly<Partial<Record<IpVersion, number>>>;
}

export interface WaysInput {
  readonly own: NodeFacts;
  readonly devices: OwnDevices;
  readonly others: readonly NodeFacts[];
  readonly pools: readonly WayPool[];
  readonly prefixes: readonly NodePrefix[];
}

export type WayPool = Pick<Pool, 'name' | 'cidr' | 'vxlanMode' | 'hostGateway'>;

export interface WayRoute {
  readonly prefix: Prefix;
  readonly node: string;
  readonly way: Exclude<Way['type'], 'bgp' | 'none'>;
  readonly hop: NextHop;
}

/** The far end of a VXLAN: frames to `mac` go to the node at `underlay`; `gateway` is what routes name. */
export interface FarEnd {
  readonly node: string;
  readonly gateway: Address;
  readonly mac: string;
  readonly underlay: Address;
}

export interface WaysPlan {
  readonly ends: Readonly<Record<IpVersion, readonly FarEnd[]>>;
  readonly routes: readonly WayRoute[];
  /** Why prefixes have no route of ours although their pool asks for one; a sentence for each node and reason. */
  readonly waiting: readonly string[];
}

export function planWays(input: WaysInput): WaysPlan {
  const { own, pools, prefixes } = input;
  const others = new Map(input.others.filter(({ name }) => name !== own.name).map((one) => [one.name, one]));
  const byName = new Map(pools.map((pool) => [pool.name, pool]));
  const routes: WayRoute[] = [];
  const waiting = new Set<string>();
  for (const { prefix, node, pool: poolName } of [...prefixes].sort((x, y) => comparePrefixes(x.prefix, y.prefix))) {
    const pool = byName.get(poolName);
    if (!pool || node === own.name) continue;
    const way = wayTo(input, pool, others.get(node));
    if (way.type === 'bgp') continue;
    const other = others.get(node);
    const hop = other && way.type !== 'none' ? hopOver(input, way.type, prefix.version, other) : undefined;
    if (way.type !== 'none' && hop && 'gateway' in hop) routes.push({ prefix, node, way: way.type, hop });
    else {
      const reason =
        way.type === 'none' ? way.reason : hop && 'reason' in hop ? hop.reason : 'has no record in the store';
      waiting.add(`node ${node}, IPv${prefix.version}: ${reason}`);
    }
  }
  return { ends: { 4: endsOf(others, 4), 6: endsOf(others, 6) }, routes, waiting: [...waiting].sort() };
}

const wayTo = ({ own }: WaysInput, pool: WayPool, other: NodeFacts | undefined): Way => {
  const { version } = pool.cidr;
  return wayBetween(pool, own.address[version]?.prefix, other?.address[version]?.address);
};

function hopOver(
  { devices }: WaysInput,
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
  const ifindex = devices.vxlan[version];
  if (ifindex === undefined) return { reason: 'this node has no VXLAN device' };
  const end = other.vxlan[version];
  return end ? gatewayHop(version, end, ifindex) : { reason: 'has no VXLAN device yet' };
}

/**
 * IPv6 takes the link-local address of the far end: with another one the kernel refuses a gateway that lies in a prefix that is
 * still routed elsewhere, as it does while the way of a pool changes.
 */
const gatewayHop = (version: IpVersion, { address, mac }: VxlanEnd, ifindex: number): NextHop =>
  version === 4 ? { gateway: address, ifindex, onLink: true } : { gateway: linkLocalOf(mac), ifindex };

function endsOf(others: ReadonlyMap<string, NodeFacts>, version: IpVersion): FarEnd[] {
  const ends: FarEnd[] = [];
  for (const { name, address, vxlan } of others.values()) {
    const [end, underlay] = [vxlan[version], address[version]?.address];
    if (!end || !underlay) continue;
    ends.push({ node: name, gateway: version === 4 ? end.address : linkLocalOf(end.mac), mac: end.mac, underlay });
  }
  return ends.sort((x, y) => (x.node < y.node ? -1 : 1));
}
