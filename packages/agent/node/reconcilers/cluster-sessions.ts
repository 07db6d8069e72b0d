/**
 * The cluster's resources -> sessions of this node: computes what it must have, goes there without a gap, and hands peers and
 * ranges to their reconcilers. What is held waits here for other sessions or for an operator, and in a file for the next run.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PeerView } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import {
  type ClusterIndex,
  type DesiredSessions,
  desiredSessions,
  type NextSessions,
  nextSessions,
  type OpenSession,
  originText,
  type Session,
  type SessionNote,
  SessionsOfNode,
  type SessionTerms,
} from '@tortie/cluster';
import { counted, formatAddress, ipv4, type Prefix, parseAddress } from '@tortie/ip';
import type { PeerSpec } from '../../src/api/peer.js';
import type { PeerRangeSpec } from '../../src/api/peer-range.js';
import type { ClusterMirror } from '../../src/cluster/cluster-mirror.js';
import { clusterPeer, type PeerScope, rangePeers, unnumberedPeer } from '../../src/cluster/cluster-peer.js';
import type { ExportScope } from '../../src/cluster/export-terms.js';
import { isInterface } from '../../src/cluster/interface-pattern.js';
import type { Journal } from '../journal.js';
import { type KeptContent, KeptSessions } from '../sessions/kept-sessions.js';
import { isComplete, isCovered } from '../sessions/replacing.js';
import { tellSessions } from '../sessions/tell-sessions.js';
import { isIn, UpSessions } from '../sessions/up-sessions.js';
import type { Secrets } from '../store/secrets.js';
import type { ClusterItem } from './desired.js';
import type { PeerGateway } from './peer-gateways.js';
import type { Reconciler } from './reconcile-loop.js';

export interface ClusterSessionsOptions {
  readonly node: string;
  readonly asn: number;
  /** Of sessions with addresses. */
  readonly families: readonly ('ipv4' | 'ipv6')[];
  readonly mirror: ClusterMirror;
  readonly secrets: Secrets;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  /** Which sessions there were, for the next run. */
  readonly keptFile: string;
  readonly exportScope: () => Omit<ExportScope, 'reflects'>;
  /** On-link prefixes by interface, as of now; none where the kernel cannot be asked. */
  readonly interfaces: () => Promise<ReadonlyMap<string, readonly Prefix[]>>;
  /** Sessions are others than before. */
  readonly onChange: () => void;
  /** To be called again then. */
  readonly wake: (afterMs: number) => void;
  /** Monotonic. */
  readonly nowMs?: () => number;
}

const NONE: NextSessions = {
  sessions: new Map(),
  open: [],
  replaced: [],
  pending: [],
  replacingSinceMs: undefined,
  againMs: undefined,
};

export class ClusterSessionsReconciler implements Reconciler {
  readonly name = 'cluster';
  readonly #options: ClusterSessionsOptions;
  readonly #confirmed = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Names of those that stay only because they are held. */
  #held: ReadonlySet<string> = new Set();
  readonly #up: UpSessions;
  readonly #kept: KeptSessions;
  /** What a former run had, but for what it held: of that only what is no longer wanted counts. Empty after the first round. */
  readonly #former = new Set<string>();
  /** No longer wanted, and perhaps not yet taken from the speaker. */
  readonly #leaving = new Set<string>();
  #next: NextSessions = NONE;
  #notes: readonly SessionNote[] = [];
  #interfaces: ReadonlyMap<string, readonly Prefix[]> = new Map();
  #clusterId: string | undefined;
  #taken: ReadonlySet<string> = new Set();
  readonly #wanted: SessionsOfNode;
  /** Peers as last made of sessions, and of what else decided about them. */
  readonly #items = new Map<Session, ClusterItem<PeerSpec>>();
  #itemsFor: unknown;
  /** Of the last round; undefined: more than nodes may differ since. */
  #desired: DesiredSessions | undefined;

