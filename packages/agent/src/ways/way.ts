/** How packets of one node reach the pods of another: what a pool asks for, once both nodes are known. */
import { type Address, type Prefix, prefixContains } from '@tortie/ip';
import type { Pool } from '@tortie/ipam';
import { TUNNEL_WAYS, type TunnelWay } from './tunnel.js';

export type Way =
  /** Routes come by BGP and from nowhere else. */
  | { readonly type: 'bgp' }
  /** The other node is the gateway: both are on one subnet. */
  | { readonly type: 'direct' }
  | { readonly type: TunnelWay }
  /** The pool asks for what cannot be between these two. */
  | { readonly type: 'none'; readonly reason: string };

export type WayMode = Pick<Pool, 'vxlanMode' | 'ipipMode' | 'wireguardMode' | 'hostGateway'>;

const WAYS = Object.entries(TUNNEL_WAYS) as [TunnelWay, (typeof TUNNEL_WAYS)[TunnelWay]][];

/** `here`: this node's own subnet; `there`: the other node's address. Of the pool's IP version. */
export function wayBetween(pool: WayMode, here: Prefix | undefined, there: Address | undefined): Way {
  const near = here !== undefined && there !== undefined && prefixContains(here, there);
  for (const [type, { mode }] of WAYS) {
    if (pool[mode] === 'Always') return { type };
    if (pool[mode] === 'CrossSubnet') return { type: near ? 'direct' : type };
  }
  if (!pool.hostGateway) return { type: 'bgp' };
  if (near) return { type: 'direct' };
  return { type: 'none', reason: 'is on another subnet, which hostGateway cannot reach; vxlanMode: CrossSubnet can' };
}

/** Whether a pool's routes are not left to BGP. */
export const asksForWays = (pool: WayMode): boolean =>
  pool.hostGateway || WAYS.some(([, { mode }]) => pool[mode] !== 'Never');
