import { execFileSync } from 'node:child_process';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import type { NextHop, Route } from '@tortie/linux';
import {
  type FibChange,
  type FibDisturbance,
  type FibResult,
  type FibWriterOptions,
  openFibWriter,
} from '@tortie/linux/node';
import { type Host, kernelTest, type Lab, until } from '../support/kernel.js';

const net = parsePrefix;
const ip = parseAddress;

async function setUp(lab: Lab, options: FibWriterOptions = {}) {
  const [host, far] = [await lab.host(), await lab.host()];
  const [ifindex] = await lab.wire(host, far, ['10.0.0.1/24', '2001:db8::1/64'], []);
  const disturbances: FibDisturbance[] = [];
  const open = async () => {
    const writer = await openFibWriter({
      netns: host.netns,
      onDisturbed: (what) => disturbances.push(what),
      ...options,
    });
    lab.closing(() => writer.close());
    return writer;
  };
  return {
    host,
    far,
    ifindex,
    open,
    writer: await open(),
    disturbances,
    via: (...gateways: string[]): NextHop[] => gateways.map((text) => ({ gateway: ip(text), ifindex })),
  };
}

const add = (prefix: string, nextHops: readonly NextHop[]): FibChange => ({
  prefix: net(prefix),
  kind: 'unicast',
  nextHops,
});
const blackhole = (prefix: string): FibChange => ({ prefix: net(prefix), kind: 'blackhole', nextHops: [] });
const remove = (prefix: string): FibChange => ({ prefix: net(prefix), kind: 'delete', nextHops: [] });

const outcome = (results: readonly FibResult[]): string[] =>
  results.map((result) => `${formatPrefix(result.prefix)} ${result.ok ? 'ok' : result.code}`);

async function fib(host: Host): Promise<string[]> {
  const lines: string[] = [];
  for await (const route of host.rtnetlink.routes({ table: 254 })) {
    if (route.protocol === 2) continue;
    lines.push(line(route));
  }
  return lines.sort();
}

const line = ({ prefix, type, protocol, metric, nextHops }: Route): string =>
  [
    formatPrefix(prefix),
    ...(type === 'unicast'
      ? nextHops.map(
          (hop) => (hop.gateway ? formatAddress(hop.gateway) : 'link') + (hop.weight ? `*${hop.weight}` : ''),
        )
      : [type]),
    `proto ${protocol}`,
    `metric ${metric}`,
  ].join(' ');

