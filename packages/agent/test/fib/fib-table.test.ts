import { formatPrefix, type Prefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';
import fc from 'fast-check';
import t from 'tap';
import type { ViaHop } from '../../src/fib/fib-entry.js';
import { FibTable, type FibWrite } from '../../src/fib/fib-table.js';
import type { Resolved } from '../../src/fib/via-table.js';

const prefix = parsePrefix;
const A = parseAddress('10.0.0.1');
const B = parseAddress('10.0.0.2');
const via = (...addresses: (typeof A)[]): ViaHop[] => addresses.map((address) => ({ address }));

/** A kernel that does what it is told, but for the prefixes it is told to refuse. */
class Kernel {
  readonly routes = new Map<string, string>();
  readonly refuse = new Set<string>();
  writes = 0;

  apply(writes: readonly FibWrite[]) {
    return writes.map(({ prefix, kind, nextHops }) => {
      this.writes++;
      const text = formatPrefix(prefix);
      if (this.refuse.has(text)) return { ok: false, message: 'Network is unreachable' } as const;
      if (kind === 'delete') this.routes.delete(text);
      else this.routes.set(text, kind === 'blackhole' ? kind : describe(nextHops));
      return { ok: true } as const;
    });
  }
}

const describe = (hops: readonly NextHop[]): string => hops.map(({ ifindex }) => `if${ifindex}`).join('+');

/** Next hops are reachable through the interface named here; others are not. */
function setUp(interfaces: Record<string, number> = { '10.0.0.1': 1, '10.0.0.2': 2 }) {
  const reachable = new Map(Object.entries(interfaces));
  const resolve = ({ address }: ViaHop): Resolved => {
    const ifindex = reachable.get(
      [address.a >>> 24, (address.a >>> 16) & 255, (address.a >>> 8) & 255, address.a & 255].join('.'),
    );
    return ifindex === undefined ? { reason: 'no route' } : { hop: { gateway: address, ifindex } };
  };
  const table = new FibTable(resolve);
  const kernel = new Kernel();
  const drain = (batch = 3): void => {
    for (let writes = table.takeBatch(batch); writes.length > 0; writes = table.takeBatch(batch)) {
      table.settle(kernel.apply(writes));
    }
  };
  return { table, kernel, reachable, drain };
}

t.test('a wanted route goes to the kernel, changes there and leaves it', async (t) => {
  const { table, kernel, drain } = setUp();
  table.want(prefix('192.0.2.0/24'), via(A));
  t.strictSame(table.counts, { installed: 0, pending: 1, failed: 0, stale: 0 });
  drain();
  t.equal(kernel.routes.get('192.0.2.0/24'), 'if1');
  t.strictSame(table.counts, { installed: 1, pending: 0, failed: 0, stale: 0 });
  table.want(prefix('192.0.2.0/24'), via(A, B));
  drain();
  t.equal(kernel.routes.get('192.0.2.0/24'), 'if1+if2');
  table.want(prefix('192.0.2.0/24'), []);
  drain();
  t.equal(kernel.routes.size, 0);
  t.equal(table.size, 0, 'nothing is remembered of it');
  t.strictSame(table.counts, { installed: 0, pending: 0, failed: 0, stale: 0 });
});

t.test('what is already so is not written', async (t) => {
  const { table, kernel, drain } = setUp();
  table.want(prefix('192.0.2.0/24'), via(A));
  drain();
  table.want(prefix('192.0.2.0/24'), via(B));
  table.want(prefix('192.0.2.0/24'), via(A));
  table.want(prefix('198.51.100.0/24'), via(A));
  table.want(prefix('198.51.100.0/24'), []);
  drain();
  t.equal(kernel.writes, 1);
});

t.test('a change while the write is under way is written after it', async (t) => {
  const { table, kernel, drain } = setUp();
  table.want(prefix('192.0.2.0/24'), via(A));
  const batch = table.takeBatch(10);
  table.want(prefix('192.0.2.0/24'), via(B));
  t.strictSame(table.takeBatch(10), [], 'not twice at once');
  table.settle(kernel.apply(batch));
  drain();
  t.equal(kernel.routes.get('192.0.2.0/24'), 'if2');
  table.want(prefix('192.0.2.0/24'), via(A));
  const second = table.takeBatch(10);
  table.want(prefix('192.0.2.0/24'), []);
  kernel.refuse.add('192.0.2.0/24');
  table.settle(kernel.apply(second));
  kernel.refuse.clear();
  drain();
  t.equal(kernel.routes.size, 0, 'a refusal of what nobody wants any more does not stop the deletion');
});

t.test("a refused route keeps the kernel's words and is tried again when asked to", async (t) => {
  const { table, kernel, drain } = setUp();
  kernel.refuse.add('192.0.2.0/24');
  table.want(prefix('192.0.2.0/24'), via(A));
  drain();
  t.match(table.get(prefix('192.0.2.0/24')), { state: 'failed', error: 'Network is unreachable' });
  t.equal(table.refusals, 1);
  drain();
  t.equal(kernel.writes, 1, 'not on its own');
  kernel.refuse.clear();
  t.equal(table.retryFailed(), 1);
  t.equal(table.retryFailed(), 0);
  drain();
  t.match(table.get(prefix('192.0.2.0/24')), { state: 'installed', error: undefined });
  t.strictSame(table.counts, { installed: 1, pending: 0, failed: 0, stale: 0 });
});

t.test('a next hop that goes and comes takes its routes along', async (t) => {
  const { table, kernel, reachable, drain } = setUp();
  table.want(prefix('192.0.2.0/24'), via(A));
  table.want(prefix('198.51.100.0/24'), via(A, B));
  drain();
  reachable.delete('10.0.0.1');
  table.resolveAgain(A);
  drain();
  t.strictSame([...kernel.routes], [['198.51.100.0/24', 'if2']]);
  t.match(table.get(prefix('192.0.2.0/24')), { state: 'failed', error: 'next hop 10.0.0.1: no route' });
  t.strictSame(table.counts, { installed: 1, pending: 0, failed: 1, stale: 0 });
  reachable.set('10.0.0.1', 7);
  table.resolveAgain();
  drain();
  t.strictSame(Object.fromEntries(kernel.routes), { '192.0.2.0/24': 'if7', '198.51.100.0/24': 'if7+if2' });
});

t.test('BGP can want traffic dropped, and unwant it again', async (t) => {
  const { table, kernel, drain } = setUp();
  const route = prefix('192.0.2.1/32');
  table.want(route, via(A));
  drain();
  table.wantBlackhole(route);
  t.equal(table.counts.pending, 1);
  drain();
  t.equal(kernel.routes.get('192.0.2.1/32'), 'blackhole');
  table.resolveAgain();
  drain();
  t.equal(kernel.routes.get('192.0.2.1/32'), 'blackhole', 'no next hop matters to it');
  table.want(route, via(B));
  drain();
  t.equal(kernel.routes.get('192.0.2.1/32'), 'if2');
  table.wantBlackhole(route);
  drain();
  table.want(route, []);
  drain();
  t.equal(table.size, 0);
});

t.test('own blocks are blackholes and go before BGP', async (t) => {
  const { table, kernel, drain } = setUp();
  table.want(prefix('10.244.0.0/26'), via(A));
  table.setBlocks([prefix('10.244.0.0/26')]);
  drain();
  t.equal(kernel.routes.get('10.244.0.0/26'), 'blackhole');
  table.setBlocks([]);
  drain();
  t.equal(kernel.routes.get('10.244.0.0/26'), 'if1');
});

t.test('a route to another node goes before BGP, an own block before both', async (t) => {
  const { table, kernel, drain } = setUp();
  const block = prefix('10.244.64.0/26');
  table.want(block, via(A));
  table.wantDirect(block, [{ gateway: B, ifindex: 9, onLink: true }]);
  t.match(table.get(block), { state: 'pending', source: 'node', target: { hops: [{ ifindex: 9, onLink: true }] } });
  drain();
  t.equal(kernel.routes.get('10.244.64.0/26'), 'if9');
  table.setBlocks([block]);
  drain();
  t.match(table.get(block), { state: 'installed', source: 'block' });
  t.equal(kernel.routes.get('10.244.64.0/26'), 'blackhole');
  table.setBlocks([]);
  table.wantDirect(block, []);
  drain();
  t.match(table.get(block), { source: 'bgp', hops: via(A) });
  t.equal(kernel.routes.get('10.244.64.0/26'), 'if1');
  table.want(block, []);
  drain();
  t.equal(table.size, 0);
});

t.test('100,000 prefixes come, change and go, and nothing is left of them', async (t) => {
  const { table, kernel, drain } = setUp();
  const route = (i: number): Prefix => ({ version: 4, a: (0x14000000 + i * 256) >>> 0, b: 0, c: 0, d: 0, length: 24 });
  const six = (i: number): Prefix => ({ version: 6, a: 0x20010db8, b: i, c: 0, d: 0, length: 64 });
  const many = 100_000;
  for (let round = 0; round < 2; round++) {
    for (const hop of [A, B]) {
      for (let i = 0; i < many; i++) table.want(i % 2 ? route(i) : six(i), via(hop));
      drain(2048);
    }
    t.equal(table.size, many);
    t.strictSame(table.counts, { installed: many, pending: 0, failed: 0, stale: 0 });
    t.match(table.get(route(77_777)), { state: 'installed', source: 'bgp' });
    t.strictSame(table.get(six(88_888))?.prefix, six(88_888));
    for (let i = 0; i < many; i++) table.want(i % 2 ? route(i) : six(i), []);
    drain(2048);
    t.equal(table.size, 0);
    t.strictSame(table.counts, { installed: 0, pending: 0, failed: 0, stale: 0 });
    t.equal(kernel.routes.size, 0);
  }
});

t.test('a filtered walk gives what matches alone', async (t) => {
  const { table, kernel, drain } = setUp();
  kernel.refuse.add('192.0.2.0/24');
  for (const text of ['192.0.2.0/24', '198.51.100.0/24', '2001:db8::/32']) table.want(prefix(text), via(A));
  drain();
  const texts = (filter: Parameters<FibTable['walk']>[1]) =>
    [...table.walk(0, filter)].map((one) => formatPrefix(one.prefix));
  t.strictSame(texts({ state: 'failed' }), ['192.0.2.0/24']);
  t.strictSame(texts({ version: 6 }), ['2001:db8::/32']);
  t.strictSame(texts({ version: 4, state: 'installed' }), ['198.51.100.0/24']);
});

t.test('routes of an earlier run stay until the sweep, and what is confirmed is not written again', async (t) => {
  const { table, kernel, drain } = setUp();
  for (const text of ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24']) {
    kernel.routes.set(text, 'if1');
    table.adopt(
      { prefix: prefix(text), kind: 'unicast', nextHops: [{ gateway: A, ifindex: 1 }] },
      { stale: true, dump: 0 },
    );
  }
  t.strictSame(table.counts, { installed: 0, pending: 0, failed: 0, stale: 3 });
  table.want(prefix('192.0.2.0/24'), via(A));
  table.want(prefix('198.51.100.0/24'), via(B));
  drain();
  t.equal(kernel.writes, 1, 'only the one that leads elsewhere');
  t.equal(kernel.routes.size, 3);
  t.equal(table.sweep(), 1);
  drain();
  t.strictSame(Object.fromEntries(kernel.routes), { '192.0.2.0/24': 'if1', '198.51.100.0/24': 'if2' });
});

t.test('what the kernel lost is written again; what only it has is removed', async (t) => {
  const { table, kernel, drain } = setUp();
  table.want(prefix('192.0.2.0/24'), via(A));
  table.want(prefix('198.51.100.0/24'), via(A));
  drain();
  kernel.routes.delete('192.0.2.0/24');
  kernel.routes.set('203.0.113.0/24', 'if9');
  for (const text of kernel.routes.keys()) {
    const nextHops = [{ gateway: A, ifindex: text.startsWith('203') ? 9 : 1 }];
    table.adopt({ prefix: prefix(text), kind: 'unicast', nextHops }, { stale: false, dump: 7 });
  }
  t.equal(table.keepOnly(7), 1);
  drain();
  t.strictSame(Object.fromEntries(kernel.routes), { '192.0.2.0/24': 'if1', '198.51.100.0/24': 'if1' });
});

t.test('a walk sees what is there all the time once, whatever changes', async (t) => {
  const { table, drain } = setUp();
  const all = Array.from({ length: 20 }, (_, i) => prefix(`10.${i}.0.0/16`));
  for (const one of all) table.want(one, via(A));
  drain();
  const seen: string[] = [];
  let from = 0;
  for (const entry of table.walk()) {
    if (seen.length === 10) {
      from = entry.slot;
      break;
    }
    seen.push(formatPrefix(entry.prefix));
  }
  table.want(all[3]!, []);
  table.want(prefix('192.0.2.0/24'), via(A));
  drain();
  for (const entry of table.walk(from)) seen.push(formatPrefix(entry.prefix));
  const stable = all.filter((_, i) => i !== 3).map(formatPrefix);
  for (const text of stable) t.equal(seen.filter((one) => one === text).length, 1, text);
});

/** One step of a history; the table must end in the same place in every order that keeps each prefix's own order. */
type Step =
  | { readonly prefix: number; readonly hops: readonly number[] }
  | { readonly prefix: number; readonly direct: number }
  | { readonly block: readonly number[] };

const PREFIXES: Prefix[] = ['10.0.0.0/8', '10.244.0.0/26', '192.0.2.0/24', '2001:db8::/32'].map(parsePrefix);

t.test('kernel and table agree after any history, with any batch size and refusals in between', async () => {
  const step = fc.oneof(
    fc.record({ prefix: fc.nat(3), hops: fc.uniqueArray(fc.constantFrom(1, 2, 3), { maxLength: 3 }) }),
    fc.record({ prefix: fc.nat(3), direct: fc.nat(2) }),
    fc.record({ block: fc.uniqueArray(fc.nat(3), { maxLength: 2 }) }),
  );
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.nat(3)),
      (steps: Step[], batch, refuse) => {
        const { table, kernel, drain } = setUp({ '10.0.0.1': 1, '10.0.0.2': 2 });
        const want = new Map<number, readonly number[]>();
        const direct = new Map<number, number>();
        let blocks: readonly number[] = [];
        for (const [i, one] of steps.entries()) {
          if ('block' in one) {
            blocks = one.block;
            table.setBlocks(blocks.map((index) => PREFIXES[index]!));
          } else if ('direct' in one) {
            direct.set(one.prefix, one.direct);
            table.wantDirect(PREFIXES[one.prefix]!, one.direct ? [{ ifindex: one.direct + 10 }] : []);
          } else {
            want.set(one.prefix, one.hops);
            table.want(
              PREFIXES[one.prefix]!,
              one.hops.map((n) => ({ address: parseAddress(`10.0.0.${n}`) })),
            );
          }
          kernel.refuse.clear();
          const refused = refuse[i];
          if (refused !== undefined) kernel.refuse.add(formatPrefix(PREFIXES[refused]!));
          const writes = table.takeBatch(batch);
          table.settle(kernel.apply(writes));
        }
        kernel.refuse.clear();
        table.retryFailed();
        drain(batch);
        for (const [index, one] of PREFIXES.entries()) {
          const hops = (want.get(index) ?? []).filter((n) => n !== 3);
          const expected = blocks.includes(index)
            ? 'blackhole'
            : direct.get(index)
              ? `if${direct.get(index)! + 10}`
              : hops.length > 0
                ? hops
                    .map((n) => `if${n}`)
                    .sort()
                    .join('+')
                : undefined;
          const actual = kernel.routes.get(formatPrefix(one))?.split('+').sort().join('+');
          if (actual !== expected) throw new Error(`${formatPrefix(one)}: ${actual} instead of ${expected}`);
        }
        const counted = { installed: 0, pending: 0, failed: 0, stale: 0 };
        for (const entry of table.walk()) counted[entry.state]++;
        if (JSON.stringify(counted) !== JSON.stringify(table.counts)) {
          throw new Error(`counts ${JSON.stringify(table.counts)} but ${JSON.stringify(counted)}`);
        }
      },
    ),
    { numRuns: 300 },
  );
});

