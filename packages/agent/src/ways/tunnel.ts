/** Tunnels between nodes, one row each: who asks for it, the device that is its end, what it adds to a packet. */
import type { IpVersion } from '@tortie/ip';
import type { Pool } from '@tortie/ipam';

export type TunnelWay = 'vxlan' | 'ipip' | 'wireguard';

/** The setting of pools that asks for it, and how it is called. */
export const TUNNEL_WAYS = {
  vxlan: { mode: 'vxlanMode', title: 'VXLAN' },
  ipip: { mode: 'ipipMode', title: 'IPIP' },
  wireguard: { mode: 'wireguardMode', title: 'WireGuard' },
} as const satisfies Record<TunnelWay, { readonly mode: keyof Pool; readonly title: string }>;

export interface Tunnel {
  /** Its end in the record of a node. */
  readonly name: TunnelName;
  readonly way: TunnelWay;
  /** Of pods and nodes alike: packets of one version never go inside the other. */
  readonly version: IpVersion;
  readonly device: string;
  /** Octets in front of a packet. */
  readonly overhead: number;
  /** UDP, where the device has to be told. */
  readonly port?: number;
  /** Of the node's address inside: Calico's names. */
  readonly handle: (node: string) => string;
  readonly owner: string;
}
export type TunnelName = 'vxlan4' | 'vxlan6' | 'ipip4' | 'wireguard4' | 'wireguard6';

export const TUNNELS: readonly Tunnel[] = [
  {
    name: 'vxlan4',
    way: 'vxlan',
    version: 4,
    device: 'vxlan.tortie',
    // Outer IP, UDP, VXLAN and the inner Ethernet header. RFC 7348 section 5.
    overhead: 50,
    handle: (node) => `vxlan-tunnel-addr-${node}`,
    owner: 'vxlanTunnelAddress',
  },
  {
    name: 'vxlan6',
    way: 'vxlan',
    version: 6,
    device: 'vxlan-v6.tortie',
    overhead: 70,
    handle: (node) => `vxlan-v6-tunnel-addr-${node}`,
    owner: 'vxlanTunnelAddress',
  },
  {
    name: 'ipip4',
    way: 'ipip',
    version: 4,
    device: 'ipip.tortie',
    // RFC 2003 section 3.
    overhead: 20,
    handle: (node) => `ipip-tunnel-addr-${node}`,
    owner: 'ipipTunnelAddress',
  },
  {
    name: 'wireguard4',
    way: 'wireguard',
    version: 4,
    device: 'wg.tortie',
    // Outer IP, UDP, type, counter and tag.
    overhead: 60,
    port: 51820,
    handle: (node) => `wireguard-tunnel-addr-${node}`,
    owner: 'wireguardTunnelAddress',
  },
  {
    name: 'wireguard6',
    way: 'wireguard',
    version: 6,
    device: 'wg-v6.tortie',
    overhead: 80,
    port: 51821,
    handle: (node) => `wireguard-v6-tunnel-addr-${node}`,
    owner: 'wireguardTunnelAddress',
  },
];

export type TunnelPool = Pick<Pool, 'cidr' | 'vxlanMode' | 'ipipMode' | 'wireguardMode'>;

/** Whether a pool asks for it, at least to some nodes. */
export const asksFor = (pool: TunnelPool, { version, way }: Pick<Tunnel, 'version' | 'way'>): boolean =>
  pool.cidr.version === version && pool[TUNNEL_WAYS[way].mode] !== 'Never';

/** Interfaces that are ends of tunnels, by what the kernel calls their kind. */
export const isTunnelKind = (kind: string | undefined): boolean => kind !== undefined && kind in TUNNEL_WAYS;

/** What a link must carry. RFC 8200 section 5; RFC 791 says 68, but nothing of today goes through that. */
export const LEAST_MTU: Readonly<Record<IpVersion, number>> = { 4: 576, 6: 1280 };
