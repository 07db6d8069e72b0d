import t from 'tap';
import type { RoutePolicy } from '../../src/route-policy/policy.js';
import { path, prefix, RibFixture } from '../rib/rib-fixture.js';

const accept = { action: 'accept' as const };
const reject = { action: 'reject' as const };

/** Policy, and which of the prefixes below pass. */
const MATCHES: readonly (readonly [string, RoutePolicy, readonly string[]])[] = [
  ['no terms', { terms: [] }, ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32']],
  ['otherwise reject', { terms: [], otherwise: 'reject' }, []],
  [
    'exact',
    { terms: [{ match: { prefixes: [{ prefix: prefix('10.0.0.0/8') }] }, ...reject }] },
    ['10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'],
  ],
  [
    'ge',
    { terms: [{ match: { prefixes: [{ prefix: prefix('10.0.0.0/8'), ge: 16 }] }, ...reject }] },
    ['10.0.0.0/8', '2001:db8::/32'],
  ],
  [
    'le',
    { terms: [{ match: { prefixes: [{ prefix: prefix('10.0.0.0/8'), le: 16 }] }, ...reject }] },
    ['10.1.2.0/24', '2001:db8::/32'],
  ],
  [
    'ge and le',
    { terms: [{ match: { prefixes: [{ prefix: prefix('0.0.0.0/0'), ge: 9, le: 23 }] }, ...reject }] },
    ['10.0.0.0/8', '10.1.2.0/24', '2001:db8::/32'],
  ],
  [
    'IPv6',
    { terms: [{ match: { prefixes: [{ prefix: prefix('2001:db8::/32') }] }, ...accept }], otherwise: 'reject' },
    ['2001:db8::/32'],
  ],
  ['community', { terms: [{ match: { communities: [8, 7] }, ...reject }] }, []],
  [
    'another community',
    { terms: [{ match: { communities: [8] }, ...reject }] },
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'],
  ],
  ['origin AS', { terms: [{ match: { originAsns: [5] }, ...reject }] }, []],
  [
    'first match decides',
    { terms: [{ match: { originAsns: [5] }, ...accept }, reject] },
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'],
  ],
];

for (const [name, policy, passing] of MATCHES) {
  for (const side of ['import', 'export'] as const) {
    t.test(`${side}: ${name}`, async (t) => {
      const net = new RibFixture();
      net.up('a', side === 'import' ? { importPolicy: policy } : {});
      const b = net.up('b', side === 'export' ? { exportPolicy: policy } : {});
      const list = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'];
      net.announce('a', list, { asPath: path(65001, 5), communities: [7] });
      net.settle();
      t.same([...b.table.keys()].sort(), [...passing].sort());
      net.withdraw('a', list);
      net.settle();
      t.equal(net.rib.counters().attributeSets, 0);
    });
  }
}

t.test('actions change what is chosen and what is told', async (t) => {
  const net = new RibFixture();
  const importPolicy: RoutePolicy = {
    terms: [
      {
        action: 'accept',
        set: { localPref: 300, addCommunities: [9], addLargeCommunities: [[1, 2, 3]], prependAsns: [65001, 65001] },
      },
    ],
  };
  const a = net.up('a', { importPolicy });
  const i = net.up('i', { type: 'ibgp' });
  const e = net.up('e', { exportPolicy: { terms: [{ action: 'accept', set: { med: 77, communities: [] } }] } });
  net.announce('a', ['10.0.0.0/8'], { communities: [7] });
  net.settle();
  t.match(i.table.get('10.0.0.0/8'), {
    localPref: 300,
    communities: [7, 9],
    largeCommunities: [[1, 2, 3]],
    asPath: path(65001, 65001, 65001),
  });
  t.equal(e.table.get('10.0.0.0/8')!.med, 77, 'a MED of our own is sent to other ASes');
  t.equal(e.table.get('10.0.0.0/8')!.communities, undefined);
  const [before] = net.rib.adjRibIn(a.index, 'pre', 'ipv4-unicast').items;
  t.match(before, { attributes: { communities: [7], asPath: path(65001) } });
  const [after] = net.rib.adjRibIn(a.index, 'post', 'ipv4-unicast').items;
  t.match(after, { attributes: { communities: [7, 9], localPref: 300 } });
});

t.test('another import policy is applied to what was received, without asking the peer', async (t) => {
  const net = new RibFixture();
  const a = net.up('a', { importPolicy: { terms: [], otherwise: 'reject' } });
  const b = net.up('b');
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  t.equal(b.table.size, 0);
  t.equal(net.rib.why(prefix('10.0.0.0/8'))!.candidates[0]!.ineligible, 'rejected-by-policy');
  t.equal(net.rib.adjRibIn(a.index, 'pre', 'ipv4-unicast').items.length, 1);
  t.equal(net.rib.adjRibIn(a.index, 'post', 'ipv4-unicast').items.length, 0);
  net.rib.updatePeer(a.index, { importPolicy: undefined });
  net.settle();
  t.equal(b.table.size, 1);
  net.rib.updatePeer(a.index, { importPolicy: { terms: [{ action: 'accept', set: { addCommunities: [5] } }] } });
  net.settle();
  t.same(b.table.get('10.0.0.0/8')!.communities, [5]);
});