for (const nexthopObjects of [true, false]) {
  const how = nexthopObjects ? 'with nexthop objects' : 'with gateways in each route';

  kernelTest(`routes come, change and go, ${how}`, async (t, lab) => {
    const { host, writer, via } = await setUp(lab, { nexthopObjects });
    t.equal(writer.usesNexthopObjects, nexthopObjects);
    const first = await writer.apply([
      add('192.0.2.0/24', via('10.0.0.2')),
      add('0.0.0.0/0', via('10.0.0.2')),
      add('192.0.3.0/24', via('2001:db8::2')),
      add('192.0.4.0/24', via('10.0.0.2', '10.0.0.3')),
      blackhole('192.0.5.0/24'),
      add('2001:db8:1::/48', via('2001:db8::2')),
      add('2001:db8:2::/48', via('2001:db8::2', '2001:db8::3')),
      blackhole('2001:db8:3::/48'),
      add('192.0.6.0/24', [{ gateway: ip('10.0.0.4') }]),
    ]);
    t.ok(
      first.every(({ ok }) => ok),
      outcome(first).join(),
    );
    t.same(await fib(host), [
      '0.0.0.0/0 10.0.0.2 proto 201 metric 1024',
      '192.0.2.0/24 10.0.0.2 proto 201 metric 1024',
      '192.0.3.0/24 2001:db8::2 proto 201 metric 1024',
      '192.0.4.0/24 10.0.0.2 10.0.0.3 proto 201 metric 1024',
      '192.0.5.0/24 blackhole proto 201 metric 1024',
      '192.0.6.0/24 10.0.0.4 proto 201 metric 1024',
      '2001:db8:1::/48 2001:db8::2 proto 201 metric 1024',
      '2001:db8:2::/48 2001:db8::2 2001:db8::3 proto 201 metric 1024',
      '2001:db8:3::/48 blackhole proto 201 metric 1024',
    ]);
    t.equal(writer.size, 9);
    const second = await writer.apply([
      add('192.0.2.0/24', [{ ...via('10.0.0.3')[0]!, weight: 3 }, ...via('10.0.0.2')]),
      blackhole('0.0.0.0/0'),
      add('192.0.5.0/24', via('10.0.0.2')),
      add('2001:db8:1::/48', via('2001:db8::3', '2001:db8::4')),
      add('2001:db8:2::/48', via('2001:db8::2')),
      add('2001:db8:3::/48', via('2001:db8::2')),
      remove('192.0.3.0/24'),
      remove('192.0.4.0/24'),
      remove('192.0.6.0/24'),
      remove('198.51.100.0/24'),
    ]);
    t.ok(
      second.every(({ ok }) => ok),
      outcome(second).join(),
    );
    t.same(
      await fib(host),
      [
        '0.0.0.0/0 blackhole proto 201 metric 1024',
        '192.0.2.0/24 10.0.0.2 10.0.0.3*3 proto 201 metric 1024',
        '192.0.5.0/24 10.0.0.2 proto 201 metric 1024',
        '2001:db8:1::/48 2001:db8::3 2001:db8::4 proto 201 metric 1024',
        '2001:db8:2::/48 2001:db8::2 proto 201 metric 1024',
        '2001:db8:3::/48 2001:db8::2 proto 201 metric 1024',
      ].map((text) => (nexthopObjects ? text : text.replace('10.0.0.2 10.0.0.3*3', '10.0.0.3*3 10.0.0.2'))),
    );
    const last = await writer.apply((await fib(host)).map((text) => remove(text.split(' ')[0]!)));
    t.ok(last.every(({ ok }) => ok));
    t.same(await fib(host), []);
    t.equal(writer.size, 0);
    await writer.sweepNexthops();
    t.same(await host.rtnetlink.nexthops(), []);
  });

  kernelTest(`foreign routes are neither overwritten nor deleted nor joined, ${how}`, async (t, lab) => {
    const { host, writer, via } = await setUp(lab, { nexthopObjects });
    const foreign = { protocol: 4, metric: 1024 };
    await host.rtnetlink.addRoute({ prefix: net('192.0.2.0/24'), nextHops: via('10.0.0.9'), ...foreign });
    await host.rtnetlink.addRoute({ prefix: net('2001:db8:1::/48'), nextHops: via('2001:db8::9'), ...foreign });
    await host.rtnetlink.addRoute({ prefix: net('192.0.3.0/24'), nextHops: via('10.0.0.9'), protocol: 4, metric: 20 });
    const before = await fib(host);
    const results = await writer.apply([
      add('192.0.2.0/24', via('10.0.0.2')),
      add('2001:db8:1::/48', via('2001:db8::2')),
      remove('192.0.2.0/24'),
      remove('2001:db8:1::/48'),
      remove('192.0.3.0/24'),
      add('192.0.2.0/24', via('10.0.0.2')),
    ]);
    t.same(outcome(results), [
      '192.0.2.0/24 EEXIST',
      '2001:db8:1::/48 EEXIST',
      '192.0.2.0/24 ok',
      '2001:db8:1::/48 ok',
      '192.0.3.0/24 ok',
      '192.0.2.0/24 EEXIST',
    ]);
    t.match(results[0], { errno: 17, message: /not ours/ });
    t.same(await fib(host), before, 'nothing was touched');
    const beside = await writer.apply([add('192.0.3.0/24', via('10.0.0.2'))]);
    t.same(outcome(beside), ['192.0.3.0/24 ok'], 'another metric stands beside');
    await writer.apply([remove('192.0.3.0/24')]);
    t.same(await fib(host), before);
  });
}

