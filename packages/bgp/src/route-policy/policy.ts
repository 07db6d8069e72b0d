/**
 * Route policies as a user writes them: ordered terms, the first whose match holds decides. A policy is data; the engine
 * compiles it once per session. A peer without a policy pays nothing.
 */
import type { Prefix } from '@tortie/ip';
import type { LargeCommunity } from '../wire/attribute/path-attributes.js';

/** Matches a prefix inside `prefix`; without `ge` and `le` only the prefix itself, as on routers. */
export interface PrefixMatch {
  readonly prefix: Prefix;
  /** Shortest length that matches. Default: the prefix's own length. */
  readonly ge?: number;
  /** Longest length that matches. Default: `ge` where given makes it the address's bits, else the prefix's length. */
  readonly le?: number;
}

/** Everything given must hold; a list holds where one of its members does. An empty match holds for every route. */
export interface PolicyMatch {
  readonly prefixes?: readonly PrefixMatch[];
  /** The route carries one of these communities. */
  readonly communities?: readonly number[];
  /** The AS that originated the route (last of AS_PATH) is one of these; 0 stands for an empty path. */
  readonly originAsns?: readonly number[];
}

/** Changes to the attributes, applied in the order of the fields here. */
export interface PolicySet {
  readonly localPref?: number;
  readonly med?: number;
  /** Replaces all communities. */
  readonly communities?: readonly number[];
  readonly addCommunities?: readonly number[];
  readonly addLargeCommunities?: readonly LargeCommunity[];
  /** Put in front of AS_PATH, in this order. */
  readonly prependAsns?: readonly number[];
}

export interface PolicyTerm {
  readonly match?: PolicyMatch;
  readonly action: 'accept' | 'reject';
  readonly set?: PolicySet;
}

export interface RoutePolicy {
  readonly terms: readonly PolicyTerm[];
  /** What becomes of a route that no term matches. Default accept. */
  readonly otherwise?: 'accept' | 'reject';
}
