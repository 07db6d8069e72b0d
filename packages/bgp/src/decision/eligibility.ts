/** Why a route may not take part in the decision process at all. RFC 4271 section 9.1.2. */
import { ATTRIBUTE_FACT } from '../rib/attribute-keys.js';

/** First match wins. */
export const INELIGIBILITIES = [
  /** The session is gone and its routes are being removed. */
  'session-down',
  /** Our AS number is in AS_PATH, more often than the session allows. RFC 4271 section 9.1.2. */
  'as-loop',
  /** ORIGINATOR_ID is our router ID. RFC 4456 section 8. */
  'originator-loop',
  /** Our cluster ID is in CLUSTER_LIST. RFC 4456 section 8. */
  'cluster-loop',
  /** The next hop is our own address on the session. RFC 4271 section 6.3. */
  'own-next-hop',
  /** ONLY_TO_CUSTOMER says that a customer or peer leaked it. RFC 9234 section 5. */
  'route-leak',
  /** The import policy refused it; it stays in adj-rib-in as received. */
  'rejected-by-policy',
  /** The next hop cannot be resolved. RFC 4271 section 9.1.2.1. */
  'next-hop-unreachable',
] as const;

export type Ineligibility = (typeof INELIGIBILITIES)[number];

/** The facts of an attribute set that say the route has been here before. */
export const LOOP_FACTS = ATTRIBUTE_FACT.ownAs | ATTRIBUTE_FACT.ownOriginator | ATTRIBUTE_FACT.ownCluster;

/** What the facts say, were the route otherwise fine. `ownAsAllowed`: the session lets our AS number pass (allowAsIn). */
export function loopOf(facts: number, ownAsAllowed: boolean): Ineligibility | undefined {
  if ((facts & ATTRIBUTE_FACT.ownAs) !== 0 && !ownAsAllowed) return 'as-loop';
  if ((facts & ATTRIBUTE_FACT.ownOriginator) !== 0) return 'originator-loop';
  if ((facts & ATTRIBUTE_FACT.ownCluster) !== 0) return 'cluster-loop';
  return undefined;
}