kernelTest('IPv6: what a foreign hand appends at our metric does not become part of our route', async (t, lab) => {
  const { host, writer, via } = await setUp(lab);
  await writer.apply([add('2001:db8:1::/48', via('2001:db8::2'))]);
  // Between routes with gateways of their own this joins both into one ECMP route; a nexthop object stands apart.
  const append = 'route append 2001:db8:1::/48 via 2001:db8::9 dev w0 proto 4 metric 1024';
  execFileSync('ip', ['-n', host.netns, '-6', ...append.split(' ')]);
  const foreign = '2001:db8:1::/48 2001:db8::9 proto 4 metric 1024';
  t.same(await fib(host), ['2001:db8:1::/48 2001:db8::2 proto 201 metric 1024', foreign]);
  const replaced = await writer.apply([add('2001:db8:1::/48', via('2001:db8::3'))]);
  t.same(outcome(replaced), ['2001:db8:1::/48 ok']);
  t.same(await fib(host), ['2001:db8:1::/48 2001:db8::3 proto 201 metric 1024', foreign]);
  await writer.apply([remove('2001:db8:1::/48')]);
  t.same(await fib(host), [foreign]);
});

kernelTest(
  'each refused route has its own reason in the words of the kernel; the others of the batch are there',
  async (t, lab) => {
    const { host, writer, via, ifindex } = await setUp(lab);
    const results = await writer.apply([
      add('192.0.2.0/24', via('10.0.0.2')),
      add('192.0.3.0/24', [{ gateway: ip('172.31.0.1') }]),
      add('192.0.4.0/24', [{ gateway: ip('172.31.0.1'), ifindex }]),
      add('192.0.5.0/24', [{ gateway: ip('10.0.0.2'), ifindex: 4711 }]),
      add('2001:db8:5::/48', [{ gateway: ip('10.0.0.2'), ifindex }]),
      add('2001:db8:6::/48', via('2001:db8::2')),
    ]);
    t.same(outcome(results), [
      '192.0.2.0/24 ok',
      '192.0.3.0/24 ENETUNREACH',
      '192.0.4.0/24 ENETUNREACH',
      '192.0.5.0/24 EINVAL',
      '2001:db8:5::/48 EINVAL',
      '2001:db8:6::/48 ok',
    ]);
    t.match(results[1], { message: 'Nexthop has invalid gateway' });
    t.match(results[2], { message: /Nexthop has invalid gateway/ });
    t.match(results[3], { message: /device index/i });
    t.match(results[4], { message: /IPv6 routes can not use an IPv4 nexthop/ });
    t.equal((await fib(host)).length, 2);
    const cured = await writer.apply([add('192.0.5.0/24', via('10.0.0.2'))]);
    t.ok(cured[0]?.ok);
  },
);

kernelTest('changes of one prefix keep their order, also across applies that overlap', async (t, lab) => {
  const { host, writer, via } = await setUp(lab);
  const applies = Array.from({ length: 50 }, (_, i) =>
    writer.apply([
      add('192.0.2.0/24', via(`10.0.0.${(i % 3) + 2}`)),
      remove('192.0.2.0/24'),
      add('192.0.2.0/24', via('10.0.0.9')),
      ...(i % 2 ? [remove('192.0.2.0/24')] : []),
    ]),
  );
  for (const results of await Promise.all(applies)) t.ok(results.every(({ ok }) => ok));
  t.same(await fib(host), []);
});

