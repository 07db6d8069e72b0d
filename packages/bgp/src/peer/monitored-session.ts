/** A session as BMP shows it. */
import type { MonitoredSession } from '../bmp/session-monitor.js';
import type { Negotiated } from '../fsm/negotiate.js';
import type { Peer } from './peer.js';
import type { Session } from './session.js';

const NO_OCTETS: Uint8Array = new Uint8Array(0);

export const monitoredSession = (
  { ribPeer, config }: Peer,
  { endpoints, establishedMs, sentOpen, receivedOpen }: Session,
  { open, receive, send }: Negotiated,
): MonitoredSession => ({
  ribPeer,
  address: config.remoteAddress,
  asn: open.asn,
  routerId: open.routerId,
  localAddress: endpoints.localAddress,
  localPort: endpoints.localPort ?? 0,
  remotePort: endpoints.remotePort ?? 0,
  sentOpen: sentOpen ?? NO_OCTETS,
  receivedOpen: receivedOpen ?? NO_OCTETS,
  receive,
  send,
  establishedMs,
});

/** Those of all peers that are established. */
export function* monitoredSessions(peers: Iterable<Peer>): Generator<MonitoredSession> {
  for (const peer of peers) if (peer.negotiated) yield monitoredSession(peer, peer.current, peer.negotiated);
}
