/** Answers of an agent, whole and typed: when the API changes, these stop compiling. */
import type {
  BmpCollector,
  Candidate,
  FibPage,
  Peer,
  PeerRange,
  Pod,
  RouteAttributes,
  Status,
  Why,
  Wireguard,
} from '@tortie/agent/api';

export const ATTRIBUTES: RouteAttributes = {
  origin: 'igp',
  asPath: [{ type: 'sequence', asns: [64512, 65001] }],
  asPathText: '64512 65001',
  nextHop: '10.0.0.1',
  med: 5,
  communities: ['64512:1'],
};

const counts = { open: 1, update: 4, notification: 0, keepalive: 20, routeRefresh: 0, total: 25 };

export const RANGE: PeerRange = {
  name: 'nodes',
  origin: 'api',
  passwordSet: true,
  spec: { name: 'nodes', prefix: '10.0.1.0/24', remoteAsn: 64513, routeReflectorClient: true },
  peers: ['nodes/10.0.1.7', 'nodes/10.0.1.8'],
};

export const PEER: Peer = {
  name: 'tor',
  origin: 'file',
  source: '/etc/tortie/agent.yaml:12',
  passwordSet: true,
  spec: { name: 'tor', remoteAddress: '10.0.0.254', remoteAsn: 64512, holdTimeS: 30 },
  session: {
    state: 'established',
    since: '2026-01-02T03:04:05Z',
    uptimeS: 60,
    type: 'ebgp',
    flaps: 0,
    remoteRouterId: '10.0.0.254',
    holdTimeS: 30,
    keepaliveS: 10,
    capabilities: ['route refresh'],
    families: [{ family: 'ipv4-unicast', received: 7, advertised: 2, stale: 0, endOfRib: true }],
    unused: { rejected: 3, asLoops: 1 },
    messagesIn: counts,
    messagesOut: counts,
  },
  bfd: {
    state: 'up',
    since: '2026-01-02T03:04:05Z',
    diagnostic: 'no diagnostic',
    remoteState: 'up',
    multihop: false,
    txIntervalMs: 300,
    detectionTimeMs: 900,
    flaps: 2,
    lastDown: 'control detection time expired',
    packetsIn: 100,
    packetsOut: 101,
    holdsSession: false,
  },
};

/** Unnumbered: found on an interface, and one where nobody is heard. */
export const FOUND: Peer = {
  name: 'eth1',
  origin: 'api',
  revision: 4,
  passwordSet: false,
  spec: { name: 'eth1', interface: 'eth1', remoteAsn: 'external' },
  discovery: {
    state: 'found',
    address: 'fe80::7',
    heardBy: 'router-advertisement',
    lastHeard: '2026-01-02T03:04:05Z',
    localAddress: 'fe80::1',
    others: ['fe80::8'],
  },
  session: { ...PEER.session!, remoteAsn: 65007 },
};

export const UNHEARD: Peer = {
  ...FOUND,
  name: 'eth2',
  spec: { name: 'eth2', interface: 'eth2', remoteAsn: 65008 },
  discovery: { state: 'waiting', reason: 'interface eth2 is down' },
};
delete (UNHEARD as { session?: unknown }).session;

export const DOWN: Peer = {
  name: 'gone',
  origin: 'api',
  revision: 3,
  passwordSet: false,
  spec: { name: 'gone', remoteAddress: '2001:db8::1', remoteAsn: 4200000000 },
  session: {
    state: 'active',
    since: '2026-01-02T03:04:05Z',
    type: 'ebgp',
    lastCause: 'connection refused',
    kernelDrops: [{ counter: 'TCPMD5Failure', segments: 4, hint: 'came with another TCP-MD5 key' }],
    flaps: 2,
    families: [],
    messagesIn: counts,
    messagesOut: counts,
  },
};

const BEST: Candidate = { peer: 'tor', best: true, eligible: true, attributes: ATTRIBUTES };
const LOSER: Candidate = {
  peer: 'spine',
  best: false,
  eligible: true,
  reason: 'longer AS path',
  attributes: { ...ATTRIBUTES, asPathText: '64512 65001 65002' },
};

export const ROUTE = { prefix: '10.244.1.0/26', family: 'ipv4-unicast', candidates: [BEST, LOSER] } as const;

export const WHY: Why = {
  prefix: '10.244.1.0/26',
  explanation: ['2 candidates', 'tor wins: shorter AS path'],
  exports: [],
  candidates: [BEST, LOSER],
  fib: { state: 'installed' },
};

export const FIB: FibPage = {
  summary: {
    programming: true,
    protocol: 201,
    metric: 1024,
    table: 254,
    installed: 1,
    pending: 0,
    failed: 1,
    stale: 0,
  },
  routes: [
    {
      prefix: '10.244.1.0/26',
      kind: 'unicast',
      state: 'installed',
      nextHops: [{ gateway: '10.0.0.1', interface: 'eth0' }],
      source: 'bgp',
    },
    {
      prefix: '10.244.2.0/26',
      kind: 'unicast',
      state: 'failed',
      nextHops: [{ gateway: '10.9.9.9' }],
      source: 'bgp',
      error: 'Nexthop has invalid gateway',
    },
  ],
};

export const STATUS: Status = {
  node: 'node-1',
  version: '0.1.0',
  startedAt: '2026-01-02T03:04:05Z',
  uptimeS: 3725,
  asn: 64513,
  routerId: '10.0.0.1',
  routerIdSource: 'configured',
  clusterId: '10.0.0.1',
  importPolicy: 'pools',
  sessions: { configured: 2, established: 1, adminDown: 0 },
  routes: { ipv4: 3, ipv6: 2, candidates: 6 },
  fib: FIB.summary,
  blocks: ['10.244.0.0/26'],
  api: { socket: '/run/tortie/agent.sock' },
  conditions: [{ name: 'sessions', ok: false, detail: '1 of 2 established' }],
  warnings: ['this node has no IPv6 block'],
  memory: { residentOctets: 73_400_320, heapOctets: 20_000_000 },
};

export const COLLECTOR: BmpCollector = {
  name: 'station',
  origin: 'file',
  source: '/etc/tortie/agent.yaml:20',
  spec: { name: 'station', address: '192.0.2.7', port: 1790, monitor: ['adj-rib-in-pre', 'loc-rib'] },
  status: {
    state: 'waiting',
    since: '2026-01-02T03:04:05Z',
    messages: 7,
    octets: 700,
    pending: false,
    connections: 1,
    dropped: 1,
    lastError: 'TCP connection refused',
  },
};

export const POD: Pod = {
  network: 'k8s-pod-network',
  containerId: 'c0ffeec0ffeec0ffee',
  ifName: 'eth0',
  netns: '/run/netns/pod',
  hostInterface: 'tor0123456789a',
  mac: '02:00:00:00:00:07',
  mtu: 1500,
  addresses: ['10.244.0.7', 'fd00:10:244::7'],
  namespace: 'default',
  pod: 'web-1',
  since: '2026-01-01T00:00:00Z',
};

export const WIREGUARD: Wireguard = {
  publicKey: 'AAAA=',
  devices: [
    {
      interface: 'wg.tortie',
      ipVersion: 4,
      port: 51820,
      peers: [
        { node: 'node-2', publicKey: 'BBBB=', endpoint: '10.0.0.2', lastHandshakeAt: '2026-01-01T00:00:00.000Z' },
        { node: 'node-3', publicKey: 'CCCC=', endpoint: '10.0.0.3' },
      ],
    },
  ],
};
