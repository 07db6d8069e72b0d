/** How packets of one node reach the pods of another: what a pool asks for, once both nodes are known. */
import { type Address, type IpVersion, type Prefix, prefixContains } from '@tortie/ip';
import type { Pool } from '@tortie/ipam';

export type Way =
  /** Routes come by BGP and from nowhere else. */
  | { readonly type: 'bgp' }
  /** The other node is the gateway: both are on one subnet. */
  | { readonly type: 'direct' }
  | { readonly type: 'vxlan' }
  /** The pool asks for what cannot be between these two. */
  | { readonly type: 'none'; readonly reason: string };

export type WayMode = Pick<Pool, 'vxlanMode' | 'hostGateway'>;

/** `here`: this node's own subnet; `there`: the other node's address. Of the pool's IP version. */
export function wayBetween(
  { vxlanMode, hostGateway }: WayMode,
  here: Prefix | undefined,
  there: Address | undefined,
): Way {
  const near = here !== undefined && there !== undefined && prefixContains(here, there);
  if (vxlanMode === 'Always') return { type: 'vxlan' };
  if (vxlanMode === 'CrossSubnet') return { type: near ? 'direct' : 'vxlan' };
  if (!hostGateway) return { type: 'bgp' };
  if (near) return { type: 'direct' };
  return { type: 'none', reason: 'is on another subnet, which hostGateway cannot reach; vxlanMode: CrossSubnet can' };
}

/** Whether pools ask for VXLAN in an IP version. */
export const wantsVxlan = (pools: readonly Pick<Pool, 'cidr' | 'vxlanMode'>[], version: IpVersion): boolean =>
  pools.some(({ cidr, vxlanMode }) => cidr.version === version && vxlanMode !== 'Never');

/** Octets in front of a packet: outer IP, UDP, VXLAN and the inner Ethernet header. RFC 7348 section 5. */
export const VXLAN_OVERHEAD: Readonly<Record<IpVersion, number>> = { 4: 50, 6: 70 };

/** What a link must carry. RFC 8200 section 5; RFC 791 says 68, but nothing of today goes through that. */
export const LEAST_MTU: Readonly<Record<IpVersion, number>> = { 4: 576, 6: 1280 };