kernelTest('ten thousand routes, adopted by the writer that comes after', async (t, lab) => {
  const { host, writer, open, via } = await setUp(lab);
  const hops = via('10.0.0.2');
  const prefix = (i: number) => `20.${i >> 8}.${i & 255}.0/24`;
  const changes = Array.from({ length: 10_000 }, (_, i) => add(prefix(i), hops));
  const results = await writer.apply(changes);
  t.equal(results.filter(({ ok }) => ok).length, 10_000);
  await writer.close();
  await t.rejects(writer.apply([]), { code: 'ERR_LINUX_CLOSED' });
  t.equal((await fib(host)).length, 10_000, 'routes stay when the writer goes');

  const next = await open();
  const adopted: string[] = [];
  for await (const route of next.list()) {
    adopted.push(formatPrefix(route.prefix));
    if (!route.nextHops[0]?.gateway || formatAddress(route.nextHops[0].gateway) !== '10.0.0.2') t.fail('another way');
  }
  t.equal(adopted.length, 10_000);
  t.equal((await host.rtnetlink.nexthops()).length, 1, 'the object is used on');
  const again = await next.apply([...changes, add('192.0.2.0/24', hops)]);
  t.ok(again.every(({ ok }) => ok));
  t.equal((await host.rtnetlink.nexthops()).length, 1);
  await next.apply(changes.map(({ prefix }) => ({ prefix, kind: 'delete', nextHops: [] })));
  t.same(await fib(host), ['192.0.2.0/24 10.0.0.2 proto 201 metric 1024']);
});

kernelTest("a writer that does not list first still finds its predecessor's routes to be its own", async (t, lab) => {
  const { host, writer, open, via } = await setUp(lab);
  await writer.apply([add('192.0.2.0/24', via('10.0.0.2')), add('2001:db8:1::/48', via('2001:db8::2'))]);
  await writer.close();
  const next = await open();
  const results = await next.apply([add('192.0.2.0/24', via('10.0.0.3')), add('2001:db8:1::/48', via('2001:db8::3'))]);
  t.ok(
    results.every(({ ok }) => ok),
    outcome(results).join(),
  );
  t.same(await fib(host), [
    '192.0.2.0/24 10.0.0.3 proto 201 metric 1024',
    '2001:db8:1::/48 2001:db8::3 proto 201 metric 1024',
  ]);
});

kernelTest(
  'what a link takes with it when it goes down is reported lost, and comes back when applied again',
  async (t, lab) => {
    const { host, writer, via, disturbances } = await setUp(lab);
    const changes = [
      add('192.0.2.0/24', via('10.0.0.2')),
      add('2001:db8:1::/48', via('2001:db8::2')),
      blackhole('192.0.3.0/24'),
    ];
    await writer.apply(changes);
    await host.rtnetlink.changeLink('w0', { up: false });
    const lost = (): string[] =>
      disturbances.flatMap((what) => (what.type === 'lost' ? what.prefixes.map(formatPrefix) : [])).sort();
    await until(() => lost().length >= 2);
    t.same(lost(), ['192.0.2.0/24', '2001:db8:1::/48']);
    t.equal(writer.size, 1);
    const down = await writer.apply(changes);
    t.same(outcome(down), ['192.0.2.0/24 ENETDOWN', '2001:db8:1::/48 ENETDOWN', '192.0.3.0/24 ok']);
    await host.rtnetlink.changeLink('w0', { up: true });
    await host.rtnetlink.addAddress((await host.rtnetlink.link('w0'))!.ifindex, ip('2001:db8::1'), 64).catch(() => {});
    const up = await writer.apply(changes);
    t.ok(
      up.every(({ ok }) => ok),
      JSON.stringify(up),
    );
    t.equal((await fib(host)).length, 3);
  },
);

