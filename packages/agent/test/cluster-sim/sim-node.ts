/**
 * A node of a simulated cluster: the functions that decide about sessions in the agent, and a speaker on a virtual network. The
 * speaker of most nodes of a large cluster has compact tables: see CompactRib for what it keeps.
 */
import type { PeerView, Rib } from '@tortie/bgp';
import { CompactRib, type SimNetwork, SimRouter } from '@tortie/bgp/testing';
import { type ClusterIndex, type NextSessions, nextSessions, type Session, SessionsOfNode } from '@tortie/cluster';
import { formatAddress, hostPrefix, type Prefix, parseAddress, parsePrefix } from '@tortie/ip';
import { clusterPeer } from '../../src/cluster/cluster-peer.js';
import { boundPeer } from '../../src/peers/bound-peer.js';
import { peerConfig } from '../../src/peers/peer-config.js';
import {
  ASN,
  addressOf,
  BLOCK_BITS,
  blocksOf,
  FIRST_BLOCK,
  type LargeCluster,
  nameOf,
  poolOf,
} from '../cluster/large-cluster.js';

const NONE: NextSessions = {
  sessions: new Map(),
  open: [],
  replaced: [],
  pending: [],
  replacingSinceMs: undefined,
  againMs: undefined,
};

/** What all speakers of a kind have done. */
export interface Traffic {
  established: number;
  lost: number;
  updates: number;
  messages: number;
  octets: number;
}

export const noTraffic = (): Traffic => ({ established: 0, lost: 0, updates: 0, messages: 0, octets: 0 });

function realRoutes(rib: Rib, peer: number): string[] {
  const found: string[] = [];
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const page: ReturnType<Rib['adjRibIn']> = rib.adjRibIn(peer, 'post', 'ipv4-unicast', { cursor });
    for (const { prefix, nextHop } of page.items) {
      found.push(`${formatAddress(prefix)} ${formatAddress(nextHop!)}`);
    }
    cursor = page.next;
  }
  return found;
}

export class SimNode {
  readonly at: number;
  readonly name: string;
  /** Has the tables of a real speaker. */
  readonly whole: boolean;
  router: SimRouter | undefined;
  rib: CompactRib | undefined;
  /** A block is reached, or no longer. */
  onReach: ((node: SimNode, reached: boolean) => void) | undefined;
  /** What it knew is forgotten. */
  onGone: ((node: SimNode, rib: CompactRib) => void) | undefined;
  onRoutes: ((node: SimNode, more: number) => void) | undefined;
  onSession: ((node: SimNode, up: boolean) => void) | undefined;
  block: Prefix | undefined;
  /** Of the stopwatch: deciding about sessions, and speaking. */
  readonly spent = { sessions: 0, speaker: 0 };
  readonly #cluster: LargeCluster;
  readonly #network: SimNetwork;
  readonly #former = noTraffic();
  #wanted: SessionsOfNode;
  #next: NextSessions = NONE;

  constructor(at: number, cluster: LargeCluster, network: SimNetwork, whole: boolean) {
    this.at = at;
    this.name = nameOf(at);
    this.whole = whole;
    this.#cluster = cluster;
    this.#network = network;
    this.#wanted = new SessionsOfNode(this.name);
  }

  get sessions(): ReadonlyMap<string, Session> {
    return this.#next.sessions;
  }

  /** Its agent starts with the block it has. `restarting`: the kernel has kept the routes of before. */
  start(block: Prefix, restarting: boolean): void {
    this.block = block;
    const address = addressOf(this.at);
    const router = new SimRouter(this.#network, {
      address,
      asn: ASN,
      keepsEvents: false,
      stopwatch: () => performance.now(),
      ...(restarting && { restarting: { forwardingKept: true } }),
      ...(!this.whole && {
        makeRib: (options) => {
          this.rib = new CompactRib(options, {
            first: FIRST_BLOCK,
            bits: BLOCK_BITS,
            count: blocksOf(this.#cluster),
          });
          return this.rib.asRib;
        },
      }),
    });
    router.onEvent = (event) => {
      if (event.type !== 'session') return;
      if (event.to === 'established') this.onSession?.(this, true);
      else if (event.from === 'established') this.onSession?.(this, false);
    };
    if (this.rib) {
      this.rib.onReach = (_, reached) => this.onReach?.(this, reached);
      this.rib.onRoutes = (more) => this.onRoutes?.(this, more);
    }
    this.#network.plug(router);
    router.speaker.originate(block);
    this.router = router;
    this.#wanted = new SessionsOfNode(this.name);
    this.#next = NONE;
  }

