/** A peer as a user writes it -> the BFD session beside it. The spec has been checked. */
import { DEFAULT_TIMERS, type SessionSpec } from '@tortie/bfd';
import { parseAddress } from '@tortie/ip';
import type { PeerSpec } from '../api/peer.js';
import type { BoundPeer } from './bound-peer.js';

/** Undefined where the peer has no BFD. */
export function bfdSpec(peer: BoundPeer): SessionSpec | undefined {
  const { name, bfd, remoteAddress, localAddress, device, adminDown } = peer;
  if (!bfd || bfd.enabled === false) return undefined;
  return {
    name,
    remoteAddress: parseAddress(remoteAddress),
    ...(localAddress !== undefined && { localAddress: parseAddress(localAddress) }),
    ...(device !== undefined && { device }),
    multihop: isMultihop(peer),
    adminDown: adminDown ?? false,
    minTxMs: bfd.minTxMs ?? DEFAULT_TIMERS.minTxMs,
    minRxMs: bfd.minRxMs ?? DEFAULT_TIMERS.minRxMs,
    multiplier: bfd.multiplier ?? DEFAULT_TIMERS.multiplier,
  };
}

export const isMultihop = ({
  bfd,
  multihopTtl,
  ttlSecurityHops = 1,
}: Pick<PeerSpec, 'bfd' | 'multihopTtl' | 'ttlSecurityHops'>): boolean =>
  bfd?.multihop ?? (multihopTtl !== undefined || ttlSecurityHops > 1);
