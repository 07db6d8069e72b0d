/** A compiled policy against the same policy read term by term over objects; shares no code with it. */
import { type Address, ipv4, type Prefix, parseAddress, prefixContains, prefixCovers } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import { AttributeTable, CANONICAL } from '../../src/rib/attribute-table.js';
import { decodeBlock } from '../../src/rib/best-routes.js';
import { type OriginateAttributes, originatedBlock } from '../../src/rib/block-edit.js';
import { NextHopTable } from '../../src/rib/next-hops.js';
import { PEER_KIND, PeerTable } from '../../src/rib/peer-table.js';
import { SeededHash } from '../../src/rib/seeded-hash.js';
import { CompiledPolicy } from '../../src/route-policy/compile.js';
import type {
  CommunityMatch,
  NumberRange,
  PolicyMatch,
  PolicySet,
  RoutePolicy,
} from '../../src/route-policy/policy.js';
import { FAMILIES } from '../../src/wire/family/family.js';
import { ASN, path, prefix } from '../rib/rib-fixture.js';

type Attributes = Required<Pick<OriginateAttributes, 'origin' | 'asPath' | 'nextHop'>> & OriginateAttributes;

interface Route {
  readonly prefix: Prefix;
  readonly attributes: Attributes;
  readonly source: number;
}

const SOURCES = ['own', 'ebgp', 'ibgp'] as const;
const NAMES = ['ourselves', 'tor', 'node'];
const ADDRESSES = [ipv4(0), ipv4(0xc0000201), parseAddress('2001:db8::2')];

const PREFIXES = ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '10.1.2.3/32', '0.0.0.0/0', '192.0.2.0/24', '::/0']
  .concat(['2001:db8::/32', '2001:db8:1::/48', '2001:db8:1::1/128', '2001:db8:0:0:8000::/65'])
  .map(prefix);

const small = fc.nat(4);
const rangeArb: fc.Arbitrary<NumberRange> = fc.record({ min: small, max: small }, { requiredKeys: [] });
const partArb = fc.constantFrom(0, 1, 2, '*' as const);
const communityArb: fc.Arbitrary<CommunityMatch> = fc.oneof(
  fc.constantFrom(0, 0x10001, 0x10002, 0x20001),
  fc.tuple(partArb, partArb),
  fc.tuple(partArb, partArb, partArb),
);
const manyPrefixes = fc.array(
  fc.tuple(fc.constantFrom(...PREFIXES), fc.option(fc.nat(40)), fc.option(fc.nat(40))).map(([each, ge, le]) => ({
    prefix: each,
    ...(ge !== null && { ge: each.length + ge }),
    ...(le !== null && { le: each.length + le }),
  })),
  { maxLength: 12 },
);
const asPathsArb = fc.array(fc.constantFrom('^1', '2$', '^$', '^. .$', '[2-3] .*', '1 2|3'), { maxLength: 2 });
const JS_PATHS: Readonly<Record<string, RegExp>> = {
  '^1': /^1/,
  '2$': /2$/,
  '^$': /^$/,
  '^. .$': /^..$/,
  '[2-3] .*': /[23].*/,
  '1 2|3': /12|3/,
};

