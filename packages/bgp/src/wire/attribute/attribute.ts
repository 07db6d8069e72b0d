/** The table of path attributes: one row each. */
import { aggregator } from './aggregator.js';
import { asPath } from './as-path.js';
import { as4Aggregator } from './as4-aggregator.js';
import { as4Path } from './as4-path.js';
import { atomicAggregate } from './atomic-aggregate.js';
import { clusterList } from './cluster-list.js';
import type { AttributeCodec } from './codec.js';
import { communities } from './communities.js';
import { extendedCommunities } from './extended-communities.js';
import { largeCommunities } from './large-communities.js';
import { localPref } from './local-pref.js';
import { med } from './med.js';
import { mpReach } from './mp-reach.js';
import { mpUnreach } from './mp-unreach.js';
import { nextHop } from './next-hop.js';
import { onlyToCustomer } from './only-to-customer.js';
import { origin } from './origin.js';
import { originatorId } from './originator-id.js';

/** In ascending order of type. */
export const ATTRIBUTES: readonly AttributeCodec[] = [
  origin,
  asPath,
  nextHop,
  med,
  localPref,
  atomicAggregate,
  aggregator,
  communities,
  originatorId,
  clusterList,
  mpReach,
  mpUnreach,
  extendedCommunities,
  as4Path,
  as4Aggregator,
  largeCommunities,
  onlyToCustomer,
];

const byType: (AttributeCodec | undefined)[] = new Array(256).fill(undefined);
for (const row of ATTRIBUTES) byType[row.type] = row;

/** The row of a type; undefined for an attribute we do not know. */
export const attributeByType = (type: number): AttributeCodec | undefined => byType[type];
