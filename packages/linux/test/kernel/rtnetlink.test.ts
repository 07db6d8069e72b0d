import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { LinuxError, NEIGHBOUR_STATE, type Route } from '@tortie/linux';
import {
  createNetns,
  deleteNetns,
  ensureSysctl,
  type KernelEvent,
  listNetns,
  openRtnetlink,
  readSysctl,
  subscribeEvents,
  watchNextHops,
  writeSysctl,
} from '@tortie/linux/node';
import t from 'tap';
import { kernelTest, until } from '../support/kernel.js';

const shown = async (routes: AsyncIterable<Route>): Promise<string[]> => {
  const all: string[] = [];
  for await (const { prefix, type, metric, nextHops } of routes) {
    const hops = nextHops.map((hop) => (hop.gateway ? formatAddress(hop.gateway) : 'link'));
    all.push(`${formatPrefix(prefix)} ${type} ${metric} ${hops.join(' ')}`.trim());
  }
  return all.sort();
};

kernelTest('links are created, changed, moved and deleted', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const link = await left.rtnetlink.createLink({
    name: 'v0',
    kind: 'veth',
    mac: '02:00:00:00:00:01',
    mtu: 1400,
    peer: { name: 'eth0', netns: right.netns, mac: '02:00:00:00:00:02' },
  });
  t.match(link, { name: 'v0', kind: 'veth', mac: '02:00:00:00:00:01', mtu: 1400, up: false });
  t.match(await right.rtnetlink.link('eth0'), { mac: '02:00:00:00:00:02', kind: 'veth' });
  const bridge = await left.rtnetlink.createLink({ name: 'br0', kind: 'bridge', up: true });
  await left.rtnetlink.changeLink('v0', { up: true, master: bridge.ifindex, mtu: 1450, alias: 'default/web-1' });
  t.match(await left.rtnetlink.link('v0'), {
    up: true,
    masterIfindex: bridge.ifindex,
    mtu: 1450,
    alias: 'default/web-1',
  });
  await left.rtnetlink.changeLink('v0', { master: 0, netns: right.netns });
  t.equal(await left.rtnetlink.link('v0'), undefined, 'moved away');
  t.match(await right.rtnetlink.link('v0'), { name: 'v0' });
  await left.rtnetlink.createLink({
    name: 'vx0',
    kind: 'vxlan',
    vxlan: { vni: 4096, port: 4789, local: parseAddress('10.0.0.1') },
  });
  t.match((await left.rtnetlink.links()).map(({ name }) => name).sort(), ['br0', 'lo', 'vx0']);
  await left.rtnetlink.deleteLink('vx0');
  await t.rejects(left.rtnetlink.deleteLink('vx0'), { code: 'ERR_LINUX_NETLINK', errnoName: 'ENODEV' });
  await t.rejects(left.rtnetlink.changeLink('gone', { up: true }), { code: 'ERR_LINUX_NOT_FOUND' });
  await t.rejects(left.rtnetlink.changeLink(9999, { up: true }), { code: 'ERR_LINUX_NETLINK', errnoName: 'ENODEV' });
});

