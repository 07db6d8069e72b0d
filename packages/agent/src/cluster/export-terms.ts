/**
 * What a node tells the peers of the cluster, as one policy: the filters of the peer, then pools that are kept inside, then
 * what this node has only heard of, then the communities of the configuration; what is left it has itself.
 *
 * Blocks are announced as aggregates and nothing inside of them is, as nobody originates it: see OriginTable.
 */
import type { PolicyTerm, RoutePolicy } from '@tortie/bgp';
import { addressBits, type Prefix } from '@tortie/ip';

export interface ExportScope {
  /** Pools with disableBGPExport. */
  readonly hiddenPools: readonly Prefix[];
  readonly pools: readonly Prefix[];
  readonly services: readonly Prefix[];
  readonly advertisements: readonly Advertisement[];
  /** This node is a route reflector. */
  readonly reflects: boolean;
}

/** Communities of routes inside a prefix. */
export interface Advertisement {
  readonly prefix: Prefix;
  readonly communities: readonly number[];
  readonly largeCommunities: readonly (readonly [number, number, number])[];
}

export const within = (prefix: Prefix) => ({ prefix, ge: prefix.length, le: addressBits(prefix.version) });

export function exportPolicy(type: 'ebgp' | 'ibgp', filters: readonly PolicyTerm[], scope: ExportScope): RoutePolicy {
  const { hiddenPools, advertisements } = scope;
  const terms: PolicyTerm[] = [...filters];
  if (hiddenPools.length > 0) {
    terms.push({
      name: 'pools with disableBGPExport',
      match: { prefixes: hiddenPools.map(within) },
      action: 'reject',
    });
  }
  terms.push(heard(type, scope));
  for (const { prefix, communities, largeCommunities } of advertisements) {
    terms.push({
      name: 'prefixAdvertisements',
      match: { prefixes: [within(prefix)] },
      action: 'next',
      set: {
        ...(communities.length > 0 && { addCommunities: communities }),
        ...(largeCommunities.length > 0 && { addLargeCommunities: largeCommunities }),
      },
    });
  }
  return { terms, otherwise: 'accept' };
}

/**
 * A node tells what it has, not what it has heard; the others tell that themselves. A reflector passes on what it hears inside
 * the AS (RFC 4456), and over the border of the AS what belongs to the cluster.
 */
function heard(type: 'ebgp' | 'ibgp', { reflects, pools, services }: ExportScope): PolicyTerm {
  if (!reflects) return { name: 'routes of others', match: { sources: ['ebgp', 'ibgp'] }, action: 'reject' };
  return {
    name: 'routes of others outside the cluster',
    match: {
      sources: type === 'ibgp' ? ['ebgp'] : ['ebgp', 'ibgp'],
      notPrefixes: [...pools, ...services].map(within),
    },
    action: 'reject',
  };
}
