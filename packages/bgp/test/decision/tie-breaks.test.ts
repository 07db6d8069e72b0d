import { ipv4, parseAddress } from '@tortie/ip';
import t from 'tap';
import { TIE_BREAKS, type TieBreak } from '../../src/decision/tie-breaks.js';
import { WELL_KNOWN_COMMUNITY } from '../../src/iana.js';
import type { PathAttributes } from '../../src/wire/attribute/path-attributes.js';
import { type PeerSetup, path, prefix, RibFixture } from '../rib/rib-fixture.js';

interface Side extends PeerSetup {
  readonly route?: Partial<PathAttributes>;
}

/** The better and the worse route, and the row that must decide. `b` is announced by a later peer. */
const ROWS: readonly (readonly [TieBreak, Side, Side])[] = [
  [
    'long-lived-stale',
    { type: 'ibgp', route: { localPref: 0 } },
    {
      type: 'ibgp',
      longLived: { sent: true, received: true },
      route: { localPref: 500, communities: [WELL_KNOWN_COMMUNITY.llgrStale] },
    },
  ],
  [
    'local-pref',
    { type: 'ibgp', route: { localPref: 200, asPath: path(1, 2, 3) } },
    { type: 'ibgp', route: { localPref: 100 } },
  ],
  ['as-path-length', { route: { asPath: path(9) } }, { route: { asPath: path(9, 8), origin: 'igp' } }],
  [
    'as-path-length',
    {
      route: {
        asPath: [
          { type: 'sequence', asns: [9] },
          { type: 'set', asns: [1, 2, 3] },
        ],
      },
    },
    { route: { asPath: path(9, 8, 7) } },
  ],
  ['origin', { route: { origin: 'egp' } }, { route: { origin: 'incomplete', med: 0 } }],
  ['med', { route: { asPath: path(5), med: 1 } }, { route: { asPath: path(5), med: 2 } }],
  ['med', { route: { asPath: path(5) } }, { route: { asPath: path(5), med: 1 } }],
  ['ebgp-over-ibgp', { route: {} }, { type: 'ibgp', route: { localPref: 100 } }],
  [
    'igp-metric',
    { routerId: 9, route: { nextHop: ipv4(1 << 24) } },
    { routerId: 8, route: { nextHop: ipv4(2 << 24) } },
  ],
  ['router-id', { routerId: 7, route: {} }, { routerId: 0x80000000, route: {} }],
  [
    'router-id',
    { type: 'ibgp', routerId: 9, route: { localPref: 100, originatorId: 3, clusterList: [1] } },
    { type: 'ibgp', routerId: 4, route: { localPref: 100 } },
  ],
  [
    'cluster-list-length',
    { type: 'ibgp', routerId: 9, route: { localPref: 100, originatorId: 3, clusterList: [1] } },
    { type: 'ibgp', routerId: 4, route: { localPref: 100, originatorId: 3, clusterList: [1, 2] } },
  ],
  ['peer-address', { routerId: 7, route: {} }, { routerId: 7, route: {} }],
];

for (const [row, better, worse] of ROWS) {
  for (const reversed of [false, true]) {
    // Addresses grow with the order of peers, so the last row has one order only.
    if (row === 'peer-address' && reversed) continue;
    t.test(`${row}${reversed ? ', other way round' : ''}`, async (t) => {
      const net = new RibFixture();
      net.rib.nextHops.set(ipv4(1 << 24), { reachable: true, metric: 10 });
      net.rib.nextHops.set(ipv4(2 << 24), { reachable: true, metric: 20 });
      const sides = [['better', better] as const, ['worse', worse] as const];
      if (reversed) sides.reverse();
      for (const [name, { route, ...setup }] of sides) {
        net.up(name, setup);
        net.announce(name, ['10.0.0.0/8'], route);
      }
      const { candidates } = net.rib.why(prefix('10.0.0.0/8'))!;
      t.equal(candidates[0]!.peer, net.peers.get('better')!.index);
      t.equal(candidates[0]!.lostBy, undefined);
      t.equal(candidates[1]!.lostBy, row);
    });
  }
}

t.test('local-origin: our own route beats a learned one', async (t) => {
  const net = new RibFixture();
  net.up('i', { type: 'ibgp' });
  net.announce('i', ['10.0.0.0/8'], { localPref: 100, asPath: [] });
  net.rib.originate(prefix('10.0.0.0/8'), { origin: 'incomplete' });
  const { candidates } = net.rib.why(prefix('10.0.0.0/8'))!;
  t.same(
    candidates.map(({ peer, lostBy }) => [peer, lostBy]),
    [
      [0, undefined],
      [1, 'local-origin'],
    ],
  );
});

t.test('oldest-route, when switched on, keeps the first external route', async (t) => {
  for (const oldestRoute of [false, true]) {
    const net = new RibFixture({ decision: { oldestRoute } });
    net.up('first', { routerId: 9 });
    net.up('second', { routerId: 1 });
    net.announce('first', ['10.0.0.0/8']);
    net.announce('second', ['10.0.0.0/8']);
    t.same(net.best(), { '10.0.0.0/8': oldestRoute ? 'first' : 'second' });
    t.equal(net.rib.why(prefix('10.0.0.0/8'))!.candidates[1]!.lostBy, oldestRoute ? 'oldest-route' : 'router-id');
  }
});

t.test('path-id: of two routes of one peer the lower identifier wins', async (t) => {
  const { wireContext } = await import('../../src/wire/context.js');
  const net = new RibFixture();
  net.up('a', { receive: wireContext({ addPath: [true, true], localAsn: 65000 }) });
  const b = net.up('b');
  const nlri = { prefix: prefix('10.0.0.0/8') };
  const attributes = { origin: 'igp' as const, asPath: path(1), nextHop: parseAddress('192.0.2.1') };
  net.send('a', {
    attributes,
    nlri: [
      { ...nlri, pathId: 7 },
      { ...nlri, pathId: 0x80000000 },
    ],
  });
  net.settle();
  const { candidates } = net.rib.why(prefix('10.0.0.0/8'))!;
  t.same(
    candidates.map(({ pathId, lostBy }) => [pathId, lostBy]),
    [
      [7, undefined],
      [0x80000000, 'path-id'],
    ],
  );
  net.send('a', { withdrawn: [{ ...nlri, pathId: 7 }] });
  net.settle();
  t.same([...b.table.keys()], ['10.0.0.0/8']);
  net.send('a', { withdrawn: [{ ...nlri, pathId: 0x80000000 }] });
  net.settle();
  t.equal(b.table.size, 0);
});

t.test('every row has a case', async (t) => {
  const covered = new Set<TieBreak>([...ROWS.map(([row]) => row), 'local-origin', 'oldest-route', 'path-id']);
  t.same(
    TIE_BREAKS.filter((row) => !covered.has(row)),
    [],
  );
});

t.test('MED is compared over the whole set: an eliminated route does not eliminate by later rows', async (t) => {
  // The classic: a beats b by router ID, b beats c by router ID, c beats a by MED.
  const sides: readonly (readonly [string, number, number, number])[] = [
    ['a', 1, 5, 10],
    ['b', 2, 6, 0],
    ['c', 3, 5, 5],
  ];
  for (const order of [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]) {
    const net = new RibFixture();
    for (const index of order) {
      const [name, routerId, asn, med] = sides[index]!;
      net.up(name, { routerId });
      net.announce(name, ['10.0.0.0/8'], { asPath: path(asn), med });
    }
    t.same(net.best(), { '10.0.0.0/8': 'b' }, order.join());
  }
});
