import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { encodePacket } from '@tortie/bfd';
import { parseAddress } from '@tortie/ip';
import { DatagramSocket, openDatagramSocket } from '@tortie/linux/node';
import t from 'tap';
import { dropIncoming, spec, stateOf, twoHostsTest, until } from './two-hosts.js';

// Each has hosts of its own, and waits more than it works.
t.jobs = 3;

for (const [what, left, right, over] of [
  ['IPv4', '10.9.0.1', '10.9.0.2', {}],
  ['IPv6', 'fd09::1', 'fd09::2', {}],
  ['IPv6 link-local, by interface', 'fe80::9:1', 'fe80::9:2', { device: 'e0' }],
  ['multihop IPv4', '10.9.0.1', '10.9.0.2', { multihop: true }],
  ['multihop IPv6', 'fd09::1', 'fd09::2', { multihop: true }],
] as const) {
  twoHostsTest(`${what}: up at both ends, down when the path is cut, up again`, async (t, hosts) => {
    const a = hosts.service(hosts.left);
    const b = hosts.service(hosts.right);
    const local = what.includes('link-local');
    a.bfd.set(spec(right, { ...over, ...(local && { localAddress: parseAddress(left) }) }));
    b.bfd.set(spec(left, { ...over, ...(local && { localAddress: parseAddress(right) }) }));
    const bothAre = (state: string) => async () =>
      (await stateOf(a.bfd, 'peer')) === state && (await stateOf(b.bfd, 'peer')) === state;
    await until(bothAre('up'));
    await until(async () => (await a.bfd.report()).sessions[0]!.detectionTimeMs === 300);
    const mend = await dropIncoming(hosts.right, 'meta l4proto udp');
    await until(() => b.events.some(({ failure }) => failure) && a.events.some(({ failure }) => failure));
    t.match(b.events.find(({ failure }) => failure)!.view, { diagnostic: 'control detection time expired', flaps: 1 });
    t.match(a.events.find(({ failure }) => failure)!.view, { diagnostic: 'neighbor signaled session down', flaps: 1 });
    await mend();
    await until(bothAre('up'));
    t.same([a.problems, b.problems], [[], []]);
  });
}

twoHostsTest('a session that is removed tells its peer AdminDown: no failure of the path', async (t, hosts) => {
  const a = hosts.service(hosts.left);
  const b = hosts.service(hosts.right);
  a.bfd.set(spec('10.9.0.2'));
  b.bfd.set(spec('10.9.0.1'));
  await until(async () => (await stateOf(b.bfd, 'peer')) === 'up');
  await until(async () => (await stateOf(a.bfd, 'peer')) === 'up');
  t.ok(a.bfd.remove('peer'));
  t.notOk(a.bfd.remove('peer'));
  await until(() => b.events.some(({ from }) => from === 'up'));
  t.match(b.events.at(-1), { from: 'up', to: 'down', failure: false, view: { remote: { state: 'admin-down' } } });
  a.bfd.set(spec('10.9.0.2', { name: 'again' }));
  await until(async () => (await stateOf(b.bfd, 'peer')) === 'up');
  await a.bfd.close();
  await until(() => b.events.at(-1)!.to === 'down');
  t.equal(b.events.at(-1)!.failure, false, 'nor is the end of the whole service');
});

twoHostsTest('adminDown and timers change without a new session', async (t, hosts) => {
  const a = hosts.service(hosts.left);
  const b = hosts.service(hosts.right);
  a.bfd.set(spec('10.9.0.2'));
  b.bfd.set(spec('10.9.0.1'));
  const view = async () => (await a.bfd.report()).sessions[0]!;
  await until(async () => (await view())?.state === 'up');
  const { localDiscriminator } = await view();
  t.equal(a.bfd.set(spec('10.9.0.2')), false, 'nothing to do');
  t.equal(a.bfd.set(spec('10.9.0.2', { minTxMs: 400 })), true);
  await until(async () => (await view()).txIntervalMs === 400);
  await until(async () => (await b.bfd.report()).sessions[0]!.detectionTimeMs === 1200);
  t.equal((await view()).localDiscriminator, localDiscriminator);
  t.equal([...a.events, ...b.events].filter(({ from }) => from === 'up').length, 0);
  a.bfd.set(spec('10.9.0.2', { adminDown: true }));
  await until(() => b.events.some(({ from }) => from === 'up'));
  t.equal((await view()).state, 'admin-down');
  a.bfd.set(spec('10.9.0.2'));
  await until(async () => (await view()).state === 'up');
  t.equal((await view()).localDiscriminator, localDiscriminator);
});

