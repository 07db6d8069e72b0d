/** What `tortie peers` and `tortie ranges` ask and show. */
import type { CommandCase } from './command-case.js';
import { DOWN, FOUND, PEER, RANGE, UNHEARD } from './samples.js';

export const PEER_CASES: readonly CommandCase[] = [
  {
    args: ['peers', 'list'],
    answers: { 'GET /v1/peers': { body: { peers: [PEER, DOWN] } } },
    shows: [
      /^tor +10\.0\.0\.254 +64512 +ebgp +established +\S+ +7 +2 +-$/m,
      /^gone .* active .* connection refused; segments came with another TCP-MD5 key$/m,
    ],
  },
  { args: ['peers', 'list'], answers: { 'GET /v1/peers': { body: { peers: [] } } }, shows: [/no peers; add one/] },
  {
    args: ['peers', 'show', 'tor'],
    answers: { 'GET /v1/peers/tor': { body: PEER } },
    shows: [
      /^TCP-MD5 key: +set$/m,
      /^hold time: +30 s, keepalive 10 s$/m,
      /^of no use: +3 rejected by policy, 1 updates with our AS number$/m,
      /^ipv4-unicast +7 +2 +0 +yes$/m,
      /^BFD: +up for /m,
      /^timers: +a packet every 300 ms, lost after 900 ms of silence$/m,
      /^lost so far: +2, last for: control detection time expired$/m,
    ],
  },
  {
    args: ['peers', 'show', 'gone'],
    answers: { 'GET /v1/peers/gone': { body: DOWN } },
    shows: [/^dropped: +4 segments came with another TCP-MD5 key \(TCPMD5Failure of this node\)$/m],
  },
  {
    args: [
      ...['peers', 'set', 'tor', '--max-prefixes-action', 'idle', '--add-path-send-max', '4', '--allow-as-in', '2'],
      ...['--as-override', '--remove-private-as', 'replace', '--blackhole', '--graceful-restart', '60'],
      ...['--field', 'gracefulRestart.staleTimeS=90', 'delayOpenS=5', 'adminDownText=back at noon', 'import=[]'],
    ],
    answers: { 'PATCH /v1/peers/tor': { body: { peer: PEER, impact: 'session-reset' } } },
    asks: 'PATCH /v1/peers/tor',
    body: {
      maxPrefixesAction: 'idle',
      addPathSendMax: 4,
      allowAsIn: 2,
      asOverride: true,
      removePrivateAs: 'replace',
      blackhole: true,
      gracefulRestart: { enabled: true, restartTimeS: 60, staleTimeS: 90 },
      delayOpenS: 5,
      adminDownText: 'back at noon',
      import: [],
    },
    shows: [/the session starts anew/],
  },
  {
    args: ['ranges', 'list'],
    answers: { 'GET /v1/peer-ranges': { body: { peerRanges: [RANGE] } } },
    shows: [/^nodes +10\.0\.1\.0\/24 +64513 +2 +256 +api +-$/m],
  },
  {
    args: ['ranges', 'list'],
    answers: { 'GET /v1/peer-ranges': { body: { peerRanges: [] } } },
    shows: [/no ranges; add one/],
  },
  {
    args: ['ranges', 'show', 'nodes'],
    answers: { 'GET /v1/peer-ranges/nodes': { body: RANGE } },
    shows: [/^prefix: +10\.0\.1\.0\/24$/m, /^TCP-MD5 key: +set$/m, /^peers: +nodes\/10\.0\.1\.7 nodes\/10\.0\.1\.8$/m],
  },
  {
    args: ['ranges', 'add', 'nodes', '10.0.1.0/24', '64513', '--client', '--limit', '9', '--hold-time', '30'],
    answers: { 'POST /v1/peer-ranges': { status: 201, body: RANGE } },
    asks: 'POST /v1/peer-ranges',
    body: {
      name: 'nodes',
      prefix: '10.0.1.0/24',
      remoteAsn: 64513,
      routeReflectorClient: true,
      limit: 9,
      holdTimeS: 30,
    },
    shows: [/is called nodes\/ADDRESS/],
  },
  {
    args: ['ranges', 'set', 'nodes', '--prefix', '10.0.1.0/25', '--unset', 'limit'],
    answers: { 'PATCH /v1/peer-ranges/nodes': { body: { peerRange: RANGE, impact: 'session-reset' } } },
    asks: 'PATCH /v1/peer-ranges/nodes',
    body: { prefix: '10.0.1.0/25', limit: null },
    shows: [/^nodes, 2 peers: applied, the session starts anew$/m],
  },
  {
    args: ['ranges', 'rm', 'nodes'],
    answers: { 'DELETE /v1/peer-ranges/nodes': { status: 204 } },
    asks: 'DELETE /v1/peer-ranges/nodes',
    shows: [/removed nodes and its peers/],
  },
  ...(
    [
      ['on', { enabled: true }],
      ['off', { enabled: false }],
      ['300x3', { enabled: true, minTxMs: 300, minRxMs: 300, multiplier: 3 }],
      ['100,200x5', { enabled: true, minTxMs: 100, minRxMs: 200, multiplier: 5 }],
    ] as const
  ).map(([text, bfd]) => ({
    args: ['peers', 'set', 'tor', '--bfd', text],
    answers: { 'PATCH /v1/peers/tor': { body: { peer: PEER, impact: 'applied' } } },
    body: { bfd },
  })),
  {
    args: ['peers', 'add', '--interface', 'eth1', '--remote-asn', 'external'],
    answers: { 'POST /v1/peers': { status: 201, body: FOUND } },
    asks: 'POST /v1/peers',
    body: { name: 'eth1', interface: 'eth1', remoteAsn: 'external' },
    shows: [/^added eth1$/m],
  },
  {
    args: ['peers', 'add', 'up', '--interface', 'eth1', '--remote-asn', '65007', '--no-extended-next-hop'],
    answers: { 'POST /v1/peers': { status: 201, body: FOUND } },
    asks: 'POST /v1/peers',
    body: { name: 'up', interface: 'eth1', remoteAsn: 65007, extendedNextHop: false },
    shows: [/^added up$/m],
  },
  {
    args: ['peers', 'show', 'eth1'],
    answers: { 'GET /v1/peers/eth1': { body: FOUND } },
    asks: 'GET /v1/peers/eth1',
    shows: [
      /^interface: +eth1$/m,
      /^neighbour: +fe80::7, heard by router advertisement$/m,
      /^others there: +fe80::8$/m,
      /^our address: +fe80::1$/m,
      /^AS: +external$/m,
      /^remote AS: +65007$/m,
    ],
  },
  {
    args: ['peers', 'show', 'eth2'],
    answers: { 'GET /v1/peers/eth2': { body: UNHEARD } },
    asks: 'GET /v1/peers/eth2',
    shows: [/^neighbour: +not found$/m, /^because: +interface eth2 is down$/m],
  },
  {
    args: ['peers', 'list'],
    answers: { 'GET /v1/peers': { body: { peers: [FOUND, UNHEARD] } } },
    asks: 'GET /v1/peers',
    shows: [/^eth1 +fe80::7%eth1 +external +ebgp +established/m, /^eth2 +%eth2 +65008 .* interface eth2 is down$/m],
  },
  {
    args: ['peers', 'add', 'tor', '10.0.0.254', '64512', '--hold-time', '30', '--passive', '--families', 'ipv4,ipv6'],
    answers: { 'POST /v1/peers': { status: 201, body: PEER } },
    asks: 'POST /v1/peers',
    body: {
      name: 'tor',
      remoteAddress: '10.0.0.254',
      remoteAsn: 64512,
      holdTimeS: 30,
      passive: true,
      families: ['ipv4-unicast', 'ipv6-unicast'],
    },
    shows: [/^added tor$/m],
  },
  {
    args: ['peers', 'set', 'tor', '--no-client', '--unset', 'hold-time', 'password'],
    answers: { 'PATCH /v1/peers/tor': { body: { peer: PEER, impact: 'session-reset' } } },
    asks: 'PATCH /v1/peers/tor',
    body: { routeReflectorClient: false, holdTimeS: null, password: null },
    shows: [/^tor: applied, the session starts anew$/m],
  },
  {
    args: ['peers', 'set', 'tor', '--asn', '65000', '--address', '10.0.0.9'],
    answers: { 'PATCH /v1/peers/tor': { body: { peer: PEER, impact: 'none' } } },
    body: { remoteAsn: 65000, remoteAddress: '10.0.0.9' },
  },
  { args: ['peers', 'rm', 'tor'], answers: { 'DELETE /v1/peers/tor': { status: 204 } }, shows: [/^removed tor$/m] },
  ...(
    [
      [[], 'soft'],
      [['--hard'], 'hard'],
      [['--soft'], 'soft'],
      [['--in'], 'soft-in'],
      [['--out'], 'soft-out'],
    ] as const
  ).map(([flags, mode]) => ({
    args: ['peers', 'reset', 'tor', ...flags],
    answers: { 'POST /v1/peers/tor/reset': { body: { peer: 'tor', mode } } },
    asks: 'POST /v1/peers/tor/reset',
    body: { mode },
  })),
  ...([true, false] as const).map((drain) => ({
    args: ['peers', drain ? 'drain' : 'undrain', 'tor'],
    answers: { 'POST /v1/peers/tor/drain': { body: { peer: 'tor', draining: drain } } },
    asks: 'POST /v1/peers/tor/drain',
    body: { drain },
    shows: [drain ? /^tor: drained; traffic leaves it/m : /^tor: in use again$/m],
  })),
  {
    args: ['peers', 'undrain', 'tor'],
    answers: { 'POST /v1/peers/tor/drain': { body: { peer: 'tor', draining: true } } },
    asks: 'POST /v1/peers/tor/drain',
    body: { drain: false },
    shows: [/^tor: still drained, its configuration says gracefulShutdown$/m],
  },
];
