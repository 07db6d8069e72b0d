/** What can be done to a peer's session from outside. */
import { CEASE, ROUTE_REFRESH_SUBTYPE } from '../iana.js';
import type { ResetMode } from '../speaker-io.js';
import { familyByName } from '../wire/family/family.js';
import { sendMessage } from './outbox.js';
import type { Peer } from './peer.js';
import type { PeerHost } from './peer-host.js';

/** False where the mode needs an established session and there is none. */
export function resetPeer(host: PeerHost, peer: Peer, mode: ResetMode, text: string): boolean {
  switch (mode) {
    case 'hard':
      peer.reset(text);
      return true;
    case 'bfd-down':
      return endForBfd(peer, text);
    case 'soft-in':
      return requestRoutes(host, peer);
    case 'soft-out':
      return resendRoutes(host, peer);
    case 'soft':
      return [requestRoutes(host, peer), resendRoutes(host, peer)].some(Boolean);
  }
}

/** Asks the peer for all its routes (RFC 2918). False where that is not possible. */
function requestRoutes(host: PeerHost, peer: Peer): boolean {
  const { negotiated, outputConnection } = peer;
  if (!negotiated?.routeRefresh || outputConnection === undefined) return false;
  for (const name of negotiated.familyNames) {
    const { afi, safi } = familyByName(name);
    const subtype = ROUTE_REFRESH_SUBTYPE.request;
    sendMessage(host, peer.sent, peer.current, { type: 'route-refresh', afi, safi, subtype });
  }
  return true;
}

/** Sends the peer all routes again. */
function resendRoutes(host: PeerHost, { negotiated, ribPeer }: Peer): boolean {
  if (!negotiated) return false;
  for (const family of negotiated.familyNames) host.rib.refreshOut(ribPeer, family);
  return true;
}

/**
 * Ends the session with Cease/BFD Down (RFC 5882 section 4.2, RFC 9384); routes go at once, at both ends where they still
 * hear each other, for what they say of the path is no longer true. The next attempt waits as after any failure.
 */
function endForBfd(peer: Peer, text: string): boolean {
  if (!peer.negotiated) return false;
  peer.feed(peer.current, {
    type: 'automatic-stop',
    farewell: { errorSubcode: CEASE.bfdDown, text, hard: true },
  });
  return true;
}
