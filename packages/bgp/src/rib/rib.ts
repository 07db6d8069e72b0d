/**
 * The RIB: adj-ribs-in, loc-rib and adj-ribs-out of one speaker. Sans-IO: octets of UPDATEs come in, octets of UPDATEs are
 * taken out, and `work` moves everything that is more than one message in small steps.
 *
 *     receiveUpdate ─> attribute table (a block once) ─> routes per prefix ─> best route
 *                                                                              │ changed prefixes, each once
 *                          take <─ logs, read by cursors <─ packer <─ update groups    subscriptions ─> take
 *
 * Longer than other files because every input of the RIB is one short method here.
 */
import type { Prefix } from '@tortie/ip';
import { Advertiser } from '../advertise/advertiser.js';
import type { DecisionOptions } from '../decision/route-order.js';
import { EncodeError } from '../errors.js';
import { CompiledPolicy } from '../route-policy/compile.js';
import type { RoutePolicy } from '../route-policy/policy.js';
import { policyKey } from '../route-policy/policy-effect.js';
import { MAX_BLOCK_OCTETS } from '../wire/attribute/canonical.js';
import { FAMILIES, type Family, type FamilyName, familyByName } from '../wire/family/family.js';
import type { OwnIdentity } from './attribute-keys.js';
import { AttributeTable, CANONICAL, LINK_LOCAL_SHIFT } from './attribute-table.js';
import { BestRouteQueue, type BestRouteSubscription, type SubscriptionOptions } from './best-routes.js';
import { type OriginateAttributes, originatedBlock } from './block-edit.js';
import { FamilyRib } from './family-rib.js';
import { importRules } from './import-rules.js';
import { NextHopTable } from './next-hops.js';
import { PEER_KIND, type Peer, PeerTable } from './peer-table.js';
import type { PrefixKey } from './prefix-table.js';
import { Reimport } from './reimport.js';
import { RibReader } from './rib-reader.js';
import type { RibPeerOptions, RibSession, RibSessionChange } from './rib-session.js';
import type {
  AdvertisedView,
  ExportView,
  LocRibEntry,
  LocRibQuery,
  Page,
  PageOptions,
  PeerFamilyCounters,
  RibCounters,
  RouteView,
} from './rib-views.js';
import { RouteScan, SCAN } from './route-scan.js';
import { SeededHash } from './seeded-hash.js';
import { noUnusedRoutes, type UnusedRoutes } from './unused-routes.js';
import type { UpdateOutcome } from './update-outcome.js';
import { UpdateReceiver } from './update-receiver.js';

export type { DecisionOptions } from '../decision/route-order.js';
export type { OriginateAttributes } from './block-edit.js';
export type { UpdateOutcome } from './update-outcome.js';

export interface RibOptions {
  readonly asn: number;
  readonly routerId: number;
  /** Default: the router ID. */
  readonly clusterId?: number;
  /** Client routes are reflected to other clients, RFC 4456 section 10. Default true. */
  readonly clientToClient?: boolean;
  /** Random per process: keys the hash over octets that peers choose. */
  readonly hashSeed?: number;
  readonly decision?: DecisionOptions;
  /** Octets a group of peers may have built ahead of its slowest member before that one is detached. Default 16 MiB. */
  readonly maxBacklogOctets?: number;
}

/** Ourselves among the peers. */
const SELF = 0;

export class Rib {
  /** Called when a peer's output goes from nothing to something. Must not call back into the RIB. */
  onOutput: ((peer: number) => void) | undefined;
  /** Called when work() has something to do again. Must not call back into the RIB. */
  onWork: (() => void) | undefined;
  readonly nextHops: NextHopTable;
  readonly #own: OwnIdentity;
  readonly #peers: PeerTable;
  readonly #attributes: AttributeTable;
  readonly #families: readonly FamilyRib[];
  readonly #scans: readonly RouteScan[];
  readonly #receiver: UpdateReceiver;
  readonly #advertiser: Advertiser;
  readonly #reader: RibReader;
  /** Told whenever routes may have changed. */
  readonly #followers = new Set<{ signal(): void }>();
  readonly #reimport: Reimport;
  /** The next attribute set whose facts about ourselves are to be read anew; 0 for none. */
  #reread = 0;
  /** onWork was called, and work() has not yet said that nothing is left. */
  #working = false;

