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
import { formatAddress, ipv4, type Prefix, parseAddress } from '@tortie/ip';
import type { PeerSpec } from '../../src/api/peer.js';
import type { PeerRangeSpec } from '../../src/api/peer-range.js';
import type { ClusterMirror } from '../../src/cluster/cluster-mirror.js';
import { clusterPeer, type PeerScope, rangePeers, unnumberedPeer } from '../../src/cluster/cluster-peer.js';
import type { ExportScope } from '../../src/cluster/export-terms.js';
import type { Journal } from '../journal.js';
import type { HeldSessions } from '../sessions/held-sessions.js';
import type { Secrets } from '../store/secrets.js';
import type { ClusterItem } from './desired.js';
import type { PeerGateway } from './peer-gateways.js';
import type { Reconciler } from './reconcile-loop.js';

export interface ClusterSessionsOptions {
  readonly node: string;
  readonly asn: number;
  readonly mirror: ClusterMirror;
  readonly secrets: Secrets;
  readonly speaker: RunningSpeaker;
  readonly journal: Journal;
  /** What is held over a restart. */
  readonly held: HeldSessions;
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
  replaced: [],
  pending: [],
  replacingSinceMs: undefined,
  againMs: undefined,
};

/** A session without End-of-RIB counts as complete after this: not every router sends one. */
const QUIET_MS = 60_000;
/** A held session that goes down, with its peer or with our own restart, has so long to come up before it counts as gone. */
const DOWN_MS = 600_000;

