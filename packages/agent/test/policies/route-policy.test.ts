import { resolvePeerConfig } from '@tortie/bgp';
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { Policy, PolicyLibrary } from '../../src/api/policy.js';
import { OPEN_SCOPE } from '../../src/peers/import-policy.js';
import { peerConfig } from '../../src/peers/peer-config.js';
import { policyTerms } from '../../src/policies/route-policy.js';

const LIBRARY: PolicyLibrary = {
  prefixSets: [
    { name: 'racks', prefixes: [{ prefix: '10.1.0.0/16', le: 24 }] },
    { name: 'hosts', prefixes: [{ prefix: '10.2.0.0/16', ge: 32 }] },
  ],
  communitySets: [{ name: 'ours', communities: ['64512:*', '64512:1:*', 'no-export'] }],
  asPathSets: [{ name: 'short', asPaths: ['^.$', '^$'] }],
  policies: [
    {
      name: 'marked',
      terms: [
        { match: { communitySets: ['ours'] }, action: 'next', set: { localPref: 50 } },
        { name: 'no seven', match: { originAsns: [7] }, action: 'reject' },
      ],
      default: 'accept',
    },
    { name: 'open', terms: [{ action: 'next', set: { med: 1 } }] },
  ],
};

const translated = (policy: Policy) => policyTerms(policy, LIBRARY, 64513, 'import');

t.test('every match and every change, as the speaker takes them', async (t) => {
  t.same(
    translated([
      {
        name: 'all of it',
        match: {
          families: ['ipv4-unicast'],
          prefixes: [{ prefix: '192.0.2.0/24' }],
          communities: ['65000:1', '65000:*', '*:2', '1:2:3', '*:2:*', 'blackhole'],
          asPaths: ['^64512'],
          originAsns: [1],
          neighbourAsns: [2],
          asPathLength: { min: 1, max: 3 },
          nextHops: ['10.0.0.0/8', '2001:db8::/32'],
          peers: ['tor'],
          sources: ['own', 'ibgp'],
          med: { max: 5 },
          localPref: { min: 100 },
        },
        action: 'next',
        set: {
          localPref: 1,
          med: 2,
          origin: 'egp',
          nextHop: '2001:db8::1',
          communities: ['1:1'],
          largeCommunities: ['1:2:3'],
          removeCommunities: ['1:*', '4:5:*'],
          addCommunities: ['2:2', '6:7:8'],
          prepend: { count: 2 },
        },
      },
    ]),
    [
      {
        name: 'all of it',
        match: {
          families: ['ipv4-unicast'],
          prefixes: [{ prefix: parsePrefix('192.0.2.0/24') }],
          communities: [65000 * 65536 + 1, [65000, '*'], ['*', 2], [1, 2, 3], ['*', 2, '*'], 0xffff029a],
          asPaths: ['^64512'],
          originAsns: [1],
          neighbourAsns: [2],
          asPathLength: { min: 1, max: 3 },
          nextHops: [parsePrefix('10.0.0.0/8'), parsePrefix('2001:db8::/32')],
          peers: ['tor'],
          sources: ['own', 'ibgp'],
          med: { max: 5 },
          localPref: { min: 100 },
        },
        action: 'next',
        set: {
          localPref: 1,
          med: 2,
          origin: 'egp',
          nextHop: parseAddress('2001:db8::1'),
          communities: [0x10001],
          largeCommunities: [[1, 2, 3]],
          removeCommunities: [
            [1, '*'],
            [4, 5, '*'],
          ],
          addCommunities: [0x20002],
          addLargeCommunities: [[6, 7, 8]],
          prependAsns: [64513, 64513],
        },
      },
    ],
  );
});

t.test('sets add to what is written in place, in the order in which they are named', async (t) => {
  const [term] = translated([
    {
      match: {
        prefixes: [{ prefix: '192.0.2.0/24' }],
        prefixSets: ['hosts', 'racks'],
        asPathSets: ['short'],
        communitySets: ['ours'],
      },
      action: 'accept',
    },
  ]);
  t.same(term?.match, {
    prefixes: [
      { prefix: parsePrefix('192.0.2.0/24') },
      { prefix: parsePrefix('10.2.0.0/16'), ge: 32 },
      { prefix: parsePrefix('10.1.0.0/16'), le: 24 },
    ],
    communities: [[64512, '*'], [64512, 1, '*'], 0xffffff01],
    asPaths: ['^.$', '^$'],
  });
  t.same(
    translated([{ match: { prefixSets: [] }, action: 'accept' }])[0]?.match,
    { prefixes: [] },
    'of no sets, nothing',
  );
});

t.test('a named policy stands where it is named; a default of its own ends it', async (t) => {
  const shape = translated([{ policy: 'open' }, { action: 'accept', match: { peers: ['a'] } }, { policy: 'marked' }]);
  t.same(
    shape.map(({ name, action }) => [name, action]),
    [
      ['open[0]', 'next'],
      ['import[1]', 'accept'],
      ['marked[0]', 'next'],
      ['no seven', 'reject'],
      ['marked default', 'accept'],
    ],
  );
  t.same(shape[2]?.match, { communities: [[64512, '*'], [64512, 1, '*'], 0xffffff01] });
});

t.test('a name that is not there is an error, never a policy with a hole', async (t) => {
  for (const term of [
    { policy: 'gone' },
    { match: { prefixSets: ['gone'] }, action: 'reject' as const },
    { match: { communitySets: ['gone'] }, action: 'reject' as const },
    { match: { asPathSets: ['gone'] }, action: 'reject' as const },
  ]) {
    t.throws(() => translated([term]), {
      code: 'ERR_AGENT_VALIDATION',
      message: /"gone" is not in \w+ of the configuration/,
    });
  }
});

t.test('defaults of a peer; the speaker takes what is made of them', async (t) => {
  const scope = { ...OPEN_SCOPE, policy: 'pools' } as const;
  const config = (fields: object) => {
    const spec = { name: 'a', remoteAddress: '10.0.0.1', remoteAsn: 64512, ...fields };
    const made = peerConfig(spec, { asn: 64513, restartTimeS: 120, drain: 'off' as const, scope, library: LIBRARY });
    return resolvePeerConfig(made, { asn: 64513, routerId: 1 });
  };
  const names = ({ import: policy }: ReturnType<typeof config>) => policy?.terms.map(({ name }) => name);
  const outside = 'outside pools and service ranges (importPolicy: pools)';
  t.same(names(config({})), ['default route', outside]);
  t.equal(config({}).export, undefined);
  t.same(names(config({ import: [{ policy: 'open' }], importDefault: 'reject' })), [
    'open[0]',
    'importDefault',
    'default route',
    outside,
  ]);
  t.same(config({ exportDefault: 'reject' }).export, { terms: [], otherwise: 'reject' });
  t.match(config({ export: [{ action: 'accept' }], exportDefault: 'reject' }).export, {
    terms: [{ name: 'export[0]' }],
    otherwise: 'reject',
  });
});
