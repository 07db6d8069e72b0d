import type { PolicyTerm } from '@tortie/bgp';
import type { BgpFilterRule } from '@tortie/cluster';
import { formatPrefix, type Prefix, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { type ExportScope, exportPolicy } from '../../src/cluster/export-terms.js';
import { type FilterScope, filterTerms } from '../../src/cluster/filter-terms.js';

const SCOPE: FilterScope = {
  side: 'import',
  peerType: 'ibgp',
  interfacePrefixes: (pattern) => (pattern === 'eth*' ? [parsePrefix('10.0.0.0/24')] : []),
};

/** Prefixes as texts, so that rows can be read. */
const shown = ({ name: _, match: { families: _f, ...match } = {}, ...term }: PolicyTerm): object =>
  JSON.parse(
    JSON.stringify({ ...match, ...term }, (_key, value) =>
      typeof value === 'object' && value !== null && 'version' in value ? formatPrefix(value as Prefix) : value,
    ),
  );

const P = '10.0.0.0/16';
const ROWS: readonly (readonly [string, BgpFilterRule, Partial<FilterScope>, readonly object[]])[] = [
  ['everything', { action: 'Reject' }, {}, [{ action: 'reject' }]],
  [
    'Equal',
    { action: 'Accept', cidr: P, matchOperator: 'Equal' },
    {},
    [{ prefixes: [{ prefix: P, ge: 16, le: 16 }], action: 'accept' }],
  ],
  [
    'In',
    { action: 'Accept', cidr: P, matchOperator: 'In' },
    {},
    [{ prefixes: [{ prefix: P, ge: 16, le: 32 }], action: 'accept' }],
  ],
  [
    'NotIn',
    { action: 'Reject', cidr: P, matchOperator: 'NotIn' },
    {},
    [{ notPrefixes: [{ prefix: P, ge: 16, le: 32 }], action: 'reject' }],
  ],
  [
    'NotEqual',
    { action: 'Reject', cidr: P, matchOperator: 'NotEqual' },
    {},
    [{ notPrefixes: [{ prefix: P, ge: 16, le: 16 }], action: 'reject' }],
  ],
  [
    'lengths',
    { action: 'Accept', cidr: P, matchOperator: 'In', prefixLength: { min: 24, max: 26 } },
    {},
    [{ prefixes: [{ prefix: P, ge: 24, le: 26 }], action: 'accept' }],
  ],
  [
    'a least length alone',
    { action: 'Accept', cidr: P, matchOperator: 'In', prefixLength: { min: 24 } },
    {},
    [{ prefixes: [{ prefix: P, ge: 24, le: 32 }], action: 'accept' }],
  ],
  [
    'lengths above the prefix alone',
    { action: 'Accept', cidr: P, matchOperator: 'In', prefixLength: { max: 8 } },
    {},
    [{ prefixes: [], action: 'accept' }],
  ],
  [
    'and not so',
    { action: 'Accept', cidr: P, matchOperator: 'NotIn', prefixLength: { max: 8 } },
    {},
    [{ notPrefixes: [], action: 'accept' }],
  ],
  ['from peers', { action: 'Accept', source: 'RemotePeers' }, {}, [{ sources: ['ebgp', 'ibgp'], action: 'accept' }]],
  ['a type of peer', { action: 'Accept', peerType: 'iBGP' }, {}, [{ action: 'accept' }]],
  ['another type of peer', { action: 'Accept', peerType: 'eBGP' }, {}, []],
  ['an interface', { action: 'Accept', interface: 'eth*' }, {}, [{ nextHops: ['10.0.0.0/24'], action: 'accept' }]],
  ['an interface that is not there', { action: 'Accept', interface: 'wlan0' }, {}, []],
  [
    'communities',
    { action: 'Accept', communities: { values: ['65000:100'] } },
    {},
    [{ communities: [0xfde80064], action: 'accept' }],
  ],
  [
    'a large community',
    { action: 'Accept', communities: { values: ['65000:1:2'] } },
    {},
    [{ communities: [[65000, 1, 2]], action: 'accept' }],
  ],
  [
    'the beginning of the path',
    { action: 'Reject', asPathPrefix: [65000, 65001] },
    {},
    [{ asPaths: ['^65000 65001 .*$'], action: 'reject' }],
  ],
  [
    'a priority',
    { action: 'Accept', priority: 512 },
    {},
    [{ localPref: { min: 2147483135, max: 2147483135 }, action: 'accept' }],
  ],
  [
    'the usual priority is also that of a route without one',
    { action: 'Accept', priority: 1024 },
    {},
    [
      { localPref: { min: 2147482623, max: 2147482623 }, action: 'accept' },
      { localPref: { min: 100, max: 100 }, action: 'accept' },
    ],
  ],
  [
    'operations, one after the other',
    {
      action: 'Accept',
      operations: [
        { addCommunity: { value: '65000:1' } },
        { addCommunity: { value: '65000:1:2' } },
        { prependASPath: { prefix: [65000, 65001] } },
        { prependASPath: { prefix: [65002] } },
        { setPriority: { value: 512 } },
      ],
    },
    {},
    [
      {
        action: 'accept',
        set: {
          localPref: 2147483135,
          addCommunities: [0xfde80001],
          addLargeCommunities: [[65000, 1, 2]],
          prependAsns: [65002, 65000, 65001],
        },
      },
    ],
  ],
  [
    'a priority for another AS',
    { action: 'Accept', operations: [{ setPriority: { value: 512 } }] },
    { side: 'export', peerType: 'ebgp' },
    [{ action: 'accept', set: { med: 512 } }],
  ],
];

for (const [name, rule, scope, terms] of ROWS) {
  t.test(name, async (t) => {
    const side = { ...SCOPE, ...scope };
    const spec = side.side === 'import' ? { importV4: [rule] } : { exportV4: [rule] };
    t.strictSame(filterTerms({ name: 'f', spec }, side).map(shown), terms);
  });
}

t.test('rules keep their order, and their version', async (t) => {
  const spec = {
    importV4: [{ action: 'Accept', cidr: P, matchOperator: 'In' }, { action: 'Reject' }],
    importV6: [{ action: 'Reject' }],
    exportV4: [{ action: 'Reject' }],
  } as const;
  const terms = filterTerms({ name: 'f', spec: spec as never }, SCOPE);
  t.strictSame(
    terms.map(({ name, match, action }) => [name, match?.families, action]),
    [
      ['f/importV4[0]', ['ipv4-unicast'], 'accept'],
      ['f/importV4[1]', ['ipv4-unicast'], 'reject'],
      ['f/importV6[0]', ['ipv6-unicast'], 'reject'],
    ],
  );
});

t.test('what a node exports', async (t) => {
  const scope: ExportScope = {
    hiddenPools: [parsePrefix('10.9.0.0/16')],
    pools: [parsePrefix('10.244.0.0/16')],
    services: [parsePrefix('10.96.0.0/12')],
    advertisements: [{ prefix: parsePrefix(P), communities: [1], largeCommunities: [] }],
    reflects: false,
  };
  const filter: PolicyTerm = { name: 'f', action: 'reject' };
  const names = (policy: ReturnType<typeof exportPolicy>) =>
    policy.terms.map(({ name, action }) => `${name}: ${action}`);
  t.strictSame(names(exportPolicy('ibgp', [filter], scope)), [
    'f: reject',
    'pools with disableBGPExport: reject',
    'routes of others: reject',
    'prefixAdvertisements: next',
  ]);
  const heard = (type: 'ebgp' | 'ibgp') =>
    shown(exportPolicy(type, [], { ...scope, hiddenPools: [], reflects: true }).terms[0]!);
  const notPrefixes = [
    { prefix: '10.244.0.0/16', ge: 16, le: 32 },
    { prefix: '10.96.0.0/12', ge: 12, le: 32 },
  ];
  t.strictSame(heard('ibgp'), { sources: ['ebgp'], notPrefixes, action: 'reject' });
  t.strictSame(heard('ebgp'), { sources: ['ebgp', 'ibgp'], notPrefixes, action: 'reject' });
});
