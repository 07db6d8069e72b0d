/** What can be done to a peer's session from outside. */
import { CEASE } from '../iana.js';
import type { ResetMode } from '../speaker-io.js';
import type { Peer } from './peer.js';

/** False where the mode needs an established session and there is none. */
export function resetPeer(peer: Peer, mode: ResetMode, text: string): boolean {
  switch (mode) {
    case 'hard':
      peer.reset(text);
      return true;
    case 'bfd-down':
      return endForBfd(peer, text);
    case 'soft-in':
      return peer.requestRoutes();
    case 'soft-out':
      return peer.resendRoutes();
    case 'soft':
      return [peer.requestRoutes(), peer.resendRoutes()].some(Boolean);
  }
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
