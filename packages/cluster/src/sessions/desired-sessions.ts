/**
 * The sessions a node must have: node-to-node mesh, BGPPeers for it, and the mirrors of BGPPeers that select it.
 *
 * Pure, and the same for any order of the resources. Both ends of a session between nodes work with the same function,
 * so each knows what the other one does: which AS number it shows, and whether it has the session at all.
 */
import { compareAddresses, parseAddress } from '@tortie/ip';
import type { BgpPeerSpec, RemoteAsNumber } from '../resource/bgp-peer.js';
import { secondsOf } from '../resource/text.js';
import { type ClusterIndex, DEFAULT_PORT, type PeerScope, type SessionNode } from './cluster-index.js';
import { addressOf, byPrecedence, concerning, explicit, type Offer, offersBetween } from './offers.js';
import {
  type OpenSession,
  originText,
  type SecretReference,
  type Session,
  type SessionNote,
  type SessionTerms,
} from './session.js';

export interface DesiredSessions {
  /** By name. */
  readonly sessions: readonly Session[];
  /** By name. */
  readonly open: readonly OpenSession[];
  readonly notes: readonly SessionNote[];
}

export const sessionName = (address: string): string => `cluster/${address}`;

/** `self` is the name of this node; without a node of that name there is nothing. */
export function desiredSessions(index: ClusterIndex, self: string): DesiredSessions {
  const own = index.node(self);
  if (!own) return { sessions: [], open: [], notes: [] };
  const scopes = concerning(index, own);
  const sessions = new Map<string, Session>();
  const notes: SessionNote[] = index.faults.map(({ peer, reason }) => ({
    code: 'selector-invalid',
    subject: `BGPPeer/${peer}`,
    text: `BGPPeer ${peer} is left out: ${reason}`,
  }));
  for (const node of index.nodes) {
    if (node === own) continue;
    for (const family of [4, 6] as const) {
      const address = addressOf(node, family);
      if (address !== undefined && address === addressOf(own, family)) {
        const text = `node ${node.name} has our address ${address}: no session with it over that; one of the two needs another nodeAddress`;
        notes.push({ code: 'address-twice', subject: `Node/${node.name}`, text });
      }
      const [offer, ...others] = offersBetween(index, scopes, own, node, family);
      if (!offer) continue;
      const session = between({ index, scopes, own, node, family }, offer, notes);
      sessions.set(session.name, session);
      notes.push(...shadowed(session, others));
    }
  }
  for (const [first, ...others] of externals(index, scopes, own)) {
    const session = external(index, own, first!);
    sessions.set(session.name, session);
    notes.push(...shadowed(session, others));
  }
  const open = scopes.flatMap((scope) => (scope.hasLocal(own) ? openSession(index, own, scope) : []));
  return { sessions: [...sessions.values()].sort(byName), open, notes };
}

interface Pair {
  readonly index: ClusterIndex;
  readonly scopes: readonly PeerScope[];
  readonly own: SessionNode;
  readonly node: SessionNode;
  readonly family: 4 | 6;
}

function between({ index, scopes, own, node, family }: Pair, offer: Offer, notes: SessionNote[]): Session {
  const address = addressOf(node, family)!;
  const ownAddress = addressOf(own, family);
  const [mirror] = offersBetween(index, scopes, node, own, family);
  const localAsn = shownAsn(index, own, offer);
  const expected = mirror ? shownAsn(index, node, mirror) : index.asn(node);
  const written = isExplicit(offer) ? numberOf(offer.scope?.spec.asNumber) : undefined;
  const remoteAsn = written ?? expected;
  const type = localAsn === remoteAsn ? 'ibgp' : 'ebgp';
  const password = passwordOf(index, offer);
  const subject = offer.scope ? `BGPPeer/${offer.scope.name}` : `Node/${node.name}`;
  const where = `${originText(offer.origin)} with node ${node.name}`;
  if (remoteAsn !== expected) {
    const text = `${where}: the resource says AS ${remoteAsn}, but that node shows AS ${expected}; the session will not come up`;
    notes.push({ code: 'asn-mismatch', subject, text });
  }
  if (!mirror) {
    const text = `${where}: nothing has that node peer with us; the session will not come up until something does`;
    notes.push({ code: 'one-sided', subject, text });
  } else if (!sameSecret(password, passwordOf(index, mirror))) {
    const text = `${where}: the two ends have different passwords, ours of ${originText(offer.origin)}, theirs of ${originText(mirror.origin)}`;
    notes.push({ code: 'password-mismatch', subject, text });
  }
  return {
    ...base(offer, address, family),
    node: node.name,
    remotePort: (isExplicit(offer) ? offer.scope?.remote?.port : undefined) ?? index.port(node),
    remoteAsn,
    ...localAddress(offer, ownAddress),
    type,
    client: type === 'ibgp' && own.clusterId !== undefined && node.clusterId !== own.clusterId,
    reflector: node.clusterId !== undefined,
    dialling: mirror && ownAddress !== undefined && isLower(ownAddress, address) ? 'after-retry' : 'at-once',
    ...termsOf(index, own, offer, type),
  };
}

/** What asks for sessions with addresses that no node of ours has, by address, best first. */
function externals(index: ClusterIndex, scopes: readonly PeerScope[], own: SessionNode): Offer[][] {
  const byAddress = new Map<string, Offer[]>();
  for (const scope of scopes) {
    if (!scope.remote || !scope.hasLocal(own) || index.at(scope.remote.address)) continue;
    const offers = byAddress.get(scope.remote.address) ?? [];
    byAddress.set(scope.remote.address, [...offers, explicit(scope)].sort(byPrecedence));
  }
  return [...byAddress.values()];
}