  constructor(options: RibOptions) {
    const { asn, routerId, clusterId = routerId, clientToClient = true, hashSeed = 1, decision = {} } = options;
    const hash = new SeededHash(hashSeed);
    this.#own = { asn, routerId, clusterId };
    this.nextHops = new NextHopTable((id) => {
      for (const scan of this.#scans) scan.nextHopChanged(id);
      this.#wake();
    });
    this.#peers = new PeerTable(routerId);
    this.#attributes = new AttributeTable(hash, this.nextHops, this.#own);
    const tables = { hash, attributes: this.#attributes, nextHops: this.nextHops, peers: this.#peers, decision };
    this.#reimport = new Reimport(this.#peers, this.#attributes, this.#own);
    this.#families = FAMILIES.map((family) => new FamilyRib(family, tables));
    this.#scans = this.#families.map(
      (rib) =>
        new RouteScan(
          rib,
          (route) => this.#reimport.route(rib, route),
          (route) => this.#reimport.longLived(rib, route),
        ),
    );
    this.#receiver = new UpdateReceiver(this.#families, this.#attributes, asn);
    this.#advertiser = new Advertiser(
      this.#families,
      { ...tables, own: this.#own, clientToClient },
      options.maxBacklogOctets ?? 16 * 1024 * 1024,
      (peer) => this.onOutput?.(peer),
    );
    this.#reader = new RibReader(this.#families, { ...tables, advertiser: this.#advertiser });
  }

  // Peers and sessions.

  /** Makes a peer known and gives its index, from 1; 0 is ourselves. */
  addPeer({ name, address }: RibPeerOptions): number {
    const { index } = this.#peers.add(name, address);
    for (const rib of this.#families) rib.stale.ensure(index);
    return index;
  }

  /** Forgets a peer; its routes go with the following work(). */
  removePeer(peer: number): void {
    this.sessionDown(peer);
    this.#peers.retire(peer);
  }

  /** The session came up: the whole table is queued for it, then End-of-RIB per family. */
  sessionUp(peer: number, session: RibSession): void {
    const entry = this.#peers.get(peer);
    if (entry.session) this.#advertiser.leave(entry);
    entry.session = session;
    entry.unused = noUnusedRoutes();
    entry.importRules = importRules(session, this.#attributes);
    entry.importPolicy = this.#compile(session.importPolicy);
    const { fourOctetAs, peerType } = session.receive;
    entry.contextShift =
      (fourOctetAs ? 1 : 0) + (peerType === 'ibgp' ? 2 : 0) + (session.linkLocal ? LINK_LOCAL_SHIFT : 0);
    this.#identify(entry, session);
    this.#advertiser.join(entry, session);
    this.#wake();
  }

  #compile(policy: RoutePolicy | undefined): CompiledPolicy | undefined {
    return policy && new CompiledPolicy(policy, this.#attributes, this.#peers, 'import');
  }

  /** Notes what the decision process and other peers have to know; what the peer has sent before is looked at anew. */
  #identify({ index }: Peer, { type, client, routerId, longLived }: RibSession): void {
    const generation = this.#peers.generation[index];
    const kind =
      (type === 'ebgp' ? PEER_KIND.ebgp : 0) |
      (client ? PEER_KIND.client : 0) |
      (longLived?.sent === true ? PEER_KIND.longLived : 0);
    this.#peers.identify(index, kind, routerId);
    if (longLived?.sent === true) for (const { order } of this.#families) order.longLived = true;
    if (this.#peers.generation[index] !== generation) this.#request(index, SCAN.decide);
  }

  #request(peer: number, what: number): void {
    for (const [index, rib] of this.#families.entries()) {
      if (rib.stale.received(peer) > 0) this.#scans[index]!.request(peer, what);
    }
    this.#wake();
  }

  /**
   * The session ended. Routes of `keepStale` families stay and count as stale; the others go with the following work(), and so
   * does what was stale already, but in `keepOlder` families.
   */
  sessionDown(peer: number, keepStale: readonly FamilyName[] = [], keepOlder: readonly FamilyName[] = []): void {
    const entry = this.#peers.get(peer);
    this.#advertiser.leave(entry);
    entry.session = undefined;
    for (const { family, stale } of this.#families) {
      // RFC 4724 section 4.2: what was stale already when the session ended again is removed.
      stale.mark(peer, !keepOlder.includes(family.name));
      if (!keepStale.includes(family.name)) stale.drop(peer);
    }
    this.#request(peer, SCAN.sweep);
  }

  /** Applies the UPDATE whose body lies between `start` and `end`. Throws NotificationError where the session must end. */
  receiveUpdate(peer: number, bytes: Uint8Array, start: number, end: number): UpdateOutcome {
    const outcome = this.#receiver.receive(this.#peers.peers[peer]!, bytes, start, end);
    if (!this.#working) this.#wake();
    return outcome;
  }

  /** From here on what is not announced again is stale: a restart (RFC 4724) or a BoRR (RFC 7313). */
  markStale(peer: number, family: FamilyName): void {
    this.#families[familyByName(family).index]!.stale.mark(peer, false);
  }

  /**
   * What is stale of a peer becomes long-lived stale, with the following work(): it gets LLGR_STALE and is the last choice;
   * what carries NO_LLGR goes. Says how many routes that are. RFC 9494 section 4.2.
   */
  beginLongLived(peer: number, family: FamilyName): number {
    const { index } = familyByName(family);
    const count = this.#families[index]!.stale.stale(peer);
    if (count > 0) {
      this.#scans[index]!.request(peer, SCAN.longLived);
      this.#wake();
    }
    return count;
  }

  /** Removes what is stale, with the following work(); says how many routes that are. */
  sweepStale(peer: number, family: FamilyName): number {
    const { index } = familyByName(family);
    const { stale } = this.#families[index]!;
    stale.drop(peer);
    const count = stale.stale(peer);
    if (count > 0) {
      this.#scans[index]!.request(peer, SCAN.sweep);
      this.#wake();
    }
    return count;
  }

  /** Sends the peer everything again: it asked by ROUTE-REFRESH, or an operator by soft-out. */
  refreshOut(peer: number, family: FamilyName): void {
    const entry = this.#peers.get(peer);
    this.#advertiser.refresh(entry, family, entry.session?.enhancedRefresh === true);
    this.#wake();
  }

  /** Applies the import policy anew to what the peer has sent; no need to ask it. */
  reapplyImport(peer: number): void {
    this.#request(peer, SCAN.import);
  }

  /** One step of a scan. The policies it has asked know attribute sets of its family alone, and only so long. */
  #scan(scan: RouteScan, budget: number): number {
    const left = scan.step(budget);
    this.#reimport.forget();
    return left;
  }

  /** Changes settings of an established session in place; routes in and out are evaluated anew. */
  updatePeer(peer: number, change: RibSessionChange): void {
    const entry = this.#peers.get(peer);
    const former = entry.session;
    if (!former) return;
    const session: RibSession = { ...former, ...change };
    entry.session = session;
    if (session.importPolicy !== former.importPolicy) entry.importPolicy = this.#compile(session.importPolicy);
    const rules = importRules(session, this.#attributes);
    const ruled = rules?.key !== entry.importRules?.key;
    entry.importRules = rules;
    const otherPolicy = policyKey(session.importPolicy) !== policyKey(former.importPolicy);
    if (ruled || otherPolicy || session.allowAsIn !== former.allowAsIn) this.reapplyImport(peer);
    this.#identify(entry, session);
    this.#advertiser.move(entry, session);
    this.#wake();
  }

  /** Changes our cluster ID in place, without losing a session. */
  setClusterId(clusterId: number): void {
    if (this.#own.clusterId === clusterId) return;
    this.#own.clusterId = clusterId;
    this.#reread = 1;
    for (const peer of this.#peers.peers) {
      if (peer?.session?.type !== 'ibgp') continue;
      for (const { family } of this.#families) this.#advertiser.refresh(peer, family.name, false);
    }
    this.#wake();
  }

  // Routes of our own.

  /** Throws EncodeError for attributes that no message can carry. */
  originate(prefix: Prefix, attributes: OriginateAttributes = {}): void {
    const rib = this.#familyOf(prefix);
    const block = originatedBlock(prefix, rib.family, attributes);
    if (block.length > MAX_BLOCK_OCTETS) throw new EncodeError(`attributes of ${block.length} octets fit no UPDATE`);
    const id = this.#attributes.internCanonical(block, 0, block.length, CANONICAL);
    const key = keyOf(prefix);
    rib.announce(SELF, key, rib.prefixes.hashOf(key), 0, id, id, 0);
    this.#attributes.release(id);
    this.#wake();
  }

  /** Takes back a route of our own; false where there was none. */
  withdraw(prefix: Prefix): boolean {
    const rib = this.#familyOf(prefix);
    const key = keyOf(prefix);
    const found = rib.withdraw(SELF, key, rib.prefixes.hashOf(key), 0);
    if (found) this.#wake();
    return found;
  }

  #familyOf(prefix: Prefix): FamilyRib {
    return this.#families.find(({ family }) => family.version === prefix.version)!;
  }

  // Work and output.

  #wake(): void {
    if (this.#working) return;
    if (!this.#hasWork()) {
      for (const follower of this.#followers) follower.signal();
      return;
    }
    this.#working = true;
    this.onWork?.();
  }

  #hasWork(): boolean {
    if (this.#reread !== 0) return true;
    for (const scan of this.#scans) if (scan.pending) return true;
    return this.#advertiser.hasWork;
  }

  /** One increment: up to about `maxPrefixes` prefixes decided or packed. True where more can be done at once. */
  work(maxPrefixes: number): boolean {
    if (this.#reread !== 0) this.#rereadOwn(maxPrefixes);
    let left = maxPrefixes;
    for (const scan of this.#scans) if (scan.pending) left = this.#scan(scan, left);
    if (left > 0) this.#advertiser.work(left);
    for (const follower of this.#followers) follower.signal();
    this.#working = this.#hasWork();
    if (!this.#working && this.#peers.hasRetired) this.#forgetRetired();
    return this.#working;
  }

  /** After a change of our cluster ID: the loop facts of all attribute sets, then all decisions. */
  #rereadOwn(count: number): void {
    this.#reread = this.#attributes.rereadOwn(this.#reread, count);
    if (this.#reread !== 0) return;
    for (const peer of this.#peers.peers) if (peer && !peer.removed) this.#request(peer.index, SCAN.decide);
  }

  /** Indexes of removed peers may be used again once no queue names them. */
  #forgetRetired(): void {
    for (const { dirty } of this.#advertiser.groups) if (dirty.size > 0) return;
    this.#peers.idle();
  }

  /** No peer gets an End-of-RIB until `releaseEndOfRib`: routes are still to come that belong before it. RFC 4724 section 4.1. */
  holdEndOfRib(): void {
    this.#advertiser.holdEndOfRib();
  }

  releaseEndOfRib(): void {
    this.#advertiser.releaseEndOfRib();
  }

  /** Whole messages for the peer, at least one where any waits, up to about `maxOctets`. Shared between peers: read only. */
  take(peer: number, maxOctets: number): readonly Uint8Array[] {
    const entry = this.#peers.peers[peer];
    if (!entry) return [];
    const runs = this.#advertiser.take(entry, maxOctets);
    if (!this.#working) this.#wake();
    return runs;
  }

  /** Octets built and not yet taken; 0 where take() would give nothing. */
  pendingOctets(peer: number): number {
    return this.#advertiser.pendingOctets(peer);
  }

  subscribe(options: SubscriptionOptions = {}): BestRouteSubscription {
    const queue = new BestRouteQueue(this.#families, this.nextHops, options, (each) => this.#followers.delete(each));
    this.#followers.add(queue);
    queue.signal();
    return queue;
  }

  /** Has `signal` called whenever routes may have changed; gives what ends that. */
  follow(signal: () => void): () => void {
    const follower = { signal };
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** What the peers are told, for what follows it row by row. @internal */
  get adjRibsOut(): Advertiser {
    return this.#advertiser;
  }

  /** The tables of a family themselves, for what follows them row by row. @internal */
  family({ index }: Family): FamilyRib {
    return this.#families[index]!;
  }

  // Views.

  /** What a peer has sent: as received, or as the import policy left it (then without what it rejected). */
  adjRibIn(peer: number, policy: 'pre' | 'post', family: FamilyName, page: PageOptions = {}): Page<RouteView> {
    return this.#reader.adjRibIn(peer, policy, family, page);
  }

  locRib(query: LocRibQuery = {}): Page<LocRibEntry> {
    return this.#reader.locRib(query);
  }

  /** Every candidate for exactly this prefix and what became of it. */
  why(prefix: Prefix): LocRibEntry | undefined {
    return this.#reader.why(prefix);
  }

  /** What becomes of the best route for exactly this prefix towards each peer with a session. */
  exports(prefix: Prefix): readonly ExportView[] {
    return this.#reader.exports(prefix);
  }

  adjRibOut(peer: number, family: FamilyName, page: PageOptions = {}): Page<AdvertisedView> {
    return this.#reader.adjRibOut(peer, family, page);
  }

  peerCounters(peer: number): readonly PeerFamilyCounters[] {
    return this.#reader.peerCounters(peer);
  }

  /** What of the peer's routes was of no use since its session came up; counted on. */
  unusedRoutes(peer: number): Readonly<UnusedRoutes> {
    return this.#peers.get(peer).unused;
  }

  counters(): RibCounters {
    return this.#reader.counters();
  }
}

const keyOf = ({ a, b, c, d, length }: Prefix): PrefixKey => ({ a: a | 0, b: b | 0, c: c | 0, d: d | 0, length });
