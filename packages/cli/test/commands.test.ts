import t from 'tap';
import type { CommandCase } from './command-case.js';
import { IPAM_CASES } from './ipam-cases.js';
import { PEER_CASES } from './peer-cases.js';
import { COLLECTOR, FIB, PEER, POD, ROUTE, STATUS, WHY, WIREGUARD } from './samples.js';
import { startStub } from './stub.js';

const assignment = { address: '10.244.0.1', handle: 'pod-1', node: 'node-1', block: '10.244.0.0/26', pool: 'default' };

const CASES: readonly CommandCase[] = [
  ...PEER_CASES,
  {
    args: ['mrt', 'dump'],
    answers: {
      'POST /v1/mrt/dumps': {
        status: 201,
        body: {
          file: '/mrt/rib.1.mrt',
          startedAt: '2026-01-01T00:00:00Z',
          durationMs: 7,
          prefixes: 2,
          routes: 3,
          octets: 9,
        },
      },
    },
    asks: 'POST /v1/mrt/dumps',
    shows: [/^\/mrt\/rib\.1\.mrt: 3 routes of 2 prefixes, 7 ms$/m],
  },
  {
    args: ['wireguard', 'show'],
    answers: { 'GET /v1/wireguard': { body: WIREGUARD } },
    shows: [
      /^public key of this node: AAAA=$/m,
      /^node-2 +wg\.tortie +10\.0\.0\.2 +\S+ ago +BBBB=$/m,
      /^node-3 +wg\.tortie +10\.0\.0\.3 +none yet +CCCC=$/m,
    ],
  },
  {
    args: ['wireguard', 'show'],
    answers: { 'GET /v1/wireguard': { body: { devices: [] } } },
    shows: [/^no pool asks for WireGuard: tortie ipam pools set POOL --wireguard Always$/m],
  },
  {
    args: ['wireguard', 'rotate'],
    answers: { 'POST /v1/wireguard/rotate': { body: WIREGUARD } },
    asks: 'POST /v1/wireguard/rotate',
    shows: [/^the public key of this node is now AAAA=$/m, /see who has answered with: tortie wireguard show$/m],
  },
  {
    args: ['wireguard', 'rotate'],
    answers: { 'POST /v1/wireguard/rotate': { body: { publicKey: 'AAAA=', devices: [] } } },
    shows: [/^no pool asks for WireGuard: nobody has to be told$/m],
  },
  {
    args: ['status'],
    answers: { 'GET /v1/status': { body: STATUS } },
    shows: [
      /^node: +node-1$/m,
      /^up: +1h02m$/m,
      /^reflector: +cluster 10\.0\.0\.1$/m,
      /^sessions +no +1 of 2/m,
      /^warning: this node/m,
    ],
  },
  {
    args: ['pods'],
    answers: { 'GET /v1/pods': { body: { pods: [POD, { ...POD, namespace: undefined, pod: undefined }] } } },
    shows: [
      /^default\/web-1 +k8s-pod-network +eth0 +10\.244\.0\.7 fd00:10:244::7 +tor0123456789a /m,
      /^c0ffeec0ffee +k8s-pod-network/m,
    ],
  },
  { args: ['pods'], answers: { 'GET /v1/pods': { body: { pods: [] } } }, shows: [/^no pods$/m] },
  { args: ['status', '--check'], answers: { 'GET /v1/status': { body: STATUS } }, code: 1 },
  {
    args: ['routes'],
    answers: { 'GET /v1/routes': { body: { routes: [ROUTE] } } },
    shows: [/^10\.244\.1\.0\/26 +\* +tor +10\.0\.0\.1 +- +5 +64512 65001 +-$/m, /spine .* longer AS path$/m],
  },
  {
    args: ['routes'],
    answers: {
      'GET /v1/routes': {
        body: {
          routes: ['fd00::/64', '10.10.0.0/16', '9.0.0.0/8', '10.9.0.0/24', '10.9.0.0/16'].map((prefix) => ({
            ...ROUTE,
            prefix,
          })),
        },
      },
    },
    shows: [/9\.0\.0\.0\/8.*10\.9\.0\.0\/16.*10\.9\.0\.0\/24.*10\.10\.0\.0\/16.*fd00::\/64/s],
  },
  {
    args: ['routes', '10.244.0.0/16', '--longer', '--family', 'ipv4', '--limit', '10'],
    answers: { 'GET /v1/routes': { body: { routes: [ROUTE] } } },
    asks: 'GET /v1/routes?family=ipv4-unicast&prefix=10.244.0.0%2F16&longer=true&limit=10',
  },
  {
    args: ['routes', '10.9.0.0/16'],
    answers: { 'GET /v1/routes': { body: { routes: [] } } },
    shows: [/^no routes$/m],
    code: 4,
  },
  {
    args: ['routes', '--why', '10.244.1.7'],
    answers: { 'GET /v1/routes/why': { body: WHY } },
    asks: 'GET /v1/routes/why?prefix=10.244.1.7',
    shows: [/^ {2}tor wins: shorter AS path$/m, /kernel: installed/],
  },
  {
    args: ['routes', '--fib'],
    answers: { 'GET /v1/fib': { body: FIB } },
    shows: [/installed +10\.0\.0\.1 dev eth0 +bgp/, /failed +10\.9\.9\.9 +bgp +- +Nexthop has invalid gateway$/m],
  },
  {
    args: ['routes', '--received', 'tor', '--before-policy'],
    answers: {
      'GET /v1/peers/tor/adj-rib-in': { body: { routes: [{ prefix: '10.1.0.0/16', attributes: PEERLESS() }] } },
    },
    asks: 'GET /v1/peers/tor/adj-rib-in?policy=before&limit=500',
    shows: [/^10\.1\.0\.0\/16 /m],
  },
  {
    args: ['routes', '--advertised', 'tor'],
    answers: { 'GET /v1/peers/tor/adj-rib-out': { body: { routes: [] } } },
    asks: 'GET /v1/peers/tor/adj-rib-out?limit=500',
    shows: [/^no routes$/m],
  },
  {
    args: ['routes', '--advertised', 'tor'],
    answers: {
      'GET /v1/peers/tor/adj-rib-out': {
        body: { routes: [7, 8].map((pathId) => ({ prefix: '10.1.0.0/16', pathId, attributes: PEERLESS() })) },
      },
    },
    shows: [/^PREFIX +PATH ID /m, /^10\.1\.0\.0\/16 +7 /m, /^10\.1\.0\.0\/16 +8 /m],
  },
  {
    args: ['originated', 'list'],
    answers: { 'GET /v1/originated': { body: { originated: [{ prefix: '10.244.0.0/26', origin: 'block' }] } } },
    shows: [/^10\.244\.0\.0\/26 +block/m],
  },
  {
    args: ['originated', 'add', '203.0.113.0/24', '--med', '5', '--communities', '65000:1,no-export'],
    answers: { 'POST /v1/originated': { status: 201, body: { prefix: '203.0.113.0/24', origin: 'api' } } },
    body: { prefix: '203.0.113.0/24', med: 5, communities: ['65000:1', 'no-export'] },
  },
  {
    args: ['originated', 'rm', '203.0.113.0/24'],
    answers: { 'DELETE /v1/originated/203.0.113.0%2F24': { status: 204 } },
    shows: [/^withdrawn/],
  },
  {
    args: ['cluster', 'sessions'],
    answers: {
      'GET /v1/cluster': {
        body: {
          node: 'node-1',
          member: true,
          nodes: 2,
          sessions: [
            {
              name: 'cluster/10.0.0.2',
              origin: 'reverse of rr',
              node: 'node-2',
              remoteAddress: '10.0.0.2',
              remotePort: 179,
              remoteAsn: 64512,
              type: 'ibgp',
              client: true,
              state: 'established',
            },
          ],
          open: [
            { name: 'cluster/tor', origin: 'node peer tor', interface: 'eth1', remoteAsn: 'external', established: 0 },
            { name: 'cluster/vms', origin: 'global peer vms', range: '10.9.0.0/24', remoteAsn: 65000, established: 2 },
          ],
          pending: [],
          notes: [],
        },
      },
    },
    shows: [
      /^node-2 +10\.0\.0\.2 +64512 +ibgp client +established +reverse of rr$/m,
      /^- +eth1 +external +- +- +node peer tor$/m,
      /^- +10\.9\.0\.0\/24 \(2\) +65000 +- +established +global peer vms$/m,
    ],
  },
  {
    args: ['services', 'list'],
    answers: {
      'GET /v1/services': {
        body: {
          services: [
            { name: 'web', addresses: ['203.0.113.7', '10.0.0.1'], withheld: ['10.0.0.1'], revision: 3 },
            { name: 'api', addresses: ['2001:db8::7'], withheld: [], revision: 4 },
          ],
        },
      },
    },
    shows: [/^web +203\.0\.113\.7 +10\.0\.0\.1$/m, /^api +2001:db8::7 +-$/m],
  },
  {
    args: ['services', 'list'],
    answers: { 'GET /v1/services': { body: { services: [] } } },
    shows: [/^no services/],
  },
  {
    args: ['services', 'set', 'default.web', '203.0.113.7', '10.0.0.1'],
    answers: {
      'PUT /v1/services/default.web': {
        body: { name: 'default.web', addresses: ['203.0.113.7', '10.0.0.1'], withheld: ['10.0.0.1'], revision: 3 },
      },
    },
    body: { addresses: ['203.0.113.7', '10.0.0.1'] },
    shows: [/^default\.web: announcing 203\.0\.113\.7$/m, /^not 10\.0\.0\.1: it is in no range/m],
  },
  {
    args: ['services', 'rm', 'web'],
    answers: { 'DELETE /v1/services/web': { status: 204 } },
    shows: [/^removed web$/m],
  },
  {
    args: ['bmp', 'list'],
    answers: { 'GET /v1/bmp-collectors': { body: { collectors: [COLLECTOR] } } },
    shows: [/^station +192\.0\.2\.7:1790 +waiting +\S+ +7 +1 +TCP connection refused$/m],
  },
  {
    args: ['bmp', 'list'],
    answers: { 'GET /v1/bmp-collectors': { body: { collectors: [] } } },
    shows: [/^no collectors; add one/],
  },
  {
    args: ['bmp', 'show', 'station'],
    answers: { 'GET /v1/bmp-collectors/station': { body: COLLECTOR } },
    shows: [
      /^shows: +adj-rib-in-pre, loc-rib$/m,
      /^state: +waiting for /m,
      /^sent: +7 messages, 700 octets$/m,
      /^connections: +1, lost or cut off 1$/m,
    ],
  },
  {
    args: ['bmp', 'add', 'station', '2001:db8::7', '--port', '11019', '--monitor', 'loc-rib', '--families', 'ipv6'],
    answers: { 'POST /v1/bmp-collectors': { status: 201, body: COLLECTOR } },
    body: { name: 'station', address: '2001:db8::7', port: 11019, monitor: ['loc-rib'], families: ['ipv6-unicast'] },
    shows: [/^added station$/m],
  },
  {
    args: ['bmp', 'rm', 'station'],
    answers: { 'DELETE /v1/bmp-collectors/station': { status: 204 } },
    shows: [/^removed station$/m],
  },
  {
    args: ['ipam', 'pools', 'list'],
    answers: {
      'GET /v1/ipam/pools': {
        body: { pools: [{ name: 'default', cidr: '10.244.0.0/16', blockSize: 26, disabled: false, revision: 1 }] },
      },
    },
    shows: [/^default +10\.244\.0\.0\/16 +\/26 +enabled/m],
  },
  {
    args: ['ipam', 'pools', 'add', 'more', '10.245.0.0/16', '--block-size', '27'],
    answers: { 'POST /v1/ipam/pools': { status: 201, body: {} } },
    body: { name: 'more', cidr: '10.245.0.0/16', blockSize: 27 },
  },
  {
    args: ['ipam', 'pools', 'set', 'more', '--disable'],
    answers: { 'PATCH /v1/ipam/pools/more': { body: {} } },
    body: { disabled: true },
  },
  {
    args: ['ipam', 'pools', 'rm', 'more'],
    answers: { 'DELETE /v1/ipam/pools/more': { status: 204 } },
    shows: [/^removed more$/m],
  },
  {
    args: ['ipam', 'blocks'],
    answers: {
      'GET /v1/ipam/blocks': {
        body: {
          blocks: [{ cidr: '10.244.0.0/26', node: 'node-1', state: 'confirmed', size: 64, assigned: 2, free: 62 }],
          nextCursor: '10.244.0.0/26',
        },
      },
      'GET /v1/ipam/blocks?cursor=10.244.0.0%2F26': {
        body: { blocks: [{ cidr: '10.244.0.64/26', state: 'none', size: 64, assigned: 1, free: 63 }] },
      },
    },
    shows: [/^10\.244\.0\.0\/26 +node-1 +- +confirmed +64 +2 +62$/m, /^10\.244\.0\.64\/26 +- +- +none +64 +1 +63$/m],
  },
  {
    args: ['ipam', 'assignments', '--node', 'node-1'],
    answers: { 'GET /v1/ipam/assignments': { body: { assignments: [assignment] } } },
    asks: 'GET /v1/ipam/assignments?node=node-1',
    shows: [/^10\.244\.0\.1 +pod-1 +node-1/m],
  },
  ...(
    [
      [[], { ipv4: 1 }],
      [['--ipv4', '--ipv6', '2'], { ipv4: 1, ipv6: 2 }],
      [['--address', '10.244.0.9'], { address: '10.244.0.9' }],
      [['--ipv6', '--pool', 'six'], { ipv4: 0, ipv6: 1, pool: 'six' }],
    ] as const
  ).map(([flags, what]) => ({
    args: ['ipam', 'assign', 'pod-1', ...flags],
    answers: { 'POST /v1/ipam/assignments': { status: 201, body: { handle: 'pod-1', assignments: [assignment] } } },
    body: { handle: 'pod-1', ...what },
    shows: [/^10\.244\.0\.1 /m],
  })),
  {
    args: ['ipam', 'release', 'pod-1'],
    answers: { 'DELETE /v1/ipam/assignments/pod-1': { body: { handle: 'pod-1', released: ['10.244.0.1'] } } },
    shows: [/^released 10\.244\.0\.1$/m],
  },
  ...IPAM_CASES,
  {
    args: ['events', '--kind', 'session'],
    answers: {
      'GET /v1/events': {
        body: {
          events: [
            {
              id: 1,
              time: '2026-01-02T03:04:05Z',
              kind: 'session',
              subject: 'tor',
              text: 'established',
              cause: 'keepalive',
            },
          ],
          lastId: 1,
          dropped: false,
        },
      },
    },
    asks: 'GET /v1/events?kind=session&limit=50',
    shows: [/session tor: established \(keepalive\)$/m],
  },
];