  /** Its agent is killed, or (`silent`) its host loses its power. */
  crash(silent: boolean): void {
    this.#note(this.#former);
    for (const { state } of this.router!.speaker.peers()) if (state === 'established') this.onSession?.(this, false);
    this.router!.crash({ silent });
    const { rib } = this;
    if (rib) this.onGone?.(this, rib);
    this.router = this.rib = undefined;
    this.#next = NONE;
  }

  /** As the agent's loop does when the store has told of something. */
  reconcile(index: ClusterIndex): void {
    const router = this.router;
    if (!router) return;
    const beganMs = performance.now();
    const { sessions } = this.#wanted.of(index);
    const waits = this.#next.pending.length > 0 || this.#next.replacingSinceMs !== undefined;
    if (!waits && sessions === this.#asked) {
      this.spent.sessions += performance.now() - beganMs;
      return;
    }
    this.#asked = sessions;
    const { nowMs } = this.#network.clock;
    const view = (name: string): PeerView | undefined => router.speaker.peer(name);
    const next = nextSessions({
      present: this.#next.sessions,
      desired: sessions,
      open: { present: [], desired: [] },
      isEstablished: (name) => view(name)?.state === 'established',
      countsAsUp: (name) => view(name)?.state === 'established',
      countUp: () => 0,
      hasRoutes: (name) => view(name)?.families.some(({ received }) => received > 0) ?? false,
      isComplete: (name) => view(name)?.families.every(({ endOfRib }) => endOfRib) ?? false,
      // Nothing is replaced in these scenes.
      isCovered: () => false,
      othersEstablished: () => 0,
      hasNode: (name) => index.node(name) !== undefined,
      confirmed: new Set(),
      nowMs,
      replacingSinceMs: this.#next.replacingSinceMs,
    });
    const before = this.#next.sessions;
    this.#next = next;
    const clusterId = index.node(this.name)?.clusterId;
    if (clusterId !== undefined) router.speaker.setClusterId(parseAddress(clusterId).a);
    this.spent.sessions += performance.now() - beganMs;
    for (const name of before.keys()) if (!next.sessions.has(name)) router.removePeer(name);
    for (const session of next.sessions.values()) {
      const had = before.get(session.name);
      if (had === session) continue;
      const config = this.#peer(session, clusterId !== undefined);
      if (had) router.speaker.updatePeer(session.name, config, nowMs);
      else router.speaker.addPeer(config, nowMs);
    }
    router.turn();
  }

  #asked: readonly Session[] | undefined;

  #peer(session: Session, reflects: boolean) {
    const pools = [parsePrefix(poolOf(this.#cluster))];
    const scope = { pools, hiddenPools: [], advertisements: [], services: [], asn: ASN, reflects };
    const { spec, extras } = clusterPeer(session, undefined, {
      ...scope,
      filter: () => undefined,
      interfacePrefixes: () => [],
    });
    const defaults = {
      asn: ASN,
      restartTimeS: 120,
      library: { policies: new Map(), sets: new Map() } as never,
      drain: 'off' as const,
      scope: {
        policy: 'pools' as const,
        defaultRoute: false,
        pools,
        services: [],
        ownAddresses: [hostPrefix(parseAddress(addressOf(this.at)))],
        ownBlocks: [this.block!],
        lentAddresses: [],
      },
    };
    return peerConfig(boundPeer(spec)!, defaults, extras);
  }

  /** What each peer has told, by its name: `BLOCK NEXTHOP`, sorted. */
  routes(): Map<string, readonly string[]> {
    const { speaker } = this.router!;
    const byPeer = new Map<string, readonly string[]>();
    for (const { name } of speaker.peers()) {
      const peer = speaker.ribPeer(name);
      byPeer.set(name, (this.rib?.routesOf(peer) ?? realRoutes(speaker.rib, peer)).sort());
    }
    return byPeer;
  }

  /** Of all its runs. */
  traffic(): Traffic {
    const sum = { ...this.#former };
    this.#note(sum);
    return sum;
  }

  #note(sum: Traffic): void {
    if (!this.router) return;
    this.spent.speaker += this.router.spentMs;
    this.router.spentMs = 0;
    for (const { received, established, dropped } of this.router.speaker.peers()) {
      sum.established += established;
      sum.lost += dropped;
      sum.updates += received.update;
      sum.messages += received.open + received.update + received.notification + received.keepalive;
      sum.octets += received.octets;
    }
  }
}
