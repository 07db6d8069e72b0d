/** The shape of a speaker that runs on Node: what runSpeaker takes and gives. Everything here is types. */
import type { Address, Prefix } from '@tortie/ip';
import type {
  AdvertisedView,
  BestRouteSubscription,
  BmpCollectorConfig,
  BmpCollectorView,
  Cause,
  ChangeImpact,
  DecisionOptions,
  ExportView,
  FamilyName,
  LocRibEntry,
  LocRibQuery,
  MessageTap,
  NextHopTable,
  OriginateAttributes,
  Page,
  PageOptions,
  PeerConfig,
  PeerRangeConfig,
  PeerView,
  ResetMode,
  RestartingOptions,
  RibCounters,
  RouteView,
  SessionStateName,
  SpeakerView,
  SubscriptionOptions,
  TableDumpOptions,
  TableDumpWriter,
} from '../src/index.js';
import type { TransportPort } from './transport.js';

export interface RunSpeakerOptions {
  readonly asn: number;
  /** BGP Identifier: any non-zero 32-bit number. */
  readonly routerId: number;
  /** Default: the router ID. */
  readonly clusterId?: number;
  /** Addresses to accept connections on; empty to dial only. */
  readonly listen: readonly ListenAddress[];
  readonly peers?: readonly PeerConfig[];
  /** Default: plain node:net. */
  readonly transport?: TransportPort;
  /** Pending connections per listening address: a cold start has all peers dial at once. Default 4096. */
  readonly backlog?: number;
  /** We come back from a restart: OPENs carry the R-bit until the peers are up, routes are held back until their End-of-RIBs. */
  readonly restarting?: RestartingOptions;
  readonly decision?: DecisionOptions;
  /** Reflect client routes to other clients. Default true. */
  readonly clientToClient?: boolean;
  /** RFC 8212: without an import or export policy nothing comes in from, or goes out to, other ASes. Default false. */
  readonly ebgpRequiresPolicy?: boolean;
  readonly limits?: Partial<SpeakerLimits>;
}

export interface ListenAddress {
  readonly address: Address;
  /** Default 179. */
  readonly port?: number;
}

export interface SpeakerLimits {
  /** Time a connection may take to send its OPEN. Default 60. */
  readonly openTimeS: number;
  /** Octets read from a session but not yet processed before its socket is no longer read. Default 1 MiB. */
  readonly readOctets: number;
  /** Time per turn of the event loop for received octets, for routes, and for sending, each. Default 10. */
  readonly turnMs: number;
  /** RFC 9687: how long a peer may take none of our octets; never less than twice the hold time. Default 480. */
  readonly sendHoldS: number;
}

export interface SessionEvent {
  readonly peer: string;
  readonly from: SessionStateName;
  readonly to: SessionStateName;
  /** Why a session or attempt ended; absent on the way up. */
  readonly cause?: Cause;
  /** The cause in words: "hold timer expired", "peer sent Cease/Administrative Shutdown: maintenance". */
  readonly reason?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface SpeakerEvents {
  /** The state shown of a peer changed. */
  session: SessionEvent;
  'end-of-rib': { readonly peer: string; readonly family: FamilyName; readonly at: number };
  /** A peer's UPDATE was malformed and dealt with (RFC 7606). */
  fault: {
    readonly peer: string;
    readonly action: 'attribute-discard' | 'treat-as-withdraw';
    readonly attributeType?: number;
    readonly reason: string;
    readonly at: number;
  };
  /** A peer with the action `warn` has more prefixes than it should; once per session and family. */
  'prefix-limit': {
    readonly peer: string;
    readonly family: FamilyName;
    readonly received: number;
    readonly limit: number;
    readonly at: number;
  };
  /** Stale routes of a restarted peer were removed. */
  'stale-removed': { readonly peer: string; readonly family: FamilyName; readonly routes: number; readonly at: number };
  /** A peer stays away longer than a restart takes: its routes are the last choice, for so many seconds at most. RFC 9494. */
  'long-lived-stale': {
    readonly peer: string;
    readonly family: FamilyName;
    readonly routes: number;
    readonly seconds: number;
    readonly at: number;
  };
  /** A connection was not taken. */
  refused: { readonly remoteAddress: string; readonly reason: string; readonly at: number };
  /** After a restart of ours: routes flow from here on. */
  'restart-done': { readonly at: number };
  /** A peer was added, changed or removed. */
  peer: {
    readonly peer: string;
    readonly change: 'added' | 'changed' | 'removed';
    readonly impact: ChangeImpact;
    readonly at: number;
  };
  /** A BMP collector's connection: up, lost, or not to be had; of attempts that fail in a row, only the first. */
  bmp: {
    readonly collector: string;
    readonly change: 'connected' | 'lost' | 'unreachable';
    readonly reason?: string;
    readonly at: number;
  };
  /** A transport cannot do what a peer's configuration asks for, or a listener failed. */
  problem: { readonly peer?: string; readonly error: Error; readonly at: number };
}

export interface RunningSpeaker {
  readonly asn: number;
  readonly routerId: number;
  /** Where it listens, with the real port where 0 was asked for. */
  readonly listening: readonly { readonly address: Address; readonly port: number }[];

