/** A speaker without sockets and without a RIB: keeps what it is told, and shows the sessions and routes a test gives it. */
import { EventEmitter } from 'node:events';
import {
  type BestChange,
  type BmpCollectorConfig,
  type BmpCollectorView,
  type CandidateView,
  type ChangeImpact,
  classifyChange,
  type ExportView,
  type FamilyName,
  type LocRibEntry,
  type MessageTap,
  noUnusedRoutes,
  type OriginateAttributes,
  type PeerConfig,
  type PeerRangeConfig,
  type PeerView,
  type ResolvedPeerConfig,
  Rib,
  resolvePeerConfig,
  TableDumpWriter,
} from '@tortie/bgp';
import type { RunningSpeaker, runSpeaker } from '@tortie/bgp/node';
import { type Address, formatPrefix, type Prefix, parseAddress, prefixCovers } from '@tortie/ip';

const counters = () => ({ open: 1, update: 2, notification: 0, keepalive: 3, routeRefresh: 0, octets: 100 });

const collectorView = ({
  name,
  address,
  port = 1790,
  monitor = ['loc-rib'],
}: BmpCollectorConfig): BmpCollectorView => ({
  name,
  address,
  port,
  monitor,
  state: 'waiting',
  sinceMs: 1,
  messages: 7,
  octets: 700,
  pending: false,
  connections: 1,
  dropped: 1,
  lastError: 'TCP connection refused',
});

export class FakeSpeaker {
  readonly configs = new Map<string, ResolvedPeerConfig>();
  readonly ranges = new Map<string, PeerRangeConfig>();
  readonly states = new Map<string, PeerView['state']>();
  /** What a test gives messages to. */
  tap: MessageTap | undefined;
  /** Of table dumps. */
  readonly rib = new Rib({ asn: 64513, routerId: 1 });
  readonly originated = new Map<string, OriginateAttributes>();
  readonly resets: string[] = [];
  readonly collectors = new Map<string, BmpCollectorConfig>();
  readonly locRibEntries: LocRibEntry[] = [];
  readonly exported: ExportView[] = [];
  readonly emitter = new EventEmitter();
  closed: { graceful?: boolean } | undefined;
  /** Names by peer number; 0 is ourselves. */
  readonly names = new Map<number, string>();
  #ready: (() => void) | undefined;
  #changes: BestChange[] = [];

  readonly start: typeof runSpeaker;

  constructor() {
    this.start = async (options) => this.#face(options.asn, options.routerId);
  }

  /** As if the decision process had come to these. */
  change(...changes: BestChange[]): void {
    this.#changes.push(...changes);
    this.#ready?.();
  }

  /** As if a peer had dialled from inside a range. */
  join(range: string, address: string): void {
    const { peer } = this.ranges.get(range)!;
    const name = `${range}/${address}`;
    const remoteAddress = parseAddress(address);
    this.configs.set(
      name,
      resolvePeerConfig({ ...peer, name, remoteAddress, passive: true }, { asn: 64513, routerId: 1 }),
    );
    this.states.set(name, 'established');
  }

