/** The path attributes of a route as an object: what decoders give and encoders take. */
import type { Address } from '@tortie/ip';
import type { Nlri } from '../nlri.js';

export type Origin = 'igp' | 'egp' | 'incomplete';

export interface AsPathSegment {
  readonly type: 'sequence' | 'set' | 'confed-sequence' | 'confed-set';
  readonly asns: readonly number[];
}

export interface Aggregator {
  readonly asn: number;
  readonly address: Address;
}

/** MP_REACH_NLRI. For an AFI/SAFI that is not in the table, or was not negotiated, `nlri` is empty. */
export interface MpReach {
  readonly afi: number;
  readonly safi: number;
  readonly nextHop: Address;
  /** The second address of a 32-octet next hop. RFC 2545 section 3. */
  readonly linkLocalNextHop?: Address;
  readonly nlri: readonly Nlri[];
}

export interface MpUnreach {
  readonly afi: number;
  readonly safi: number;
  readonly nlri: readonly Nlri[];
}

/** An attribute that is not in the table, kept as it came. */
export interface UnknownAttribute {
  readonly type: number;
  readonly flags: number;
  readonly value: Uint8Array;
}

export type LargeCommunity = readonly [globalAdministrator: number, local1: number, local2: number];

export interface PathAttributes {
  readonly origin: Origin;
  readonly asPath: readonly AsPathSegment[];
  readonly nextHop?: Address;
  readonly med?: number;
  readonly localPref?: number;
  readonly atomicAggregate?: true;
  readonly aggregator?: Aggregator;
  readonly communities?: readonly number[];
  readonly originatorId?: number;
  readonly clusterList?: readonly number[];
  readonly extendedCommunities?: readonly bigint[];
  readonly largeCommunities?: readonly LargeCommunity[];
  /** The AS that says the route may only go down to customers from there on. RFC 9234 section 5. */
  readonly onlyToCustomer?: number;
  readonly mpReach?: MpReach;
  readonly mpUnreach?: MpUnreach;
  readonly unknown?: readonly UnknownAttribute[];
}
