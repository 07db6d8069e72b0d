/** BFD has found the path to an established peer broken. RFC 5882 section 4.2, RFC 9384. */
import { CEASE } from '../iana.js';
import type { Peer } from './peer.js';

/**
 * Ends the session with Cease/BFD Down; routes go at once, at both ends where they still hear each other, for what they
 * say of the path is no longer true. The next attempt waits as after any failure. False where there is no session.
 */
export function endForBfd(peer: Peer, text: string): boolean {
  if (!peer.negotiated) return false;
  peer.feed(peer.current, {
    type: 'automatic-stop',
    farewell: { errorSubcode: CEASE.bfdDown, text, hard: true },
  });
  return true;
}