kernelTest('a neighbour that is probed answers, and has failed once its address is gone', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  await lab.wire(left, right, ['10.0.0.1/24'], ['10.0.0.2/24']);
  const address = parseAddress('10.0.0.2');
  const { ifindex } = (await left.rtnetlink.link('w0'))!;
  const { ifindex: theirs, mac } = (await right.rtnetlink.link('w0'))!;
  const probed = async (): Promise<number> => {
    await left.rtnetlink.probeNeighbour({ family: 2, ifindex, address, flags: 0 });
    for (;;) {
      const [neighbour] = await left.rtnetlink.neighbours({ ifindex, version: 4 });
      if (neighbour && neighbour.state !== NEIGHBOUR_STATE.PROBE) return neighbour.state;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await t.rejects(left.rtnetlink.probeNeighbour({ family: 2, ifindex, address, flags: 0 }), {
    code: 'ERR_LINUX_NETLINK',
    message: /ENOENT|No such/,
  });
  await left.rtnetlink.setNeighbour({ family: 2, ifindex, address, mac: mac!, flags: 0, state: NEIGHBOUR_STATE.STALE });
  t.equal(await probed(), NEIGHBOUR_STATE.REACHABLE);
  await right.rtnetlink.deleteAddress(theirs, address, 24);
  t.equal(await probed(), NEIGHBOUR_STATE.FAILED);
});

kernelTest('addresses and neighbours', async (t, lab) => {
  const { rtnetlink } = await lab.host();
  const { ifindex } = await rtnetlink.createLink({ name: 'br0', kind: 'bridge', up: true });
  await rtnetlink.addAddress(ifindex, parseAddress('10.0.0.1'), 24);
  await rtnetlink.addAddress(ifindex, parseAddress('2001:db8::1'), 64);
  const list = async (): Promise<string[]> =>
    (await rtnetlink.addresses({ ifindex })).map(
      ({ address, prefixLength }) => `${formatAddress(address)}/${prefixLength}`,
    );
  t.same((await list()).filter((text) => !text.startsWith('fe80')).sort(), ['10.0.0.1/24', '2001:db8::1/64']);
  await t.rejects(rtnetlink.addAddress(ifindex, parseAddress('10.0.0.1'), 24), {
    code: 'ERR_LINUX_NETLINK',
    errnoName: 'EEXIST',
  });
  await rtnetlink.deleteAddress(ifindex, parseAddress('10.0.0.1'), 24);
  t.notOk((await list()).includes('10.0.0.1/24'));
  const neighbour = {
    ifindex,
    address: parseAddress('2001:db8::7'),
    mac: '02:00:00:00:00:07',
    state: 0x80,
    flags: 0,
    family: 10,
  };
  await rtnetlink.setNeighbour(neighbour);
  t.match(
    (await rtnetlink.neighbours({ ifindex })).filter(({ state }) => state === 0x80),
    [{ mac: '02:00:00:00:00:07' }],
  );
  await rtnetlink.deleteNeighbour(neighbour);
  t.same(
    (await rtnetlink.neighbours({ ifindex })).filter(({ state }) => state === 0x80),
    [],
  );
});

kernelTest('routes of every kind, and the filters of a dump', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const { rtnetlink } = left;
  const [ifindex] = await lab.wire(left, right, ['10.0.0.1/24', '2001:db8::1/64'], []);
  const via = (gateway: string) => ({ gateway: parseAddress(gateway), ifindex });
  const ours = { protocol: 201, metric: 1024 };
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.2.0/24'), nextHops: [via('10.0.0.2')], ...ours });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.3.0/24'), nextHops: [via('2001:db8::2')], ...ours });
  await rtnetlink.addRoute({
    prefix: parsePrefix('192.0.4.0/24'),
    nextHops: [via('10.0.0.2'), via('2001:db8::2')],
    ...ours,
  });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.5.0/24'), type: 'blackhole', ...ours });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.6.7/32'), nextHops: [{ ifindex }], ...ours });
  await rtnetlink.addRoute({
    prefix: parsePrefix('2001:db8:1::/48'),
    nextHops: [via('2001:db8::2'), via('2001:db8::3')],
    ...ours,
  });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.2.0/24'), nextHops: [via('10.0.0.9')], protocol: 4 });
  await rtnetlink.addRoute({ prefix: parsePrefix('0.0.0.0/0'), nextHops: [via('10.0.0.2')], table: 1000, ...ours });
  t.same(await shown(rtnetlink.routes({ protocol: 201, table: 254 })), [
    '192.0.2.0/24 unicast 1024 10.0.0.2',
    '192.0.3.0/24 unicast 1024 2001:db8::2',
    '192.0.4.0/24 unicast 1024 10.0.0.2 2001:db8::2',
    '192.0.5.0/24 blackhole 1024',
    '192.0.6.7/32 unicast 1024 link',
    '2001:db8:1::/48 unicast 1024 2001:db8::2 2001:db8::3',
  ]);
  t.same(await shown(rtnetlink.routes({ version: 4, table: 1000 })), ['0.0.0.0/0 unicast 1024 10.0.0.2']);
  t.same(await shown(rtnetlink.routes({ version: 4, table: 4711 })), [], 'a table that is not there');
  await rtnetlink.deleteRoute({ prefix: parsePrefix('192.0.2.0/24'), protocol: 201 });
  t.same(await shown(rtnetlink.routes({ version: 4, protocol: 4, table: 254 })), ['192.0.2.0/24 unicast 0 10.0.0.9']);
  await t.rejects(rtnetlink.deleteRoute({ prefix: parsePrefix('192.0.2.0/24'), protocol: 201 }), {
    code: 'ERR_LINUX_NETLINK',
    errnoName: 'ESRCH',
  });
  await t.rejects(
    rtnetlink.addRoute({ prefix: parsePrefix('192.0.9.0/24'), nextHops: [{ gateway: parseAddress('172.31.0.1') }] }),
    { errnoName: 'ENETUNREACH', message: /Nexthop has invalid gateway/ },
  );
});