const matchArb: fc.Arbitrary<PolicyMatch> = fc.record(
  {
    families: fc.subarray(['ipv4-unicast', 'ipv6-unicast'] as const),
    prefixes: manyPrefixes,
    notPrefixes: manyPrefixes,
    communities: fc.array(communityArb, { maxLength: 3 }),
    asPaths: asPathsArb,
    originAsns: fc.subarray([0, 1, 2, 3]),
    neighbourAsns: fc.subarray([0, 1, 2, 3]),
    asPathLength: rangeArb,
    nextHops: fc.subarray(['192.0.2.0/24', '0.0.0.0/0', '2001:db8::/32'].map(prefix)),
    peers: fc.subarray(['tor', 'node', 'ourselves']),
    sources: fc.subarray([...SOURCES]),
    med: rangeArb,
    localPref: fc.oneof(rangeArb, fc.constant({ min: 100, max: 100 })),
  },
  { requiredKeys: [] },
);
const largeArb = fc.tuple(small, small, small);
const setArb: fc.Arbitrary<PolicySet> = fc.record(
  {
    localPref: small,
    med: small,
    origin: fc.constantFrom('igp' as const, 'egp' as const, 'incomplete' as const),
    nextHop: fc.constantFrom('self' as const, 'peer' as const, ipv4(0xc0000209), parseAddress('2001:db8::9')),
    communities: fc.subarray([0x10001, 0x20001]),
    largeCommunities: fc.array(largeArb, { maxLength: 2 }),
    removeCommunities: fc.array(communityArb, { maxLength: 2 }),
    addCommunities: fc.subarray([0x10001, 0x10002]),
    addLargeCommunities: fc.array(largeArb, { maxLength: 2 }),
    prependAsns: fc.array(fc.constantFrom(1, 2, ASN), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const policyArb: fc.Arbitrary<RoutePolicy> = fc.record(
  {
    terms: fc.array(
      fc.record(
        {
          match: matchArb,
          action: fc.constantFrom('accept' as const, 'reject' as const, 'next' as const),
          set: setArb,
        },
        { requiredKeys: ['action'] },
      ),
      { maxLength: 5 },
    ),
    otherwise: fc.constantFrom('accept' as const, 'reject' as const),
  },
  { requiredKeys: ['terms'] },
);
const routeArb: fc.Arbitrary<Route> = fc
  .record({
    prefix: fc.constantFrom(...PREFIXES),
    source: fc.nat(2),
    attributes: fc.record(
      {
        origin: fc.constantFrom('igp' as const, 'incomplete' as const),
        asPath: fc.array(fc.constantFrom(1, 2, 3, ASN), { maxLength: 3 }).map((asns) => path(...asns) ?? []),
        nextHop: fc.constantFrom(0, 1),
        med: small,
        localPref: small,
        communities: fc.subarray([0, 0x10001, 0x10002, 0x20001], { minLength: 1 }),
        largeCommunities: fc.uniqueArray(largeArb, { minLength: 1, maxLength: 2, selector: String }),
      },
      { requiredKeys: ['origin', 'asPath', 'nextHop'] },
    ),
  })
  .map(({ attributes, ...route }) => ({
    ...route,
    attributes: {
      ...attributes,
      nextHop: route.prefix.version === 4 ? ipv4(0xc0000201 + attributes.nextHop) : parseAddress('2001:db8::1'),
    },
  }));

const within = (value: number, { min = 0, max = Number.POSITIVE_INFINITY }: NumberRange): boolean =>
  value >= min && value <= max;

/** All communities as texts, wildcards included. */
const texts = ({ communities = [], largeCommunities = [] }: OriginateAttributes): string[] => [
  ...communities.map((each) => `${each >>> 16}:${each & 0xffff}`),
  ...largeCommunities.map((each) => each.join(':')),
];

const isMeant = (text: string, match: CommunityMatch): boolean => {
  const wanted = typeof match === 'number' ? [match >>> 16, match & 0xffff] : match;
  const parts = text.split(':').map(Number);
  return parts.length === wanted.length && parts.every((part, i) => wanted[i] === '*' || wanted[i] === part);
};

function naiveMatch(match: PolicyMatch, { prefix: to, source }: Route, attributes: Attributes): boolean {
  const asns = attributes.asPath.flatMap((segment) => segment.asns);
  const letters = asns.map((asn) => (asn === ASN ? 'x' : `${asn}`)).join('');
  const family = to.version === 4 ? 'ipv4-unicast' : 'ipv6-unicast';
  const bits = to.version === 4 ? 32 : 128;
  const { prefixes, notPrefixes, communities, asPaths, nextHops } = match;
  const isIn = ({ prefix: outer, ge, le }: NonNullable<PolicyMatch['prefixes']>[number]): boolean => {
    const longest = le ?? (ge === undefined ? outer.length : bits);
    return prefixCovers(outer, to) && to.length >= (ge ?? outer.length) && to.length <= longest;
  };
  return (
    (match.families?.includes(family) ?? true) &&
    (prefixes?.some(isIn) ?? true) &&
    !(notPrefixes?.some(isIn) ?? false) &&
    (communities?.some((each) => texts(attributes).some((text) => isMeant(text, each))) ?? true) &&
    (asPaths?.some((each) => JS_PATHS[each]!.test(letters)) ?? true) &&
    (match.originAsns?.includes(asns.at(-1) ?? 0) ?? true) &&
    (match.neighbourAsns?.includes(asns[0] ?? 0) ?? true) &&
    within(asns.length, match.asPathLength ?? {}) &&
    (nextHops?.some((each) => prefixContains(each, attributes.nextHop)) ?? true) &&
    (match.peers?.some((name) => source !== 0 && NAMES[source] === name) ?? true) &&
    (match.sources?.includes(SOURCES[source]!) ?? true) &&
    within(attributes.med ?? 0, match.med ?? {}) &&
    within(attributes.localPref ?? 100, match.localPref ?? {})
  );
}

function naiveSet(set: PolicySet, route: Route, from: Attributes, side: 'import' | 'export'): Attributes {
  const { version } = route.prefix;
  const gone = set.removeCommunities ?? [];
  const stays = (text: string): boolean => !gone.some((each) => isMeant(text, each));
  const self = side === 'export' ? (version === 4 ? ipv4(0) : parseAddress('::')) : undefined;
  const peer = side === 'import' ? ADDRESSES[route.source]! : undefined;
  const wanted: Address | undefined = set.nextHop === 'self' ? self : set.nextHop === 'peer' ? peer : set.nextHop;
  const communities = [
    ...(set.communities ?? from.communities ?? []).filter((each) => stays(`${each >>> 16}:${each & 0xffff}`)),
    ...(set.addCommunities ?? []),
  ];
  const large = [
    ...(set.largeCommunities ?? from.largeCommunities ?? []).filter((each) => stays(each.join(':'))),
    ...(set.addLargeCommunities ?? []),
  ];
  const asns = [...(set.prependAsns ?? []), ...from.asPath.flatMap((segment) => segment.asns)];
  return {
    ...from,
    ...(set.localPref !== undefined && { localPref: set.localPref }),
    ...(set.med !== undefined && { med: set.med }),
    ...(set.origin !== undefined && { origin: set.origin }),
    ...(wanted?.version === version && { nextHop: wanted }),
    communities: [...new Set(communities)],
    largeCommunities: large.filter((each, i) => large.findIndex((other) => `${other}` === `${each}`) === i),
    asPath: path(...asns) ?? [],
  };
}

interface Verdict {
  readonly attributes: Attributes | undefined;
  readonly term: number | undefined;
  readonly passed: readonly number[];
}

function naive({ terms, otherwise = 'accept' }: RoutePolicy, route: Route, side: 'import' | 'export'): Verdict {
  let { attributes } = route;
  const passed: number[] = [];
  for (const [term, { match = {}, action, set }] of terms.entries()) {
    if (!naiveMatch(match, route, attributes)) continue;
    if (action === 'reject') return { attributes: undefined, term, passed };
    if (set) attributes = naiveSet(set, route, attributes, side);
    if (action === 'accept') return { attributes, term, passed };
    passed.push(term);
  }
  return { attributes: otherwise === 'accept' ? attributes : undefined, term: undefined, passed };
}

/** Attributes as text that is equal for equal ones: lists that are empty are as if absent. */
const shown = (attributes: OriginateAttributes | undefined): string =>
  JSON.stringify(
    attributes && [
      attributes.origin,
      attributes.asPath,
      attributes.nextHop,
      attributes.med ?? null,
      attributes.localPref ?? null,
      attributes.communities ?? [],
      attributes.largeCommunities ?? [],
    ],
  );

function tables() {
  const nextHops = new NextHopTable(() => {});
  const table = new AttributeTable(new SeededHash(7), nextHops, { asn: ASN, routerId: 1, clusterId: 1 });
  const peers = new PeerTable(1);
  for (const [index, kind] of [PEER_KIND.local, PEER_KIND.ebgp, 0].entries()) {
    if (index > 0) peers.add(NAMES[index]!, ADDRESSES[index]!);
    peers.kind[index] = kind;
  }
  const intern = ({ prefix: to, attributes }: Route): number => {
    const family = FAMILIES.find(({ version }) => version === to.version)!;
    const block = originatedBlock(to, family, attributes);
    return table.internCanonical(block, 0, block.length, CANONICAL);
  };
  return { nextHops, table, peers, intern };
}

const keyOf = ({ a, b, c, d, length }: Prefix) => ({ a: a | 0, b: b | 0, c: c | 0, d: d | 0, length });

function decoded(table: AttributeTable, id: number): OriginateAttributes {
  const { mpReach: _, ...attributes } = decodeBlock(table.block(id));
  return { ...attributes, nextHop: table.nextHop(id) };
}

for (const side of ['import', 'export'] as const) {
  t.test(`law: a compiled ${side} policy does what its terms say, and holds nothing afterwards`, (t) => {
    fc.assert(
      fc.property(policyArb, fc.array(routeArb, { minLength: 1, maxLength: 100 }), (policy, all) => {
        const { nextHops, table, peers, intern } = tables();
        const compiled = new CompiledPolicy(policy, table, peers, side);
        for (const version of [4, 6] as const) {
          // An import policy is its peer's, which has one source; a batch has one family.
          const batch = all.filter(
            (each) => each.prefix.version === version && (side === 'export' || each.source === 1),
          );
          const ids = batch.map(intern);
          const results = batch.map((route, i) => compiled.apply(keyOf(route.prefix), version, ids[i]!, route.source));
          compiled.forget();
          for (const [i, route] of batch.entries()) {
            const expected = naive(policy, route, side);
            const result = results[i]!;
            const made = result === 0 ? undefined : decoded(table, result);
            if (shown(made) !== shown(expected.attributes)) {
              throw new Error(`${shown(made)}, not ${shown(expected.attributes)}`);
            }
            const trace = compiled.trace(keyOf(route.prefix), version, ids[i]!, route.source);
            const wanted = [expected.attributes ? 'accept' : 'reject', expected.term, expected.passed];
            const got = [trace.verdict, trace.decided?.index, trace.passed.map(({ index }) => index)];
            if (JSON.stringify(got) !== JSON.stringify(wanted)) {
              throw new Error(`${JSON.stringify(trace)}, not ${JSON.stringify(wanted)}`);
            }
          }
          for (const id of [...ids, ...results]) if (id !== 0) table.release(id);
        }
        if (table.size !== 0 || nextHops.size !== 0)
          throw new Error(`${table.size} sets, ${nextHops.size} next hops left`);
      }),
      { numRuns: 400 },
    );
    t.pass();
    t.end();
  });
}
