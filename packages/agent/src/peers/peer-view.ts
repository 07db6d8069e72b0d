/** A peer as the API shows it: what is configured, and what its session does. Never a password. */
import type { MessageCounters, PeerView } from '@tortie/bgp';
import { formatAddress, ipv4 } from '@tortie/ip';
import type { BfdStatus } from '../api/bfd.js';
import type { PeerDiscovery } from '../api/discovery.js';
import type { KernelDrop, Peer, PeerSession, PeerSpec } from '../api/peer.js';

export interface PeerViewInput {
  readonly spec: PeerSpec;
  readonly origin: Peer['origin'];
  readonly source?: string;
  readonly revision?: number;
  readonly error?: string;
  readonly view?: PeerView | undefined;
  readonly clock: SpeakerClock;
  readonly drops?: readonly KernelDrop[];
  readonly bfd?: BfdStatus | undefined;
  readonly discovery?: PeerDiscovery | undefined;
}

/** The speaker's clock never jumps and begins anywhere: `nowMs` is its present time, `originMs` its zero since 1970. */
export interface SpeakerClock {
  readonly nowMs: number;
  readonly originMs: number;
}

export function peerView(input: PeerViewInput): Peer {
  const { spec, origin, source, revision, error, view, clock, drops, bfd, discovery } = input;
  const { password, ...shown } = spec;
  return {
    name: spec.name,
    origin,
    ...(source !== undefined && { source }),
    ...(revision !== undefined && { revision }),
    passwordSet: password !== undefined,
    spec: shown,
    ...(discovery && { discovery }),
    ...(view && { session: sessionView(view, clock, drops) }),
    ...(bfd && { bfd }),
    ...(error !== undefined && { error }),
  };
}

export function sessionView(
  view: PeerView,
  { nowMs, originMs }: SpeakerClock,
  drops: readonly KernelDrop[] = [],
): PeerSession {
  const { negotiated, config } = view;
  return {
    state: view.state,
    since: new Date(originMs + view.sinceMs).toISOString(),
    ...(view.state === 'established' && { uptimeS: Math.max(0, Math.round(nowMs - view.sinceMs) / 1000) }),
    type: config.remoteAsn === config.localAsn ? 'ibgp' : 'ebgp',
    ...(view.lastCause !== undefined && { lastCause: view.lastCause }),
    ...(drops.length > 0 && { kernelDrops: [...drops] }),
    flaps: view.dropped,
    ...(config.gracefulShutdown && { draining: true }),
    ...(view.routerId !== undefined && { remoteRouterId: formatAddress(ipv4(view.routerId)) }),
    ...(view.localAddress && { localAddress: formatAddress(view.localAddress) }),
    ...(negotiated && {
      remoteAsn: negotiated.remoteAsn,
      holdTimeS: negotiated.holdTimeS,
      keepaliveS: negotiated.keepaliveS,
      capabilities: capabilityNames(negotiated),
      ...(negotiated.peerRole && { peerRole: negotiated.peerRole }),
    }),
    families: view.families.map(({ family, received, stale, longLived, staleUntilMs, advertised, endOfRib }) => ({
      family,
      received,
      advertised,
      stale,
      ...(longLived && { longLived }),
      ...(staleUntilMs !== undefined && { staleUntil: new Date(originMs + staleUntilMs).toISOString() }),
      endOfRib,
    })),
    ...unusedRoutes(view),
    messagesIn: messages(view.received),
    messagesOut: messages(view.sent),
  };
}

function unusedRoutes({ unused }: PeerView): Pick<PeerSession, 'unused'> {
  const counted = Object.entries(unused).filter(([, count]) => count > 0);
  return counted.length === 0 ? {} : { unused: Object.fromEntries(counted) };
}

const capabilityNames = (negotiated: NonNullable<PeerView['negotiated']>): string[] =>
  [
    ...negotiated.families,
    negotiated.fourOctetAs && '4-octet-as',
    negotiated.extendedMessages && 'extended-messages',
    negotiated.routeRefresh && 'route-refresh',
    negotiated.enhancedRouteRefresh && 'enhanced-route-refresh',
    negotiated.gracefulRestart && 'graceful-restart',
    negotiated.longLivedGracefulRestart && 'long-lived-graceful-restart',
    negotiated.addPathReceive && 'add-path-receive',
    negotiated.addPathSend && 'add-path-send',
    negotiated.extendedNextHop && 'extended-next-hop',
  ].filter((name) => name !== false);

const messages = ({ open, update, notification, keepalive, routeRefresh }: MessageCounters) => ({
  open,
  update,
  notification,
  keepalive,
  routeRefresh,
  total: open + update + notification + keepalive + routeRefresh,
});
