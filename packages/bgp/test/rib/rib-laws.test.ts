import { ipv4, parseAddress } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import type { PathAttributes } from '../../src/wire/attribute/path-attributes.js';
import { wireContext } from '../../src/wire/context.js';
import { type NaivePeer, type NaiveRoute, naiveBest, naiveExport, naivePaths } from './naive-rib.js';
import { ASN, attributeText, path, prefix, RibFixture, ROUTER_ID } from './rib-fixture.js';

const PREFIXES = ['10.0.0.0/8', '198.51.100.7/32', '0.0.0.0/0'];
const PEERS: readonly Omit<NaivePeer, 'address'>[] = [
  { name: 'e1', type: 'ebgp', client: false, routerId: 0x0a000009 },
  { name: 'e2', type: 'ebgp', client: false, routerId: 0x0a000002 },
  { name: 'e3', type: 'ebgp', client: false, routerId: 0x0a000002 },
  { name: 'n1', type: 'ibgp', client: false, routerId: 0x0a000004 },
  { name: 'n2', type: 'ibgp', client: false, routerId: 0xf0000005 },
  { name: 'c1', type: 'ibgp', client: true, routerId: 0x0a000006 },
  { name: 'c2', type: 'ibgp', client: true, routerId: 0x0a000001 },
];
/** By peer: with groups of several members, of one, and peers without. */
const NO_ADD_PATH = PEERS.map(() => 0);
const ADD_PATH = [2, 2, 0, 3, 0, 2, 2];
const NEXT_HOPS = [1, 2, 3].map((last) => ipv4(0xc0000200 + last));
const SELF = parseAddress('192.0.2.254');

type Operation =
  | { readonly do: 'announce'; peer: number; prefixes: readonly number[]; attributes: PathAttributes; internal: object }
  | { readonly do: 'withdraw'; peer: number; prefixes: readonly number[] }
  | { readonly do: 'bounce'; peer: number; keep: boolean }
  | { readonly do: 'down'; peer: number }
  | { readonly do: 'metric'; nextHop: number; metric: number }
  | { readonly do: 'slow'; peer: number; slow: boolean }
  | { readonly do: 'refresh'; peer: number }
  | { readonly do: 'client'; peer: number; client: boolean }
  | { readonly do: 'max-paths'; peer: number; max: number }
  | { readonly do: 'work'; budget: number }
  | { readonly do: 'drain'; octets: number };

