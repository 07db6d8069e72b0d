/** Path attributes as the API shows them: numbers become the text operators know. */
import type { PathAttributes } from '@tortie/bgp';
import { type Address, formatAddress, ipv4, isUnspecified } from '@tortie/ip';
import type { RouteAttributes } from '../api/route.js';
import { formatCommunity, formatLargeCommunity } from '../bgp-text/community.js';

const dotted = (word: number): string => formatAddress(ipv4(word));

export function attributeView(attributes: PathAttributes, nextHop?: Address): RouteAttributes {
  const { aggregator, communities, largeCommunities, extendedCommunities, clusterList, unknown, mpReach } = attributes;
  const hop = nextHop ?? attributes.nextHop ?? mpReach?.nextHop;
  // A route of our own leads nowhere until it is sent.
  const shown = hop && !isUnspecified(hop) ? hop : undefined;
  return {
    origin: attributes.origin,
    asPath: attributes.asPath.map(({ type, asns }) => ({ type, asns: [...asns] })),
    asPathText: asPathText(attributes.asPath),
    ...(shown && { nextHop: formatAddress(shown) }),
    ...(mpReach?.linkLocalNextHop && { linkLocalNextHop: formatAddress(mpReach.linkLocalNextHop) }),
    ...(attributes.med !== undefined && { med: attributes.med }),
    ...(attributes.localPref !== undefined && { localPref: attributes.localPref }),
    ...(attributes.atomicAggregate && { atomicAggregate: true }),
    ...(aggregator && { aggregator: { asn: aggregator.asn, address: formatAddress(aggregator.address) } }),
    ...(communities && { communities: communities.map(formatCommunity) }),
    ...(largeCommunities && { largeCommunities: largeCommunities.map(formatLargeCommunity) }),
    ...(extendedCommunities && {
      extendedCommunities: extendedCommunities.map((value) => value.toString(16).padStart(16, '0')),
    }),
    ...(attributes.onlyToCustomer !== undefined && { onlyToCustomer: attributes.onlyToCustomer }),
    ...(attributes.originatorId !== undefined && { originatorId: dotted(attributes.originatorId) }),
    ...(clusterList && { clusterList: clusterList.map(dotted) }),
    ...(unknown && {
      unknown: unknown.map(({ type, flags, value }) => ({ type, flags, value: Buffer.from(value).toString('hex') })),
    }),
  };
}

/** `64512 65001 {65002 65003} (65100)`: sets in braces, confederation segments in brackets. */
export function asPathText(path: PathAttributes['asPath']): string {
  return path
    .map(({ type, asns }) => {
      const text = asns.join(' ');
      if (type === 'set') return `{${text}}`;
      return type === 'sequence' ? text : `(${text})`;
    })
    .join(' ');
}