kernelTest('the FIB is asked about addresses', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const { rtnetlink } = left;
  const [ifindex] = await lab.wire(left, right, ['10.0.0.1/24', '2001:db8::1/64'], []);
  const gateway = parseAddress('10.0.0.2');
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.2.0/24'), nextHops: [{ gateway, ifindex }] });
  await rtnetlink.addRoute({ prefix: parsePrefix('192.0.3.0/24'), type: 'blackhole' });
  const ask = (text: string) => rtnetlink.resolve(parseAddress(text));
  t.same(await ask('10.0.0.7'), { reachable: true, ifindex, onLink: true, local: false });
  t.same(await ask('2001:db8::7'), { reachable: true, ifindex, onLink: true, local: false });
  t.same(await ask('192.0.2.7'), { reachable: true, ifindex, gateway, onLink: false, local: false });
  t.match(await ask('10.0.0.1'), { reachable: true, local: true });
  t.match(await ask('192.0.3.7'), { reachable: false });
  t.same(await ask('198.51.100.1'), { reachable: false, reason: 'no route' });
  t.equal(formatPrefix((await rtnetlink.matchingRoute(parseAddress('192.0.2.7')))!.prefix), '192.0.2.0/24');
  t.match(await rtnetlink.matchingRoute(parseAddress('2001:db8::7')), {
    prefix: parsePrefix('2001:db8::/64'),
    table: 254,
  });
});

kernelTest('rules', async (t, lab) => {
  const { rtnetlink, netns } = await lab.host();
  const told: KernelEvent[] = [];
  const onEvents = (events: readonly KernelEvent[]): void => void told.push(...events);
  const subscription = await subscribeEvents({ netns, groups: ['rule'], onEvents, onResync: () => {} });
  lab.closing(() => subscription.close());
  const rule = { version: 4, priority: 100, table: 1000, source: parsePrefix('10.0.0.0/8'), protocol: 201 } as const;
  await rtnetlink.addRule(rule);
  t.match(
    (await rtnetlink.rules(4)).filter(({ priority }) => priority === 100),
    [{ table: 1000, protocol: 201 }],
  );
  await rtnetlink.deleteRule(rule);
  await until(() => told.length > 1);
  t.match(told, [
    { type: 'rule', removed: false, rule },
    { type: 'rule', removed: true, rule },
  ]);
  t.same(
    (await rtnetlink.rules(4)).filter(({ priority }) => priority === 100),
    [],
  );
});

kernelTest('the FIB of a VRF', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const { rtnetlink, netns } = left;
  try {
    await rtnetlink.createLink({ name: 'blue', kind: 'vrf', vrf: { table: 77 }, up: true });
  } catch (error) {
    if (!(error instanceof LinuxError && error.errnoName === 'EOPNOTSUPP')) throw error;
    t.pass('links of kind vrf', { skip: 'this kernel has no VRFs' });
    return;
  }
  const blue = (await rtnetlink.link('blue'))!;
  t.match(blue, { kind: 'vrf', vrf: { table: 77 }, up: true });
  const [ifindex] = await lab.wire(left, right, ['10.0.0.1/24'], []);
  const [outside] = await lab.wire(left, right, ['10.0.0.1/24'], []);
  await rtnetlink.changeLink(ifindex, { master: blue.ifindex });
  await rtnetlink.addAddress(ifindex, parseAddress('2001:db8::1'), 64);
  t.match(await rtnetlink.matchingRoute(parseAddress('2001:db8::2'), blue.ifindex), { table: 77 });
  const gateway = parseAddress('10.0.0.2');
  const [prefix, target] = [parsePrefix('192.0.2.0/24'), parseAddress('192.0.2.7')];
  await rtnetlink.addRoute({ prefix, nextHops: [{ gateway, ifindex }], table: 77 });
  t.same(await rtnetlink.resolve(target), { reachable: false, reason: 'no route' });
  t.same(await rtnetlink.resolve(target, blue.ifindex), {
    ...{ reachable: true, ifindex, gateway },
    ...{ onLink: false, local: false },
  });
  t.match(await rtnetlink.matchingRoute(target, blue.ifindex), { prefix, table: 77 });
  const answers = new Map<string, unknown>();
  for (const vrf of ['blue', undefined, 'red']) {
    const watcher = await watchNextHops({
      netns,
      ...(vrf !== undefined && { vrf }),
      onChange: (_, answer) => answers.set(vrf ?? 'none', answer),
    });
    lab.closing(() => watcher.close());
    watcher.watch(gateway);
  }
  await until(() => answers.size === 3);
  t.match(answers.get('blue'), { reachable: true, ifindex });
  t.match(answers.get('none'), { reachable: true, ifindex: outside });
  t.match(answers.get('red'), { reachable: false, reason: 'there is no VRF red' });
});

