/** A peer that is named by its interface -> the same peer at the address found there. */
import { type Address, formatAddress } from '@tortie/ip';
import type { PeerSpec } from '../api/peer.js';

/** A peer with an address: what the speaker and BFD can be told. */
export type BoundPeer = Omit<PeerSpec, 'interface' | 'remoteAddress'> & { readonly remoteAddress: string };

/** Stands for the address of a neighbour that has not been heard yet, where the rest of a peer is checked. */
export const ANY_NEIGHBOUR = 'fe80::1';

/** `found`: who is at the far end of its interface. Undefined where that is not known. */
export function boundPeer(spec: PeerSpec, found?: Address | string): BoundPeer | undefined {
  const { interface: device, remoteAddress, ...rest } = spec;
  if (device === undefined) return remoteAddress === undefined ? undefined : { ...rest, remoteAddress };
  if (found === undefined) return undefined;
  const address = typeof found === 'string' ? found : formatAddress(found);
  // RFC 8950: without it a session over link-local addresses has no next hop for IPv4.
  return { ...rest, remoteAddress: address, device, extendedNextHop: spec.extendedNextHop ?? true };
}
