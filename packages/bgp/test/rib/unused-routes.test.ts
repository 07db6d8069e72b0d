/** What a peer sends that is of no use is counted by the reason. RFC 7854 section 4.8. */
import { ipv4 } from '@tortie/ip';
import t from 'tap';
import { noUnusedRoutes } from '../../src/rib/unused-routes.js';
import { ASN, attrs, path, prefix, RibFixture, ROUTER_ID } from './rib-fixture.js';

const [A, B, C] = ['10.0.0.0/8', '20.0.0.0/8', '2001:db8:1::/48'] as const;

const ROWS: readonly [what: string, act: (net: RibFixture) => void, expected: object][] = [
  [
    'routes that are new, changed and withdrawn',
    (net) => {
      net.announce('i', [A, B, C]);
      net.announce('i', [A, C], { med: 7 });
      net.withdraw('i', [A, C]);
    },
    {},
  ],
  [
    'routes announced twice',
    (net) => {
      net.announce('i', [A, B]);
      net.announce('i', [A, B]);
      net.announce('i', [C]);
      net.announce('i', [C]);
    },
    { duplicates: 3, duplicateUpdates: 2 },
  ],
  [
    'one known and one new route in an UPDATE',
    (net) => {
      net.announce('i', [A]);
      net.announce('i', [A, B]);
    },
    { duplicates: 1 },
  ],
  [
    'an UPDATE that withdraws one and repeats another',
    (net) => {
      net.announce('i', [A, B]);
      net.send('i', { withdrawn: [{ prefix: prefix(B) }], attributes: attrs(), nlri: [{ prefix: prefix(A) }] });
    },
    { duplicates: 1 },
  ],
  [
    'withdrawals of what is not there',
    (net) => {
      net.announce('i', [A]);
      net.withdraw('i', [A, B, C]);
      net.withdraw('i', [A]);
    },
    { unknownWithdrawals: 3 },
  ],
  ['our AS number in the path', (net) => net.announce('i', [A, B], { asPath: path(7, ASN) }), { asLoops: 1 }],
  [
    'our router ID as originator',
    (net) => net.announce('i', [A, B], { originatorId: ROUTER_ID }),
    { originatorLoops: 1 },
  ],
  [
    'our cluster ID',
    (net) => net.announce('i', [A], { originatorId: 9, clusterList: [ROUTER_ID] }),
    { clusterLoops: 1 },
  ],
  [
    'malformed attributes',
    (net) => {
      net.announce('i', [A]);
      const { origin: _, ...rest } = attrs();
      net.send('i', { attributes: rest, nlri: [{ prefix: prefix(A) }, { prefix: prefix(B) }] });
    },
    { malformed: 2 },
  ],
];

for (const [what, act, expected] of ROWS) {
  t.test(what, async (t) => {
    const net = new RibFixture();
    const { index } = net.up('i', { type: 'ibgp', client: true });
    act(net);
    net.settle();
    t.same(net.rib.unusedRoutes(index), { ...noUnusedRoutes(), ...expected });
  });
}

t.test('what the import policy rejects, and our AS number where it is allowed', async (t) => {
  const net = new RibFixture();
  const importPolicy = { terms: [{ match: { med: { min: 5 } }, action: 'reject' as const }] };
  const { index } = net.up('e', { importPolicy, allowAsIn: 1 });
  net.announce('e', [A, B], { med: 7 });
  net.announce('e', [C], { asPath: path(65001, ASN) });
  t.same(net.rib.unusedRoutes(index), { ...noUnusedRoutes(), rejected: 2 });
  net.announce('e', [C], { asPath: path(65001, ASN, ASN) });
  t.same(net.rib.unusedRoutes(index), { ...noUnusedRoutes(), rejected: 2, asLoops: 1 });
});

t.test('a new session counts anew, and what confirms kept routes is no duplicate', async (t) => {
  const net = new RibFixture();
  const { index } = net.up('i', { type: 'ibgp' });
  net.announce('i', [A]);
  net.announce('i', [A]);
  t.equal(net.rib.unusedRoutes(index).duplicates, 1);
  net.down('i', ['ipv4-unicast']);
  net.settle();
  t.equal(net.rib.unusedRoutes(index).duplicates, 1, 'shown until the next session');
  net.up('i', { type: 'ibgp', routerId: ipv4(1).a });
  t.same(net.rib.unusedRoutes(index), noUnusedRoutes());
  net.announce('i', [A]);
  t.same(net.rib.unusedRoutes(index), noUnusedRoutes());
  net.announce('i', [A]);
  t.equal(net.rib.unusedRoutes(index).duplicates, 1);
});
