/**
 * The rows of the decision process in order: RFC 4271 section 9.1.2.2, RFC 4456 section 9, RFC 5004. Each has a name,
 * which is what a route that lost there shows. A row's number is its place here, from 1; route-order.ts compares by them.
 */

export const TIE_BREAKS = [
  /** One that is not long-lived stale before one that is. RFC 9494 section 4.3. */
  'long-lived-stale',
  /** The higher degree of preference. RFC 4271 section 9.1.1. */
  'local-pref',
  /** A route of our own, as every implementation has it. */
  'local-origin',
  /** RFC 4271 section 9.1.2.2 a. */
  'as-path-length',
  /** b: IGP before EGP before INCOMPLETE. */
  'origin',
  /** c: the lower MED, only among routes from the same neighbouring AS; an absent one counts as 0. */
  'med',
  /** d. */
  'ebgp-over-ibgp',
  /** e: the lower interior cost to the next hop. */
  'igp-metric',
  /** RFC 5004, an option: among external routes the one that came first. */
  'oldest-route',
  /** f: the lower BGP Identifier; ORIGINATOR_ID stands for it (RFC 4456 section 9). */
  'router-id',
  /** RFC 4456 section 9: the shorter CLUSTER_LIST. */
  'cluster-list-length',
  /** g. */
  'peer-address',
  /** Several routes of one peer (RFC 7911): the lower path identifier. */
  'path-id',
] as const;

export type TieBreak = (typeof TIE_BREAKS)[number];

const number = (name: TieBreak): number => TIE_BREAKS.indexOf(name) + 1;

/** The number of each row. */
export const ROW = {
  longLivedStale: number('long-lived-stale'),
  localPref: number('local-pref'),
  localOrigin: number('local-origin'),
  asPathLength: number('as-path-length'),
  origin: number('origin'),
  med: number('med'),
  ebgpOverIbgp: number('ebgp-over-ibgp'),
  igpMetric: number('igp-metric'),
  oldestRoute: number('oldest-route'),
  routerId: number('router-id'),
  clusterListLength: number('cluster-list-length'),
  peerAddress: number('peer-address'),
  pathId: number('path-id'),
} as const;