  constructor(options: ClusterSessionsOptions) {
    this.#options = options;
    this.#wanted = new SessionsOfNode(options.node);
    this.#up = new UpSessions(() => this.#nowMs());
    this.#kept = new KeptSessions(options.keptFile, options.journal, () => this.#toKeep());
    this.#recall();
    options.speaker.on('session', ({ peer, from, to }) => {
      if (from === 'established' || to === 'established') this.#changed(peer, to === 'established');
    });
  }

  close(): void {
    this.#kept.close();
  }

  /** What the speaker has been told, by the name of the peer. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#next.sessions;
  }

  get open(): readonly OpenSession[] {
    return this.#next.open;
  }

  get pending(): NextSessions['pending'] {
    return this.#next.pending;
  }

  /** Of this node as a reflector. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** What of the resources has no session, or another one than it asks for. */
  get notes(): readonly SessionNote[] {
    const filters = [...this.#next.sessions.values(), ...this.open].flatMap((session) =>
      session.filters
        .filter((name) => !this.#options.mirror.filter(name))
        .map((name) => ({
          code: 'filter-missing' as const,
          subject: session.name,
          text: `${originText(session.origin)}: there is no BGPFilter ${name}; until there is, ${session.name} goes without it`,
        })),
    );
    const own = [...this.#next.sessions.values()]
      .filter(({ remoteAddress }) => this.#taken.has(remoteAddress))
      .map((session) => ({
        code: 'shadowed' as const,
        subject: session.name,
        text: `${originText(session.origin)}: ${session.remoteAddress} is a peer of this node's file or API, which comes first`,
      }));
    return [...this.#notes, ...own, ...filters];
  }

  /** Waits for sessions, so that each change of one is a reason to look again. */
  get isWaiting(): boolean {
    return this.#next.pending.length > 0 || this.#next.replacingSinceMs !== undefined;
  }

  /** Lets go what is held under this id. False where nothing is. To be followed by a round. */
  confirm(id: string): boolean {
    const held = this.#next.pending.find((one) => one.id === id);
    if (!held) return false;
    this.#confirmed.add(id);
    const text = `confirmed: ${counted(held.sessions.length, 'session')} may go`;
    this.#options.journal.event({ kind: 'cluster', text, cause: held.reason }, 'warn');
    return true;
  }

  forget(): void {
    this.#desired = undefined;
  }

  async reconcile(): Promise<void> {
    const { mirror, node, onChange, wake, interfaces } = this.#options;
    const nowMs = this.#nowMs();
    const desired = this.#wanted.of(mirror.index);
    // Most nodes that come and go are no matter of this one.
    if (desired === this.#desired && !this.isWaiting) return;
    this.#desired = desired;
    this.#takeFormer(desired);
    const next = this.#nextTo(desired, mirror.index, nowMs);
    this.#interfaces = await interfaces();
    tellSessions(this.#options.journal, this.#next, next);
    for (const name of this.#next.sessions.keys()) this.#leaving.add(name);
    for (const name of next.sessions.keys()) this.#leaving.delete(name);
    for (const name of this.#next.sessions.keys()) if (!next.sessions.has(name)) this.#up.forget(name);
    this.#next = next;
    this.#held = new Set(next.pending.flatMap(({ sessions }) => sessions));
    if (next.pending.length > 0) this.#kept.save();
    else this.#kept.saveSoon();
    this.#notes = desired.notes;
    for (const name of next.replaced) this.#replaced.add(name);
    for (const name of next.sessions.keys()) this.#replaced.delete(name);
    this.#reflect(mirror.index.node(node)?.clusterId);
    if (next.pending.length === 0) this.#confirmed.clear();
    onChange();
    const againMs = Math.min(next.againMs ?? Number.POSITIVE_INFINITY, ...this.#heldUntilMs());
    if (againMs < Number.POSITIVE_INFINITY) wake(Math.max(0, againMs - nowMs));
  }

  /** What would be held if the cluster were so. */
  foresee(index: ClusterIndex): NextSessions['pending'] {
    return this.#nextTo(desiredSessions(index, this.#options.node), index, this.#nowMs()).pending;
  }

  #nextTo({ sessions, open }: DesiredSessions, index: ClusterIndex, nowMs: number): NextSessions {
    const staying = new Set(sessions.map(({ name }) => name));
    const { speaker } = this.#options;
    return nextSessions({
      present: this.#next.sessions,
      desired: sessions,
      open: { present: this.open, desired: open },
      // One that is held stays as it was until it counts as gone.
      isEstablished: (name) =>
        this.#view(name)?.state === 'established' || (this.#held.has(name) && this.#up.has(name)),
      countsAsUp: (name) => this.#up.has(name),
      countUp: (name) => this.#up.countIn(name),
      hasRoutes: (name) => hasRoutes(this.#view(name)),
      isComplete: (name) => isComplete(speaker, name),
      // What is no matter of the cluster stays.
      isCovered: (name) => isCovered(speaker, name, (peer) => staying.has(peer) || !this.#next.sessions.has(peer)),
      othersEstablished: () => this.#othersEstablished(),
      hasNode: (name) => index.node(name) !== undefined,
      confirmed: this.#confirmed,
      nowMs,
      replacingSinceMs: this.#next.replacingSinceMs,
    });
  }

  /** As the peers' reconciler takes them. */
  peers(taken: ReadonlySet<string>): ClusterItem<PeerSpec>[] {
    this.#taken = taken;
    const scope = this.#scope();
    const items: ClusterItem<PeerSpec>[] = [];
    this.#keepItems(scope);
    for (const session of this.#next.sessions.values()) {
      if (taken.has(session.remoteAddress)) continue;
      const kept = this.#items.get(session);
      if (kept) {
        items.push(kept);
        continue;
      }
      const { password, problem } = this.#password(session);
      const item = { ...clusterPeer(session, password, scope), source: originText(session.origin), ...problem };
      if (!session.password) this.#items.set(session, item);
      items.push(item);
    }
    for (const session of this.open) {
      if (!('interface' in session.at)) continue;
      const { password, problem } = this.#password(session);
      const peer = unnumberedPeer(session, session.at.interface, password, scope);
      items.push({ ...peer, source: originText(session.origin), ...problem });
    }
    return items;
  }

  /** Those of sessions that are wanted as before, while nothing else that they are made of is different. */
  #keepItems({ filter: _, interfacePrefixes: __, ...scope }: PeerScope): void {
    const itemsFor = {
      scope,
      interfaces: this.#interfaces,
      filters: [...this.#options.mirror.resources('bgpfilters')],
    };
    if (!isDeepStrictEqual(itemsFor, this.#itemsFor)) this.#items.clear();
    this.#itemsFor = itemsFor;
    const { sessions } = this.#next;
    for (const session of this.#items.keys()) if (sessions.get(session.name) !== session) this.#items.delete(session);
  }

  ranges(): ClusterItem<PeerRangeSpec>[] {
    const scope = this.#scope();
    return this.open.flatMap((session) => {
      if (!('range' in session.at)) return [];
      const { password, problem } = this.#password(session);
      const range = rangePeers(session, session.at.range, password, scope);
      return [{ ...range, source: originText(session.origin), ...problem }];
    });
  }

  /** To peers that are behind one. */
  gateways(): PeerGateway[] {
    return [...this.#next.sessions.values()].flatMap(({ remoteAddress, reachableBy, origin }) =>
      reachableBy === undefined || this.#taken.has(remoteAddress)
        ? []
        : [{ peer: remoteAddress, gateway: reachableBy, origin: originText(origin) }],
    );
  }

  wasReplaced(name: string): boolean {
    return this.#replaced.delete(name);
  }

  #scope(): PeerScope {
    const { asn, mirror, exportScope } = this.#options;
    return {
      ...exportScope(),
      asn,
      reflects: this.#clusterId !== undefined,
      filter: (name) => mirror.filter(name),
      interfacePrefixes: (pattern) =>
        [...this.#interfaces].flatMap(([name, prefixes]) => (isInterface(pattern, name) ? prefixes : [])),
    };
  }

  #password({ password: reference }: SessionTerms): { password?: string; problem: { problem?: string } } {
    if (!reference) return { problem: {} };
    const password = this.#options.secrets.get(reference);
    if (password !== undefined && password !== '') return { password, problem: {} };
    if (reference.optional) return { problem: {} };
    const problem = `there is no secret "${reference.name}" with a key "${reference.key}"; put it there with "tortie secrets set ${reference.name} ${reference.key}", or as a file`;
    return { problem: { problem } };
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? (() => performance.now()))();
  }

  #changed(peer: string, established: boolean): void {
    const open = this.open.find(({ name }) => isIn(name, peer));
    if (!open && !this.#next.sessions.has(peer)) return;
    // By now it is known which peers of a range come back.
    if (open && open.name !== peer) this.#up.forget(open.name);
    this.#up.changed(peer, established);
    this.#kept.saveSoon();
  }

  /** What the last run had counts as up until it had its time to come up. */
  #recall(): void {
    const { sessions, open, held } = this.#kept.load();
    const { families } = this.#options;
    const reachable = sessions.filter(({ family }) => families.includes(family === 4 ? 'ipv4' : 'ipv6'));
    this.#next = { ...NONE, sessions: new Map(reachable.map((one) => [one.name, one])), open };
    this.#held = new Set(held);
    for (const { name } of [...reachable, ...open]) {
      this.#up.wasUp(name);
      if (!this.#held.has(name)) this.#former.add(name);
    }
  }

  /** A session that is wanted otherwise than in the last run is not up yet: to change it costs nothing. */
  #takeFormer({ sessions, open }: DesiredSessions): void {
    if (this.#former.size === 0) return;
    const wanted = new Map([...sessions, ...open].map((one) => [one.name, one]));
    const asWanted = <T extends Session | OpenSession>(one: T): T =>
      this.#former.has(one.name) ? ((wanted.get(one.name) as T | undefined) ?? one) : one;
    const present = [...this.#next.sessions].map(([name, one]) => [name, asWanted(one)] as const);
    this.#next = { ...this.#next, sessions: new Map(present), open: this.open.map(asWanted) };
    this.#former.clear();
  }

  #toKeep(): KeptContent {
    return {
      sessions: [...this.#next.sessions.values()].filter(({ name }) => this.#up.has(name)),
      open: this.open.filter(({ name }) => this.#up.countIn(name) > 0),
      held: [...this.#held].filter((name) => this.#up.countIn(name) > 0),
    };
  }

  /** When each of those that are held counts as gone. */
  #heldUntilMs(): number[] {
    return [...this.#held].map((name) =>
      this.#next.sessions.has(name) ? this.#up.untilMs(name) : this.#up.lastUntilMs(name),
    );
  }

  #view(name: string) {
    return this.#options.speaker.peer(name);
  }

  #othersEstablished(): number {
    const { speaker } = this.#options;
    for (const name of this.#leaving) if (!speaker.peer(name)) this.#leaving.delete(name);
    return speaker
      .peers()
      .filter(
        ({ name, state }) =>
          state === 'established' &&
          !this.#next.sessions.has(name) &&
          !this.#leaving.has(name) &&
          !this.open.some((one) => isIn(one.name, name)),
      ).length;
  }

  /** A change of the cluster ID goes into force while sessions stay up. */
  #reflect(clusterId: string | undefined): void {
    if (clusterId === this.#clusterId) return;
    const { speaker, journal } = this.#options;
    speaker.setClusterId(clusterId === undefined ? speaker.routerId : parseAddress(clusterId).a);
    const text =
      clusterId === undefined
        ? `no route reflector any more; cluster ID ${formatAddress(ipv4(speaker.routerId))}`
        : `a route reflector of cluster ${clusterId}`;
    journal.event({ kind: 'cluster', text: `this node is ${text}` });
    this.#clusterId = clusterId;
  }
}

const hasRoutes = (view: PeerView | undefined): boolean =>
  view !== undefined && (view.state === 'established' || view.families.some(({ received }) => received > 0));
