/** Matches, actions and changes of policies. Longer than other files: most of it is tables, a row per match and action. */
import { ipv4, parseAddress } from '@tortie/ip';
import t from 'tap';
import type { PolicySet, RoutePolicy } from '../../src/route-policy/policy.js';
import { wireContext } from '../../src/wire/context.js';
import { ASN, path, prefix, RibFixture, type TestPeer } from '../rib/rib-fixture.js';

const accept = { action: 'accept' as const };
const reject = { action: 'reject' as const };

const ALL = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'];

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
  [
    'notPrefixes',
    { terms: [{ match: { notPrefixes: [{ prefix: prefix('10.1.0.0/16'), le: 24 }] }, ...reject }] },
    ['10.1.0.0/16', '10.1.2.0/24'],
  ],
  ['notPrefixes, none', { terms: [{ match: { notPrefixes: [] }, ...reject }] }, []],
  [
    'notPrefixes beside prefixes',
    {
      terms: [
        {
          match: {
            prefixes: [{ prefix: prefix('10.0.0.0/8'), le: 32 }],
            notPrefixes: [{ prefix: prefix('10.1.0.0/16') }],
          },
          ...reject,
        },
      ],
    },
    ['10.1.0.0/16', '2001:db8::/32'],
  ],
  ['community', { terms: [{ match: { communities: [8, 7] }, ...reject }] }, []],
  [
    'another community',
    { terms: [{ match: { communities: [8] }, ...reject }] },
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'],
  ],
  ['origin AS', { terms: [{ match: { originAsns: [5] }, ...reject }] }, []],
  ['neighbour AS', { terms: [{ match: { neighbourAsns: [65001] }, ...accept }], otherwise: 'reject' }, ALL],
  ['another neighbour AS', { terms: [{ match: { neighbourAsns: [5] }, ...accept }], otherwise: 'reject' }, []],
  ['AS path', { terms: [{ match: { asPaths: ['^1$', '^65001 [4-6]$'] }, ...reject }] }, []],
  ['another AS path', { terms: [{ match: { asPaths: ['^5', '65001$'] }, ...reject }] }, ALL],
  ['AS path length', { terms: [{ match: { asPathLength: { min: 2, max: 2 } }, ...reject }] }, []],
  ['another AS path length', { terms: [{ match: { asPathLength: { min: 3 } }, ...reject }] }, ALL],
  ['next hop', { terms: [{ match: { nextHops: [prefix('192.0.2.0/24')] }, ...reject }] }, ['2001:db8::/32']],
  ['MED', { terms: [{ match: { med: { min: 10, max: 10 } }, ...reject }] }, []],
  ['another MED', { terms: [{ match: { med: { max: 9 } }, ...reject }] }, ALL],
  ['LOCAL_PREF, where there is none', { terms: [{ match: { localPref: { min: 100, max: 100 } }, ...reject }] }, []],
  ['peer', { terms: [{ match: { peers: ['b', 'a'] }, ...reject }] }, []],
  ['another peer', { terms: [{ match: { peers: ['b', 'ourselves'] }, ...reject }] }, ALL],
  ['source', { terms: [{ match: { sources: ['ebgp'] }, ...reject }] }, []],
  ['another source', { terms: [{ match: { sources: ['own', 'ibgp'] }, ...reject }] }, ALL],
  ['family', { terms: [{ match: { families: ['ipv4-unicast'] }, ...reject }] }, ['2001:db8::/32']],
  ['community with a wildcard', { terms: [{ match: { communities: [[0, '*']] }, ...reject }] }, []],
  ['another community with a wildcard', { terms: [{ match: { communities: [['*', 8]] }, ...reject }] }, ALL],
  ['large community', { terms: [{ match: { communities: [8, [64512, '*', 3]] }, ...reject }] }, []],
  ['another large community', { terms: [{ match: { communities: [['*', '*', 4]] }, ...reject }] }, ALL],
  ['an empty list holds for nothing', { terms: [{ match: { prefixes: [] }, ...reject }] }, ALL],
  [
    'all that is given must hold',
    { terms: [{ match: { originAsns: [5], prefixes: [{ prefix: prefix('10.0.0.0/8') }] }, ...reject }] },
    ['10.1.0.0/16', '10.1.2.0/24', '2001:db8::/32'],
  ],
  [
    'next goes on, and the terms behind see the change',
    {
      terms: [
        { match: { originAsns: [5] }, action: 'next', set: { addCommunities: [99] } },
        { match: { communities: [99] }, ...reject },
      ],
    },
    [],
  ],
  ['next decides nothing', { terms: [{ action: 'next' }], otherwise: 'reject' }, []],
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
      const attributes = {
        asPath: path(65001, 5),
        communities: [7],
        largeCommunities: [[64512, 2, 3] as const],
        med: 10,
      };
      net.announce('a', list, attributes);
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

