/** What two OPENs make of a session: the smaller hold time, and of the capabilities the intersection. */
import type { Capability } from '../wire/capability/capability.js';
import { ROLES, type Role } from '../wire/capability/role.js';
import { type WireContext, wireContext } from '../wire/context.js';
import { FAMILIES, type FamilyName, familyIndex } from '../wire/family/family.js';
import { type PeerOpen, peerFamilies } from './check-open.js';
import { roleOf } from './check-role.js';
import type { FsmConfig } from './config.js';

/** The graceful restart capability of the peer, where both sides have it. RFC 4724 section 3. */
interface PeerGracefulRestart {
  readonly restartTimeS: number;
  /** R-bit: the peer comes back from a restart. */
  readonly restarting: boolean;
  /** N-bit on both sides: NOTIFICATIONs keep routes as well, RFC 8538. */
  readonly notification: boolean;
  /** Families whose routes are kept over a restart of the peer. */
  readonly families: readonly FamilyName[];
  /** F-bit: those whose forwarding state the peer kept. */
  readonly forwarding: readonly FamilyName[];
}

/** A family of the peer's long-lived graceful restart capability. RFC 9494 section 3. */
export interface PeerLongLivedFamily {
  readonly family: FamilyName;
  /** How long the peer's routes may stay once the Restart Time is over; 0: not at all. */
  readonly staleTimeS: number;
  /** F-bit: the peer kept its forwarding state. */
  readonly forwarding: boolean;
}

export interface Negotiated {
  readonly open: PeerOpen;
  readonly peerType: 'ebgp' | 'ibgp';
  /** 0: neither KEEPALIVEs nor a hold timer. */
  readonly holdTimeS: number;
  readonly keepaliveS: number;
  /** By family index. */
  readonly families: readonly boolean[];
  readonly familyNames: readonly FamilyName[];
  readonly fourOctetAs: boolean;
  readonly extendedMessages: boolean;
  readonly routeRefresh: boolean;
  readonly enhancedRouteRefresh: boolean;
  readonly gracefulRestart: PeerGracefulRestart | undefined;
  /** Where both sides have long-lived graceful restart, and graceful restart, without which it counts for nothing. */
  readonly longLived: readonly PeerLongLivedFamily[] | undefined;
  /** The peer has them, whatever we have: RFC 9494 section 4.3. */
  readonly peerLongLived: boolean;
  /** The peer knows graceful restart at all, and so sends End-of-RIB markers. */
  readonly peerSendsEndOfRib: boolean;
  /** What the peer says to be to us; undefined where it says nothing. RFC 9234. */
  readonly peerRole: Role | undefined;
  readonly receive: WireContext;
  readonly send: WireContext;
}

const has = (capabilities: readonly Capability[], type: Capability['type']): boolean =>
  capabilities.some((capability) => capability.type === type);

const find = <Type extends Capability['type']>(
  capabilities: readonly Capability[],
  type: Type,
): Extract<Capability, { type: Type }> | undefined =>
  // RFC 4724 section 3 and RFC 9494: of several instances of a capability the last one counts.
  capabilities.findLast((capability): capability is Extract<Capability, { type: Type }> => capability.type === type);

