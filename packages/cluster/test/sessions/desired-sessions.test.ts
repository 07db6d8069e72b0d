import t from 'tap';
import type { BgpPeerSpec } from '../../src/resource/bgp-peer.js';
import { ClusterIndex, type ClusterState, type NamedPeer, type SessionNode } from '../../src/sessions/cluster-index.js';
import { desiredSessions } from '../../src/sessions/desired-sessions.js';
import { originText, type Session } from '../../src/sessions/session.js';

const node = (number: number, rest: Partial<SessionNode> = {}): SessionNode => ({
  name: `n${number}`,
  labels: {},
  ipv4: `10.0.0.${number}`,
  ...rest,
});
const peer = (name: string, spec: Partial<BgpPeerSpec>): NamedPeer => ({ name, spec: spec as BgpPeerSpec });
const MESH_OFF = new Map([['default', { nodeToNodeMeshEnabled: false }]]);

function sessionsOf(self: string, state: Partial<ClusterState>) {
  return desiredSessions(new ClusterIndex({ nodes: [], configurations: new Map(), peers: [], ...state }), self);
}
const brief = ({ node: name, remoteAddress, remoteAsn, origin, type, client }: Session): string =>
  `${name ?? remoteAddress} AS ${remoteAsn} ${type}${client ? ' client' : ''}: ${originText(origin)}`;

interface Row {
  readonly name: string;
  readonly state: Partial<ClusterState>;
  readonly self?: string;
  readonly sessions: readonly string[];
  readonly notes?: readonly string[];
}

const RR = { clusterId: '1.0.0.1', labels: { 'route-reflector': 'true' } };
const REFLECTORS = peer('rr', { nodeSelector: 'all()', peerSelector: 'has(route-reflector)' });
const TOR = { peerIP: '192.0.2.1', asNumber: 65000 };

