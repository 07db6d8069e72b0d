import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import {
  type KernelEvent,
  openFibWriter,
  openRtnetlink,
  type Reachability,
  subscribeEvents,
  watchNextHops,
  writeSysctl,
} from '@tortie/linux/node';
import { kernelTest, until } from '../support/kernel.js';

const text = (event: KernelEvent): string => {
  if (event.type === 'settings') {
    const { version, ifindex = 'all', ...rest } = event.settings;
    const [[name, value] = []] = Object.entries(rest);
    return `settings of ${ifindex}: IPv${version} ${name} ${value}`;
  }
  const sign = event.removed ? '-' : '+';
  switch (event.type) {
    case 'link':
      return `${sign}link ${event.link.name} ${event.link.up ? 'up' : 'down'}`;
    case 'address':
      return `${sign}address ${formatAddress(event.address.address)}`;
    case 'route':
      return `${sign}route ${formatPrefix(event.route.prefix)} proto ${event.route.protocol}`;
    case 'neighbour':
      return `${sign}neighbour ${event.neighbour.mac}`;
    case 'nexthop':
      return `${sign}nexthop ${event.id}`;
    case 'rule':
      return `${sign}rule ${event.rule.priority} table ${event.rule.table}`;
  }
};

kernelTest('links, addresses, routes, neighbours and nexthops are told of', async (t, lab) => {
  const { netns, rtnetlink } = await lab.host();
  const seen: string[] = [];
  const subscription = await subscribeEvents({
    netns,
    groups: ['link', 'address', 'route', 'neighbour', 'nexthop'],
    ignoreRouteProtocol: 201,
    onEvents: (events) => seen.push(...events.map(text)),
    onResync: () => t.fail('nothing was lost'),
  });
  lab.closing(() => subscription.close());
  const { ifindex } = await rtnetlink.createLink({ name: 'br0', kind: 'bridge', up: true });
  await rtnetlink.addAddress(ifindex, parseAddress('10.0.0.1'), 24);
  const gateway = parseAddress('10.0.0.2');
  const mac = '02:00:00:00:00:07';
  await rtnetlink.setNeighbour({ ifindex, address: gateway, mac, state: 0x80, flags: 0, family: 2 });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.2.0/24'), nextHops: [{ gateway }], protocol: 201 });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.3.0/24'), nextHops: [{ gateway, ifindex }], protocol: 4 });
  await rtnetlink.setNexthop({ id: 7, protocol: 4, gateway, ifindex });
  await rtnetlink.deleteNexthop(7);
  await rtnetlink.deleteRoute({ prefix: parsePrefix('192.0.3.0/24'), protocol: 4 });
  await until(() => seen.includes('-route 192.0.3.0/24 proto 4'));
  const expected = [
    '+link br0 up',
    '+address 10.0.0.1',
    '+neighbour 02:00:00:00:00:07',
    '+route 192.0.3.0/24 proto 4',
    '+nexthop 7',
    '-nexthop 7',
  ];
  for (const event of expected) t.ok(seen.includes(event), event);
  t.notOk(
    seen.some((event) => event.endsWith('proto 201')),
    'our own echo is dropped by the filter',
  );
});

kernelTest('settings that are changed are told of, for all interfaces and for one', async (t, lab) => {
  const { netns, rtnetlink } = await lab.host();
  const seen: string[] = [];
  const { ifindex } = await rtnetlink.createLink({ name: 'one', kind: 'bridge' });
  const subscription = await subscribeEvents({
    netns,
    groups: ['settings'],
    onEvents: (events) => seen.push(...events.map(text)),
    onResync: () => t.fail('nothing was lost'),
  });
  lab.closing(() => subscription.close());
  const set = (key: string, value: number): Promise<void> => writeSysctl(key, value, { netns });
  const one = `settings of ${ifindex}`;
  const told: readonly (readonly [key: string, value: number, event: string])[] = [
    ['net/ipv4/ip_forward', 0, 'settings of all: IPv4 forwarding false'],
    ['net/ipv4/ip_forward', 1, 'settings of all: IPv4 forwarding true'],
    ['net/ipv6/conf/all/forwarding', 1, 'settings of all: IPv6 forwarding true'],
    ['net/ipv6/conf/all/forwarding', 0, 'settings of all: IPv6 forwarding false'],
    ['net/ipv4/conf/one/forwarding', 0, `${one}: IPv4 forwarding false`],
    ['net/ipv6/conf/one/forwarding', 1, `${one}: IPv6 forwarding true`],
    ['net/ipv4/conf/one/rp_filter', 2, `${one}: IPv4 rpFilter 2`],
    ['net/ipv4/conf/one/proxy_arp', 1, `${one}: IPv4 proxy true`],
  ];
  await set('net/ipv4/ip_forward', 1);
  await until(() => seen.includes('settings of all: IPv4 forwarding true'));
  for (const [key, value, event] of told) {
    seen.length = 0;
    await set(key, value);
    await until(() => seen.includes(event));
  }
  t.pass('all of them');
});

