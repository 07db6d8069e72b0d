/** What the RIB has to know of a peer and of its established session. */
import type { Address } from '@tortie/ip';
import type { RoutePolicy } from '../route-policy/policy.js';
import type { Role } from '../wire/capability/role.js';
import type { WireContext } from '../wire/context.js';

export interface RibPeerOptions {
  readonly name: string;
  /** The last tie-break, RFC 4271 section 9.1.2.2 g. */
  readonly address: Address;
}

/** Our own next hops towards this peer. A missing IPv6 one is replaced by the IPv4-mapped form of `ipv4`. */
export interface OwnNextHops {
  readonly ipv4?: Address;
  readonly ipv6?: Address;
  readonly linkLocal?: Address;
}

/** Long-lived graceful restart (RFC 9494): who of both has advertised the capability. */
export interface LongLivedSession {
  readonly sent: boolean;
  readonly received: boolean;
}

/** An established session; all of `RibSessionChange` can change while it stays up. */
export interface RibSession extends RibSessionSettings {
  /** The peer's BGP Identifier from its OPEN. */
  readonly routerId: number;
  readonly asn: number;
  readonly type: 'ebgp' | 'ibgp';
  /** What the peer sends to us, and what we send to it. Families, 4-octet AS numbers, ADD-PATH and sizes are in here. */
  readonly receive: WireContext;
  readonly send: WireContext;
  /** Enclose a refresh in BoRR and EoRR, RFC 7313. */
  readonly enhancedRefresh?: boolean;
  /** What we are to this eBGP peer, RFC 9234. */
  readonly role?: Role | undefined;
  readonly longLived?: LongLivedSession;
}

/** The settings of a session that can change in place. */
export interface RibSessionSettings {
  /**
   * The session runs between link-local addresses: these are the next hops too, as nothing says that a global address of
   * the peer is on the link. RFC 2545 section 3.
   */
  readonly linkLocal?: boolean;
  /** A route reflector client, RFC 4456. */
  readonly client: boolean;
  readonly ownNextHops: OwnNextHops;
  /** `auto` follows RFC 4271 section 5.1.3, `self` is us, `keep` never changes it. */
  readonly nextHopMode: 'auto' | 'self' | 'keep';
  /** How often our own AS number may be in AS_PATH of what the peer sends. Default 0. */
  readonly allowAsIn?: number | undefined;
  /** Towards eBGP peers: our AS number in the place of the peer's. */
  readonly asOverride?: boolean | undefined;
  /** Towards eBGP peers: private AS numbers (RFC 6996) go, or become ours. */
  readonly removePrivateAs?: 'all' | 'replace' | undefined;
  /** With another number than the speaker's (local-as): that number in front of AS_PATH of what the peer sends. */
  readonly localAsnPrependIn?: boolean;
  /** And the speaker's number behind it in what the peer gets. */
  readonly localAsnPrependOut?: boolean;
  /** The session is about to go down for maintenance: its routes are the last choice at both ends. RFC 8326. */
  readonly gracefulShutdown?: boolean;
  /** Whether routes of an eBGP peer with GRACEFUL_SHUTDOWN get LOCAL_PREF 0. Default true. */
  readonly acceptGracefulShutdown?: boolean;
  /** BLACKHOLE in the peer's routes is honoured. RFC 7999. */
  readonly blackhole?: boolean;
  /** Long-lived stale routes go to an iBGP peer without the capability too, as the last choice. RFC 9494 section 4.6. */
  readonly longLivedPartial?: boolean;
  /** The most paths of a prefix sent with ADD-PATH. Default 1. */
  readonly maxPaths?: number;
  readonly importPolicy?: RoutePolicy | undefined;
  readonly exportPolicy?: RoutePolicy | undefined;
}

export type RibSessionChange = Partial<RibSessionSettings>;
