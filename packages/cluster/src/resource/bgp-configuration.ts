/** BGPConfiguration: `default` for the cluster, `node.NAME` for what is different on one node. */
import { type Static, Type } from '../schema/type.js';
import { Faults, type Findings } from './findings.js';
import { noEffect } from './marks.js';
import type { Resource } from './resource.js';
import { address, asNumber, community, duration, isCommunity, oneOf, prefix, secretReference } from './text.js';

const closed = { additionalProperties: false };
const PORT = { minimum: 1, maximum: 65535 };

const serviceRanges = (description: string) =>
  Type.Array(Type.Object({ cidr: Type.Optional(prefix('A range of addresses')) }, closed), {
    maxItems: 500,
    description,
  });

const priority = (description: string) =>
  Type.Integer({
    minimum: 1,
    maximum: 2147483646,
    description,
    ...noEffect('routes have the metric that kernel.metric of the agent says'),
  });

export const BgpConfigurationSpec = Type.Object(
  {
    asNumber: Type.Optional(asNumber('AS number of nodes that have none of their own', { default: 64512 })),
    nodeToNodeMeshEnabled: Type.Optional(
      Type.Boolean({ default: true, description: 'Every node peers with every other that is no route reflector' }),
    ),
    listenPort: Type.Optional(
      Type.Integer({ ...PORT, default: 179, description: 'Port other nodes dial; node.NAME goes before default' }),
    ),
    nodeMeshPassword: Type.Optional(secretReference('TCP-MD5 key of all sessions of the mesh; in default only')),
    nodeMeshMaxRestartTime: Type.Optional(
      duration('How long nodes of the mesh keep the routes of one that restarts; in default only'),
    ),
    communities: Type.Optional(
      Type.Array(
        Type.Object(
          {
            name: Type.String({ minLength: 1, maxLength: 253, format: 'resource-name', description: 'Its name' }),
            value: community('65000:100, or 65000:1:2 for a large community'),
          },
          closed,
        ),
        { maxItems: 500, description: 'Names for communities that prefixAdvertisements use' },
      ),
    ),
    prefixAdvertisements: Type.Optional(
      Type.Array(
        Type.Object(
          {
            cidr: prefix('Routes inside of it'),
            communities: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), {
              maxItems: 50,
              description: 'Names of communities, or communities themselves',
            }),
          },
          closed,
        ),
        { maxItems: 500, description: 'Communities that announced routes get' },
      ),
    ),
    serviceClusterIPs: Type.Optional(serviceRanges('Ranges of cluster IPs to announce')),
    serviceExternalIPs: Type.Optional(serviceRanges('Ranges of external IPs to announce')),
    serviceLoadBalancerIPs: Type.Optional(serviceRanges('Ranges of load balancer IPs to announce')),
    serviceLoadBalancerAggregation: Type.Optional(
      oneOf(['Enabled', 'Disabled'], {
        default: 'Enabled',
        description:
          'Disabled: not the ranges of load balancers, only addresses of services in them, by nodes with an endpoint',
      }),
    ),
    logSeverityScreen: Type.Optional(
      oneOf(['Debug', 'Info', 'Warning', 'Error', 'Fatal'], {
        description: 'What is logged',
        ...noEffect('log.level of the agent says what is logged', ['Debug', 'Warning', 'Error', 'Fatal']),
      }),
    ),
    bindMode: Type.Optional(
      oneOf(['None', 'NodeIP'], {
        default: 'None',
        description: 'NodeIP: listen on the address of the node alone',
        ...noEffect('bgp.listen of the agent says where it listens', ['NodeIP']),
      }),
    ),
    ignoredInterfaces: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        maxItems: 100,
        description: 'Interfaces whose routes are not announced',
        ...noEffect('routes of interfaces are never announced'),
      }),
    ),
    localWorkloadPeeringIPV4: Type.Optional(
      address('Address that workloads of the node peer with', noEffect('nodes do not peer with their workloads')),
    ),
    localWorkloadPeeringIPV6: Type.Optional(
      address('The same for IPv6', noEffect('nodes do not peer with their workloads')),
    ),
    programClusterRoutes: Type.Optional(
      Type.String({
        maxLength: 40,
        description: 'Which program writes the routes between nodes',
        ...noEffect('the agent writes all routes'),
      }),
    ),
    ipv4NormalRoutePriority: Type.Optional(priority('Metric of IPv4 routes')),
    ipv4ElevatedRoutePriority: Type.Optional(priority('Metric of IPv4 routes during a live migration')),
    ipv6NormalRoutePriority: Type.Optional(priority('Metric of IPv6 routes')),
    ipv6ElevatedRoutePriority: Type.Optional(priority('Metric of IPv6 routes during a live migration')),
  },
  { ...closed, description: 'BGP of the cluster, or of one node' },
);
export type BgpConfigurationSpec = Static<typeof BgpConfigurationSpec>;
export type BgpConfiguration = Resource<'BGPConfiguration', BgpConfigurationSpec>;

/** What belongs to the whole cluster, with where the same is said of one node. */
const CLUSTER_WIDE = [
  ['nodeToNodeMeshEnabled', 'spec.bgp.routeReflectorClusterID of the Node to take it out of the mesh'],
  ['asNumber', 'spec.bgp.asNumber of the Node'],
  ['nodeMeshPassword', 'it in "default"'],
  ['nodeMeshMaxRestartTime', 'it in "default"'],
] as const;

export function checkBgpConfiguration({ metadata, spec }: BgpConfiguration): Findings {
  const found = new Faults();
  const { name } = metadata;
  if (name !== 'default' && !/^node\..+/.test(name)) {
    found.add('/metadata/name', `"${name}" is the configuration of nothing`, '"default", or node.NAME for one node');
  }
  for (const [field, instead] of name === 'default' ? [] : CLUSTER_WIDE) {
    if (spec[field] !== undefined)
      found.add(`/spec/${field}`, `holds for the whole cluster, not for one node`, instead);
  }
  for (const field of ['nodeMeshPassword', 'nodeMeshMaxRestartTime'] as const) {
    if (spec[field] !== undefined && spec.nodeToNodeMeshEnabled === false) {
      found.add(`/spec/${field}`, 'is for a mesh, which nodeToNodeMeshEnabled: false switches off', 'one of the two');
    }
  }
  checkCommunities(spec, found);
  return found;
}

function checkCommunities({ communities = [], prefixAdvertisements = [] }: BgpConfigurationSpec, found: Faults): void {
  const names = communities.map(({ name }) => name);
  const used = new Set(prefixAdvertisements.flatMap((one) => one.communities));
  if (names.length > 0 && prefixAdvertisements.length === 0) {
    found.add(
      '/spec/communities',
      'are used by no prefixAdvertisements',
      'prefixAdvertisements that name them, or neither',
    );
  }
  for (const [index, name] of names.entries()) {
    const at = `/spec/communities/${index}/name`;
    if (names.indexOf(name) < index) found.add(at, `"${name}" is there twice`, 'another name');
    else if (prefixAdvertisements.length > 0 && !used.has(name)) found.warn(at, `"${name}" is used nowhere`);
  }
  for (const [index, advertisement] of prefixAdvertisements.entries()) {
    for (const [at, text] of advertisement.communities.entries()) {
      if (names.includes(text) || isCommunity(text)) continue;
      const known = names.length > 0 ? `one of ${names.join(', ')}` : 'a name of spec.communities';
      found.add(
        `/spec/prefixAdvertisements/${index}/communities/${at}`,
        `"${text}" is neither a community nor the name of one`,
        `${known}, or 65000:100, or 65000:1:2`,
      );
    }
  }
}
