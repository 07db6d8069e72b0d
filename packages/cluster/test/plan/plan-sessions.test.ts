import t from 'tap';
import { countFates, planNode } from '../../src/plan/plan-sessions.js';
import type { BgpPeerSpec } from '../../src/resource/bgp-peer.js';
import { ClusterIndex, type ClusterState, type SessionNode } from '../../src/sessions/cluster-index.js';

const node = (number: number, rest: Partial<SessionNode> = {}): SessionNode => ({
  name: `n${number}`,
  labels: {},
  ipv4: `10.0.0.${number}`,
  ...rest,
});
const RR = { clusterId: '1.0.0.1', labels: { rr: 'true' } };
const MESH_OFF = new Map([['default', { nodeToNodeMeshEnabled: false }]]);
const peer = (name: string, spec: Partial<BgpPeerSpec>) => ({ name, spec: spec as BgpPeerSpec });
const index = (state: Partial<ClusterState>): ClusterIndex =>
  new ClusterIndex({ nodes: [], configurations: new Map(), peers: [], ...state });

t.test('from mesh to reflectors', async (t) => {
  const before = index({ nodes: [node(1), node(2), node(3), node(4)] });
  const after = index({
    nodes: [node(1, RR), node(2, RR), node(3), node(4)],
    configurations: MESH_OFF,
    peers: [peer('rr', { nodeSelector: 'all()', peerSelector: 'has(rr)' })],
  });
  t.strictSame(
    planNode(before, after, 'n3').map(({ fate, session, formerly }) => [
      'node' in session && session.node,
      fate,
      formerly,
    ]),
    [
      ['n1', 'kept', 'node-to-node mesh'],
      ['n2', 'kept', 'node-to-node mesh'],
      ['n4', 'removed', undefined],
    ],
  );
  t.strictSame(countFates(planNode(before, after, 'n1')), { added: 0, removed: 0, reset: 0, refreshed: 2, kept: 1 });
});

t.test('what resets, what refreshes', async (t) => {
  const nodes = [node(1)];
  const tor = { peerIP: '192.0.2.1', asNumber: 65000, filters: ['f'] };
  const fate = (after: object, filters: string[] = []) =>
    planNode(
      index({ nodes, peers: [peer('tor', tor)] }),
      index({ nodes, peers: [peer('tor', after as BgpPeerSpec)] }),
      'n1',
      new Set(filters),
    ).map((one) => one.fate);
  t.strictSame(fate(tor), ['kept']);
  t.strictSame(fate({ ...tor, asNumber: 65001 }), ['reset']);
  t.strictSame(fate({ ...tor, filters: [] }), ['refreshed']);
  t.strictSame(fate(tor, ['f']), ['refreshed'], 'a filter of it changes');
  t.strictSame(fate(tor, ['g']), ['kept']);
  t.strictSame(fate({ ...tor, peerIP: '192.0.2.2' }), ['removed', 'added']);
});

t.test('peers of interfaces and ranges', async (t) => {
  const nodes = [node(1)];
  const fate = (before: object, after: object) =>
    planNode(
      index({ nodes, peers: [peer('a', before as BgpPeerSpec)] }),
      index({ nodes, peers: [peer('a', after as BgpPeerSpec)] }),
      'n1',
    ).map((one) => [one.fate, 'at' in one.session && one.session.at]);
  const eth1 = { interface: 'eth1', asNumber: 'external' };
  t.strictSame(fate({ ...eth1, node: 'n2' }, eth1), [['added', { interface: 'eth1' }]]);
  t.strictSame(fate(eth1, eth1), [['kept', { interface: 'eth1' }]]);
  t.strictSame(fate(eth1, { ...eth1, holdTime: '9s' }), [['reset', { interface: 'eth1' }]]);
  t.strictSame(fate(eth1, { ...eth1, filters: ['f'] }), [['refreshed', { interface: 'eth1' }]]);
  t.strictSame(fate(eth1, { range: '10.0.0.0/24', asNumber: 1 }), [['reset', { range: '10.0.0.0/24' }]]);
  t.strictSame(fate(eth1, { ...eth1, nodeSelector: 'has(x)' }), [['removed', { interface: 'eth1' }]]);
});
