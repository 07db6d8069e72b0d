/**
 * What a user says about a speaker and its peers, with defaults and checks.
 *
 * Everything a peer does is settable; only name, address and AS number have no default. Times are in seconds.
 */
import { type Address, formatAddress } from '@tortie/ip';
import { BgpConfigError } from './config-error.js';
import { policyFault } from './route-policy/check-policy.js';
import type { RoutePolicy } from './route-policy/policy.js';
import { ROLES, type Role } from './wire/capability/role.js';
import { FAMILIES, type FamilyName } from './wire/family/family.js';
import { encodeUtf8 } from './wire/utf8.js';

/** The helper and restarting roles of RFC 4724 towards one peer. */
export interface GracefulRestartConfig {
  /** Keep the peer's routes while it restarts. Default true. */
  readonly helper?: boolean;
  /** How long the peer should keep our routes while we restart: the Restart Time we send. Default 120, at most 4095. */
  readonly restartTimeS?: number;
  /** Longest time stale routes stay, whatever Restart Time the peer asks for, and after its return. Default 300. */
  readonly staleTimeS?: number;
  /** RFC 8538: keep routes over NOTIFICATIONs as well. Default true. */
  readonly notification?: boolean;
  /**
   * Long-lived graceful restart (RFC 9494): how long the peer should keep our routes as its last choice once restartTimeS is
   * over. 0 asks for nothing, but offers the capability, so that the peer's own routes are kept as long as it wants. At most
   * 16777215. Default: no long-lived graceful restart.
   */
  readonly longLivedStaleTimeS?: number;
  /** Longest time routes are kept so, whatever the peer asks for. Default 16777215. */
  readonly longLivedStaleTimeMaxS?: number;
  /**
   * Routes that are kept so go to this iBGP peer although it does not know of RFC 9494, with NO_EXPORT and LOCAL_PREF 0
   * (section 4.6). Default false: they do not.
   */
  readonly longLivedPartial?: boolean;
}

/** Only without longLivedStaleTimeS is there no long-lived graceful restart. */
export type ResolvedGracefulRestart = Required<Omit<GracefulRestartConfig, 'longLivedStaleTimeS'>> & {
  readonly longLivedStaleTimeS: number | undefined;
};

/** Where routes sent to the peer point: `auto` follows RFC 4271 section 5.1.3, `self` is us, `keep` never changes it. */
export type NextHopMode = 'auto' | 'self' | 'keep';

export type RemovePrivateAs = 'all' | 'replace';

export type MaxPrefixesAction = 'warn' | 'restart' | 'idle';

