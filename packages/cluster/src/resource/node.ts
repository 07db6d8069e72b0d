/** Node: what an operator says of one node. What the node says of itself is its live record, and no part of this. */
import { type Static, Type } from '../schema/type.js';
import { kept } from './marks.js';
import type { Resource } from './resource.js';
import { address, asNumber } from './text.js';

const closed = { additionalProperties: false };
const OWN = 'the node finds it out by itself and says it in its record';

export const NodeSpec = Type.Object(
  {
    bgp: Type.Optional(
      Type.Object(
        {
          asNumber: Type.Optional(asNumber('AS number of the node; default: that of BGPConfiguration')),
          ipv4Address: Type.Optional(
            Type.String({
              format: 'interface-address',
              description:
                'IPv4 address other nodes peer with, with its length: 10.0.0.1/24; default: what the node says',
            }),
          ),
          ipv6Address: Type.Optional(
            Type.String({
              format: 'interface-address',
              description: 'The same for IPv6: 2001:db8::1/64',
            }),
          ),
          ipv4IPIPTunnelAddr: Type.Optional(address('Address of the IPIP tunnel', kept(OWN))),
          routeReflectorClusterID: Type.Optional(
            Type.String({
              format: 'ipv4-address',
              description: 'Makes the node a route reflector (RFC 4456) and takes it out of the mesh: 244.0.0.1',
            }),
          ),
        },
        { ...closed, description: 'BGP of the node' },
      ),
    ),
    addresses: Type.Optional(
      Type.Array(
        Type.Object(
          { address: Type.String({ maxLength: 253 }), type: Type.Optional(Type.String({ maxLength: 64 })) },
          closed,
        ),
        { maxItems: 64, description: 'Addresses of the host', ...kept(OWN) },
      ),
    ),
    ipv4VXLANTunnelAddr: Type.Optional(address('Address of the IPv4 VXLAN tunnel', kept(OWN))),
    ipv6VXLANTunnelAddr: Type.Optional(address('Address of the IPv6 VXLAN tunnel', kept(OWN))),
    vxlanTunnelMACAddr: Type.Optional(Type.String({ maxLength: 17, description: 'MAC of the tunnel', ...kept(OWN) })),
    vxlanTunnelMACAddrV6: Type.Optional(Type.String({ maxLength: 17, description: 'MAC of the tunnel', ...kept(OWN) })),
    orchRefs: Type.Optional(
      Type.Array(
        Type.Object(
          { nodeName: Type.Optional(Type.String()), orchestrator: Type.Optional(Type.String()) },
          { additionalProperties: false },
        ),
        { maxItems: 16, description: 'The node in its orchestrator', ...kept('a node is known by its name') },
      ),
    ),
    wireguard: Type.Optional(
      Type.Object(
        {
          interfaceIPv4Address: Type.Optional(address('IPv4 address of the interface')),
          interfaceIPv6Address: Type.Optional(address('IPv6 address of the interface')),
        },
        { ...closed, description: 'WireGuard of the node', ...kept(OWN) },
      ),
    ),
  },
  { ...closed, description: "The operator's part of a node" },
);
export type NodeSpec = Static<typeof NodeSpec>;
export type ClusterNode = Resource<'Node', NodeSpec>;
