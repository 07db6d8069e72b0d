/** What all members of an update group share: how routes are chosen and rewritten for them. */
import { type Address, formatAddress, ipv6, isLinkLocal, isUnspecified } from '@tortie/ip';
import { mayAdvertise } from '../reflection/reflect.js';
import { ATTRIBUTE_FACT, type OwnIdentity } from '../rib/attribute-keys.js';
import { ATTRIBUTE, type AttributeTable } from '../rib/attribute-table.js';
import type { NextHopTable } from '../rib/next-hops.js';
import { PEER_KIND, type PeerTable } from '../rib/peer-table.js';
import type { RibSession } from '../rib/rib-session.js';
import { type RoleExport, roleExport } from '../rib/role-rules.js';
import { policyKey } from '../route-policy/policy-effect.js';
import { maxMessageOctets } from '../wire/context.js';
import type { Family } from '../wire/family/family.js';
import { type AsPathEdit, asPathEdit } from './as-path-edit.js';
import { type ExportPolicy, exportPolicy } from './export-policy.js';

export interface TreatmentTables {
  readonly attributes: AttributeTable;
  readonly nextHops: NextHopTable;
  readonly peers: PeerTable;
  readonly own: OwnIdentity;
  readonly clientToClient: boolean;
}

const pathsFor = ({ maxPaths = 1 }: RibSession): number => Math.max(1, maxPaths);

/** `last`: as the last choice of the AS, RFC 9494 section 4.6. */
type LongLivedExport = 'yes' | 'no' | 'last';

const longLivedFor = ({ type, longLived, longLivedPartial }: RibSession): LongLivedExport =>
  longLived?.received === true ? 'yes' : longLivedPartial === true && type === 'ibgp' ? 'last' : 'no';

/** Equal keys, equal messages. */
export function treatmentKey(session: RibSession, family: Family): string {
  const { send, ownNextHops } = session;
  const own = [ownNextHops.ipv4, ownNextHops.ipv6, ownNextHops.linkLocal].map((each) => each && formatAddress(each));
  return [
    session.type,
    send.localAsn,
    session.type === 'ebgp' && session.localAsnPrependOut === true,
    session.type === 'ibgp' && session.client,
    send.fourOctetAs,
    send.extendedMessages,
    send.addPath[family.index] === true && pathsFor(session),
    send.extendedNextHop[family.index],
    session.linkLocal,
    session.nextHopMode,
    // The peer's AS number matters to its messages only where an edit of the path asks for it.
    JSON.stringify(asPathEdit(session) ?? null),
    JSON.stringify(roleExport(session) ?? null),
    longLivedFor(session),
    session.gracefulShutdown === true,
    ...own,
    policyKey(session.exportPolicy),
  ].join();
}

export class Treatment {
  readonly family: Family;
  readonly ebgp: boolean;
  readonly client: boolean;
  readonly localAsn: number;
  /** The speaker's own number, where it goes behind localAsn: RFC 7705 section 3.2 without "Replace Old AS". */
  readonly asnBehind: number | undefined;
  readonly session: RibSession;
  readonly maxOctets: number;
  /** The members get several paths of a prefix, each with an identifier. RFC 7911. */
  readonly addPath: boolean;
  /** The most paths of a prefix. */
  readonly maxPaths: number;
  readonly policy: ExportPolicy | undefined;
  readonly asPathEdit: AsPathEdit | undefined;
  readonly role: RoleExport | undefined;
  /** Whether long-lived stale routes go to the members. RFC 9494 section 4.3. */
  readonly longLived: LongLivedExport;
  readonly #tables: TreatmentTables;
  readonly #self: Address | undefined;

  constructor(session: RibSession, family: Family, tables: TreatmentTables) {
    this.session = session;
    this.family = family;
    this.#tables = tables;
    this.ebgp = session.type === 'ebgp';
    this.client = session.client;
    this.localAsn = session.send.localAsn;
    this.asnBehind = session.localAsnPrependOut === true && this.ebgp ? tables.own.asn : undefined;
    this.maxOctets = maxMessageOctets(session.send);
    this.addPath = session.send.addPath[family.index] === true;
    this.maxPaths = pathsFor(session);
    this.asPathEdit = asPathEdit(session);
    this.role = roleExport(session);
    this.longLived = longLivedFor(session);
    this.policy = exportPolicy(session, this.longLived === 'last', tables.attributes, tables.peers);
    this.#self = selfFor(session, family);
  }

