/** A session that the cluster wants -> a peer as the agent knows peers, and what only sessions of the cluster have. */
import type { PolicyTerm, RoutePolicy } from '@tortie/bgp';
import type { BgpFilterSpec, OpenSession, Session, SessionTerms } from '@tortie/cluster';
import type { Prefix } from '@tortie/ip';
import type { PeerSpec } from '../api/peer.js';
import type { PeerRangeSpec } from '../api/peer-range.js';
import { type ExportScope, exportPolicy } from './export-terms.js';
import { filterTerms } from './filter-terms.js';

/** Beside what a PeerSpec can say. */
export interface ClusterExtras {
  readonly waitForPeer: boolean;
  /** Terms of the filters; what protects the node goes before, the default behind. */
  readonly import: readonly PolicyTerm[];
  readonly importPolicy: 'pools' | 'all' | undefined;
  readonly export: RoutePolicy;
}

export interface PeerScope extends ExportScope {
  /** Of this node. */
  readonly asn: number;
  readonly filter: (name: string) => BgpFilterSpec | undefined;
  readonly interfacePrefixes: (pattern: string) => readonly Prefix[];
}

/** A filter that is not there is one without rules: see the notes of the cluster. */
export function clusterPeer(
  session: Session,
  password: string | undefined,
  scope: PeerScope,
): { spec: PeerSpec; extras: ClusterExtras } {
  const { remotePort, localAddress, client, dialling, family, type } = session;
  return {
    spec: {
      name: session.name,
      remoteAddress: session.remoteAddress,
      remoteAsn: session.remoteAsn,
      remotePort,
      families: [family === 4 ? 'ipv4-unicast' : 'ipv6-unicast'],
      ...(localAddress !== undefined && { localAddress }),
      ...(client && { routeReflectorClient: true }),
      ...peerTerms(session, password),
    },
    extras: extrasOf(session, type, dialling === 'after-retry', scope),
  };
}

/** A peer of an interface. */
export function unnumberedPeer(
  session: OpenSession,
  device: string,
  password: string | undefined,
  scope: PeerScope,
): { spec: PeerSpec; extras: ClusterExtras } {
  return {
    spec: { name: session.name, interface: device, remoteAsn: session.remoteAsn, ...peerTerms(session, password) },
    extras: extrasOf(session, typeOf(session, scope), false, scope),
  };
}

/** Peers of a range. */
export function rangePeers(
  session: OpenSession,
  prefix: string,
  password: string | undefined,
  scope: PeerScope,
): { spec: PeerRangeSpec; extras: ClusterExtras } {
  const { bfd: _, ...terms } = peerTerms(session, password);
  return {
    spec: { name: session.name, prefix, remoteAsn: session.remoteAsn, ...terms },
    extras: extrasOf(session, typeOf(session, scope), false, scope),
  };
}

const typeOf = ({ remoteAsn, localAsn }: OpenSession, { asn }: PeerScope): 'ebgp' | 'ibgp' =>
  remoteAsn === 'internal' || remoteAsn === (localAsn ?? asn) ? 'ibgp' : 'ebgp';

function peerTerms(terms: SessionTerms, password: string | undefined) {
  const { localAsn, nextHopMode, allowAsIn, ttlSecurityHops, restartTimeS, connectRetryS, bfd } = terms;
  const { holdTimeS, keepaliveS } = times(terms);
  return {
    ...(localAsn !== undefined && { localAsn }),
    ...(nextHopMode !== 'auto' && { nextHopMode }),
    ...(password !== undefined && { password }),
    ...(allowAsIn !== undefined && { allowAsIn }),
    ...(ttlSecurityHops !== undefined && { ttlSecurityHops }),
    ...(restartTimeS !== undefined && { gracefulRestart: { restartTimeS } }),
    ...(holdTimeS !== undefined && { holdTimeS }),
    ...(keepaliveS !== undefined && { keepaliveS }),
    ...(connectRetryS !== undefined && { connectRetryS }),
    ...(bfd && { bfd }),
  } as const;
}

/** Calico's keepaliveTime is a third of a hold time that it does not know: a longer one asks for a longer hold time. */
function times({ holdTimeS, keepaliveS }: SessionTerms): Pick<SessionTerms, 'holdTimeS' | 'keepaliveS'> {
  if (keepaliveS === undefined || holdTimeS !== undefined || keepaliveS * 2 <= 90) {
    return { ...(holdTimeS !== undefined && { holdTimeS }), ...(keepaliveS !== undefined && { keepaliveS }) };
  }
  return { holdTimeS: Math.min(65535, keepaliveS * 3), keepaliveS };
}

function extrasOf(
  { filters, importPolicy }: SessionTerms,
  type: 'ebgp' | 'ibgp',
  waitForPeer: boolean,
  scope: PeerScope,
): ClusterExtras {
  const { filter, interfacePrefixes } = scope;
  const termsOf = (side: 'import' | 'export'): PolicyTerm[] =>
    filters.flatMap((name) => {
      const spec = filter(name);
      return spec ? filterTerms({ name, spec }, { side, peerType: type, interfacePrefixes }) : [];
    });
  return {
    waitForPeer,
    import: termsOf('import'),
    importPolicy,
    export: exportPolicy(type, termsOf('export'), scope),
  };
}