kernelTest('a foreign hand that deletes or replaces ours is noticed; our own hand is not', async (t, lab) => {
  const { host, writer, via, disturbances } = await setUp(lab);
  await writer.apply([
    add('192.0.2.0/24', via('10.0.0.2')),
    add('192.0.3.0/24', via('10.0.0.2')),
    add('192.0.4.0/24', via('10.0.0.2')),
  ]);
  await writer.apply([add('192.0.4.0/24', via('10.0.0.3')), remove('192.0.4.0/24')]);
  t.same(disturbances, []);
  await host.rtnetlink.deleteRoute({ prefix: net('192.0.2.0/24'), protocol: 201 });
  await until(() => disturbances.length === 1);
  await host.rtnetlink.replaceRoute({
    prefix: net('192.0.3.0/24'),
    nextHops: via('10.0.0.9'),
    protocol: 4,
    metric: 1024,
  });
  await until(() => disturbances.length === 2);
  t.match(disturbances, [
    { type: 'lost', prefixes: [net('192.0.2.0/24')] },
    { type: 'lost', prefixes: [net('192.0.3.0/24')] },
  ]);
  const results = await writer.apply([add('192.0.2.0/24', via('10.0.0.2')), add('192.0.3.0/24', via('10.0.0.2'))]);
  t.same(outcome(results), ['192.0.2.0/24 ok', '192.0.3.0/24 EEXIST'], 'what is foreign now stays foreign');
});

kernelTest('a table and metric of our own', async (t, lab) => {
  const { host, writer, via } = await setUp(lab, { table: 4242, metric: 77, protocol: 99 });
  await writer.apply([add('192.0.2.0/24', via('10.0.0.2')), add('2001:db8:1::/48', via('2001:db8::2'))]);
  t.same(await fib(host), []);
  const routes: string[] = [];
  for await (const route of host.rtnetlink.routes({ table: 4242 })) routes.push(line(route));
  t.same(routes.sort(), ['192.0.2.0/24 10.0.0.2 proto 99 metric 77', '2001:db8:1::/48 2001:db8::2 proto 99 metric 77']);
  let listed = 0;
  for await (const _route of writer.list()) listed++;
  t.equal(listed, 2);
});

kernelTest('where answers are lost, every change still gets its true result', async (t, lab) => {
  const { host, writer, via } = await setUp(lab, { receiveBufferOctets: 2304 });
  const good = via('10.0.0.2');
  const bad: NextHop[] = [{ gateway: ip('172.31.0.1') }];
  const prefix = (i: number) => `20.${i >> 8}.${i & 255}.0/24`;
  const results = await writer.apply(Array.from({ length: 3000 }, (_, i) => add(prefix(i), i % 3 ? good : bad)));
  const installed = new Set((await fib(host)).map((text) => text.split(' ')[0]));
  t.equal(installed.size, 2000);
  t.same(
    results.filter((result) => result.ok !== installed.has(formatPrefix(result.prefix))),
    [],
    'what is said to be installed is, and what is said to be refused is not',
  );
  t.ok(results.every((result) => result.ok || result.code === 'ENETUNREACH'));
  t.equal(writer.size, 2000);
});

kernelTest('IPv4: a foreign route put in front of ours at our metric is not overwritten', async (t, lab) => {
  const { host, writer, via, disturbances } = await setUp(lab);
  await writer.apply([add('192.0.2.0/24', via('10.0.0.2')), add('192.0.3.0/24', via('10.0.0.2'))]);
  const foreign = (verb: string, prefix: string) =>
    execFileSync('ip', [
      '-n',
      host.netns,
      ...`route ${verb} ${prefix} via 10.0.0.9 dev w0 proto 4 metric 1024`.split(' '),
    ]);
  foreign('append', '192.0.3.0/24');
  foreign('prepend', '192.0.2.0/24');
  await until(() => disturbances.length > 0);
  t.match(disturbances, [{ type: 'lost', prefixes: [net('192.0.2.0/24')] }]);
  const results = await writer.apply([add('192.0.2.0/24', via('10.0.0.3')), add('192.0.3.0/24', via('10.0.0.3'))]);
  t.same(outcome(results), ['192.0.2.0/24 EEXIST', '192.0.3.0/24 ok']);
  await writer.apply([remove('192.0.2.0/24'), remove('192.0.3.0/24')]);
  t.same(await fib(host), ['192.0.2.0/24 10.0.0.9 proto 4 metric 1024', '192.0.3.0/24 10.0.0.9 proto 4 metric 1024']);
});