  /** Whether a route of this source with these attributes goes to the members at all, policy aside. */
  admits(peer: number, id: number): boolean {
    const { attributes, peers, clientToClient } = this.#tables;
    const facts = attributes.word(id, ATTRIBUTE.facts);
    return (
      mayAdvertise(peers.kind[peer]!, facts, this.ebgp, this.client, clientToClient) &&
      (this.role === undefined || !this.holdsMarked(id)) &&
      (this.longLived !== 'no' || !this.holdsStale(peer, id)) &&
      this.nextHop(peer, id) !== undefined
    );
  }

  /** Whether a route with these attributes may only go to customers, and the members are none. RFC 9234 section 5. */
  holdsMarked(id: number): boolean {
    const facts = this.#tables.attributes.word(id, ATTRIBUTE.facts);
    return this.role?.holds === true && (facts & ATTRIBUTE_FACT.onlyToCustomer) !== 0;
  }

  /** Whether the source's route is long-lived stale, and the members do not know what that is. RFC 9494 section 4.3. */
  holdsStale(peer: number, id: number): boolean {
    const { attributes, peers } = this.#tables;
    if (this.longLived !== 'no' || (peers.kind[peer]! & PEER_KIND.longLived) === 0) return false;
    return (attributes.word(id, ATTRIBUTE.facts) & ATTRIBUTE_FACT.llgrStale) !== 0;
  }

  /** Whether the source's route is sent on inside the AS: with ORIGINATOR_ID, CLUSTER_LIST and an untouched next hop. */
  reflects(peer: number): boolean {
    return !this.ebgp && (this.#tables.peers.kind[peer]! & (PEER_KIND.ebgp | PEER_KIND.local)) === 0;
  }

  /** Whether we put ourselves in as next hop. RFC 4271 section 5.1.3; RFC 4456 section 10 for reflected routes. */
  #isSelf(peer: number, kept: Address): boolean {
    // RFC 4291 section 2.5.6: a link-local address means nothing beyond its link, and its interface is not told.
    if (isUnspecified(kept) || (kept.version === 6 && isLinkLocal(kept))) return true;
    const { nextHopMode } = this.session;
    const local = (this.#tables.peers.kind[peer]! & PEER_KIND.local) !== 0;
    if (this.ebgp) return nextHopMode === 'self' || (nextHopMode === 'auto' && !local);
    return nextHopMode === 'self' && !this.reflects(peer);
  }

  /** The next hop the members get; undefined where there is none of a version they understand. */
  nextHop(peer: number, id: number): Address | undefined {
    const kept = this.#tables.nextHops.address(this.#tables.attributes.word(id, ATTRIBUTE.nextHop));
    if (this.#isSelf(peer, kept)) {
      if (this.policy === undefined || !this.#isSet(id, kept)) return this.#self;
    }
    if (kept.version === this.family.version) return kept;
    return this.session.send.extendedNextHop[this.family.index] === true ? kept : undefined;
  }

  /** Whether the export policy has put this address in as next hop. */
  #isSet(id: number, kept: Address): boolean {
    const facts = this.#tables.attributes.word(id, ATTRIBUTE.facts);
    return (facts & ATTRIBUTE_FACT.keepNextHop) !== 0 && !isUnspecified(kept);
  }

  /** The link-local address that goes with our own global one. RFC 2545 section 3. */
  linkLocal(nextHop: Address): Address | undefined {
    const { linkLocal, ownNextHops } = this.session;
    if (!(this.ebgp || linkLocal) || nextHop !== this.#self || nextHop.version === 4) return undefined;
    // Alone it is a next hop of 16 octets.
    return nextHop === ownNextHops.linkLocal ? undefined : ownNextHops.linkLocal;
  }
}

/** Our next hop for a family. Without an IPv6 address of ours IPv6 routes get the IPv4-mapped one. */
function selfFor(session: RibSession, family: Family): Address | undefined {
  const { ipv4, ipv6: six, linkLocal } = session.ownNextHops;
  if (family.version === 4) {
    const extended = session.send.extendedNextHop[family.index] === true ? (six ?? linkLocal) : undefined;
    // Over link-local addresses an IPv4 next hop is one that the peer may have no route to.
    return session.linkLocal ? (extended ?? ipv4) : (ipv4 ?? extended);
  }
  return six ?? linkLocal ?? (ipv4 && ipv6(0, 0, 0xffff, ipv4.a));
}