function PEERLESS() {
  return { origin: 'igp', asPath: [], asPathText: '', nextHop: '10.0.0.1' };
}

for (const { args, answers = {}, asks, body, shows = [], code = 0 } of CASES) {
  t.test(`tortie ${args.join(' ')}`, async (t) => {
    const stub = await startStub(answers);
    t.teardown(() => stub.close());
    const result = await stub.run(args);
    t.equal(result.code, code, result.stderr);
    const request = stub.seen.at(-1)!;
    if (asks !== undefined) t.equal(`${request.method} ${request.url}`, asks);
    if (body !== undefined) t.same(request.body, body);
    for (const pattern of shows) t.match(result.stdout, pattern);
    t.notOk(result.stdout.includes('\u001b'), 'no escape sequences away from a terminal');

    const asJson = await stub.run([...args, '--json']);
    t.equal(asJson.code, code);
    t.doesNotThrow(() => JSON.parse(asJson.stdout), 'the same command answers in JSON');
  });
}

t.test('pages are read until the limit is reached, and the rest is announced', async (t) => {
  const route = (index: number) => ({ ...ROUTE, prefix: `10.${index}.0.0/16` });
  const stub = await startStub({
    'GET /v1/routes?limit=3': { body: { routes: [route(1), route(2)], nextCursor: 'c1' } },
    'GET /v1/routes?limit=3&cursor=c1': { body: { routes: [route(3), route(4)] } },
  });
  t.teardown(() => stub.close());
  const { stdout } = await stub.run(['routes', '--limit', '3']);
  t.match(stdout, /10\.3\.0\.0/);
  t.notMatch(stdout, /10\.4\.0\.0/);
  t.match(stdout, /the first 3; more with --limit N or --all/);
});

t.test('a revision is sent as an entity tag', async (t) => {
  const stub = await startStub({ 'DELETE /v1/peers/tor': { status: 204 } });
  t.teardown(() => stub.close());
  await stub.run(['peers', 'rm', 'tor', '--if-revision', '7']);
  t.equal(stub.seen[0]!.headers['if-match'], '"7"');
});

t.test('colours on a terminal, none with NO_COLOR', async (t) => {
  const stub = await startStub({ 'GET /v1/peers': { body: { peers: [PEER] } } });
  t.teardown(() => stub.close());
  t.match((await stub.run(['peers', 'list'], { terminal: true })).stdout, '\u001b[32mestablished');
  const plain = await stub.run(['peers', 'list'], { terminal: true, env: { NO_COLOR: '1' } });
  t.notOk(plain.stdout.includes('\u001b'));
});
