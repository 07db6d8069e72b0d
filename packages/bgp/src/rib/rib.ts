/**
 * The RIB: adj-ribs-in, loc-rib and adj-ribs-out of one speaker. Sans-IO: bytes of UPDATEs come in, bytes of UPDATEs are
 * taken out, and `work` moves everything that is more than one message in small steps.
 */
import type { Address, Prefix } from '@tortie/ip';
import type { Fault } from '../wire/attribute/faults.js';
import type { AsPathSegment, LargeCommunity, Origin } from '../wire/attribute/path-attributes.js';
import type { FamilyName } from '../wire/family/family.js';
import type { BestRouteSubscription, SubscriptionOptions } from './best-routes.js';
import type { NextHopTable } from './next-hops.js';
import type { RibPeerOptions, RibSession, RibSessionChange } from './rib-session.js';
import type {
  AdvertisedView,
  LocRibEntry,
  LocRibQuery,
  Page,
  PageOptions,
  PeerFamilyCounters,
  RibCounters,
  RouteView,
} from './rib-views.js';

export interface DecisionOptions {
  /** Compare MED between routes of different neighbouring ASes too. Default false. */
  readonly alwaysCompareMed?: boolean;
  /** Among external routes prefer the oldest over the lowest router ID, RFC 5004. Default false. */
  readonly oldestRoute?: boolean;
}

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

/** What became of an UPDATE. The object is reused: read it before the next call. */
export interface UpdateOutcome {
  /** Prefixes announced and withdrawn (treat-as-withdraw included). */
  readonly announced: number;
  readonly withdrawn: number;
  /** Already applied; for the log. */
  readonly faults: readonly Fault[];
  readonly endOfRib: FamilyName | undefined;
}

/** Attributes of a route of our own. Without a next hop it is ours on every session. */
export interface OriginateAttributes {
  readonly origin?: Origin;
  readonly asPath?: readonly AsPathSegment[];
  readonly nextHop?: Address;
  readonly med?: number;
  readonly localPref?: number;
  readonly communities?: readonly number[];
  readonly largeCommunities?: readonly LargeCommunity[];
}

const missing = (): never => {
  throw new Error('not built yet');
};

export class Rib {
  /** Called when a peer's output goes from nothing to something. Must not call back into the RIB. */
  onOutput: ((peer: number) => void) | undefined;
  /** Called when work() has something to do again. Must not call back into the RIB. */
  onWork: (() => void) | undefined;

  constructor(options: RibOptions) {
    void options;
  }

  get nextHops(): NextHopTable {
    return missing();
  }

  /** Makes a peer known and gives its index, from 1; 0 is ourselves. */
  addPeer(options: RibPeerOptions): number {
    return missing();
  }

  /** Forgets a peer; its routes go with the following work(). */
  removePeer(peer: number): void {}

  /** The session came up: the whole table is queued for it, then End-of-RIB per family. */
  sessionUp(peer: number, session: RibSession): void {}

  /** The session ended. Routes of `keepStale` families stay and count as stale; the others go with the following work(). */
  sessionDown(peer: number, keepStale: readonly FamilyName[] = []): void {}

  /** Applies the UPDATE whose body lies between `start` and `end`. Throws NotificationError where the session must end. */
  receiveUpdate(peer: number, bytes: Uint8Array, start: number, end: number): UpdateOutcome {
    return missing();
  }

  /** From here on what is not announced again is stale: a restart (RFC 4724) or a BoRR (RFC 7313). */
  markStale(peer: number, family: FamilyName): void {}

  /** Removes what is stale, with the following work(); says how many routes that are. */
  sweepStale(peer: number, family: FamilyName): number {
    return missing();
  }

  /** Sends the peer everything again: it asked by ROUTE-REFRESH, or an operator by soft-out. */
  refreshOut(peer: number, family: FamilyName): void {}

  /** Applies the import policy anew to what the peer has sent; no need to ask it. */
  reapplyImport(peer: number): void {}

  /** Changes settings of an established session in place; routes in and out are evaluated anew. */
  updatePeer(peer: number, change: RibSessionChange): void {}

  /** Changes our cluster ID in place, without losing a session. */
  setClusterId(clusterId: number): void {}

  originate(prefix: Prefix, attributes: OriginateAttributes = {}): void {}

  /** Takes back a route of our own; false where there was none. */
  withdraw(prefix: Prefix): boolean {
    return missing();
  }

  /** One increment: up to about `maxPrefixes` prefixes decided or packed. True where more can be done at once. */
  work(maxPrefixes: number): boolean {
    return missing();
  }

  /** Whole messages for the peer, at least one where any waits, up to about `maxOctets`. Shared between peers: read only. */
  take(peer: number, maxOctets: number): readonly Uint8Array[] {
    return missing();
  }

  /** Octets built and not yet taken; at least 1 where take() would give something. */
  pendingOctets(peer: number): number {
    return missing();
  }

  subscribe(options: SubscriptionOptions = {}): BestRouteSubscription {
    return missing();
  }

  /** What a peer has sent: as received, or as the import policy left it (then without what it rejected). */
  adjRibIn(peer: number, policy: 'pre' | 'post', family: FamilyName, page: PageOptions = {}): Page<RouteView> {
    return missing();
  }

  locRib(query: LocRibQuery = {}): Page<LocRibEntry> {
    return missing();
  }

  /** Every candidate for exactly this prefix and what became of it. */
  why(prefix: Prefix): LocRibEntry | undefined {
    return missing();
  }

  adjRibOut(peer: number, family: FamilyName, page: PageOptions = {}): Page<AdvertisedView> {
    return missing();
  }

  peerCounters(peer: number): readonly PeerFamilyCounters[] {
    return missing();
  }

  counters(): RibCounters {
    return missing();
  }
}
