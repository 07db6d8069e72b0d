/** BGPConfiguration -> what it says of routes: communities of what is announced, and ranges of service addresses. */
import type { BgpConfigurationSpec } from '@tortie/cluster';
import { type Prefix, parsePrefix } from '@tortie/ip';
import { byKind } from '../policies/route-policy.js';
import type { Advertisement } from './export-terms.js';

export interface Announcements {
  readonly advertisements: readonly Advertisement[];
  /** Where addresses of services lie: no node has them in its kernel. */
  readonly services: readonly Prefix[];
  /** Those that every node announces as they are. */
  readonly announcedServices: readonly Prefix[];
}

interface Configuration {
  readonly spec: BgpConfigurationSpec;
}

/** `configurations` by name; a field that `node.NAME` has goes before that of `default`. */
export function announcementsOf(configurations: ReadonlyMap<string, Configuration>, node: string): Announcements {
  const shared = configurations.get('default')?.spec ?? {};
  const own = { ...shared, ...configurations.get(`node.${node}`)?.spec };
  const names = new Map((own.communities ?? []).map(({ name, value }) => [name, value]));
  const { serviceClusterIPs = [], serviceExternalIPs = [], serviceLoadBalancerIPs = [] } = own;
  const loadBalancers = own.serviceLoadBalancerAggregation === 'Disabled' ? [] : serviceLoadBalancerIPs;
  const prefixes = (...ranges: readonly (readonly { readonly cidr?: string }[])[]): Prefix[] =>
    [...new Set(ranges.flat().flatMap(({ cidr }) => cidr ?? []))].map(parsePrefix);
  return {
    advertisements: (own.prefixAdvertisements ?? []).map(({ cidr, communities }) => {
      const { standard, large } = byKind(communities.map((text) => names.get(text) ?? text));
      return { prefix: parsePrefix(cidr), communities: standard, largeCommunities: large };
    }),
    services: prefixes(serviceClusterIPs, serviceExternalIPs, serviceLoadBalancerIPs),
    announcedServices: prefixes(serviceClusterIPs, serviceExternalIPs, loadBalancers),
  };
}
