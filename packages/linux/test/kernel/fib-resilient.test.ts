/** Routes with several next hops whose flows stay where they are while next hops come and go. */
import { execFileSync } from 'node:child_process';
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { type FibWriterOptions, openFibWriter } from '@tortie/linux/node';
import { type Host, kernelTest, type Lab, until } from '../support/kernel.js';

const PREFIX = '192.0.2.0/24';
const PREFIX6 = '2001:db8:100::/48';
const RESILIENT = { buckets: 32, idleTimerS: 120, unbalancedTimerS: 0 };

const ip = (host: Host, ...words: string[]): string =>
  execFileSync('ip', ['-n', host.netns, ...words], { encoding: 'utf8' });

const gateways = (prefix: string, hosts: readonly number[]) =>
  hosts.map((last) => parseAddress(prefix.includes(':') ? `2001:db8::${last}` : `10.0.0.${last}`));

async function setUp(lab: Lab) {
  const [host, far] = [await lab.host(), await lab.host()];
  const [ifindex] = await lab.wire(host, far, ['10.0.0.1/24', '2001:db8::1/64'], []);
  const change = (prefix: string, hosts: readonly number[]) => ({
    prefix: parsePrefix(prefix),
    kind: hosts.length > 0 ? ('unicast' as const) : ('delete' as const),
    nextHops: gateways(prefix, hosts).map((gateway) => ({ gateway, ifindex: ifindex! })),
  });
  const lost: string[] = [];
  const open = async (options: FibWriterOptions = { resilient: RESILIENT }) => {
    const writer = await openFibWriter({
      netns: host.netns,
      onDisturbed: (what) => what.type === 'lost' && lost.push(...what.prefixes.map(formatPrefix)),
      ...options,
    });
    lab.closing(() => writer.close());
    const lead = async (prefix: string, ...hosts: number[]): Promise<void> => {
      for (const result of await writer.apply([change(prefix, hosts)])) if (!result.ok) throw new Error(result.message);
    };
    return { writer, lead };
  };
  return { host, open, lost };
}

/** The group that a route takes, and the gateway of each of its buckets. */
function bucketsOf(host: Host, prefix = PREFIX): { readonly id: string; readonly gateways: readonly string[] } {
  const id = /nhid (\d+)/.exec(ip(host, prefix.includes(':') ? '-6' : '-4', 'route', 'show', prefix))?.[1] ?? '';
  const via = new Map([...ip(host, 'nexthop').matchAll(/^id (\d+) via (\S+)/gm)].map(([, one, to]) => [one, to!]));
  const shown = ip(host, 'nexthop', 'bucket', 'show', 'id', id);
  return { id, gateways: [...shown.matchAll(/ nhid (\d+)/g)].map(([, member]) => via.get(member)!) };
}

/** Which buckets have another gateway than before. */
const moved = (before: readonly string[], after: readonly string[]): number[] =>
  before.flatMap((gateway, at) => (gateway === after[at] ? [] : [at]));

kernelTest('a next hop that goes takes its own flows along, and no others', async (t, lab) => {
  const { host, open } = await setUp(lab);
  const { writer, lead } = await open();
  if (!writer.usesResilientGroups) return void t.plan(0, 'this kernel has no resilient groups');
  for (const prefix of [PREFIX, PREFIX6]) {
    const [, second] = gateways(prefix, [2, 3]).map((_, at) =>
      prefix.includes(':') ? `2001:db8::${at + 2}` : `10.0.0.${at + 2}`,
    );
    await lead(prefix, 2, 3, 4);
    const all = bucketsOf(host, prefix);
    t.equal(all.gateways.length, 32);
    t.equal(new Set(all.gateways).size, 3);
    await lead(prefix, 2, 4);
    const two = bucketsOf(host, prefix);
    t.equal(two.id, all.id, 'one group all along');
    t.same(
      moved(all.gateways, two.gateways),
      all.gateways.flatMap((gateway, at) => (gateway === second ? [at] : [])),
    );
    await lead(prefix, 4);
    t.equal(new Set(bucketsOf(host, prefix).gateways).size, 1);
    t.equal(bucketsOf(host, prefix).id, all.id, 'also while one is left');
    await lead(prefix, 2, 3, 4);
    t.equal(bucketsOf(host, prefix).id, all.id);
    t.equal(new Set(bucketsOf(host, prefix).gateways).size, 3);
  }
  await lead(PREFIX);
  await lead(PREFIX6);
  await writer.sweepNexthops();
  t.equal(ip(host, 'nexthop'), '', 'with the routes their groups go');
});

kernelTest('flows that go on are not moved by a next hop that comes back', async (t, lab) => {
  const { host, open } = await setUp(lab);
  const { writer, lead } = await open();
  if (!writer.usesResilientGroups) return void t.plan(0, 'this kernel has no resilient groups');
  await lead(PREFIX, 2, 3, 4);
  await lead(PREFIX, 2, 3);
  // Each bucket sees a packet: asking for a route with a flow's ports counts as one.
  ip(host, 'link', 'set', 'lo', 'up');
  execFileSync('ip', ['netns', 'exec', host.netns, 'sysctl', '-qw', 'net.ipv4.fib_multipath_hash_policy=1']);
  const ask = (port: number): string =>
    / via (\S+)/.exec(
      ip(host, 'route', 'get', '192.0.2.1', 'ipproto', 'udp', 'sport', String(port), 'dport', '7'),
    )?.[1] ?? '';
  const ports = Array.from({ length: 150 }, (_, at) => 10_000 + at);
  const under = ports.map(ask);
  t.equal(new Set(under).size, 2);
  await lead(PREFIX, 2, 3, 4);
  t.same(ports.map(ask), under, 'what was under way');
});

