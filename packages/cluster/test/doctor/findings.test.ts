import t from 'tap';
import { clusterFindings } from '../../src/doctor/findings.js';
import type { BgpPeerSpec } from '../../src/resource/bgp-peer.js';
import { ClusterIndex, type ClusterState, type SessionNode } from '../../src/sessions/cluster-index.js';

const node = (number: number, rest: Partial<SessionNode> = {}): SessionNode => ({
  name: `n${number}`,
  labels: {},
  ipv4: `10.0.${number >>> 8}.${number & 255}`,
  ...rest,
});
const RR = { clusterId: '1.0.0.1', labels: { rr: 'true' } };
const peer = (name: string, spec: Partial<BgpPeerSpec>) => ({ name, spec: spec as BgpPeerSpec });
const codes = (state: Partial<ClusterState>): string[] =>
  clusterFindings(new ClusterIndex({ nodes: [], configurations: new Map(), peers: [], ...state }), 'n1').map(
    ({ code, subject }) => `${code} ${subject}`,
  );
const MESH_OFF = new Map([['default', { nodeToNodeMeshEnabled: false }]]);

const ROWS: readonly (readonly [string, Partial<ClusterState>, readonly string[]])[] = [
  ['a mesh', { nodes: [node(1), node(2)] }, []],
  [
    'reflectors that all clients reach',
    {
      nodes: [node(1), node(2, RR), node(3, RR)],
      configurations: MESH_OFF,
      peers: [peer('rr', { nodeSelector: 'all()', peerSelector: 'has(rr)' })],
    },
    [],
  ],
  [
    'a client that reaches one of two',
    {
      nodes: [node(1), node(2, RR), node(3, { ...RR, labels: {} })],
      configurations: MESH_OFF,
      peers: [peer('rr', { nodeSelector: 'all()', peerSelector: 'has(rr)' })],
    },
    ['reflector-partial Node/n1'],
  ],
  [
    'of two cluster IDs one is enough',
    {
      nodes: [node(1), node(2, RR), node(3, { clusterId: '1.0.0.2' })],
      configurations: MESH_OFF,
      peers: [peer('rr', { nodeSelector: 'all()', peerSelector: 'has(rr)' })],
    },
    [],
  ],
  [
    'selectors that match nothing',
    { nodes: [node(1)], peers: [peer('x', { nodeSelector: 'has(gone)', peerSelector: 'has(rr)' })] },
    ['selector-empty BGPPeer/x', 'selector-empty BGPPeer/x'],
  ],
  [
    'a node that is not there',
    { nodes: [node(1)], peers: [peer('x', { node: 'n9', peerIP: '192.0.2.1', asNumber: 1 })] },
    ['node-missing BGPPeer/x'],
  ],
  [
    'a large mesh',
    { nodes: Array.from({ length: 101 }, (_, index) => node(index + 1)) },
    ['mesh-large BGPConfiguration/default'],
  ],
  ['one of a hundred', { nodes: Array.from({ length: 100 }, (_, index) => node(index + 1)) }, []],
  [
    'an AS number that is another',
    { nodes: [node(1), node(2)], peers: [peer('x', { peerIP: '10.0.0.2', asNumber: 65002 })] },
    ['asn-mismatch BGPPeer/x'],
  ],
  [
    'two nodes of one address',
    { nodes: [node(1), node(2), node(3, { ipv4: '10.0.0.2' })] },
    ['address-twice Node/n2', 'address-twice Node/n3'],
  ],
  [
    'a selector that is none',
    { nodes: [node(1), node(2)], peers: [peer('x', { nodeSelector: 'has(', peerIP: '192.0.2.1', asNumber: 1 })] },
    ['selector-invalid BGPPeer/x'],
  ],
];

for (const [name, state, expected] of ROWS) {
  t.test(name, async (t) => t.strictSame(codes(state), expected));
}