export interface PeerConfig {
  readonly name: string;
  readonly description?: string;
  /** A link-local address belongs to the interface that `device` names; the same one may be there on others. */
  readonly remoteAddress: Address;
  /** Port we dial. Default 179. */
  readonly remotePort?: number;
  /** `external`: any AS but ours, `internal`: ours. */
  readonly remoteAsn: number | 'external' | 'internal';
  /** Source address of our connections; also our next hop. Default: the kernel's choice. */
  readonly localAddress?: Address;
  /** Another AS number than the speaker's towards this peer. */
  readonly localAsn?: number;
  /** localAsn goes in front of AS_PATH of what this eBGP peer sends, as its own number does. Default false. */
  readonly localAsnPrependIn?: boolean;
  /** What this eBGP peer gets has the speaker's own number behind localAsn. Default false: localAsn stands in its place. */
  readonly localAsnPrependOut?: boolean;
  /** Only wait for the peer to dial. Default false. */
  readonly passive?: boolean;
  /**
   * Give the peer one connectRetryS to dial before we do: PassiveTcpEstablishment of RFC 4271 section 8.1.1, which dials when the
   * ConnectRetryTimer expires. For the one of two ends that shall listen, so that they need not sort out two connections.
   * Default false.
   */
  readonly waitForPeer?: boolean;
  /** Configured, but shut down: Cease/Administrative Shutdown, no dialling, nothing accepted. Default false. */
  readonly adminDown?: boolean;
  /** The text of RFC 9003 that the peer gets with adminDown. */
  readonly adminDownText?: string;
  /** Offered families. Default: all that there are. */
  readonly families?: readonly FamilyName[];
  /** Offered hold time: 0 (never) or 3..65535. Default 90. */
  readonly holdTimeS?: number;
  /** Default a third of the negotiated hold time; never more than that. */
  readonly keepaliveS?: number;
  /** Pause between attempts to connect, shortened by up to a quarter of jitter. Default 5. */
  readonly connectRetryS?: number;
  /** RFC 4271 DelayOpen: wait for the peer's OPEN this long before sending ours. Default 0: off. */
  readonly delayOpenS?: number;
  /** Longest pause after sessions that keep failing with NOTIFICATIONs. Default 60. */
  readonly idleHoldMaxS?: number;
  /** Reflect to and from this peer (RFC 4456). Only with remoteAsn = our AS. Default false. */
  readonly routeReflectorClient?: boolean;
  readonly nextHopMode?: NextHopMode;
  /** Our own AS number may be in AS_PATH of the peer's routes up to so many times: 1..10. Default: not at all. */
  readonly allowAsIn?: number;
  /** Put our AS number in the place of the peer's in AS_PATH of what it gets. Only with eBGP. Default false. */
  readonly asOverride?: boolean;
  /**
   * Private AS numbers (RFC 6996) in AS_PATH of what the peer gets: `all` takes them out, `replace` puts ours in their
   * place. The peer's own number stays, so that it sees its loops. Only with eBGP. Default: they stay.
   */
  readonly removePrivateAs?: RemovePrivateAs;
  /**
   * Our next hop for routes of the version that the session itself does not have: IPv6 routes over an IPv4 session.
   * Default: an address of that version on the interface of the session.
   */
  readonly localNextHops?: readonly Address[];
  /** GTSM (RFC 5082): the peer is at most this many hops away. */
  readonly ttlSecurityHops?: number;
  /** TTL of our packets where the peer is not directly connected. */
  readonly multihopTtl?: number;
  /** TCP-MD5 key (RFC 2385). */
  readonly password?: string;
  /** The interface connections are bound to; needed with link-local addresses. */
  readonly device?: string;
  /**
   * What we are to the peer (RFC 9234): with it routes that a customer or a peer leaks are not used, and what may only go to
   * customers goes to nobody else. A peer that says a role that does not go with ours gets no session. Only with eBGP.
   */
  readonly role?: Role;
  /** A peer that says no role gets no session. Default false. */
  readonly roleStrict?: boolean;
  /**
   * The session will go down for maintenance (RFC 8326): what the peer gets carries GRACEFUL_SHUTDOWN, in our AS with LOCAL_PREF
   * 0, and what another AS sends becomes our last choice as well. Default false.
   */
  readonly gracefulShutdown?: boolean;
  /** GRACEFUL_SHUTDOWN from another AS makes a route the last choice: LOCAL_PREF 0. Default true. */
  readonly acceptGracefulShutdown?: boolean;
  /**
   * BLACKHOLE (RFC 7999) in the peer's routes is honoured: consumers of best routes are told to drop the traffic, and what comes
   * from another AS stays in ours (NO_EXPORT). Which prefixes the peer may say it for is for the import policy. Default false:
   * such a route is one like any other.
   */
  readonly blackhole?: boolean;
  /** false: no graceful restart at all. */
  readonly gracefulRestart?: GracefulRestartConfig | false;
  /** RFC 8654. Default true. */
  readonly extendedMessages?: boolean;
  /** RFC 6793; false plays an old speaker, for tests. Default true. */
  readonly fourOctetAs?: boolean;
  /** Take several routes per prefix from the peer (RFC 7911). Default false. */
  readonly addPathReceive?: boolean;
  /**
   * Send the peer the routes of a prefix, best first, up to this many (RFC 7911); the peer does not get its own ones back,
   * which count. 0: only the best one, without path identifiers. At most 255. Default 0.
   */
  readonly addPathSendMax?: number;
  /** IPv4 routes with IPv6 next hops (RFC 8950), both ways. Default false. */
  readonly extendedNextHop?: boolean;
  /** Most prefixes per family. */
  readonly maxPrefixes?: number;
  /**
   * What happens above maxPrefixes. `restart`: Cease/Maximum Number of Prefixes Reached, and another attempt later; `idle`:
   * none until the peer is reset or changed; `warn`: a `prefix-limit` event. Default restart.
   */
  readonly maxPrefixesAction?: MaxPrefixesAction;
  readonly import?: RoutePolicy;
  readonly export?: RoutePolicy;
}

