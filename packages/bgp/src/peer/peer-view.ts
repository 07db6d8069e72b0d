/** A peer as it is shown. */
import { describeCause } from '../fsm/cause.js';
import type { Negotiated } from '../fsm/negotiate.js';
import { CAPABILITY_CODE } from '../iana.js';
import type { Rib } from '../rib/rib.js';
import type { FamilyRoutesView, NegotiatedView, PeerView } from '../views.js';
import type { Capability } from '../wire/capability/capability.js';
import type { FamilyName } from '../wire/family/family.js';
import type { Peer } from './peer.js';

export function peerView(peer: Peer, rib: Rib): PeerView {
  const { current, negotiated } = peer;
  const { state, endpoints } = current;
  const counters = rib.peerCounters(peer.ribPeer);
  return {
    name: peer.config.name,
    // Views travel into logs and APIs; the key does not.
    config: peer.config.password === undefined ? peer.config : { ...peer.config, password: '(set)' },
    state: peer.state,
    sinceMs: peer.sinceMs,
    routerId: 'negotiated' in state ? state.negotiated.open.routerId : undefined,
    localAddress: endpoints.localAddress,
    localPort: endpoints.localPort,
    remotePort: endpoints.remotePort,
    negotiated: negotiated && negotiatedView(negotiated),
    lastCause: peer.lastCause && describeCause(peer.lastCause),
    lastCauseAtMs: peer.lastCauseAtMs,
    idleHoldS: peer.idleHoldS,
    established: peer.established,
    dropped: peer.dropped,
    connectRetryCounter: state.connectRetryCounter,
    received: { ...peer.received },
    sent: { ...peer.sent },
    pendingOctets: negotiated ? rib.pendingOctets(peer.ribPeer) : 0,
    families: counters.map(({ family, received, stale, advertised }) => ({
      family,
      received,
      stale,
      ...staleness(peer, family),
      advertised,
      endOfRib: peer.endOfRib.has(family),
    })),
    unused: { ...rib.unusedRoutes(peer.ribPeer) },
  };
}

function staleness({ stale }: Peer, family: FamilyName): Pick<FamilyRoutesView, 'longLived' | 'staleUntilMs'> {
  const view = stale.view(family);
  return { longLived: view?.longLived === true, staleUntilMs: view?.untilMs };
}

const negotiatedView = (negotiated: Negotiated): NegotiatedView => ({
  remoteAsn: negotiated.open.asn,
  holdTimeS: negotiated.holdTimeS,
  keepaliveS: negotiated.keepaliveS,
  families: negotiated.familyNames,
  fourOctetAs: negotiated.fourOctetAs,
  extendedMessages: negotiated.extendedMessages,
  routeRefresh: negotiated.routeRefresh,
  enhancedRouteRefresh: negotiated.enhancedRouteRefresh,
  gracefulRestart: negotiated.gracefulRestart !== undefined,
  addPathReceive: negotiated.receive.addPath.includes(true),
  addPathSend: negotiated.send.addPath.includes(true),
  extendedNextHop: negotiated.send.extendedNextHop.includes(true),
  longLivedGracefulRestart: negotiated.longLived !== undefined,
  peerRole: negotiated.peerRole,
  peerCapabilities: negotiated.open.capabilities.map(capabilityCode),
});

const CODES: Readonly<Record<Exclude<Capability['type'], 'unknown'>, number>> = {
  multiprotocol: CAPABILITY_CODE.multiprotocol,
  'route-refresh': CAPABILITY_CODE.routeRefresh,
  'extended-next-hop': CAPABILITY_CODE.extendedNextHop,
  'extended-message': CAPABILITY_CODE.extendedMessage,
  role: CAPABILITY_CODE.role,
  'graceful-restart': CAPABILITY_CODE.gracefulRestart,
  'four-octet-as': CAPABILITY_CODE.fourOctetAs,
  'add-path': CAPABILITY_CODE.addPath,
  'enhanced-route-refresh': CAPABILITY_CODE.enhancedRouteRefresh,
  'long-lived-graceful-restart': CAPABILITY_CODE.longLivedGracefulRestart,
  fqdn: CAPABILITY_CODE.fqdn,
};

const capabilityCode = (capability: Capability): number =>
  capability.type === 'unknown' ? capability.code : CODES[capability.type];
