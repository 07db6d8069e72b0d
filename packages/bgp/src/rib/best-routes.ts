/** Best routes for consumers such as a FIB: pulled, and coalesced so that a slow consumer costs one bit per prefix. */
import type { Address, Prefix } from '@tortie/ip';
import type { PathAttributes } from '../wire/attribute/path-attributes.js';
import type { FamilyName } from '../wire/family/family.js';

export interface SubscriptionOptions {
  /** Default: all. */
  readonly families?: readonly FamilyName[];
  /** Most paths per prefix; more than 1 gives the routes equal to the best up to the IGP metric. Default 1. */
  readonly multipath?: number;
  /** Called when changes wait and the last take() had left nothing. Must not call back into the RIB. */
  readonly onReady?: () => void;
}

export interface BestPath {
  readonly nextHop: Address;
  /** A link-local next hop that came with a global one. RFC 2545 section 3. */
  readonly linkLocalNextHop?: Address;
  /** 0 is ourselves. */
  readonly peer: number;
  readonly pathId: number;
  /** RFC 7999: traffic for the prefix is to be dropped. */
  readonly blackhole: boolean;
  /** Decoded when read. */
  readonly attributes: PathAttributes;
}

export interface BestChange {
  readonly prefix: Prefix;
  /** The best first; empty where the prefix is unreachable. */
  readonly paths: readonly BestPath[];
}

export interface BestRouteSubscription {
  /** The present state of up to `max` prefixes that changed since they were last taken; at first that is all of them. */
  take(max: number): readonly BestChange[];
  readonly pending: boolean;
  close(): void;
}