kernelTest('groups are found again by the next writer, and shared by nobody', async (t, lab) => {
  const { host, open, lost } = await setUp(lab);
  const first = await open();
  if (!first.writer.usesResilientGroups) return void t.plan(0, 'this kernel has no resilient groups');
  await first.lead(PREFIX, 2, 3, 4);
  await first.lead('198.51.100.0/24', 2, 3, 4);
  t.not(bucketsOf(host).id, bucketsOf(host, '198.51.100.0/24').id);
  await first.lead(PREFIX, 2, 4);
  const before = bucketsOf(host);
  await first.writer.close();

  const second = await open();
  const listed = [];
  for await (const route of second.writer.list()) listed.push([formatPrefix(route.prefix), route.nextHops.length]);
  t.same(listed.sort(), [
    [PREFIX, 2],
    ['198.51.100.0/24', 3],
  ]);
  await second.lead(PREFIX, 2, 4);
  t.same(bucketsOf(host), before, 'the same route changes nothing');
  await second.lead(PREFIX, 2, 3);
  t.equal(bucketsOf(host).id, before.id);
  await second.writer.sweepNexthops();
  t.equal(new Set(bucketsOf(host, '198.51.100.0/24').gateways).size, 3, 'groups in use stay');

  // Somebody changes it: told, and mended.
  lost.length = 0;
  const [, member] = /^id (\d+) via 10\.0\.0\.2/m.exec(ip(host, 'nexthop'))!;
  ip(host, 'nexthop', 'replace', 'id', before.id, 'group', member!, 'type', 'resilient');
  await second.writer.sweepNexthops();
  for await (const _ of second.writer.list());
  t.same(lost, [PREFIX]);
  await second.lead(PREFIX, 2, 3);
  t.equal(new Set(bucketsOf(host).gateways).size, 2);

  // And deletes it, with its routes.
  lost.length = 0;
  ip(host, 'nexthop', 'del', 'id', before.id);
  await until(() => lost.includes(PREFIX));
  await second.lead(PREFIX, 2, 3);
  t.equal(new Set(bucketsOf(host).gateways).size, 2);
});

kernelTest('what is asked for may change from run to run', async (t, lab) => {
  const { host, open } = await setUp(lab);
  const plain = await open({});
  await plain.lead(PREFIX, 2, 3);
  await plain.writer.close();
  const kind = (): string => ip(host, 'nexthop').match(/group .*$/m)?.[0] ?? '';
  t.notMatch(kind(), 'resilient');
  for (const [resilient, shows] of [
    [RESILIENT, /type resilient buckets 32 idle_timer 120 /],
    [{ ...RESILIENT, buckets: 64 }, /buckets 64 /],
    [{ ...RESILIENT, idleTimerS: 7, unbalancedTimerS: 60 }, /idle_timer 7 unbalanced_timer 60 /],
    [{ ...RESILIENT, prefixes: [parsePrefix('203.0.113.0/24')] }, /^group \d+\/\d+ (?!type)/],
    [undefined, /^group \d+\/\d+ (?!type)/],
  ] as const) {
    const { writer, lead } = await open(resilient ? { resilient } : {});
    if (resilient && !writer.usesResilientGroups) return void t.plan(0, 'this kernel has no resilient groups');
    const outdated = [];
    for await (const { nextHops } of writer.list()) outdated.push(nextHops.length);
    await lead(PREFIX, 2, 3);
    await writer.sweepNexthops();
    t.match(kind(), shows, `after ${outdated}`);
    const kept = [];
    for await (const { nextHops } of writer.list()) kept.push(nextHops.length);
    t.same(kept, [2]);
    await writer.close();
  }
});

kernelTest('thousands that come and go leave nothing behind', async (t, lab) => {
  const { host, open } = await setUp(lab);
  const { writer } = await open();
  if (!writer.usesResilientGroups) return void t.plan(0, 'this kernel has no resilient groups');
  const ifindex = Number(/^(\d+): (?!lo)/m.exec(ip(host, '-o', 'link'))![1]);
  const hops = [2, 3, 4].map((last) => ({ gateway: parseAddress(`10.0.0.${last}`), ifindex }));
  const prefixes = Array.from({ length: 4100 }, (_, at) => parsePrefix(`198.${18 + (at >> 8)}.${at & 255}.0/24`));
  const to = async (nextHops: typeof hops): Promise<void> => {
    const kind = nextHops.length > 0 ? 'unicast' : 'delete';
    const results = await writer.apply(prefixes.map((prefix) => ({ prefix, kind, nextHops })));
    t.ok(results.every(({ ok }) => ok));
  };
  for (let round = 0; round < 2; round++) {
    await to(hops);
    await to(hops.slice(1));
    await to([]);
  }
  await to(hops);
  t.equal(ip(host, 'nexthop').match(/type resilient/g)?.length, 4096, 'the rest shares one that is not');
  await to([]);
  await writer.sweepNexthops();
  t.equal(ip(host, 'nexthop'), '');
});