twoHostsTest('what must not reach a session does not: TTL, port, addresses, discriminators', async (t, hosts) => {
  const a = hosts.service(hosts.left);
  a.bfd.set(spec('10.9.0.2'));
  // The receiver is there once the session has begun to send.
  await until(async () => ((await a.bfd.report()).sessions[0]?.packetsOut ?? 0) > 0);
  const packet = {
    diagnostic: 'no diagnostic',
    state: 'down',
    poll: false,
    final: false,
    controlPlaneIndependent: false,
    demand: false,
    detectMult: 3,
    myDiscriminator: 77,
    yourDiscriminator: 0,
    desiredMinTxUs: 1_000_000,
    requiredMinRxUs: 1_000_000,
    requiredMinEchoRxUs: 0,
  } as const;
  const send = (octets: Uint8Array, ttl = 255, from = '10.9.0.2'): void => {
    const remote = parseAddress(from.startsWith('10.') ? '10.9.0.1' : 'fd09::1');
    const address = parseAddress(from);
    const socket = openDatagramSocket({ version: address.version, address, port: 0, ttl, netns: hosts.right });
    t.equal(socket.send(octets, DatagramSocket.destination(remote, 3784)), 0);
    socket.close();
  };
  const report = () => a.bfd.report();
  send(encodePacket(packet), 254);
  await until(async () => (await report()).dropped.ttl === 1);
  send(encodePacket({ ...packet, yourDiscriminator: 1 }));
  await until(async () => (await report()).dropped['no-session'] === 1);
  send(encodePacket({ ...packet, state: 'up' }));
  await until(async () => (await report()).dropped['your-discriminator'] === 1);
  send(Uint8Array.of(0x20));
  await until(async () => (await report()).dropped.length === 1);
  const [session] = (await report()).sessions;
  t.match(session, { state: 'down', packetsIn: 0 });
  send(encodePacket(packet));
  await until(async () => (await report()).sessions[0]!.state === 'init');
  t.equal((await report()).sessions[0]!.remote!.discriminator, 77);
  // The right discriminator from a wrong address.
  const stranger = hosts.service(hosts.right);
  stranger.bfd.set(spec('fd09::1'));
  const { localDiscriminator } = session!;
  a.bfd.set(spec('fd09::2', { name: 'six' }));
  await until(async () => (await stateOf(a.bfd, 'six')) === 'up');
  const { dropped } = await report();
  send(encodePacket({ ...packet, state: 'up', yourDiscriminator: localDiscriminator }), 255, 'fd09::2');
  await until(async () => (await report()).dropped['no-session'] > dropped['no-session']);
  t.equal((await report()).sessions.find(({ name }) => name === 'peer')!.packetsIn, 1);
});

twoHostsTest('what cannot run says why, and is tried again', async (t, hosts) => {
  const other = openDatagramSocket({ version: 4, port: 3784, netns: hosts.left });
  const a = hosts.service(hosts.left);
  const b = hosts.service(hosts.right);
  b.bfd.set(spec('10.9.0.1'));
  a.bfd.set(spec('10.9.0.2'));
  a.bfd.set(spec('10.9.0.2', { name: 'gone', device: 'nosuch' }));
  await until(() => a.problems.length >= 2);
  t.ok(
    a.problems.some((text) => /EADDRINUSE/.test(text)),
    a.problems.join('; '),
  );
  t.ok(
    a.problems.some((text) => /no interface nosuch/.test(text)),
    a.problems.join('; '),
  );
  t.match((await a.bfd.report()).sessions.find(({ name }) => name === 'peer')!.error, /EADDRINUSE/);
  other.close();
  await until(async () => (await stateOf(a.bfd, 'peer')) === 'up');
  a.bfd.set(spec('10.9.0.2', { name: 'second' }));
  await until(() => a.problems.some((text) => /"peer" has 10.9.0.2 already/.test(text)));
});

// Not every kernel has VRFs; to a socket one is a device like any other. test/interop/bfd-vrf.test.ts has real ones.
twoHostsTest('sessions are bound to the VRF device', async (t, hosts) => {
  const a = hosts.service(hosts.left, 'e0');
  const b = hosts.service(hosts.right, 'nosuch');
  a.bfd.set(spec('10.9.0.2'));
  b.bfd.set(spec('10.9.0.1'));
  await until(() => b.problems.some((text) => /nosuch/.test(text)));
  b.bfd.remove('peer');
  const c = hosts.service(hosts.right);
  c.bfd.set(spec('10.9.0.1'));
  c.bfd.set(spec('fd09::1', { name: 'six' }));
  a.bfd.set(spec('fd09::2', { name: 'six' }));
  for (const name of ['peer', 'six']) await until(async () => (await stateOf(a.bfd, name)) === 'up');
  const { stdout } = await promisify(execFile)('ip', ['netns', 'exec', hosts.left, 'ss', '-luanH', 'sport = :3784']);
  t.match(stdout, /0\.0\.0\.0%e0:3784/);
  t.match(stdout, /\[::\]%e0:3784/);
});

t.test('a session that cannot be is refused', async (t) => {
  const { BfdService } = await import('@tortie/bfd/node');
  const bfd = new BfdService();
  for (const [bad, field] of [
    [spec('fe80::1'), 'remoteAddress'],
    [spec('fe80::1', { device: 'e0', multihop: true }), 'remoteAddress'],
    [spec('224.0.0.1'), 'remoteAddress'],
    [spec('0.0.0.0'), 'remoteAddress'],
    [spec('10.0.0.1', { localAddress: parseAddress('fd00::1') }), 'localAddress'],
    [spec('10.0.0.1', { minRxMs: 1 }), 'minRxMs'],
    [spec('10.0.0.1', { multiplier: 0 }), 'multiplier'],
  ] as const) {
    t.throws(() => bfd.set(bad), { name: 'BfdConfigError', code: 'ERR_BFD_CONFIG', field });
  }
  t.same(bfd.names(), []);
  await bfd.close();
});
