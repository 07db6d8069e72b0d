import t from 'tap';
import { readResource } from '../../src/index.js';
import { formatFault } from '../../src/schema/index.js';

/** Kind, name, spec, and the faults as `pointer: text`; none: it is taken. */
type Row = readonly [kind: string, name: string, spec: object, ...faults: string[]];

const tor = { peerIP: '192.0.2.1', asNumber: 64512 };
const community = { name: 'bulk', value: '65000:100' };
const advertised = { cidr: '10.0.0.0/8', communities: ['bulk'] };
const secretKeyRef = { name: 'bgp', key: 'mesh' };

const ROWS: readonly Row[] = [
  ['BGPPeer', 'a', tor],
  ['BGPPeer', 'a', { ...tor, peerIP: '[2001:db8::1]:1790' }],
  ['BGPPeer', 'a', { peerSelector: 'has(route-reflector)', nodeSelector: 'all()' }],
  ['BGPPeer', 'a', { interface: 'eth1', asNumber: 'external' }],
  ['BGPPeer', 'a', { range: '10.0.0.0/24', asNumber: 'internal' }],
  [
    'BGPPeer',
    'a',
    { ...tor, node: 'n1', nodeSelector: 'all()' },
    '/spec/nodeSelector: excludes node, expected one of the two, or neither for all nodes',
  ],
  ['BGPPeer', 'a', {}, '/spec: says not who the peer is, expected peerIP, peerSelector, interface or range'],
  [
    'BGPPeer',
    'a',
    { ...tor, peerSelector: 'all()' },
    '/spec/peerSelector: excludes peerIP, expected one of them: who the peer is',
    '/spec/asNumber: excludes peerSelector: nodes have their own AS numbers, expected none',
  ],
  [
    'BGPPeer',
    'a',
    { peerSelector: 'all()', asNumber: 1 },
    '/spec/asNumber: excludes peerSelector: nodes have their own AS numbers, expected none',
  ],
  [
    'BGPPeer',
    'a',
    { peerIP: '192.0.2.1' },
    '/spec: "asNumber" is missing, of the peer at peerIP, expected its AS number, like asNumber: 64512',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, asNumber: 'external' },
    '/spec/asNumber: is external, which is for interface and range, expected a whole number 1 to 4294967295',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, peerIP: '224.0.0.5' },
    '/spec/peerIP: 224.0.0.5 is the address of no single host, expected the address of the peer',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, peerIP: '[::ffff:192.0.2.1]:1790' },
    '/spec/peerIP: [::ffff:192.0.2.1]:1790 is an IPv4 address written as IPv6, which no session goes over, expected 192.0.2.1',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, peerIP: 'fe80::1' },
    '/spec/peerIP: fe80::1 is link-local, and of no node\'s interface in particular, expected "interface" instead',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, reachableBy: '2001:db8::1' },
    '/spec/reachableBy: 2001:db8::1 is of another IP version than 192.0.2.1, expected an IPv4 address',
  ],
  [
    'BGPPeer',
    'a',
    { peerSelector: 'all()', reachableBy: '10.0.0.1' },
    '/spec/reachableBy: is the gateway to a peerIP, which is not given, expected peerIP beside it',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, holdTime: '2s' },
    '/spec/holdTime: is 2s, expected 0s (no keepalives), or 3s to 65535s (RFC 4271 section 4.2)',
  ],
  [
    'BGPPeer',
    'a',
    { ...tor, holdTime: '9s', keepaliveTime: '5s' },
    '/spec/keepaliveTime: is 5s with a hold time of 9s, expected 1s to 4s',
  ],
  ['BGPPeer', 'a', { ...tor, maxRestartTime: '2h' }, '/spec/maxRestartTime: is 2h, expected 1s to 4095s'],
  [
    'BGPPeer',
    'a',
    { ...tor, keepOriginalNextHop: true, nextHopMode: 'Keep' },
    '/spec/keepOriginalNextHop: excludes nextHopMode, expected nextHopMode alone',
  ],
  [
    'BGPPeer',
    'a',
    { range: '10.0.0.0/24', asNumber: 1, password: { secretKeyRef } },
    '/spec/password: cannot be with range, whose peers are not known beforehand, expected peerIP, or none',
  ],
  [
    'BGPPeer',
    'a',
    { interface: 'eth1', asNumber: 1, ttlSecurity: 2 },
    '/spec/ttlSecurity: is 2, but the peer of an interface is on the link, expected 1, or none',
  ],
  [
    'BGPConfiguration',
    'default',
    { communities: [community], prefixAdvertisements: [advertised], nodeMeshPassword: { secretKeyRef } },
  ],
  ['BGPConfiguration', 'node.rack1-host7', { listenPort: 1790 }],
  [
    'BGPConfiguration',
    'mesh',
    {},
    '/metadata/name: "mesh" is the configuration of nothing, expected "default", or node.NAME for one node',
  ],
  [
    'BGPConfiguration',
    'node.a',
    { nodeToNodeMeshEnabled: false, asNumber: 1 },
    '/spec/nodeToNodeMeshEnabled: holds for the whole cluster, not for one node, expected spec.bgp.routeReflectorClusterID of the Node to take it out of the mesh',
    '/spec/asNumber: holds for the whole cluster, not for one node, expected spec.bgp.asNumber of the Node',
  ],
  [
    'BGPConfiguration',
    'default',
    { nodeToNodeMeshEnabled: false, nodeMeshMaxRestartTime: '60s' },
    '/spec/nodeMeshMaxRestartTime: is for a mesh, which nodeToNodeMeshEnabled: false switches off, expected one of the two',
  ],
  [
    'BGPConfiguration',
    'default',
    { communities: [community] },
    '/spec/communities: are used by no prefixAdvertisements, expected prefixAdvertisements that name them, or neither',
  ],
  [
    'BGPConfiguration',
    'default',
    { communities: [community, community], prefixAdvertisements: [advertised] },
    '/spec/communities/1/name: "bulk" is there twice, expected another name',
  ],
  [
    'BGPConfiguration',
    'default',
    { prefixAdvertisements: [{ cidr: '10.0.0.0/8', communities: ['65000:1:2', 'blk', '65536:1'] }] },
    '/spec/prefixAdvertisements/0/communities/1: "blk" is neither a community nor the name of one, expected a name of spec.communities, or 65000:100, or 65000:1:2',
    '/spec/prefixAdvertisements/0/communities/2: "65536:1" is neither a community nor the name of one, expected a name of spec.communities, or 65000:100, or 65000:1:2',
  ],
  [
    'BGPFilter',
    'a',
    {
      importV4: [
        { action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In', prefixLength: { min: 16, max: 24 } },
        { action: 'Reject' },
      ],
    },
  ],
  [
    'BGPFilter',
    'a',
    {
      exportV6: [
        {
          action: 'Accept',
          communities: { values: ['65000:1'] },
          asPathPrefix: ['64512'],
          operations: [{ addCommunity: { value: '65000:1:2' } }, { setPriority: { value: 100 } }],
        },
      ],
    },
  ],
  [
    'BGPFilter',
    'a',
    { importV4: [{ action: 'Accept', cidr: '10.0.0.0/8' }] },
    '/spec/importV4/0: "matchOperator" is missing, which says how routes are compared with cidr, expected Equal, NotEqual, In or NotIn',
  ],
  [
    'BGPFilter',
    'a',
    { importV4: [{ action: 'Accept', matchOperator: 'In', prefixLength: { min: 8 } }] },
    '/spec/importV4/0/matchOperator: needs cidr, which is not given, expected cidr beside it',
    '/spec/importV4/0/prefixLength: needs cidr, which is not given, expected cidr beside it',
  ],
  [
    'BGPFilter',
    'a',
    { exportV6: [{ action: 'Reject', cidr: '10.0.0.0/8', matchOperator: 'In' }] },
    '/spec/exportV6/0/cidr: 10.0.0.0/8 is of the other IP version, expected an IPv6 prefix',
  ],
  [
    'BGPFilter',
    'a',
    { exportV4: [{ action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In', prefixLength: { min: 24, max: 16 } }] },
    '/spec/exportV4/0/prefixLength: matches nothing: min 24 is above max 16, expected min up to max',
  ],
  [
    'BGPFilter',
    'a',
    { exportV4: [{ action: 'Reject', operations: [{ setPriority: { value: 5 } }] }] },
    '/spec/exportV4/0/operations: change nothing, as the rule rejects, expected action: Accept, or no operations',
  ],
  [
    'BGPFilter',
    'a',
    { exportV4: [{ action: 'Accept', operations: [{}] }] },
    '/spec/exportV4/0/operations/0: has 0 changes, expected exactly one of addCommunity, prependASPath, setPriority',
  ],
  [
    'IPPool',
    'a',
    { cidr: '192.168.0.0/16', blockSize: 26, vxlanMode: 'CrossSubnet', natOutgoing: true, nodeSelector: 'all()' },
  ],
  [
    'IPPool',
    'a',
    { cidr: '10.0.0.0/8', blockSize: 64 },
    '/spec/blockSize: is 64, expected 20 to 32 for an IPv4 pool, usually 26',
  ],
  [
    'IPPool',
    'a',
    { cidr: '10.0.0.0/28' },
    '/spec/cidr: a block of /26 does not fit into 10.0.0.0/28, expected a blockSize of 28 to 32',
  ],
  [
    'IPPool',
    'a',
    { cidr: '169.254.0.0/17' },
    '/spec/cidr: 169.254.0.0/17 overlaps 169.254.0.0/16, which is link-local, expected another',
  ],
  [
    'IPPool',
    'a',
    { cidr: '10.0.0.0/16', ipipMode: 'Always', vxlanMode: 'Always' },
    '/spec/ipipMode: is Always beside vxlanMode Always, expected Never for one of the two',
  ],
  [
    'IPPool',
    'p',
    { cidr: '10.0.0.0/16', wireguardMode: 'Always', vxlanMode: 'CrossSubnet' },
    '/spec/wireguardMode: is Always beside vxlanMode CrossSubnet, expected Never for one of the two',
  ],
  [
    'IPPool',
    'p',
    { cidr: '10.0.0.0/16', wireguardMode: 'Always', allowedUses: ['LoadBalancer'] },
    '/spec/wireguardMode: does not go with the use LoadBalancer, expected Never',
  ],
  [
    'IPPool',
    'a',
    { cidr: 'fd00::/64', ipipMode: 'Always' },
    '/spec/ipipMode: is Always for an IPv6 pool, expected Never',
  ],
  [
    'IPPool',
    'a',
    { cidr: '10.0.0.0/16', allowedUses: [] },
    '/spec/allowedUses: is empty, so nothing could be assigned, expected a use, or none of it',
  ],
  [
    'IPPool',
    'a',
    { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer', 'Tunnel'] },
    '/spec/allowedUses: does not go with the use LoadBalancer, expected LoadBalancer alone',
  ],
  [
    'IPPool',
    'a',
    { cidr: '10.0.0.0/16', allowedUses: ['LoadBalancer'], disableBGPExport: true },
    '/spec/disableBGPExport: does not go with the use LoadBalancer, expected false',
  ],
  ['IPReservation', 'a', { reservedCIDRs: ['10.0.0.0/30', '10.0.0.9', 'fd00::/126'] }],
  ['IPReservation', 'a', { reservedCIDRs: [] }, '/spec/reservedCIDRs: has 0 entries; at least 1 must be there'],
  ['IPAMConfiguration', 'default', { strictAffinity: true, autoAllocateBlocks: false, maxBlocksPerHost: 0 }],
  [
    'IPAMConfiguration',
    'other',
    { strictAffinity: true },
    '/metadata/name: is "other", but there is one alone, expected "default"',
  ],
  [
    'IPAMConfiguration',
    'default',
    { autoAllocateBlocks: false },
    '/spec/autoAllocateBlocks: is false without strictAffinity, so that every address would be borrowed, expected strictAffinity: true beside it',
  ],
  [
    'Node',
    'Node_1',
    {
      bgp: { ipv4Address: '10.0.0.1/24', routeReflectorClusterID: '244.0.0.1', asNumber: '64512' },
      orchRefs: [{ nodeName: 'a', orchestrator: 'k8s' }],
    },
  ],
  [
    'Node',
    'n1',
    { bgp: { ipv4Address: '10.0.0.1/33' } },
    '/spec/bgp/ipv4Address: "10.0.0.1/33" is no address of a node; write it with the length of its subnet, like 10.0.0.1/24 or 2001:db8::1/64',
  ],
];

for (const [kind, name, spec, ...expected] of ROWS) {
  t.test(`${kind} ${name} ${JSON.stringify(spec)}`, async (t) => {
    const { faults, resource } = readResource({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec });
    t.strictSame(
      faults.map((fault) => `${fault.pointer}: ${formatFault(fault)}`),
      expected,
    );
    t.equal(resource !== undefined, expected.length === 0);
  });
}

t.test('rules behind one that matches everything are told of', async (t) => {
  const spec = { importV4: [{ action: 'Reject' }, { action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'In' }] };
  const { warnings } = readResource({ apiVersion: 'tortie/v1', kind: 'BGPFilter', metadata: { name: 'a' }, spec });
  t.strictSame(warnings, [
    { pointer: '/spec/importV4/0', message: 'matches every route, so the rules behind it are never asked' },
  ]);
});
