/** What the collectors need of a speaker, made of what its peers need of it. */
import { monitoredSessions } from '../peer/monitored-session.js';
import type { PeerDirectory } from '../peer/peer-directory.js';
import type { PeerHost } from '../peer/peer-host.js';
import type { CollectorHost } from './collector.js';

export function exporterHost(
  host: PeerHost,
  peers: PeerDirectory,
  wallClockMs: (() => number) | undefined,
  driver: Pick<CollectorHost, 'dial' | 'ready'>,
): CollectorHost {
  const { identity, timers, rib, random, send, close, emit } = host;
  return {
    owner: identity,
    get nowMs() {
      return host.nowMs;
    },
    timers,
    rib,
    random,
    send,
    close,
    emit,
    ...driver,
    sessions: () => monitoredSessions(peers),
    treatedAsWithdraw: (ribPeer) => peers.ofRib(ribPeer)?.treatedAsWithdraw ?? 0,
    wallClockMs: (atMs = host.nowMs) => (wallClockMs ? wallClockMs() - (host.nowMs - atMs) : 0),
  };
}