kernelTest('routes to single addresses alone, at any metric, are told of to who asks for them', async (t, lab) => {
  const { netns, rtnetlink } = await lab.host();
  const seen: string[] = [];
  const subscription = await subscribeEvents({
    netns,
    groups: ['route'],
    hostRoutes: { except: rtnetlink.portId },
    onEvents: (events) => seen.push(...events.map(text)),
    onResync: () => t.fail('nothing was lost'),
  });
  lab.closing(() => subscription.close());
  const other = await openRtnetlink({ netns });
  lab.closing(() => other.close());
  const add = (by: typeof other, prefix: string, metric?: number): Promise<void> =>
    by.addRoute({
      prefix: parsePrefix(prefix),
      type: 'blackhole',
      protocol: 4,
      ...(metric !== undefined && { metric }),
    });
  await add(rtnetlink, '192.0.2.1/32');
  await add(other, '192.0.2.0/24');
  await add(other, '2001:db8::/32');
  await add(other, '2001:db8::1/128', 5);
  await add(other, '192.0.2.2/32');
  await until(() => seen.length >= 2);
  t.same(seen, ['+route 2001:db8::1/128 proto 4', '+route 192.0.2.2/32 proto 4']);
});

kernelTest('events that do not fit the buffer lead to a resync, and listening goes on', async (t, lab) => {
  const { netns, rtnetlink } = await lab.host();
  let resyncs = 0;
  const seen: string[] = [];
  const subscription = await subscribeEvents({
    netns,
    groups: ['route'],
    receiveBufferOctets: 4096,
    onEvents: (events) => seen.push(...events.map(text)),
    onResync: () => resyncs++,
  });
  lab.closing(() => subscription.close());
  const writer = await openFibWriter({ netns });
  lab.closing(() => writer.close());
  const prefix = (i: number) => parsePrefix(`20.${i >> 8}.${i & 255}.0/24`);
  // A fast reader may keep up with a batch; not with all of them.
  let written = 0;
  for (; resyncs === 0; written += 5000) {
    const batch = Array.from({ length: 5000 }, (_, i) => prefix((written + i) % 65_536));
    await writer.apply(batch.map((prefix) => ({ prefix, kind: 'blackhole', nextHops: [] })));
    await writer.apply(batch.map((prefix) => ({ prefix, kind: 'delete', nextHops: [] })));
  }
  t.ok(seen.length < 2 * written);
  // The buffer may still be full: what comes now may be lost as well, with one more resync.
  for (let i = 0; !seen.some((event) => event.startsWith('+route 192.0.')); i++) {
    await rtnetlink.addRoute({ prefix: parsePrefix(`192.0.${i & 255}.0/24`), type: 'blackhole', protocol: 4 });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

kernelTest('next hops are followed as routes, links and addresses change', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const { rtnetlink, netns } = left;
  const [ifindex] = await lab.wire(left, right, ['10.0.0.1/24'], []);
  const seen: string[] = [];
  const say = (answer: Reachability): string =>
    answer.reachable ? (answer.gateway ? `via ${formatAddress(answer.gateway)}` : 'on-link') : answer.reason;
  const watcher = await watchNextHops({
    netns,
    ignoreProtocol: 201,
    onChange: (address, answer) => seen.push(`${formatAddress(address)} ${say(answer)}`),
    onError: (error) => t.fail(String(error)),
  });
  lab.closing(() => watcher.close());
  const [near, far] = [parseAddress('10.0.0.2'), parseAddress('192.0.2.1')];
  watcher.watch(near);
  watcher.watch(far);
  await until(() => seen.length === 2);
  t.same(seen.splice(0).sort(), ['10.0.0.2 on-link', '192.0.2.1 no route']);
  t.same(watcher.get(near), { reachable: true, ifindex, onLink: true, local: false });

  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.0.0/16'), nextHops: [{ gateway: near, ifindex }] });
  await until(() => seen.length === 1);
  t.same(seen.splice(0), ['192.0.2.1 via 10.0.0.2']);

  const writer = await openFibWriter({ netns });
  lab.closing(() => writer.close());
  const nextHops = [{ gateway: parseAddress('10.0.0.9'), ifindex }];
  await writer.apply([{ prefix: parsePrefix('192.0.2.0/24'), kind: 'unicast', nextHops }]);
  await watcher.refresh();
  t.same(seen.splice(0), [], 'a route of ours does not decide about its own next hop');

  await rtnetlink.changeLink('w0', { up: false });
  await until(() => seen.length === 2);
  t.ok(seen.splice(0).every((text) => text.endsWith('no route')));
  watcher.unwatch(far);
  await rtnetlink.changeLink('w0', { up: true });
  await until(() => seen.length === 1);
  t.same(seen.splice(0), ['10.0.0.2 on-link']);
});