/** Both OPENs are acceptable; this cannot fail. */
export function negotiate(open: PeerOpen, config: FsmConfig): Negotiated {
  const ours = config.capabilities;
  const theirs = open.capabilities;
  const both = (type: Capability['type']): boolean => has(ours, type) && has(theirs, type);
  // RFC 4271 section 4.2: the smaller of both hold times.
  const holdTimeS = Math.min(config.holdTimeS, open.holdTimeS);
  const offered = peerFamilies(theirs);
  const families = config.families.map((family, index) => family && offered[index] === true);
  const fourOctetAs = both('four-octet-as');
  const peerType = config.remoteAsn === config.localAsn ? 'ibgp' : 'ebgp';
  const extendedNextHop = FAMILIES.map(({ afi, safi, version }) => {
    const lists = (capabilities: readonly Capability[]): boolean =>
      find(capabilities, 'extended-next-hop')?.entries.some(
        (entry) => entry.afi === afi && entry.safi === safi && entry.nextHopAfi === (version === 4 ? 2 : 1),
      ) ?? false;
    return lists(ours) && lists(theirs);
  });
  const context = (addPath: readonly boolean[]): WireContext =>
    wireContext({
      fourOctetAs,
      extendedMessages,
      peerType,
      localAsn: config.localAsn,
      families,
      extendedNextHop,
      addPath,
    });
  // RFC 8654 section 4: who did not advertise the capability neither gets nor sends long messages.
  const extendedMessages = both('extended-message');
  const { receive, send } = addPath(ours, theirs, families);
  return {
    open,
    peerType,
    holdTimeS,
    keepaliveS: keepaliveFor(holdTimeS, config.keepaliveS),
    families,
    familyNames: FAMILIES.filter(({ index }) => families[index]).map(({ name }) => name),
    fourOctetAs,
    extendedMessages,
    routeRefresh: both('route-refresh'),
    enhancedRouteRefresh: both('enhanced-route-refresh'),
    gracefulRestart: gracefulRestart(ours, theirs, families),
    longLived: longLived(ours, theirs, families),
    peerLongLived: has(theirs, 'graceful-restart') && has(theirs, 'long-lived-graceful-restart'),
    peerSendsEndOfRib: has(theirs, 'graceful-restart'),
    peerRole: ROLES[roleOf(theirs) ?? -1],
    receive: context(receive),
    send: context(send),
  };
}

function gracefulRestart(
  ours: readonly Capability[],
  theirs: readonly Capability[],
  negotiated: readonly boolean[],
): PeerGracefulRestart | undefined {
  const mine = find(ours, 'graceful-restart');
  const peer = find(theirs, 'graceful-restart');
  if (!mine || !peer) return undefined;
  const families: FamilyName[] = [];
  const forwarding: FamilyName[] = [];
  for (const entry of peer.families) {
    const family = FAMILIES[familyIndex(entry.afi, entry.safi)];
    if (!family || !negotiated[family.index] || families.includes(family.name)) continue;
    families.push(family.name);
    if (entry.forwarding) forwarding.push(family.name);
  }
  return {
    restartTimeS: peer.restartTimeS,
    restarting: peer.restarting,
    notification: mine.notification && peer.notification,
    families,
    forwarding,
  };
}

/** RFC 9494 section 4.1: without graceful restart on both sides the capability is ignored. */
function longLived(
  ours: readonly Capability[],
  theirs: readonly Capability[],
  negotiated: readonly boolean[],
): readonly PeerLongLivedFamily[] | undefined {
  const peer = find(theirs, 'long-lived-graceful-restart');
  const both = has(ours, 'graceful-restart') && has(theirs, 'graceful-restart');
  if (!peer || !both || !has(ours, 'long-lived-graceful-restart')) return undefined;
  const families: PeerLongLivedFamily[] = [];
  for (const { afi, safi, forwarding, staleTimeS } of peer.families) {
    const family = FAMILIES[familyIndex(afi, safi)];
    if (!family || !negotiated[family.index] || families.some((each) => each.family === family.name)) continue;
    families.push({ family: family.name, staleTimeS, forwarding });
  }
  return families;
}

/** RFC 7911 section 4: path identifiers flow in a direction where one side sends and the other receives them. */
function addPath(
  ours: readonly Capability[],
  theirs: readonly Capability[],
  negotiated: readonly boolean[],
): { receive: readonly boolean[]; send: readonly boolean[] } {
  const mine = find(ours, 'add-path')?.families ?? [];
  const peer = find(theirs, 'add-path')?.families ?? [];
  const direction = (from: typeof mine, to: typeof mine): readonly boolean[] =>
    FAMILIES.map(
      ({ afi, safi, index }) =>
        negotiated[index] === true &&
        from.some((entry) => entry.afi === afi && entry.safi === safi && entry.send) &&
        to.some((entry) => entry.afi === afi && entry.safi === safi && entry.receive),
    );
  return { receive: direction(peer, mine), send: direction(mine, peer) };
}

/** RFC 4271 section 4.4 suggests a third of the hold time; a configured time may only be shorter. */
const keepaliveFor = (holdTimeS: number, configured: number | undefined): number =>
  Math.min(configured ?? holdTimeS / 3, holdTimeS / 3);

/** The same session with another keepalive time of ours. */
export const withKeepalive = (negotiated: Negotiated, keepaliveS: number | undefined): Negotiated => ({
  ...negotiated,
  keepaliveS: keepaliveFor(negotiated.holdTimeS, keepaliveS),
});
