/** What is asked for -> a session: with a node, with an address outside of the cluster, or with whoever comes. */
import { compareAddresses, formatAddress, parseAddress } from '@tortie/ip';
import type { BgpPeerSpec, RemoteAsNumber } from '../resource/bgp-peer.js';
import { secondsOf } from '../resource/text.js';
import { type ClusterIndex, DEFAULT_PORT, type PeerScope, type SessionNode } from './cluster-index.js';
import { addressOf, explicit, type Offer, offersBetween } from './offers.js';
import {
  type OpenSession,
  originText,
  type SecretReference,
  type Session,
  type SessionNote,
  type SessionTerms,
} from './session.js';

/** Two nodes and one family of addresses that both have. */
interface Pair {
  readonly index: ClusterIndex;
  readonly scopes: readonly PeerScope[];
  readonly own: SessionNode;
  readonly node: SessionNode;
  readonly family: 4 | 6;
}

export function between({ index, scopes, own, node, family }: Pair, offer: Offer, notes: SessionNote[]): Session {
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

/** With a peer that is no node of ours. */
export function external(index: ClusterIndex, own: SessionNode, offer: Offer): Session {
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
export function openSession(index: ClusterIndex, own: SessionNode, scope: PeerScope): OpenSession[] {
  const { interface: device, range, asNumber } = scope.spec;
  const at = device !== undefined ? { interface: device } : range !== undefined ? { range } : undefined;
  if (!at || asNumber === undefined) return [];
  const offer = explicit(scope);
  const internal = asNumber === 'internal' || asNumber === shownAsn(index, own, offer);
  const terms = termsOf(index, own, offer, internal ? 'ibgp' : 'ebgp');
  return [{ name: `cluster/${scope.name}`, origin: offer.origin, at, remoteAsn: asNumber, ...terms }];
}

/** Words are for peers whose address is not known. */
const numberOf = (asn: RemoteAsNumber | undefined): number | undefined => (typeof asn === 'number' ? asn : undefined);

const sessionName = (address: string): string => `cluster/${address}`;

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
    ...(isExplicit(offer) &&
      spec.reachableBy !== undefined && { reachableBy: formatAddress(parseAddress(spec.reachableBy)) }),
    filters: spec.filters ?? [],
    ...(spec.importPolicy && { importPolicy: spec.importPolicy === 'All' ? 'all' : 'pools' }),
    ...(bfd && { bfd }),
  };
}

const NEXT_HOP: Readonly<Record<string, Session['nextHopMode']>> = { Auto: 'auto', Self: 'self', Keep: 'keep' };

const isLower = (x: string, y: string): boolean => compareAddresses(parseAddress(x), parseAddress(y)) < 0;

/** Explicit peers whose place another one has. */
export function shadowed(session: Session, others: readonly Offer[]): SessionNote[] {
  return others
    .filter((offer) => isExplicit(offer))
    .map(({ origin, scope }) => ({
      code: 'shadowed',
      subject: `BGPPeer/${scope!.name}`,
      text: `${originText(origin)}: the session with ${session.remoteAddress} is that of ${originText(session.origin)}, which comes first`,
    }));
}