const set = (fields: PolicySet, more: Partial<RoutePolicy> = {}): RoutePolicy => ({
  terms: [{ action: 'accept', set: fields }],
  ...more,
});

t.test('communities: replaced, then removed, then added', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b', {
    exportPolicy: set({
      removeCommunities: [
        [1, '*'],
        ['*', '*', 9],
      ],
      addCommunities: [0x10005],
      addLargeCommunities: [[1, 1, 9]],
    }),
  });
  const c = net.up('c', {
    exportPolicy: set({ communities: [0x10001], largeCommunities: [], removeCommunities: [[1, 1]] }),
  });
  net.announce('a', ['10.0.0.0/8'], {
    communities: [0x10001, 0x20001, 0x1ffff],
    largeCommunities: [
      [1, 2, 3],
      [4, 5, 9],
    ],
  });
  net.settle();
  t.same(b.table.get('10.0.0.0/8')!.communities, [0x20001, 0x10005]);
  t.same(b.table.get('10.0.0.0/8')!.largeCommunities, [
    [1, 2, 3],
    [1, 1, 9],
  ]);
  t.equal(c.table.get('10.0.0.0/8')!.communities, undefined);
  t.equal(c.table.get('10.0.0.0/8')!.largeCommunities, undefined);
});

t.test('origin, and MED next to a next hop: what an export policy sets goes to other ASes', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const policy: RoutePolicy = {
    terms: [
      { action: 'next', set: { med: 7 } },
      { action: 'accept', set: { origin: 'incomplete', nextHop: ipv4(0xc6336407) } },
    ],
  };
  const b = net.up('b', { exportPolicy: policy });
  net.announce('a', ['10.0.0.0/8'], { med: 1 });
  net.settle();
  t.match(b.table.get('10.0.0.0/8'), { origin: 'incomplete', med: 7, nextHop: ipv4(0xc6336407) });
  t.same(net.told(), net.adjRibsOut());
});

t.test('next hops that policies set', async (t) => {
  const self = { ipv4: parseAddress('192.0.2.254'), ipv6: parseAddress('2001:db8::fe') };
  const address = parseAddress('2001:db8::77');
  const net = new RibFixture();
  net.up('a', { importPolicy: set({ nextHop: 'peer' }) });
  const i = net.up('i', { type: 'ibgp', ownNextHops: self });
  const toSelf = net.up('s', { type: 'ibgp', ownNextHops: self, exportPolicy: set({ nextHop: 'self' }) });
  const toOther = net.up('o', { exportPolicy: set({ nextHop: address }) });
  const none = net.up('n', { ownNextHops: {}, type: 'ibgp', exportPolicy: set({ nextHop: 'self' }) });
  net.announce('a', ['10.0.0.0/8', '2001:db8:1::/48']);
  net.settle();
  const hops = ({ table }: TestPeer) => ['10.0.0.0/8', '2001:db8:1::/48'].map((each) => table.get(each)?.nextHop);
  t.same(hops(i), [ipv4(0xc0000201), parseAddress('2001:db8::1')], "the peer's address, which is an IPv4 one");
  t.same(hops(toSelf), [self.ipv4, self.ipv6]);
  t.same(hops(toOther), [self.ipv4, address], 'an IPv6 address is for IPv6 routes');
  t.same(hops(none), [undefined, undefined], 'where we have none, the route cannot go');
  t.same(net.told(), net.adjRibsOut());
});

