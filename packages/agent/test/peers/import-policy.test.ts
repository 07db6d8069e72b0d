import type { RoutePolicy } from '@tortie/bgp';
import { formatPrefix, parsePrefix, prefixCovers } from '@tortie/ip';
import t from 'tap';
import { type ImportScope, importPolicy } from '../../src/peers/import-policy.js';

/** What a policy does to a prefix, as the engine does it. */
function judge({ terms, otherwise = 'accept' }: RoutePolicy, text: string): RoutePolicy['terms'][number]['action'] {
  const route = parsePrefix(text);
  for (const { match, action } of terms) {
    const prefixes = match?.prefixes;
    const hit =
      !prefixes ||
      prefixes.some(
        ({ prefix, ge = prefix.length, le = prefix.length }) =>
          prefixCovers(prefix, route) && route.length >= ge && route.length <= le,
      );
    if (hit) return action;
  }
  return otherwise;
}

const scope: ImportScope = {
  policy: 'pools',
  defaultRoute: true,
  pools: [parsePrefix('10.244.0.0/16'), parsePrefix('fd00:10::/48')],
  services: [parsePrefix('10.96.0.0/12')],
  ownAddresses: [parsePrefix('10.0.0.1/32')],
  ownBlocks: [parsePrefix('10.244.1.0/26'), parsePrefix('fd00:10::/122')],
  lentAddresses: [parsePrefix('10.244.1.9/32')],
};

const own: RoutePolicy = {
  terms: [
    { match: { prefixes: [{ prefix: parsePrefix('198.51.100.0/24') }] }, action: 'accept' },
    { match: { prefixes: [{ prefix: parsePrefix('10.244.7.0/26') }] }, action: 'reject' },
  ],
};

const CASES: readonly (readonly [prefix: string, pools: string, all: string, why: string])[] = [
  ['10.244.0.0/26', 'accept', 'accept', 'a block of another node'],
  ['10.244.0.0/16', 'accept', 'accept', 'a whole pool'],
  ['10.96.0.0/12', 'accept', 'accept', 'a range of services'],
  ['10.96.0.9/32', 'accept', 'accept', 'a service'],
  ['10.0.0.1/32', 'reject', 'reject', "this node's own address"],
  ['10.0.0.0/24', 'reject', 'accept', 'its subnet'],
  ['10.244.1.0/26', 'reject', 'reject', 'our own block'],
  ['10.244.1.7/32', 'reject', 'reject', 'one of our pods'],
  ['10.244.1.9/32', 'accept', 'accept', 'an address of ours that another node has borrowed'],
  ['10.244.1.8/31', 'reject', 'reject', 'but not what only contains it'],
  ['fd00:10::5/128', 'reject', 'reject', 'one of our IPv6 pods'],
  ['fd00:10:0:1::/122', 'accept', 'accept', 'an IPv6 block of another node'],
  ['0.0.0.0/0', 'accept', 'accept', 'a default route'],
  ['::/0', 'accept', 'accept', 'an IPv6 default route'],
  ['0.0.0.0/1', 'reject', 'accept', 'half a default route'],
  ['8.8.8.0/24', 'reject', 'accept', 'anything else'],
  ['10.0.0.0/8', 'reject', 'accept', 'what lies around the pool'],
  ['198.51.100.0/24', 'accept', 'accept', "what the peer's own terms accept"],
  ['10.244.7.0/26', 'reject', 'reject', "what the peer's own terms reject"],
];

t.test('what a peer may tell us', async (t) => {
  for (const [prefix, pools, all, why] of CASES) {
    t.equal(judge(importPolicy(scope, own.terms), prefix), pools, `pools: ${prefix}, ${why}`);
    t.equal(judge(importPolicy({ ...scope, policy: 'all' }, own.terms), prefix), all, `all: ${prefix}, ${why}`);
  }
});

t.test('the default route can be kept out', async (t) => {
  const strict = importPolicy({ ...scope, defaultRoute: false }, []);
  t.equal(judge(strict, '0.0.0.0/0'), 'reject');
  t.equal(judge(strict, formatPrefix(parsePrefix('10.244.0.0/26'))), 'accept');
});

t.test('a peer cannot be allowed to take our own block', async (t) => {
  const greedy: RoutePolicy = { terms: [{ action: 'accept' }] };
  t.equal(judge(importPolicy(scope, greedy.terms), '10.244.1.0/26'), 'reject');
  t.equal(judge(importPolicy(scope, greedy.terms), '8.8.8.0/24'), 'accept');
});

t.test('what the default refuses, a term refuses that can be told by name', async (t) => {
  const { terms } = importPolicy(scope, own.terms);
  t.match(terms.at(-1), { name: /^outside pools and service ranges/, action: 'reject' });
  t.notOk(importPolicy({ ...scope, policy: 'all' }, []).terms.some(({ name }) => /outside/.test(name ?? '')));
});