  #face(asn: number, routerId: number): RunningSpeaker {
    const identity = { asn, routerId };
    const page = <T>(items: readonly T[], { limit = 1000, cursor = 0 }: { limit?: number; cursor?: number } = {}) => ({
      items: items.slice(cursor, cursor + limit),
      next: cursor + limit < items.length ? cursor + limit : undefined,
    });
    const ofFamily = (family: FamilyName): LocRibEntry[] =>
      this.locRibEntries.filter(({ prefix }) => (prefix.version === 4) === (family === 'ipv4-unicast'));
    const routesOf = (name: string, family: FamilyName): CandidateView[] =>
      ofFamily(family).flatMap(({ candidates }) => candidates.filter(({ peer }) => this.names.get(peer) === name));
    const self = this;
    const face: RunningSpeaker = {
      asn,
      routerId,
      listening: [],
      addPeer(peer: PeerConfig) {
        self.configs.set(peer.name, resolvePeerConfig(peer, identity));
      },
      updatePeer(name: string, peer: PeerConfig): ChangeImpact {
        const next = resolvePeerConfig(peer, identity);
        const { impact } = classifyChange(self.configs.get(name)!, next);
        self.configs.set(name, next);
        return impact;
      },
      removePeer: (name) => self.configs.delete(name),
      resetPeer(name, mode) {
        if (mode !== 'hard' && self.states.get(name) !== 'established') return false;
        self.resets.push(`${name} ${mode}`);
        return self.configs.has(name);
      },
      inject: () => undefined,
      get onMessage() {
        return self.tap;
      },
      set onMessage(tap) {
        self.tap = tap;
      },
      tableDump: (options) => new TableDumpWriter(self.rib, [], options),
      addRange: (range) => void self.ranges.set(range.name, range),
      updateRange(range): ChangeImpact {
        const before = self.ranges.get(range.name)!;
        self.ranges.set(range.name, range);
        const member = ({ name, prefix, peer }: PeerRangeConfig) =>
          resolvePeerConfig({ ...peer, name, remoteAddress: prefix, passive: true }, identity);
        return classifyChange(member(before), member(range)).impact;
      },
      removeRange: (name) => self.ranges.delete(name),
      addBmpCollector: (collector) => void self.collectors.set(collector.name, collector),
      removeBmpCollector: (name) => self.collectors.delete(name),
      bmpCollectors: () => [...self.collectors.values()].map(collectorView),
      originate: (prefix, attributes = {}) => void self.originated.set(formatPrefix(prefix), attributes),
      withdraw: (prefix) => self.originated.delete(formatPrefix(prefix)),
      nextHops: {
        onUnresolved: undefined,
        onUnused: undefined,
        setDefault() {},
        set() {},
        get: () => ({ reachable: true }),
        *addresses(): Generator<Address> {},
      } as unknown as RunningSpeaker['nextHops'],
      subscribe(options = {}) {
        self.#ready = options.onReady;
        return {
          take: (max) => self.#changes.splice(0, max),
          get pending() {
            return self.#changes.length > 0;
          },
          // What nobody has taken is told to nobody.
          close() {
            self.#changes.length = 0;
          },
        };
      },
      setClusterId() {},
      view: () => ({
        asn,
        routerId,
        clusterId: routerId,
        peers: self.configs.size,
        established: 0,
        deferringUntilMs: undefined,
      }),
      peers: () => [...self.configs.keys()].map((name) => face.peer(name)!),
      peer: (name) => self.#view(name),
      peerName: (index) => self.names.get(index),
      peerDevice: (index) => self.configs.get(self.names.get(index) ?? '')?.device,
      adjRibIn: (name, _policy, family, options) => page(routesOf(name, family), options),
      adjRibOut: (name, family, options) =>
        page(
          routesOf(name, family).map((route) => ({ ...route, pathId: undefined, source: route.peer })),
          options,
        ),
      locRib({ family = 'ipv4-unicast', prefix, longer, ...options } = {}) {
        const wanted = ofFamily(family).filter(
          (entry) =>
            !prefix ||
            formatPrefix(entry.prefix) === formatPrefix(prefix) ||
            (longer === true && prefixCovers(prefix, entry.prefix)),
        );
        return page(wanted, options);
      },
      exports: () => self.exported,
      why: (prefix: Prefix) => self.locRibEntries.find((entry) => formatPrefix(entry.prefix) === formatPrefix(prefix)),
      counters: () => ({
        families: (['ipv4-unicast', 'ipv6-unicast'] as const).map((family) => ({
          family,
          prefixes: ofFamily(family).length,
          routes: ofFamily(family).reduce((sum, { candidates }) => sum + candidates.length, 0),
        })),
        attributeSets: 0,
        attributeOctets: 0,
        nextHops: 0,
        updateGroups: 0,
      }),
      on(name, listener) {
        self.emitter.on(name, listener);
        return face;
      },
      off(name, listener) {
        self.emitter.off(name, listener);
        return face;
      },
      async close(options = {}) {
        self.closed = options;
      },
    };
    return face;
  }

  #view(name: string): PeerView | undefined {
    const config = this.configs.get(name);
    if (!config) return undefined;
    const state = this.states.get(name) ?? 'connect';
    const established = state === 'established';
    return {
      name,
      config,
      state,
      sinceMs: 1,
      routerId: established ? 0x0a0000fe : undefined,
      localAddress: undefined,
      localPort: undefined,
      remotePort: undefined,
      negotiated: established
        ? {
            remoteAsn: config.remoteAsn === 'external' ? 64999 : config.remoteAsn,
            holdTimeS: 90,
            keepaliveS: 30,
            families: config.families,
            fourOctetAs: true,
            extendedMessages: true,
            routeRefresh: true,
            enhancedRouteRefresh: false,
            gracefulRestart: true,
            addPathReceive: false,
            addPathSend: false,
            extendedNextHop: false,
            longLivedGracefulRestart: false,
            peerRole: undefined,
            peerCapabilities: [1, 2, 65],
          }
        : undefined,
      lastCause: established ? undefined : 'connection refused',
      lastCauseAtMs: undefined,
      idleHoldS: 0,
      established: established ? 1 : 0,
      dropped: 0,
      connectRetryCounter: 0,
      received: counters(),
      sent: counters(),
      unused: noUnusedRoutes(),
      pendingOctets: 0,
      families: config.families.map((family) => ({
        family,
        received: 1,
        stale: 0,
        longLived: false,
        staleUntilMs: undefined,
        advertised: 1,
        endOfRib: established,
      })),
    };
  }
}