export class ClusterSessionsReconciler implements Reconciler {
  readonly name = 'cluster';
  readonly #options: ClusterSessionsOptions;
  readonly #confirmed = new Set<string>();
  readonly #replaced = new Set<string>();
  /** Sessions that stay only because they are held, and since when each is down; undefined while it is up. */
  readonly #held = new Map<string, number | undefined>();
  /** No longer wanted, and perhaps not yet taken from the speaker. */
  readonly #leaving = new Set<string>();
  #next: NextSessions = NONE;
  #open: readonly OpenSession[] = [];
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
    const held = options.held.load();
    this.#next = { ...NONE, sessions: new Map(held.map((session) => [session.name, session])) };
    for (const { name } of held) this.#held.set(name, this.#nowMs());
  }

  /** What the speaker has been told, by the name of the peer. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#next.sessions;
  }

  get open(): readonly OpenSession[] {
    return this.#open;
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
    const filters = [...this.#next.sessions.values(), ...this.#open].flatMap((session) =>
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
    const text = `confirmed: ${held.sessions.length} sessions may go`;
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
    if (desired === this.#desired && !this.isWaiting && this.#held.size === 0) return;
    this.#desired = desired;
    const next = this.#nextTo(desired.sessions, mirror.index, nowMs);
    this.#interfaces = await interfaces();
    this.#tell(this.#next, next);
    for (const name of this.#next.sessions.keys()) this.#leaving.add(name);
    for (const name of next.sessions.keys()) this.#leaving.delete(name);
    this.#next = next;
    this.#noteHeld(nowMs);
    this.#open = desired.open;
    this.#notes = desired.notes;
    for (const name of next.replaced) this.#replaced.add(name);
    for (const name of next.sessions.keys()) this.#replaced.delete(name);
    this.#reflect(mirror.index.node(node)?.clusterId);
    if (next.pending.length === 0) this.#confirmed.clear();
    onChange();
    const untilMs = [...this.#held.values()].flatMap((sinceMs) => (sinceMs === undefined ? [] : [sinceMs + DOWN_MS]));
    const againMs = Math.min(next.againMs ?? Number.POSITIVE_INFINITY, ...untilMs);
    if (againMs < Number.POSITIVE_INFINITY) wake(Math.max(0, againMs - nowMs));
  }

  /** What would be held if the cluster were so. */
  foresee(index: ClusterIndex): NextSessions['pending'] {
    return this.#nextTo(desiredSessions(index, this.#options.node).sessions, index, this.#nowMs()).pending;
  }

  #nextTo(desired: readonly Session[], index: ClusterIndex, nowMs: number): NextSessions {
    const staying = new Set(desired.map(({ name }) => name));
    return nextSessions({
      present: this.#next.sessions,
      desired,
      isEstablished: (name) => this.#isUp(name, nowMs),
      hasRoutes: (name) => hasRoutes(this.#view(name)) || this.#isUp(name, nowMs),
      isComplete: (name) => this.#isComplete(name),
      isCovered: (name) => this.#isCovered(name, staying),
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
    for (const session of this.#open) {
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
    return this.#open.flatMap((session) => {
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
        [...this.#interfaces].flatMap(([name, prefixes]) => (isMeant(pattern, name) ? prefixes : [])),
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

  /** Established; or it was when it began to be held, and still has time to come back. */
  #isUp(name: string, nowMs: number): boolean {
    if (this.#view(name)?.state === 'established') return true;
    if (!this.#held.has(name)) return false;
    const sinceMs = this.#held.get(name);
    return sinceMs === undefined || nowMs - sinceMs < DOWN_MS;
  }

  #noteHeld(nowMs: number): void {
    const { pending, sessions } = this.#next;
    const names = new Set(pending.flatMap((one) => one.sessions));
    for (const name of this.#held.keys()) if (!names.has(name)) this.#held.delete(name);
    for (const name of names) {
      if (this.#view(name)?.state === 'established') this.#held.set(name, undefined);
      else if (this.#held.has(name)) this.#held.set(name, this.#held.get(name) ?? nowMs);
    }
    this.#options.held.save([...this.#held.keys()].sort().map((name) => sessions.get(name)!));
  }

  #view(name: string) {
    return this.#options.speaker.peer(name);
  }

  #isComplete(name: string): boolean {
    const view = this.#view(name);
    if (view?.state !== 'established') return false;
    const version = name.slice(name.indexOf('/')).includes(':') ? 'ipv6-unicast' : 'ipv4-unicast';
    const family = view.families.find((one) => one.family === version);
    return family?.endOfRib === true || performance.now() - view.sinceMs > QUIET_MS;
  }

  /** Every route of the peer is had from a session that stays, or from one that is no matter of the cluster. */
  #isCovered(name: string, staying: ReadonlySet<string>): boolean {
    const { speaker } = this.#options;
    for (const { family, received } of this.#view(name)?.families ?? []) {
      if (received === 0) continue;
      for (let cursor: number | undefined = 0; cursor !== undefined; ) {
        const page: ReturnType<RunningSpeaker['adjRibIn']> = speaker.adjRibIn(name, 'post', family, { cursor });
        for (const { prefix } of page.items) {
          const others = speaker.why(prefix)?.candidates.filter(({ peer, ineligible }) => {
            const from = speaker.peerName(peer);
            return (
              ineligible === undefined &&
              (peer === 0 || staying.has(from ?? '') || !this.#next.sessions.has(from ?? ''))
            );
          });
          if (!others || others.length === 0) return false;
        }
        cursor = page.next;
      }
    }
    return true;
  }

  #othersEstablished(): number {
    const { speaker } = this.#options;
    for (const name of this.#leaving) if (!speaker.peer(name)) this.#leaving.delete(name);
    return speaker
      .peers()
      .filter(
        ({ name, state }) => state === 'established' && !this.#next.sessions.has(name) && !this.#leaving.has(name),
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

  #tell(before: NextSessions, next: NextSessions): void {
    const { journal } = this.#options;
    const had = new Set(before.pending.map(({ id }) => id));
    for (const { id, kind, reason, sessions } of next.pending) {
      if (had.has(id)) continue;
      const how = kind === 'replacement' ? '' : `; "tortie cluster confirm ${id}" lets them go`;
      const text = `held: ${sessions.length} sessions stay (${sessions.slice(0, 3).join(', ')}${sessions.length > 3 ? ', …' : ''})${how}`;
      journal.event({ kind: 'cluster', subject: id, text, cause: reason }, kind === 'replacement' ? 'info' : 'warn');
    }
    const has = new Set(next.pending.map(({ id }) => id));
    for (const { id, sessions } of before.pending) {
      if (!has.has(id))
        journal.event({ kind: 'cluster', subject: id, text: `no longer held: ${sessions.length} sessions` });
    }
    for (const [name, session] of next.sessions) {
      const former = before.sessions.get(name);
      if (!former || originText(former.origin) === originText(session.origin)) continue;
      const text = `${name} is ${originText(session.origin)} by now, it was ${originText(former.origin)}`;
      journal.event({ kind: 'cluster', subject: name, text });
    }
  }
}

const hasRoutes = (view: PeerView | undefined): boolean =>
  view !== undefined && (view.state === 'established' || view.families.some(({ received }) => received > 0));

/** A name, or a beginning of names with a `*` behind. */
const isMeant = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