const ROWS: readonly Row[] = [
  {
    name: 'every pair of nodes meshes by itself',
    state: { nodes: [node(1), node(2), node(3)] },
    sessions: ['n2 AS 64512 ibgp: node-to-node mesh', 'n3 AS 64512 ibgp: node-to-node mesh'],
  },
  { name: 'a node alone has nobody', state: { nodes: [node(1)] }, sessions: [] },
  { name: 'who is no node has no sessions', self: 'n9', state: { nodes: [node(1), node(2)] }, sessions: [] },
  {
    name: 'the AS number of the cluster holds where a node has none of its own',
    state: {
      nodes: [node(1), node(2, { asn: 65002 }), node(3)],
      configurations: new Map<string, object>([
        ['default', { asNumber: 64600 }],
        ['node.n3', { asNumber: 65003 }],
      ]),
    },
    sessions: ['n2 AS 65002 ebgp: node-to-node mesh', 'n3 AS 65003 ebgp: node-to-node mesh'],
  },
  {
    name: 'a mesh that is switched off has none',
    state: { nodes: [node(1), node(2)], configurations: MESH_OFF },
    sessions: [],
  },
  {
    name: 'a node whose mesh is off has none with anybody',
    state: {
      nodes: [node(1), node(2), node(3)],
      configurations: new Map([['node.n2', { nodeToNodeMeshEnabled: false }]]),
    },
    sessions: ['n3 AS 64512 ibgp: node-to-node mesh'],
  },
  {
    name: 'a node with a cluster ID leaves the mesh',
    state: { nodes: [node(1), node(2, RR), node(3)] },
    sessions: ['n3 AS 64512 ibgp: node-to-node mesh'],
  },
  {
    name: 'clients peer with the reflectors that a selector finds',
    state: { nodes: [node(1), node(2, RR), node(3, RR), node(4)], configurations: MESH_OFF, peers: [REFLECTORS] },
    sessions: ['n2 AS 64512 ibgp: node peer rr', 'n3 AS 64512 ibgp: node peer rr'],
  },
  {
    name: 'a reflector has the mirror of each client, and the other reflector as no client',
    self: 'n2',
    state: { nodes: [node(1), node(2, RR), node(3, RR), node(4)], configurations: MESH_OFF, peers: [REFLECTORS] },
    sessions: [
      'n1 AS 64512 ibgp client: reverse of rr',
      'n3 AS 64512 ibgp: node peer rr',
      'n4 AS 64512 ibgp client: reverse of rr',
    ],
  },
  {
    name: 'a reflector of another cluster is a client',
    self: 'n2',
    state: {
      nodes: [node(2, RR), node(3, { ...RR, clusterId: '1.0.0.2' })],
      configurations: MESH_OFF,
      peers: [REFLECTORS],
    },
    sessions: ['n3 AS 64512 ibgp client: node peer rr'],
  },
  {
    name: 'a reflector in another AS is no client',
    self: 'n2',
    state: { nodes: [node(1, { asn: 65001 }), node(2, RR)], configurations: MESH_OFF, peers: [REFLECTORS] },
    sessions: ['n1 AS 65001 ebgp: reverse of rr'],
  },
  {
    name: 'reversePeering Manual has no mirror',
    self: 'n2',
    state: {
      nodes: [node(1), node(2, RR)],
      configurations: MESH_OFF,
      peers: [
        peer('rr', {
          nodeSelector: "kubernetes.io/x == 'y' || !has(route-reflector)",
          peerSelector: 'has(route-reflector)',
          reversePeering: 'Manual',
        }),
      ],
    },
    sessions: [],
  },
  {
    name: 'and its one side is told of it',
    state: {
      nodes: [node(1), node(2, RR)],
      configurations: MESH_OFF,
      peers: [
        peer('rr', {
          nodeSelector: '!has(route-reflector)',
          peerSelector: 'has(route-reflector)',
          reversePeering: 'Manual',
        }),
      ],
    },
    sessions: ['n2 AS 64512 ibgp: node peer rr'],
    notes: ['one-sided'],
  },
  {
    name: 'a global peer is for every node, a node peer for the one it names',
    state: {
      nodes: [node(1), node(2)],
      configurations: MESH_OFF,
      peers: [peer('tor', TOR), peer('lab', { node: 'n2', peerIP: '192.0.2.9', asNumber: 65009 })],
    },
    sessions: ['192.0.2.1 AS 65000 ebgp: global peer tor'],
  },
  {
    name: 'a global peer suppresses a node peer of the same address',
    state: {
      nodes: [node(1)],
      peers: [peer('a-own', { node: 'n1', peerIP: '192.0.2.1', asNumber: 65009 }), peer('tor', TOR)],
    },
    sessions: ['192.0.2.1 AS 65000 ebgp: global peer tor'],
    notes: ['shadowed'],
  },
  {
    name: 'of two of a kind the first by name counts',
    state: { nodes: [node(1)], peers: [peer('b', TOR), peer('a', { ...TOR, asNumber: 65001 })] },
    sessions: ['192.0.2.1 AS 65001 ebgp: global peer a'],
    notes: ['shadowed'],
  },
  {
    name: 'an explicit peer comes before the mirror of another, and both before the mesh',
    self: 'n2',
    state: {
      nodes: [node(1), node(2)],
      peers: [peer('a', { node: 'n1', peerSelector: 'all()' }), peer('b', { node: 'n2', peerSelector: 'all()' })],
    },
    sessions: ['n1 AS 64512 ibgp: node peer b'],
  },
  {
    name: "an address of a node is peered with at that node's port, and the AS number is as written",
    state: { nodes: [node(1), node(2, { port: 1790 })], peers: [peer('x', { peerIP: '10.0.0.2', asNumber: 64512 })] },
    sessions: ['n2 AS 64512 ibgp: global peer x'],
  },
  {
    name: 'a node that shows another AS number than a resource says is told of',
    state: { nodes: [node(1), node(2)], peers: [peer('x', { peerIP: '10.0.0.2', asNumber: 65002 })] },
    sessions: ['n2 AS 65002 ebgp: global peer x'],
    notes: ['asn-mismatch'],
  },
  {
    name: 'localASNumber is what the other end sees',
    self: 'n2',
    state: {
      nodes: [node(1), node(2)],
      configurations: MESH_OFF,
      peers: [peer('x', { node: 'n1', peerSelector: 'all()', localASNumber: 65100 })],
    },
    sessions: ['n1 AS 65100 ebgp: reverse of x'],
  },
  {
    name: 'a node without an address has no session',
    state: { nodes: [node(1), { name: 'n2', labels: {} }] },
    sessions: [],
  },
  {
    name: 'two nodes of one address have no session over it',
    state: { nodes: [node(1), node(2, { ipv4: '10.0.0.1', ipv6: 'fd00::2' })] },
    sessions: [],
    notes: ['address-twice'],
  },
  {
    name: 'a selector that is none leaves its peer out, and says so',
    state: {
      nodes: [node(1), node(2)],
      configurations: MESH_OFF,
      peers: [peer('x', { nodeSelector: 'has(', peerSelector: 'all()' })],
    },
    sessions: [],
    notes: ['selector-invalid'],
  },
];

for (const { name, state, self = 'n1', sessions, notes = [] } of ROWS) {
  t.test(name, async (t) => {
    const desired = sessionsOf(self, state);
    t.strictSame(desired.sessions.map(brief), sessions);
    t.strictSame(
      desired.notes.map(({ code }) => code),
      notes,
    );
    // Order of the resources decides nothing.
    const turned = sessionsOf(self, {
      ...state,
      nodes: [...(state.nodes ?? [])].reverse(),
      peers: [...(state.peers ?? [])].reverse(),
    });
    t.strictSame(turned, desired);
  });
}

