/**
 * Route policies as a user writes them: ordered terms, the first whose match holds decides. A policy is data; the engine
 * compiles it once per session. A peer without a policy pays nothing.
 *
 * A term of action `next` changes the route and leaves the verdict to the terms behind it, which see the changes.
 */
import type { Address, Prefix } from '@tortie/ip';
import type { LargeCommunity, Origin } from '../wire/attribute/path-attributes.js';
import type { FamilyName } from '../wire/family/family.js';

/** Matches a prefix inside `prefix`; without `ge` and `le` only the prefix itself, as on routers. */
export interface PrefixMatch {
  readonly prefix: Prefix;
  /** Shortest length that matches. Default: the prefix's own length. */
  readonly ge?: number;
  /** Longest length that matches. Default: `ge` where given makes it the address's bits, else the prefix's length. */
  readonly le?: number;
}

/** Part of a community: a number, or any. */
export type CommunityPart = number | '*';

/** Communities: one as its 32-bit number or as two halves of 16 bits, or a large one as three parts of 32 bits. */
export type CommunityMatch =
  | number
  | readonly [CommunityPart, CommunityPart]
  | readonly [CommunityPart, CommunityPart, CommunityPart];

/** Both ends belong to it; a missing one is open. */
export interface NumberRange {
  readonly min?: number;
  readonly max?: number;
}

/** Who gave us the route: nobody but ourselves, a peer of another AS, a peer of our AS. */
export type RouteSource = 'own' | 'ebgp' | 'ibgp';

/** Everything given must hold; a list holds where one of its members does. An empty match holds for every route. */
export interface PolicyMatch {
  readonly families?: readonly FamilyName[];
  readonly prefixes?: readonly PrefixMatch[];
  /** The route matches none of these. */
  readonly notPrefixes?: readonly PrefixMatch[];
  /** The route carries one of these, be they communities or large ones. */
  readonly communities?: readonly CommunityMatch[];
  /** AS_PATH as an expression over AS numbers, see parseAsPathExpression: `^64512 .* [65000-65100]$`. */
  readonly asPaths?: readonly string[];
  /** The AS that originated the route (last of AS_PATH) is one of these; 0 stands for an empty path. */
  readonly originAsns?: readonly number[];
  /** The AS the route came from (first of AS_PATH) is one of these; 0 stands for an empty path. */
  readonly neighbourAsns?: readonly number[];
  /** Counted as in the decision process: a set is one. */
  readonly asPathLength?: NumberRange;
  /** The next hop lies in one of these. That of a route of our own without one is 0.0.0.0 or ::. */
  readonly nextHops?: readonly Prefix[];
  /** Names of peers: the route came from one of them. */
  readonly peers?: readonly string[];
  readonly sources?: readonly RouteSource[];
  /** A route without MED has 0, as in the decision process. */
  readonly med?: NumberRange;
  /** A route without LOCAL_PREF has 100. */
  readonly localPref?: NumberRange;
}

/** Changes to the attributes, applied in the order of the fields here. */
export interface PolicySet {
  readonly localPref?: number;
  readonly med?: number;
  readonly origin?: Origin;
  /**
   * On export `self`, our own address, or an address; on import `peer`, the peer's address, or an address. Routes of a family
   * of the other IP version than the address keep theirs.
   */
  readonly nextHop?: 'self' | 'peer' | Address;
  /** Replaces all communities but the large ones. */
  readonly communities?: readonly number[];
  /** Replaces all large communities. */
  readonly largeCommunities?: readonly LargeCommunity[];
  readonly removeCommunities?: readonly CommunityMatch[];
  readonly addCommunities?: readonly number[];
  readonly addLargeCommunities?: readonly LargeCommunity[];
  /** Put in front of AS_PATH, in this order. */
  readonly prependAsns?: readonly number[];
}

export interface PolicyTerm {
  /** What views call the term; another name changes no route. */
  readonly name?: string;
  readonly match?: PolicyMatch;
  readonly action: 'accept' | 'reject' | 'next';
  readonly set?: PolicySet;
}

export interface RoutePolicy {
  readonly terms: readonly PolicyTerm[];
  /** What becomes of a route that no term decides on. Default accept. */
  readonly otherwise?: 'accept' | 'reject';
}

/** A term of a policy, counted from 0. */
export interface PolicyTermRef {
  readonly index: number;
  readonly name?: string;
}

/** How a policy came to its verdict. */
export interface PolicyTrace {
  readonly verdict: 'accept' | 'reject';
  /** The term that decided; undefined: none did, so `otherwise` did. */
  readonly decided: PolicyTermRef | undefined;
  /** Terms before it that matched and went on. */
  readonly passed: readonly PolicyTermRef[];
}