/** With a peer that is no node of ours. */
function external(index: ClusterIndex, own: SessionNode, offer: Offer): Session {
  const { spec, remote } = offer.scope!;
  const { address, port = DEFAULT_PORT } = remote!;
  const family = address.includes(':') ? 6 : 4;
  const localAsn = shownAsn(index, own, offer);
  const remoteAsn = numberOf(spec.asNumber) ?? localAsn;
  const type = localAsn === remoteAsn ? 'ibgp' : 'ebgp';
  return {
    ...base(offer, address, family),
    remotePort: port,
    remoteAsn,
    ...localAddress(offer, addressOf(own, family)),
    type,
    client: type === 'ibgp' && own.clusterId !== undefined,
    reflector: false,
    dialling: 'at-once',
    ...termsOf(index, own, offer, type),
  };
}

/** Of an interface or a range; none of another kind of BGPPeer. */
function openSession(index: ClusterIndex, own: SessionNode, scope: PeerScope): OpenSession[] {
  const { interface: device, range, asNumber } = scope.spec;
  const at = device !== undefined ? { interface: device } : range !== undefined ? { range } : undefined;
  if (!at || asNumber === undefined) return [];
  const offer = explicit(scope);
  const internal = asNumber === 'internal' || asNumber === shownAsn(index, own, offer);
  const terms = termsOf(index, own, offer, internal ? 'ibgp' : 'ebgp');
  return [{ name: `cluster/${scope.name}`, origin: offer.origin, at, remoteAsn: asNumber, ...terms }];
}

const byName = (x: Session, y: Session): number => (x.name < y.name ? -1 : 1);

/** Words are for peers whose address is not known. */
const numberOf = (asn: RemoteAsNumber | undefined): number | undefined => (typeof asn === 'number' ? asn : undefined);

const base = (offer: Offer, remoteAddress: string, family: 4 | 6) => ({
  name: sessionName(remoteAddress),
  origin: offer.origin,
  family,
  remoteAddress,
});

const isExplicit = ({ origin }: Offer): boolean => origin.type === 'global' || origin.type === 'node';

/** The AS number a node shows in a session: a BGPPeer's localASNumber is that of its own nodes, not of those it selects. */
const shownAsn = (index: ClusterIndex, node: SessionNode, offer: Offer): number =>
  (isExplicit(offer) ? offer.scope?.spec.localASNumber : undefined) ?? index.asn(node);

function passwordOf(index: ClusterIndex, { origin, scope }: Offer): SecretReference | undefined {
  const password = origin.type === 'mesh' ? index.meshConfiguration?.nodeMeshPassword : scope?.spec.password;
  return password?.secretKeyRef;
}

const sameSecret = (x: SecretReference | undefined, y: SecretReference | undefined): boolean =>
  x?.name === y?.name && x?.key === y?.key;

const localAddress = ({ scope }: Offer, ownAddress: string | undefined) =>
  ownAddress !== undefined && scope?.spec.sourceAddress !== 'None' ? { localAddress: ownAddress } : {};

function termsOf(index: ClusterIndex, own: SessionNode, offer: Offer, type: Session['type']): SessionTerms {
  const spec: BgpPeerSpec = offer.scope?.spec ?? {};
  const meshRestart = offer.scope ? undefined : index.meshConfiguration?.nodeMeshMaxRestartTime;
  const { keepOriginalNextHop, nextHopMode, numAllowedLocalASNumbers = 0, bfd } = spec;
  const localAsn = shownAsn(index, own, offer);
  const kept = keepOriginalNextHop === true && type === 'ebgp' ? 'keep' : 'auto';
  const times = {
    restartTimeS: spec.maxRestartTime ?? meshRestart,
    keepaliveS: spec.keepaliveTime,
    holdTimeS: spec.holdTime,
    connectRetryS: spec.connectRetryTime,
  };
  const password = passwordOf(index, offer);
  return {
    ...(localAsn !== index.asn(own) && { localAsn }),
    nextHopMode: NEXT_HOP[nextHopMode ?? ''] ?? kept,
    ...(password && { password }),
    ...(numAllowedLocalASNumbers > 0 && { allowAsIn: numAllowedLocalASNumbers }),
    ...(spec.ttlSecurity !== undefined && { ttlSecurityHops: spec.ttlSecurity }),
    ...Object.fromEntries(
      Object.entries(times).flatMap(([field, text]) => (text === undefined ? [] : [[field, secondsOf(text)]])),
    ),
    ...(isExplicit(offer) && spec.reachableBy !== undefined && { reachableBy: spec.reachableBy }),
    filters: spec.filters ?? [],
    ...(spec.importPolicy && { importPolicy: spec.importPolicy === 'All' ? 'all' : 'pools' }),
    ...(bfd && { bfd }),
  };
}

const NEXT_HOP: Readonly<Record<string, Session['nextHopMode']>> = { Auto: 'auto', Self: 'self', Keep: 'keep' };

const isLower = (x: string, y: string): boolean => compareAddresses(parseAddress(x), parseAddress(y)) < 0;

/** Explicit peers whose place another one has. */
function shadowed(session: Session, others: readonly Offer[]): SessionNote[] {
  return others
    .filter((offer) => isExplicit(offer))
    .map(({ origin, scope }) => ({
      code: 'shadowed',
      subject: `BGPPeer/${scope!.name}`,
      text: `${originText(origin)}: the session with ${session.remoteAddress} is that of ${originText(session.origin)}, which comes first`,
    }));
}