/** A PeerConfig with every default filled in. */
export interface ResolvedPeerConfig {
  readonly name: string;
  readonly description: string;
  readonly remoteAddress: Address;
  readonly remotePort: number;
  readonly remoteAsn: number | 'external';
  readonly localAddress: Address | undefined;
  readonly localAsn: number;
  readonly localAsnPrependIn: boolean;
  readonly localAsnPrependOut: boolean;
  readonly passive: boolean;
  readonly waitForPeer: boolean;
  readonly adminDown: boolean;
  readonly adminDownText: string;
  readonly families: readonly FamilyName[];
  readonly holdTimeS: number;
  readonly keepaliveS: number | undefined;
  readonly connectRetryS: number;
  readonly delayOpenS: number;
  readonly idleHoldMaxS: number;
  readonly routeReflectorClient: boolean;
  readonly nextHopMode: NextHopMode;
  readonly allowAsIn: number | undefined;
  readonly asOverride: boolean;
  readonly removePrivateAs: RemovePrivateAs | undefined;
  readonly localNextHops: readonly Address[];
  readonly ttlSecurityHops: number | undefined;
  readonly multihopTtl: number | undefined;
  readonly password: string | undefined;
  readonly device: string | undefined;
  readonly role: Role | undefined;
  readonly roleStrict: boolean;
  readonly gracefulShutdown: boolean;
  readonly acceptGracefulShutdown: boolean;
  readonly blackhole: boolean;
  readonly gracefulRestart: ResolvedGracefulRestart | undefined;
  readonly extendedMessages: boolean;
  readonly fourOctetAs: boolean;
  readonly addPathReceive: boolean;
  readonly addPathSendMax: number;
  readonly extendedNextHop: boolean;
  readonly maxPrefixes: number | undefined;
  readonly maxPrefixesAction: MaxPrefixesAction;
  readonly import: RoutePolicy | undefined;
  readonly export: RoutePolicy | undefined;
}

/** What of a speaker matters to the defaults of its peers. */
export interface SpeakerIdentity {
  readonly asn: number;
  /** BGP Identifier, RFC 6286: any non-zero number. */
  readonly routerId: number;
  readonly clusterId?: number;
  /** RFC 8212: without an import or export policy nothing comes in from, or goes out to, other ASes. Default false. */
  readonly ebgpRequiresPolicy?: boolean;
}

/** The field for 24 bits of RFC 9494 section 3. */
const LONGEST_STALE_TIME_S = 0xffffff;

const GRACEFUL_RESTART: ResolvedGracefulRestart = {
  helper: true,
  restartTimeS: 120,
  staleTimeS: 300,
  notification: true,
  longLivedStaleTimeS: undefined,
  longLivedStaleTimeMaxS: LONGEST_STALE_TIME_S,
  longLivedPartial: false,
};

const REJECT_ALL: RoutePolicy = { terms: [], otherwise: 'reject' };

const between = (value: number, low: number, high: number): boolean =>
  Number.isInteger(value) && value >= low && value <= high;