kernelTest('requests asked for at once do not mix, also while a dump runs', async (t, lab) => {
  const { rtnetlink } = await lab.host();
  for (let i = 0; i < 300; i++) {
    await rtnetlink.addRoute({ prefix: parsePrefix(`10.1.${i >> 8}.${i & 255}/32`), type: 'blackhole', protocol: 201 });
  }
  const counts = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      if (i % 2) return (await rtnetlink.link('lo'))?.name;
      let count = 0;
      for await (const _route of rtnetlink.routes({ protocol: 201 })) if (++count === 150 && i % 4) break;
      return count;
    }),
  );
  t.same(new Set(counts), new Set([300, 150, 'lo']));
});

kernelTest('sysctls belong to the namespace they are written in', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const own = await readSysctl('net.ipv4.ip_forward');
  await writeSysctl('net.ipv4.ip_forward', 1, { netns: left.netns });
  await writeSysctl('net/ipv4/ip_forward', 0, { netns: right.netns });
  t.equal(await readSysctl('net.ipv4.ip_forward', { netns: left.netns }), '1');
  t.equal(await readSysctl('net.ipv4.ip_forward', { netns: right.netns }), '0');
  t.equal(await readSysctl('net.ipv4.ip_forward'), own);
  t.equal(await ensureSysctl('net.ipv4.ip_forward', 1, { netns: left.netns }), false, 'it is so already');
  t.equal(await ensureSysctl('net.ipv4.ip_forward', 0, { netns: left.netns }), true);
  t.equal(await readSysctl('net.ipv4.ip_forward', { netns: left.netns }), '0');
  await t.rejects(writeSysctl('net.ipv4.no_such_thing', 1, { netns: left.netns }), {
    code: 'ERR_LINUX_SYSCALL',
    errnoName: 'ENOENT',
  });
  await t.rejects(writeSysctl('net.ipv4../../x', 1), { code: 'ERR_LINUX_NOT_FOUND' });
});

kernelTest('namespaces by name, path and process; a name is taken once', async (t, lab) => {
  const { netns } = await lab.host();
  t.ok((await listNetns()).includes(netns));
  await t.rejects(createNetns(netns), { code: 'ERR_LINUX_SYSCALL' });
  await t.rejects(createNetns('../x'), { code: 'ERR_LINUX_NOT_FOUND' });
  for (const where of [netns, `/run/netns/${netns}`]) {
    const rtnetlink = await openRtnetlink({ netns: where });
    t.same(
      (await rtnetlink.links()).map(({ name, up }) => [name, up]),
      [['lo', true]],
    );
    rtnetlink.close();
    await t.rejects(rtnetlink.links(), { code: 'ERR_LINUX_CLOSED' });
  }
  const own = await openRtnetlink({ netns: { pid: process.pid } });
  t.ok((await own.links()).length > 0);
  own.close();
  await t.rejects(openRtnetlink({ netns: 'tortie-no-such' }), { code: 'ERR_LINUX_SYSCALL', errnoName: 'ENOENT' });
  await deleteNetns('tortie-no-such');
});

t.pass('there may be nothing to run here');
