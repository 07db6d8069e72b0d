/** Why a route may not take part in the decision process at all; first match wins. */

export const INELIGIBILITIES = [
  /** The import policy refused it; it stays in adj-rib-in as received. */
  'rejected-by-policy',
  /** Our AS number is in AS_PATH. RFC 4271 section 9.1.2. */
  'as-loop',
  /** ORIGINATOR_ID is our router ID. RFC 4456 section 8. */
  'originator-loop',
  /** Our cluster ID is in CLUSTER_LIST. RFC 4456 section 8. */
  'cluster-loop',
  /** The session is gone and its routes are being removed. */
  'session-down',
  /** The next hop cannot be resolved. RFC 4271 section 9.1.2.1. */
  'next-hop-unreachable',
] as const;

export type Ineligibility = (typeof INELIGIBILITIES)[number];
