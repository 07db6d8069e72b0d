/** The words of a route's row: eight, two routes to a cache line. */
export const ROUTE = {
  /** The next route of the same prefix, or 0. */
  next: 0,
  prefix: 1,
  /** The canonical attributes after import policy; 0 where the policy rejected the route. */
  attributes: 2,
  /** The attributes as received: an entry of the attribute table, perhaps an alias. */
  received: 3,
  /** peer | epoch << 16. */
  peer: 4,
  pathId: 5,
  /** Order of arrival, for the oldest-route row. */
  sequence: 6,
  flags: 7,
} as const;

export const ROUTE_SHIFT = 3;

export const ROUTE_FLAG = {
  /** The AS number we use towards this peer alone (local-as) is in AS_PATH. */
  localAsLoop: 1,
  /** The next hop is our own address on the session. RFC 4271 section 6.3: such a route is ignored. */
  ownNextHop: 2,
  /** Our own AS number is in AS_PATH no more often than the session allows: that alone is no loop. */
  ownAsAllowed: 4,
  /** ONLY_TO_CUSTOMER says that the peer leaked the route. RFC 9234 section 5. */
  leaked: 8,
  /** Behind every route without this flag: LLGR_STALE came with it, or we have put it on. RFC 9494 section 4.3. */
  leastPreferred: 16,
  /** Traffic for it is to be dropped: BLACKHOLE came with it, and that is honoured. RFC 7999. */
  blackhole: 32,
} as const;

/** The flags that AS numbers of our own in AS_PATH make. */
export const OWN_AS_FLAGS = ROUTE_FLAG.localAsLoop | ROUTE_FLAG.ownAsAllowed;

/** The flags that import rules make anew whenever they are asked. */
export const RULE_FLAGS = ROUTE_FLAG.leaked | ROUTE_FLAG.blackhole;

/** The flags that keep a route out of the decision process. */
export const UNSOUND_FLAGS = ROUTE_FLAG.localAsLoop | ROUTE_FLAG.ownNextHop | ROUTE_FLAG.leaked;