t.test('our own number, prepended by an import policy, is no loop; a received one stays one', async (t) => {
  const net = new RibFixture();
  net.up('a', { importPolicy: set({ prependAsns: [ASN, ASN] }) });
  const b = net.up('b');
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001) });
  net.announce('a', ['11.0.0.0/8'], { asPath: path(65001, ASN) });
  net.settle();
  t.same(net.best(), { '10.0.0.0/8': 'a' });
  t.same(b.table.get('10.0.0.0/8')!.asPath, path(ASN, ASN, ASN, 65001));
  t.equal(net.rib.why(prefix('11.0.0.0/8'))!.candidates[0]!.ineligible, 'as-loop');
  // The same octets, once as received and once as made by the policy.
  net.announce('a', ['12.0.0.0/8'], { asPath: path(ASN, ASN, 65001) });
  net.settle();
  t.same(net.best(), { '10.0.0.0/8': 'a' });
  net.rib.setClusterId(0x01020304);
  net.settle();
  t.same(net.best(), { '10.0.0.0/8': 'a' }, 'facts read anew are the same');
});

t.test('an export policy by source: one group, encoded once', async (t) => {
  const net = new RibFixture();
  net.up('e');
  net.up('i', { type: 'ibgp' });
  const exportPolicy: RoutePolicy = {
    terms: [
      { match: { peers: ['ourselves'] }, action: 'reject' },
      { match: { sources: ['own'] }, action: 'accept', set: { addCommunities: [1] } },
      { match: { peers: ['e'] }, action: 'accept', set: { addCommunities: [2] } },
    ],
    otherwise: 'reject',
  };
  const before = net.rib.counters().updateGroups;
  const asn = { asn: 65050, type: 'ebgp' as const };
  const x = net.up('x', { ...asn, exportPolicy });
  const y = net.up('y', { ...asn, exportPolicy: structuredClone(exportPolicy) });
  t.equal(net.rib.counters().updateGroups, before + 2, 'a group per family for both');
  net.announce('e', ['10.0.0.0/8']);
  net.announce('i', ['11.0.0.0/8']);
  net.rib.originate(prefix('12.0.0.0/8'));
  net.settle();
  for (const { table } of [x, y]) {
    t.same([...table.keys()].sort(), ['10.0.0.0/8', '12.0.0.0/8']);
    t.same(table.get('10.0.0.0/8')!.communities, [2]);
    t.same(table.get('12.0.0.0/8')!.communities, [1]);
  }
});

t.test('why: the term that decided, under its name', async (t) => {
  const net = new RibFixture();
  const importPolicy: RoutePolicy = {
    terms: [
      { name: 'mark', match: { originAsns: [5] }, action: 'next', set: { addCommunities: [99] } },
      { name: 'no tens', match: { prefixes: [{ prefix: prefix('10.0.0.0/8'), le: 32 }] }, action: 'reject' },
      { match: { communities: [99] }, action: 'accept' },
    ],
    otherwise: 'reject',
  };
  const a = net.up('a', { importPolicy });
  net.up('b');
  for (const name of ['a', 'b']) net.announce(name, ['10.0.0.0/8', '11.0.0.0/8'], { asPath: path(65001, 5) });
  net.announce('a', ['12.0.0.0/8']);
  net.settle();
  const traces = (text: string) =>
    Object.fromEntries(net.rib.why(prefix(text))!.candidates.map(({ peer, importPolicy: trace }) => [peer, trace]));
  t.same(traces('10.0.0.0/8'), {
    1: { verdict: 'reject', decided: { index: 1, name: 'no tens' }, passed: [{ index: 0, name: 'mark' }] },
    2: undefined,
  });
  t.same(traces('11.0.0.0/8'), {
    1: { verdict: 'accept', decided: { index: 2 }, passed: [{ index: 0, name: 'mark' }] },
    2: undefined,
  });
  t.same(traces('12.0.0.0/8'), { 1: { verdict: 'reject', decided: undefined, passed: [] } });

  const b = net.peers.get('b')!;
  const messages = b.messages;
  const renamed = { ...importPolicy, terms: importPolicy.terms.map((term, i) => ({ ...term, name: `term ${i}` })) };
  const { wakes } = net;
  net.rib.updatePeer(a.index, { importPolicy: renamed });
  t.equal(net.wakes, wakes, 'another name makes no work');
  t.match(traces('10.0.0.0/8'), { 1: { decided: { name: 'term 1' } } });
  net.settle();
  t.equal(b.messages, messages);
});