  /** Throws BgpConfigError; also where the name or address is taken. */
  addPeer(peer: PeerConfig): void;
  /** Compares with the present configuration and changes what differs, at the least cost. */
  updatePeer(name: string, peer: PeerConfig): ChangeImpact;
  /**
   * Cease/Peer De-configured, and all its routes go. False where there is no such peer. `graceful`: TCP closes without a Cease, so
   * that a peer with graceful restart keeps our routes while it finds others.
   */
  removePeer(name: string, options?: { readonly graceful?: boolean }): boolean;
  /** Whoever connects from inside the prefix becomes a peer of the name RANGE/ADDRESS. Throws BgpConfigError. */
  addRange(range: PeerRangeConfig): void;
  /** Changes the range of that name: its peers change with it, those outside of a new prefix go. Throws BgpConfigError. */
  updateRange(range: PeerRangeConfig): ChangeImpact;
  /** Its peers go as well. False where there is no such range. */
  removeRange(name: string): boolean;
  /** False: no such peer, or not established for what needs a session: all but `hard`. */
  resetPeer(name: string, mode: ResetMode, text?: string): boolean;

  /**
   * Sends an established peer an UPDATE of the caller's own making, beside what the RIB has for it. Gives the octets that
   * wait in its socket, or undefined without a session; an empty one only asks.
   */
  inject(name: string, update: Uint8Array): number | undefined;
  /** Shows our tables to a BMP collector (RFC 7854), and keeps connecting to it. Throws BgpConfigError. */
  addBmpCollector(collector: BmpCollectorConfig): void;
  /** The collector is told of the end. False where there is none of this name. */
  removeBmpCollector(name: string): boolean;
  bmpCollectors(): readonly BmpCollectorView[];

  /** Sees every message of every peer, before it is looked at; undefined: nobody does. Slow ones slow BGP down. */
  onMessage: MessageTap | undefined;
  /** The tables as TABLE_DUMP_V2 records, to be pulled in pieces. */
  tableDump(options: TableDumpOptions): TableDumpWriter;

  originate(prefix: Prefix, attributes?: OriginateAttributes): void;
  withdraw(prefix: Prefix): boolean;
  readonly nextHops: NextHopTable;
  /** Best routes in batches, pulled; newest change per prefix wins. */
  subscribe(options?: SubscriptionOptions): BestRouteSubscription;
  /** Changes our cluster ID in place; no session is lost. */
  setClusterId(clusterId: number): void;

  view(): SpeakerView;
  peers(): readonly PeerView[];
  peer(name: string): PeerView | undefined;
  /** The name behind the `peer` numbers of routes; undefined for 0, which is ourselves, and for peers that are gone. */
  peerName(index: number): string | undefined;
  /** The interface behind the `peer` numbers of routes: where their link-local next hops are. */
  peerDevice(index: number): string | undefined;
  /** Views by peer name throw BgpConfigError where there is no such peer. */
  adjRibIn(name: string, policy: 'pre' | 'post', family: FamilyName, page?: PageOptions): Page<RouteView>;
  adjRibOut(name: string, family: FamilyName, page?: PageOptions): Page<AdvertisedView>;
  locRib(query?: LocRibQuery): Page<LocRibEntry>;
  /** Every candidate for exactly this prefix and what became of it. */
  why(prefix: Prefix): LocRibEntry | undefined;
  /** What becomes of the best route for exactly this prefix towards each peer with a session. */
  exports(prefix: Prefix): readonly ExportView[];
  counters(): RibCounters;

  on<Name extends keyof SpeakerEvents>(name: Name, listener: (event: SpeakerEvents[Name]) => void): this;
  off<Name extends keyof SpeakerEvents>(name: Name, listener: (event: SpeakerEvents[Name]) => void): this;

  /**
   * Ends everything. `graceful`: TCP is closed without a Cease, so that peers keep our routes while we restart
   * (RFC 4724); otherwise each peer gets Cease/Administrative Shutdown with `text`.
   */
  close(options?: { readonly graceful?: boolean; readonly text?: string }): Promise<void>;
}