t.test('an adopted route over several next hops keeps them until the sweep while BGP wants some of them', async (t) => {
  const hop = (address: typeof A, ifindex: number): NextHop => ({ gateway: address, ifindex });
  const both = [hop(A, 1), hop(B, 2)];
  const start = () => {
    const all = setUp();
    for (const text of ['192.0.2.0/24', '198.51.100.0/24']) {
      all.table.adopt({ prefix: prefix(text), kind: 'unicast', nextHops: both }, { stale: true, dump: 0 });
      all.kernel.routes.set(text, describe(both));
    }
    return all;
  };
  const one = prefix('192.0.2.0/24');
  const after = (...wishes: (readonly ViaHop[])[]) => {
    const all = start();
    for (const wish of wishes) all.table.want(one, wish);
    all.drain();
    return { ...all, route: () => all.kernel.routes.get('192.0.2.0/24') };
  };

  const back = after(via(A), via(A, B));
  t.equal(back.kernel.writes, 0, 'both are back: nothing was written');
  t.strictSame(back.table.counts, { installed: 1, pending: 0, failed: 0, stale: 1 });

  const half = after(via(A));
  t.equal(half.route(), 'if1+if2');
  t.strictSame(half.table.counts, { installed: 0, pending: 0, failed: 0, stale: 2 });
  t.equal(half.table.sweep(), 1, 'the other route is given up');
  half.drain();
  t.equal(half.route(), 'if1');
  t.notOk(half.kernel.routes.has('198.51.100.0/24'));
  t.strictSame(half.table.counts, { installed: 1, pending: 0, failed: 0, stale: 0 });

  t.equal(after(via(A), []).route(), undefined, 'taken back by its peer');
  t.equal(after([]).route(), 'if1+if2', 'what no peer has sent is not taken back');

  const late = start();
  late.reachable.delete('10.0.0.1');
  late.table.want(one, via(A));
  late.drain();
  t.equal(late.kernel.routes.get('192.0.2.0/24'), 'if1+if2', 'a next hop that is not known yet');
  late.reachable.set('10.0.0.1', 3);
  late.table.resolveAgain();
  late.drain();
  t.equal(late.kernel.routes.get('192.0.2.0/24'), 'if3', 'another way is taken at once');
});