t.test('after a change in place nothing is held that no route has', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const list = Array.from({ length: 200 }, (_, i) => `10.0.${i}.0/24`);
  for (const [i, each] of [...list, '2001:db8::/32'].entries())
    net.announce('a', [each], { asPath: path(65001, i + 1) });
  net.settle();
  const policy: RoutePolicy = {
    terms: [{ match: { asPaths: ['[1-150]$'] }, action: 'accept', set: { addCommunities: [5], nextHop: 'peer' } }],
  };
  net.rib.updatePeer(a.index, { importPolicy: policy });
  net.settle(7);
  t.equal(net.rib.counters().attributeSets, 201 + 150);
  net.withdraw('a', [...list, '2001:db8::/32']);
  net.settle();
  t.equal(net.rib.counters().attributeSets, 0);
});

t.test('why a route goes where it goes', async (t) => {
  const net = new RibFixture();
  const rules = (name: string): RoutePolicy => ({
    terms: [{ name, match: { communities: [7] }, action: 'reject' }],
  });
  const names = ['a', 'plain', 'x', 'y', 'i', 'hopless', 'four'];
  net.up('a', { exportPolicy: rules('never asked') });
  net.up('plain');
  // One group, as only the names differ.
  const group = { asn: 65050, type: 'ebgp' as const };
  net.up('x', { ...group, exportPolicy: rules('x says') });
  net.up('y', { ...group, exportPolicy: rules('y says') });
  net.up('i', { type: 'ibgp' });
  net.up('hopless', { ownNextHops: {} });
  const context = wireContext({ peerType: 'ebgp', localAsn: ASN, families: [true, false] });
  net.up('four', { receive: context, send: context });
  net.announce('a', ['10.0.0.0/8', '2001:db8::/32'], { communities: [7] });
  net.announce('a', ['11.0.0.0/8'], { communities: [0xffffff01] });
  net.announce('a', ['12.0.0.0/8']);
  net.settle();
  const fates = (text: string): Record<string, readonly [string, string | undefined]> =>
    Object.fromEntries(
      net.rib
        .exports(prefix(text))
        .map(({ peer, fate, exportPolicy }) => [
          names[peer - 1],
          [fate, exportPolicy && (exportPolicy.decided?.name ?? 'none')],
        ]),
    );
  t.same(fates('10.0.0.0/8'), {
    a: ['source', undefined],
    plain: ['advertised', undefined],
    x: ['rejected-by-policy', 'x says'],
    y: ['rejected-by-policy', 'y says'],
    i: ['advertised', undefined],
    hopless: ['not-admitted', undefined],
    four: ['advertised', undefined],
  });
  t.match(fates('11.0.0.0/8'), { plain: ['not-admitted'], x: ['not-admitted'], i: ['advertised'] });
  t.match(fates('12.0.0.0/8'), { x: ['advertised', 'none'], y: ['advertised', 'none'] });
  t.notOk('four' in fates('2001:db8::/32'), 'a session without the family has no say');
  t.same(fates('13.0.0.0/8'), {});
  for (const text of ['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8', '2001:db8::/32']) {
    for (const [name, [fate]] of Object.entries(fates(text))) {
      t.equal(net.peers.get(name)!.table.has(text), fate === 'advertised', `${name}: ${text}`);
    }
  }
  net.withdraw('a', ['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8', '2001:db8::/32']);
  net.settle();
  t.equal(net.rib.counters().attributeSets, 0);
});