t.test('terms of a peer', async (t) => {
  const [session] = sessionsOf('n1', {
    nodes: [node(1)],
    peers: [
      peer('tor', {
        peerIP: '192.0.2.1:1790',
        asNumber: 65000,
        keepOriginalNextHop: true,
        numAllowedLocalASNumbers: 2,
        ttlSecurity: 3,
        maxRestartTime: '2m30s',
        keepaliveTime: '10s',
        reachableBy: '10.0.0.254',
        filters: ['b', 'a'],
        password: { secretKeyRef: { name: 'bgp', key: 'tor' } },
      }),
    ],
  }).sessions;
  t.strictSame(session, {
    name: 'cluster/192.0.2.1',
    origin: { type: 'global', peer: 'tor' },
    family: 4,
    remoteAddress: '192.0.2.1',
    remotePort: 1790,
    remoteAsn: 65000,
    type: 'ebgp',
    client: false,
    reflector: false,
    dialling: 'at-once',
    localAddress: '10.0.0.1',
    nextHopMode: 'keep',
    allowAsIn: 2,
    ttlSecurityHops: 3,
    restartTimeS: 150,
    keepaliveS: 10,
    reachableBy: '10.0.0.254',
    filters: ['b', 'a'],
    password: { name: 'bgp', key: 'tor' },
  });
});

t.test('terms of the mesh', async (t) => {
  const configurations = new Map<string, object>([
    [
      'default',
      {
        nodeMeshPassword: { secretKeyRef: { name: 'bgp', key: 'mesh' } },
        nodeMeshMaxRestartTime: '90s',
        listenPort: 1179,
      },
    ],
    ['node.n2', { listenPort: 1180 }],
  ]);
  const nodes = [node(1), node(2), node(3)];
  const own = sessionsOf('n1', { nodes, configurations }).sessions;
  t.strictSame(
    own.map(({ node: name, remotePort, password, restartTimeS, dialling }) => [
      name,
      remotePort,
      password?.key,
      restartTimeS,
      dialling,
    ]),
    [
      ['n2', 1180, 'mesh', 90, 'after-retry'],
      ['n3', 1179, 'mesh', 90, 'after-retry'],
    ],
    'the lower address waits for the higher one to dial',
  );
  t.strictSame(
    sessionsOf('n3', { nodes, configurations }).sessions.map(({ dialling }) => dialling),
    ['at-once', 'at-once'],
  );
});

t.test('a session for each family that both ends have', async (t) => {
  const nodes = [node(1, { ipv6: 'fd00::1' }), node(2, { ipv6: 'fd00::2' }), node(3)];
  t.strictSame(
    sessionsOf('n1', { nodes }).sessions.map(({ name, family, localAddress }) => [name, family, localAddress]),
    [
      ['cluster/10.0.0.2', 4, '10.0.0.1'],
      ['cluster/10.0.0.3', 4, '10.0.0.1'],
      ['cluster/fd00::2', 6, 'fd00::1'],
    ],
  );
});

t.test('different passwords at the two ends are told of', async (t) => {
  const secret = (key: string) => ({ password: { secretKeyRef: { name: 'bgp', key } } });
  const { notes } = sessionsOf('n1', {
    nodes: [node(1), node(2)],
    peers: [
      peer('a', { node: 'n1', peerSelector: 'all()', ...secret('one') }),
      peer('b', { node: 'n2', peerSelector: 'all()', ...secret('two') }),
    ],
  });
  t.strictSame(
    notes.map(({ code }) => code),
    ['password-mismatch'],
  );
});

t.test('peers of an interface and of a range', async (t) => {
  const { open, sessions } = sessionsOf('n1', {
    nodes: [node(1)],
    peers: [
      peer('spine', { interface: 'eth1', asNumber: 'external', holdTime: '9s', connectRetryTime: '1s' }),
      peer('vms', { nodeSelector: 'all()', range: '10.1.0.0/24', asNumber: 64512, importPolicy: 'All' }),
      peer('other', { node: 'n2', interface: 'eth1', asNumber: 'external' }),
    ],
  });
  t.strictSame(sessions, []);
  t.strictSame(open, [
    {
      name: 'cluster/spine',
      origin: { type: 'global', peer: 'spine' },
      at: { interface: 'eth1' },
      remoteAsn: 'external',
      nextHopMode: 'auto',
      holdTimeS: 9,
      connectRetryS: 1,
      filters: [],
    },
    {
      name: 'cluster/vms',
      origin: { type: 'node', peer: 'vms' },
      at: { range: '10.1.0.0/24' },
      remoteAsn: 64512,
      nextHopMode: 'auto',
      filters: [],
      importPolicy: 'all',
    },
  ]);
});