const peerArb = fc.nat(PEERS.length - 1);
const attributesArb = fc.record(
  {
    origin: fc.constantFrom('igp' as const, 'igp' as const, 'igp' as const, 'incomplete' as const),
    asPath: fc.constantFrom(path(1), path(1), path(2), path(2), path(3), path(1, 2), path(2, ASN)),
    nextHop: fc.constantFrom(...NEXT_HOPS),
    med: fc.constantFrom(0, 1, 5, 0xf0000000),
    communities: fc.constantFrom([1], [1], [0xffffff01], [0xffffff02, 3]),
  },
  { requiredKeys: ['origin', 'asPath', 'nextHop'] },
);
const internalArb = fc.record(
  {
    localPref: fc.constantFrom(100, 100, 100, 100, 0x80000000),
    originatorId: fc.constantFrom(0x0a000003, 0x0a000008, 0x0a000008, ROUTER_ID),
    clusterList: fc.constantFrom([7], [7, 8], [9], [ROUTER_ID]),
  },
  { requiredKeys: ['localPref'] },
);
const operationArb: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('announce' as const),
      peer: peerArb,
      prefixes: fc.uniqueArray(fc.nat(PREFIXES.length - 1), { minLength: 1, maxLength: 3 }),
      attributes: attributesArb,
      internal: internalArb,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('withdraw' as const),
      peer: peerArb,
      prefixes: fc.uniqueArray(fc.nat(PREFIXES.length - 1), { minLength: 1, maxLength: 3 }),
    }),
  },
  fc.record({ do: fc.constant('bounce' as const), peer: peerArb, keep: fc.boolean() }),
  fc.record({ do: fc.constant('down' as const), peer: peerArb }),
  fc.record({
    do: fc.constant('metric' as const),
    nextHop: fc.nat(2),
    metric: fc.constantFrom(0, 5, 9, Number.POSITIVE_INFINITY),
  }),
  fc.record({ do: fc.constant('slow' as const), peer: peerArb, slow: fc.boolean() }),
  fc.record({ do: fc.constant('refresh' as const), peer: peerArb }),
  fc.record({ do: fc.constant('client' as const), peer: peerArb, client: fc.boolean() }),
  fc.record({ do: fc.constant('max-paths' as const), peer: peerArb, max: fc.integer({ min: 1, max: 4 }) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('work' as const), budget: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drain' as const), octets: fc.constantFrom(1, 100) }) },
);

/** The engine and the naive tables side by side. */
class Pair {
  readonly net: RibFixture;
  readonly peers: NaivePeer[] = [];
  readonly up: boolean[] = [];
  readonly routes = new Map<string, NaiveRoute>();
  readonly metrics = new Map<number, number>();
  readonly alwaysCompareMed: boolean;
  /** By peer: the most paths it gets with ADD-PATH, 0 without. */
  readonly maxPaths: number[];
  /** Routes kept over a restart and not announced since. */
  readonly #stale = new Set<string>();

  constructor(alwaysCompareMed: boolean, maxBacklogOctets: number, maxPaths: readonly number[] = NO_ADD_PATH) {
    this.maxPaths = [...maxPaths];
    this.alwaysCompareMed = alwaysCompareMed;
    this.net = new RibFixture({ decision: { alwaysCompareMed }, maxBacklogOctets });
    PEERS.forEach((peer, index) => {
      this.peers.push({ ...peer, address: index });
      this.start(index);
    });
  }

  start(index: number): void {
    const { name, type, client, routerId } = this.peers[index]!;
    const context = wireContext({ peerType: type, localAsn: ASN });
    const maxPaths = this.maxPaths[index]!;
    const send = maxPaths > 0 ? { ...context, addPath: [true, true] } : context;
    this.net.up(name, { type, client, routerId, send, maxPaths });
    this.up[index] = true;
  }

  run(operation: Operation): void {
    const { net } = this;
    switch (operation.do) {
      case 'announce':
      case 'withdraw': {
        const peer = this.peers[operation.peer]!;
        if (!this.up[operation.peer]) return;
        const prefixes = operation.prefixes.map((each) => PREFIXES[each]!);
        for (const each of prefixes) this.#stale.delete(`${peer.name} ${each}`);
        if (operation.do === 'withdraw') {
          net.withdraw(peer.name, prefixes);
          for (const each of prefixes) this.routes.delete(`${peer.name} ${each}`);
          return;
        }
        const attributes = { ...operation.attributes, ...(peer.type === 'ibgp' ? operation.internal : {}) };
        net.announce(peer.name, prefixes, attributes);
        for (const each of prefixes) this.routes.set(`${peer.name} ${each}`, { peer, prefix: each, attributes });
        return;
      }
      case 'bounce':
      case 'down': {
        const peer = this.peers[operation.peer]!;
        if (!this.up[operation.peer]) {
          this.start(operation.peer);
          return;
        }
        const keep = operation.do === 'bounce' && operation.keep;
        net.down(peer.name, keep ? ['ipv4-unicast'] : []);
        this.up[operation.peer] = false;
        if (!keep) {
          for (const each of PREFIXES) {
            this.routes.delete(`${peer.name} ${each}`);
            this.#stale.delete(`${peer.name} ${each}`);
          }
        }
        if (operation.do === 'bounce') this.start(operation.peer);
        if (keep) this.#dropOlder(peer.name);
        return;
      }
      case 'metric': {
        const address = NEXT_HOPS[operation.nextHop]!;
        this.metrics.set(address.a, operation.metric);
        const reachable = Number.isFinite(operation.metric);
        net.rib.nextHops.set(address, { reachable, metric: reachable ? operation.metric : 0 });
        return;
      }
      case 'slow':
        net.peers.get(this.peers[operation.peer]!.name)!.slow = operation.slow;
        return;
      case 'refresh':
        if (this.up[operation.peer]) {
          net.rib.refreshOut(net.peers.get(this.peers[operation.peer]!.name)!.index, 'ipv4-unicast');
        }
        return;
      case 'client': {
        const peer = this.peers[operation.peer]!;
        if (peer.type === 'ebgp' || !this.up[operation.peer]) return;
        const changed = { ...peer, client: operation.client };
        this.peers[operation.peer] = changed;
        for (const [key, route] of this.routes)
          if (route.peer === peer) this.routes.set(key, { ...route, peer: changed });
        net.rib.updatePeer(net.peers.get(peer.name)!.index, { client: operation.client });
        return;
      }
      case 'max-paths':
        if (!this.up[operation.peer] || this.maxPaths[operation.peer] === 0) return;
        this.maxPaths[operation.peer] = operation.max;
        net.rib.updatePeer(net.peers.get(this.peers[operation.peer]!.name)!.index, { maxPaths: operation.max });
        return;
      case 'work':
        net.rib.work(operation.budget);
        return;
      case 'drain':
        net.drain(operation.octets);
    }
  }

  /** A second restart drops what was stale already. RFC 4724 section 4.2. */
  #dropOlder(name: string): void {
    for (const key of [...this.routes.keys()].filter((each) => each.startsWith(`${name} `))) {
      if (this.#stale.has(key)) this.routes.delete(key);
      else this.#stale.add(key);
    }
  }

  settle(): void {
    for (const peer of this.net.peers.values()) peer.slow = false;
    this.net.settle();
  }

  bestRoutes(): Map<string, NaiveRoute> {
    const best = new Map<string, NaiveRoute>();
    for (const each of PREFIXES) {
      const candidates = [...this.routes.values()].filter((route) => route.prefix === each);
      const route = naiveBest(candidates, this.options, this.metrics);
      if (route) best.set(each, route);
    }
    return best;
  }

  get options() {
    return { asn: ASN, routerId: ROUTER_ID, clusterId: ROUTER_ID, alwaysCompareMed: this.alwaysCompareMed };
  }

  /** What each peer that is up should have been told. */
  expected(): Record<string, Record<string, string>> {
    const best = this.bestRoutes();
    const tables: Record<string, Record<string, string>> = {};
    this.peers.forEach((peer, index) => {
      const table: Record<string, string> = {};
      const max = this.maxPaths[index]!;
      for (const each of [...PREFIXES].sort()) {
        if (max > 0) {
          const candidates = [...this.routes.values()].filter((route) => route.prefix === each);
          const paths = naivePaths(candidates, max, peer, this.options, this.metrics);
          const texts = paths.map((route) => attributeText(naiveExport(route, peer, this.options, SELF)!)).sort();
          if (this.up[index] && texts.length > 0) table[each] = texts.join('\n');
          continue;
        }
        const route = best.get(each);
        const told = route && this.up[index] && naiveExport(route, peer, this.options, SELF);
        if (told) table[each] = attributeText(told);
      }
      tables[peer.name] = table;
    });
    return tables;
  }
}

const same = (x: unknown, y: unknown, what: string): void => {
  const [first, second] = [JSON.stringify(x, null, 1), JSON.stringify(y, null, 1)];
  if (first !== second) throw new Error(`${what}:\nengine ${first}\nmodel  ${second}`);
};

/** Path identifiers left out: several paths of a prefix in one text. */
function withoutIds(tables: Record<string, Record<string, string>>): Record<string, Record<string, string>> {
  const merged: Record<string, Record<string, string>> = {};
  for (const [name, table] of Object.entries(tables)) {
    const texts = new Map<string, string[]>();
    for (const [key, text] of Object.entries(table)) {
      const [each = ''] = key.split(' ');
      texts.set(each, [...(texts.get(each) ?? []), text].sort());
    }
    merged[name] = Object.fromEntries([...texts].map(([each, list]) => [each, list.join('\n')]));
  }
  return merged;
}

const sorted = (table: Record<string, string>) => Object.fromEntries(Object.entries(table).sort());

const EMPTY = {
  attributeSets: 0,
  families: ['ipv4-unicast', 'ipv6-unicast'].map((family) => ({ family, prefixes: 0, routes: 0 })),
  updateGroups: 0,
  attributeOctets: 0,
};

const runs = { numRuns: Number(process.env.TORTIE_RUNS ?? 300) };

for (const { alwaysCompareMed, maxPaths } of [
  { alwaysCompareMed: false, maxPaths: NO_ADD_PATH },
  { alwaysCompareMed: true, maxPaths: NO_ADD_PATH },
  { alwaysCompareMed: false, maxPaths: ADD_PATH },
]) {
  t.test(`engine and naive model agree, alwaysCompareMed ${alwaysCompareMed}, paths ${maxPaths}`, async (t) => {
    fc.assert(
      fc.property(
        fc.array(operationArb, { maxLength: 120, size: 'max' }),
        fc.constantFrom(100, 1000, 1e7),
        (operations, maxBacklogOctets) => {
          const pair = new Pair(alwaysCompareMed, maxBacklogOctets, maxPaths);
          for (const operation of operations) pair.run(operation);
          pair.settle();
          const best = Object.fromEntries([...pair.bestRoutes()].map(([each, { peer }]) => [each, peer.name]));
          same(sorted(pair.net.best()), sorted(best), 'best routes');
          same(withoutIds(pair.net.told()), pair.expected(), 'what peers were told');
          same(pair.net.adjRibsOut(), pair.net.told(), 'adj-ribs-out');
          for (const { name } of PEERS) pair.net.down(name);
          pair.settle();
          const { attributeSets, families, updateGroups, attributeOctets } = pair.net.rib.counters();
          same({ attributeSets, families, updateGroups, attributeOctets }, EMPTY, 'what is left');
        },
      ),
      runs,
    );
    t.pass(`${runs.numRuns} runs`);
  });
}

t.test('order sweep: the same states in any order end in the same place', async (t) => {
  const announcement = fc.record({
    peer: peerArb,
    prefix: fc.nat(PREFIXES.length - 1),
    attributes: attributesArb,
    internal: internalArb,
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(announcement, { selector: ({ peer, prefix: each }) => `${peer} ${each}`, maxLength: 20 }),
      fc.infiniteStream(fc.nat(1000)),
      (list, random) => {
        const shuffled = list.map((each) => ({ each, at: random.next().value })).sort((x, y) => x.at - y.at);
        const results = [list, [...list].reverse(), shuffled.map(({ each }) => each)].map((order) => {
          const pair = new Pair(false, 1e7);
          for (const { peer, prefix: each, attributes, internal } of order) {
            pair.run({ do: 'announce', peer, prefixes: [each], attributes, internal });
            pair.net.rib.work(1);
          }
          pair.settle();
          return { best: pair.net.best(), told: pair.net.told() };
        });
        same(sorted(results[1]!.best), sorted(results[0]!.best), 'backwards');
        same(sorted(results[2]!.best), sorted(results[0]!.best), 'permuted');
        same(results[1]!.told, results[0]!.told, 'told backwards');
        same(results[2]!.told, results[0]!.told, 'told permuted');
      },
    ),
    runs,
  );
  t.pass();
});

t.test('why names the row that beat each loser', async (t) => {
  const net = new RibFixture();
  net.up('a', { asn: 65001 });
  net.up('b', { asn: 65002 });
  net.up('c', { asn: 65001 });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001), med: 10 });
  net.announce('b', ['10.0.0.0/8'], { asPath: path(65002), med: 20 });
  net.announce('c', ['10.0.0.0/8'], { asPath: path(65001), med: 5 });
  const entry = net.rib.why(prefix('10.0.0.0/8'))!;
  const names = new Map([...net.peers].map(([name, { index }]) => [index, name]));
  t.same(
    entry.candidates.map(({ peer, best, lostBy }) => [names.get(peer), best, lostBy]),
    [
      ['b', true, undefined],
      ['c', false, 'router-id'],
      ['a', false, 'med'],
    ],
  );
});