/** Checks and completes a peer. Throws BgpConfigError with the field at fault. */
export function resolvePeerConfig(peer: PeerConfig, speaker: SpeakerIdentity): ResolvedPeerConfig {
  const fail = (field: keyof PeerConfig, detail: string): never => {
    throw new BgpConfigError(`peer "${peer.name}": ${field} ${detail}`, field);
  };
  const range = (field: keyof PeerConfig, value: number | undefined, low: number, high: number): void => {
    if (value !== undefined && !between(value, low, high)) fail(field, `is ${value}; it must be ${low} to ${high}`);
  };
  if (typeof peer.name !== 'string' || peer.name === '') fail('name', 'is empty');
  range('localAsn', peer.localAsn, 1, 0xffffffff);
  const localAsn = peer.localAsn ?? speaker.asn;
  const remoteAsn = peer.remoteAsn === 'internal' ? localAsn : peer.remoteAsn;
  if (remoteAsn !== 'external' && !between(remoteAsn, 1, 0xffffffff)) {
    fail('remoteAsn', `is ${remoteAsn}; it must be 1 to 4294967295, "external" or "internal"`);
  }
  range('remotePort', peer.remotePort, 1, 65535);
  range('connectRetryS', peer.connectRetryS, 1, 65535);
  range('delayOpenS', peer.delayOpenS, 0, 240);
  range('idleHoldMaxS', peer.idleHoldMaxS, 0, 3600);
  range('ttlSecurityHops', peer.ttlSecurityHops, 1, 254);
  range('multihopTtl', peer.multihopTtl, 1, 255);
  range('allowAsIn', peer.allowAsIn, 1, 10);
  range('addPathSendMax', peer.addPathSendMax, 0, 255);
  range('maxPrefixes', peer.maxPrefixes, 1, 0xffffffff);
  const holdTimeS = peer.holdTimeS ?? 90;
  // RFC 4271 section 4.2: the Hold Time MUST be either zero or at least three seconds.
  if (holdTimeS !== 0 && !between(holdTimeS, 3, 65535)) {
    fail('holdTimeS', `is ${holdTimeS}; it must be 0 (never) or 3 to 65535`);
  }
  if (peer.keepaliveS !== undefined && (!Number.isFinite(peer.keepaliveS) || peer.keepaliveS <= 0)) {
    fail('keepaliveS', `is ${peer.keepaliveS}; it must be positive`);
  }
  if (peer.ttlSecurityHops !== undefined && peer.multihopTtl !== undefined) {
    fail('multihopTtl', 'and ttlSecurityHops exclude each other; ttlSecurityHops alone also reaches further hops');
  }
  if (peer.password !== undefined && !between(encodeUtf8(peer.password).length, 1, 80)) {
    fail('password', 'must have 1 to 80 octets');
  }
  if (peer.localAddress && peer.localAddress.version !== peer.remoteAddress.version) {
    fail('localAddress', `${formatAddress(peer.localAddress)} has another IP version than remoteAddress`);
  }
  if (peer.routeReflectorClient && remoteAsn !== localAsn) {
    const where = remoteAsn === 'external' ? 'another AS' : `AS ${remoteAsn}`;
    fail('routeReflectorClient', `needs a peer in our AS ${localAsn}, and this one is in ${where}`);
  }
  for (const field of ['localAsnPrependIn', 'localAsnPrependOut'] as const) {
    if (!peer[field]) continue;
    if (localAsn === speaker.asn) fail(field, `needs a localAsn that is not the speaker's own number ${speaker.asn}`);
    if (remoteAsn === localAsn) fail(field, `needs a peer in another AS, and this one is in our AS ${localAsn}`);
  }
  for (const field of ['asOverride', 'removePrivateAs'] as const) {
    if (peer[field] && remoteAsn === localAsn) {
      fail(field, `needs a peer in another AS, and this one is in our AS ${localAsn}`);
    }
  }
  if (peer.removePrivateAs !== undefined && !['all', 'replace'].includes(peer.removePrivateAs)) {
    fail('removePrivateAs', `is "${peer.removePrivateAs}"; it must be all or replace`);
  }
  if (peer.role !== undefined && !ROLES.includes(peer.role)) {
    fail('role', `is "${peer.role}"; it must be one of ${ROLES.join(', ')}`);
  }
  if (peer.role !== undefined && remoteAsn === localAsn) {
    fail('role', `needs a peer in another AS, and this one is in our AS ${localAsn}`);
  }
  if (peer.roleStrict && peer.role === undefined) fail('roleStrict', 'needs a role of ours; set role as well');
  const families = peer.families ?? FAMILIES.map(({ name }) => name);
  if (families.length === 0) fail('families', 'is empty; leave it out for all of them');
  for (const family of families) {
    if (!FAMILIES.some(({ name }) => name === family)) {
      fail('families', `has "${family}"; known are ${FAMILIES.map(({ name }) => name).join(', ')}`);
    }
  }
  const gracefulRestart: ResolvedGracefulRestart | undefined =
    peer.gracefulRestart === false ? undefined : { ...GRACEFUL_RESTART, ...peer.gracefulRestart };
  for (const side of ['import', 'export'] as const) {
    const fault = peer[side] && policyFault(peer[side], side);
    if (fault) fail(side, fault);
  }
  if (gracefulRestart && !between(gracefulRestart.restartTimeS, 0, 4095)) {
    fail('gracefulRestart', `has restartTimeS ${gracefulRestart.restartTimeS}; it must be 0 to 4095`);
  }
  for (const field of ['longLivedStaleTimeS', 'longLivedStaleTimeMaxS'] as const) {
    const value = gracefulRestart?.[field];
    if (value !== undefined && !between(value, 0, LONGEST_STALE_TIME_S)) {
      fail('gracefulRestart', `has ${field} ${value}; it must be 0 to ${LONGEST_STALE_TIME_S}`);
    }
  }
  const unspoken = speaker.ebgpRequiresPolicy && remoteAsn !== localAsn ? REJECT_ALL : undefined;
  return {
    name: peer.name,
    description: peer.description ?? '',
    remoteAddress: peer.remoteAddress,
    remotePort: peer.remotePort ?? 179,
    remoteAsn,
    localAddress: peer.localAddress,
    localAsn,
    localAsnPrependIn: peer.localAsnPrependIn ?? false,
    localAsnPrependOut: peer.localAsnPrependOut ?? false,
    passive: peer.passive ?? false,
    waitForPeer: peer.waitForPeer ?? false,
    adminDown: peer.adminDown ?? false,
    adminDownText: peer.adminDownText ?? '',
    families,
    holdTimeS,
    keepaliveS: peer.keepaliveS,
    connectRetryS: peer.connectRetryS ?? 5,
    delayOpenS: peer.delayOpenS ?? 0,
    idleHoldMaxS: peer.idleHoldMaxS ?? 60,
    routeReflectorClient: peer.routeReflectorClient ?? false,
    nextHopMode: peer.nextHopMode ?? 'auto',
    allowAsIn: peer.allowAsIn,
    asOverride: peer.asOverride ?? false,
    removePrivateAs: peer.removePrivateAs,
    localNextHops: peer.localNextHops ?? [],
    ttlSecurityHops: peer.ttlSecurityHops,
    multihopTtl: peer.multihopTtl,
    password: peer.password,
    device: peer.device,
    role: peer.role,
    roleStrict: peer.roleStrict ?? false,
    gracefulShutdown: peer.gracefulShutdown ?? false,
    acceptGracefulShutdown: peer.acceptGracefulShutdown ?? true,
    blackhole: peer.blackhole ?? false,
    gracefulRestart,
    extendedMessages: peer.extendedMessages ?? true,
    fourOctetAs: peer.fourOctetAs ?? true,
    addPathReceive: peer.addPathReceive ?? false,
    addPathSendMax: peer.addPathSendMax ?? 0,
    extendedNextHop: peer.extendedNextHop ?? false,
    maxPrefixes: peer.maxPrefixes,
    maxPrefixesAction: peer.maxPrefixesAction ?? 'restart',
    import: peer.import ?? unspoken,
    export: peer.export ?? unspoken,
  };
}

/** Throws BgpConfigError for a speaker that cannot be. */
export function checkSpeakerIdentity({ asn, routerId, clusterId }: SpeakerIdentity): void {
  const word = (value: number): boolean => Number.isInteger(value) && value > 0 && value <= 0xffffffff;
  if (!word(asn)) throw new BgpConfigError(`asn is ${asn}; it must be 1 to 4294967295`, 'asn');
  // RFC 6286 section 2.1: any non-zero unsigned number.
  if (!word(routerId))
    throw new BgpConfigError(`routerId is ${routerId}; it must be a non-zero 32-bit number`, 'routerId');
  if (clusterId !== undefined && !word(clusterId)) {
    throw new BgpConfigError(`clusterId is ${clusterId}; it must be a non-zero 32-bit number`, 'clusterId');
  }
}
