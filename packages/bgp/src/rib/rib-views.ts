/** What the RIB shows of its tables: objects made when read. */
import type { Address, Prefix } from '@tortie/ip';
import type { Ineligibility } from '../decision/eligibility.js';
import type { TieBreak } from '../decision/tie-breaks.js';
import type { PolicyTrace } from '../route-policy/policy.js';
import type { PathAttributes } from '../wire/attribute/path-attributes.js';
import type { FamilyName } from '../wire/family/family.js';

/** Pages of a walk. A cursor stays usable while the table changes: what is there all the time is shown once. */
export interface PageOptions {
  /** Default 1000. */
  readonly limit?: number;
  /** From the page before. */
  readonly cursor?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly next: number | undefined;
}

/** A route as received or as accepted. `peer` 0 is ourselves. */
export interface RouteView {
  readonly prefix: Prefix;
  readonly peer: number;
  readonly pathId: number;
  readonly nextHop: Address;
  readonly attributes: PathAttributes;
  readonly stale: boolean;
  readonly best: boolean;
  /** Why the route may not be chosen at all. */
  readonly ineligible: Ineligibility | undefined;
}

/** A candidate for a prefix. Exactly one of `best`, `lostBy` and `ineligible` says what became of it. */
export interface CandidateView extends RouteView {
  /** The row of the decision process in which a better route beat this one. */
  readonly lostBy: TieBreak | undefined;
  /** What the peer's import policy, as it is at present, says of the route; undefined without one. */
  readonly importPolicy: PolicyTrace | undefined;
  /** Chosen beside the best one for multipath. */
  readonly multipath: boolean;
}

export interface LocRibEntry {
  readonly prefix: Prefix;
  /** Best first. */
  readonly candidates: readonly CandidateView[];
}

export interface AdvertisedView {
  readonly prefix: Prefix;
  /** The identifier sent with the path, from 1; undefined without ADD-PATH (RFC 7911). */
  readonly pathId: number | undefined;
  /** The peer whose route this is; 0 is ourselves. */
  readonly source: number;
  readonly nextHop: Address | undefined;
  /** As sent: prepended, reflected, with our next hop. */
  readonly attributes: PathAttributes;
}

/** What becomes of the best route of a prefix towards one peer. */
export interface ExportView {
  readonly peer: number;
  /**
   * `advertised`; `source`: it is the peer's own; `not-admitted`: a community, the rules of reflection, or no next hop that the
   * peer would understand; `route-leak`: it may only go to customers (RFC 9234); `long-lived-stale`: the peer
   * does not know what that is (RFC 9494); `rejected-by-policy`; `too-long`: its attributes fit into no message of the session.
   */
  readonly fate:
    | 'advertised'
    | 'source'
    | 'not-admitted'
    | 'route-leak'
    | 'long-lived-stale'
    | 'rejected-by-policy'
    | 'too-long';
  /** What the export policy says; undefined without one, and where it is not asked. */
  readonly exportPolicy: PolicyTrace | undefined;
}

export interface LocRibQuery extends PageOptions {
  readonly family?: FamilyName;
  /** Only this prefix, and with `longer` everything inside it. */
  readonly prefix?: Prefix;
  readonly longer?: boolean;
}

/** Routes of one family with one peer. */
export interface PeerFamilyCounters {
  readonly family: FamilyName;
  readonly received: number;
  readonly stale: number;
  readonly advertised: number;
  /** Prefixes still to be sent to the peer. */
  readonly queued: number;
}

export interface RibCounters {
  readonly families: readonly { readonly family: FamilyName; readonly prefixes: number; readonly routes: number }[];
  readonly attributeSets: number;
  readonly attributeOctets: number;
  readonly nextHops: number;
  readonly updateGroups: number;
}
