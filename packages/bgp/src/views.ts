/** What a speaker shows of its peers: plain data made when read, so nothing is kept up to date for nobody. */
import type { Address } from '@tortie/ip';
import type { ResolvedPeerConfig } from './config.js';
import type { SessionStateName } from './fsm/state.js';
import type { UnusedRoutes } from './rib/unused-routes.js';
import type { Role } from './wire/capability/role.js';
import type { FamilyName } from './wire/family/family.js';

/** Messages of one direction by type, and their octets. */
export interface MessageCounters {
  open: number;
  update: number;
  notification: number;
  keepalive: number;
  routeRefresh: number;
  octets: number;
}

export const noMessages = (): MessageCounters => ({
  open: 0,
  update: 0,
  notification: 0,
  keepalive: 0,
  routeRefresh: 0,
  octets: 0,
});

/** Routes of one family with one peer. */
export interface FamilyRoutesView {
  readonly family: FamilyName;
  /** Routes held from the peer, stale ones included. */
  readonly received: number;
  /** Those of them that are kept over a restart and not yet confirmed. */
  readonly stale: number;
  /** Stale ones are the last choice already, and carry LLGR_STALE. RFC 9494. */
  readonly longLived: boolean;
  /** When stale ones go, or become the last choice, unless the peer returns; undefined without any. */
  readonly staleUntilMs: number | undefined;
  /** Prefixes the peer was told; with ADD-PATH their paths. */
  readonly advertised: number;
  /** The peer has sent its End-of-RIB in this session. */
  readonly endOfRib: boolean;
}

/** What both sides agreed on; only of an established session. */
export interface NegotiatedView {
  /** The peer's AS number, as its OPEN had it. */
  readonly remoteAsn: number;
  readonly holdTimeS: number;
  readonly keepaliveS: number;
  readonly families: readonly FamilyName[];
  readonly fourOctetAs: boolean;
  readonly extendedMessages: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  readonly gracefulRestart: boolean;
  /** Path identifiers flow in this direction for some family (RFC 7911 section 4). */
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  /** Some family takes next hops of the other IP version (RFC 8950). */
  readonly extendedNextHop: boolean;
  /** Both have long-lived graceful restart. RFC 9494. */
  readonly longLivedGracefulRestart: boolean;
  /** What the peer says to be to us (RFC 9234 section 4.1), whether or not we have a role. */
  readonly peerRole: Role | undefined;
  /** Capability codes in the peer's OPEN, known to us or not. */
  readonly peerCapabilities: readonly number[];
}

export interface PeerView {
  readonly name: string;
  /** As resolved; a password shows as "(set)". */
  readonly config: ResolvedPeerConfig;
  readonly state: SessionStateName;
  /** Time of the last change of state, milliseconds of the speaker's clock. */
  readonly sinceMs: number;
  /** The peer's BGP Identifier, once its OPEN came. */
  readonly routerId: number | undefined;
  readonly localAddress: Address | undefined;
  readonly localPort: number | undefined;
  readonly remotePort: number | undefined;
  readonly negotiated: NegotiatedView | undefined;
  /** Why the last session or attempt ended, in words. */
  readonly lastCause: string | undefined;
  readonly lastCauseAtMs: number | undefined;
  /** The pause before the next attempt after failed sessions; 0 without one. */
  readonly idleHoldS: number;
  /** Sessions that were established; not those whose connection the peer gave up in a collision before it said anything on it. */
  readonly established: number;
  /** Those of them that have ended. */
  readonly dropped: number;
  readonly connectRetryCounter: number;
  readonly received: MessageCounters;
  readonly sent: MessageCounters;
  /** Octets of UPDATEs made but not yet taken by the socket. */
  readonly pendingOctets: number;
  readonly families: readonly FamilyRoutesView[];
  /** What of its routes was of no use in the present session, or the last. */
  readonly unused: Readonly<UnusedRoutes>;
}

/** The speaker as a whole. */
export interface SpeakerView {
  readonly asn: number;
  readonly routerId: number;
  readonly clusterId: number;
  readonly peers: number;
  readonly established: number;
  /** Until this time (milliseconds of the speaker's clock) routes are held back after a restart (RFC 4724 section 4.1). */
  readonly deferringUntilMs: number | undefined;
}
