/** Translates a peer's configuration and its negotiated session into what the RIB wants to know. */
import type { Address } from '@tortie/ip';
import { isLinkLocal } from '@tortie/ip';
import type { ResolvedPeerConfig } from '../config.js';
import type { Negotiated } from '../fsm/negotiate.js';
import type { OwnNextHops, RibSession, RibSessionSettings } from '../rib/rib-session.js';
import type { Endpoints } from './session.js';

export function ribSession(config: ResolvedPeerConfig, negotiated: Negotiated, endpoints: Endpoints): RibSession {
  return {
    routerId: negotiated.open.routerId,
    asn: negotiated.open.asn,
    type: negotiated.peerType,
    receive: negotiated.receive,
    send: negotiated.send,
    enhancedRefresh: negotiated.enhancedRouteRefresh,
    role: config.role,
    longLived: { sent: offersLongLived(config), received: negotiated.peerLongLived },
    ...ribSettings(config, endpoints),
  };
}

/** The part that can change while the session is up. */
export const ribSettings = (config: ResolvedPeerConfig, endpoints: Endpoints): RibSessionSettings => ({
  linkLocal: isLinkLocalV6(config.remoteAddress),
  client: config.routeReflectorClient,
  nextHopMode: config.nextHopMode,
  ownNextHops: ownNextHops(config, endpoints),
  localAsnPrependIn: config.localAsnPrependIn,
  localAsnPrependOut: config.localAsnPrependOut,
  gracefulShutdown: config.gracefulShutdown,
  acceptGracefulShutdown: config.acceptGracefulShutdown,
  blackhole: config.blackhole,
  allowAsIn: config.allowAsIn,
  asOverride: config.asOverride,
  removePrivateAs: config.removePrivateAs,
  maxPaths: config.addPathSendMax,
  longLivedPartial: config.gracefulRestart?.longLivedPartial === true,
  importPolicy: config.import,
  exportPolicy: config.export,
});

const offersLongLived = ({ gracefulRestart }: ResolvedPeerConfig): boolean =>
  gracefulRestart?.longLivedStaleTimeS !== undefined;

const isLinkLocalV6 = (address: Address): boolean => address.version === 6 && isLinkLocal(address);

/**
 * Configured next hops first, then our address on the session, then what else its interface has. Of that a session between
 * link-local addresses takes no global IPv6 address: the peer need not find it on the link.
 */
function ownNextHops(config: ResolvedPeerConfig, endpoints: Endpoints): OwnNextHops {
  const { localNextHops, remoteAddress } = config;
  const local = endpoints.localAddress ?? config.localAddress;
  const others = endpoints.interfaceAddresses ?? [];
  const beside = isLinkLocalV6(remoteAddress) ? others.filter((each) => each.version === 4) : others;
  const candidates = [...localNextHops, ...(local ? [local] : []), ...beside];
  const find = (test: (address: Address) => boolean): Address | undefined => candidates.find(test);
  const ipv4 = find(({ version }) => version === 4);
  const ipv6 = find((address) => address.version === 6 && !isLinkLocal(address));
  const linkLocal = find(isLinkLocalV6);
  return { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }), ...(linkLocal && { linkLocal }) };
}
