import { once } from 'node:events';
import type { Socket } from 'node:net';
import { parseAddress } from '@tortie/ip';
import {
  type BgpListener,
  type ConnectOptions,
  linuxTransport,
  type TcpMd5Counters,
  tcpMd5Counters,
} from '@tortie/linux/node';
import { type Host, kernelTest, type Lab, until } from '../support/kernel.js';

interface Pair {
  readonly left: Host;
  readonly right: Host;
  readonly listener: BgpListener;
  /** Connects from left to right and gives both ends. */
  open(options?: Partial<ConnectOptions>): Promise<{ readonly socket: Socket; readonly accepted: Socket }>;
  /** Connects until the kernel on the right counts a dropped segment; gives whether we are still waiting then. */
  dropped(counter: keyof TcpMd5Counters, options?: Partial<ConnectOptions>): Promise<boolean>;
}

async function pair(lab: Lab, version: 4 | 6): Promise<Pair> {
  const [left, right] = [await lab.host(), await lab.host()];
  const of = (host: number) => (version === 4 ? `10.0.0.${host}` : `2001:db8::${host}`);
  const length = version === 4 ? 24 : 64;
  await lab.wire(left, right, [`${of(1)}/${length}`, `${of(3)}/${length}`], [`${of(2)}/${length}`]);
  const listener = await linuxTransport({ netns: right.netns }).listen({ address: parseAddress(of(2)), port: 179 });
  const accepted: Socket[] = [];
  listener.server.on('connection', (socket) => {
    socket.on('error', () => {});
    accepted.push(socket);
  });
  lab.closing(async () => {
    for (const socket of accepted) socket.destroy();
    await listener.close();
  });
  const connect = (options: Partial<ConnectOptions>): Socket => {
    const socket = linuxTransport({ netns: left.netns }).connect({
      remoteAddress: parseAddress(of(2)),
      remotePort: 179,
      localAddress: parseAddress(of(1)),
      ...options,
    });
    socket.on('error', () => {});
    lab.closing(() => socket.destroy());
    return socket;
  };
  return {
    left,
    right,
    listener,
    async open(options = {}) {
      const before = accepted.length;
      const socket = connect(options);
      await once(socket, 'connect');
      await until(() => accepted.length > before);
      return { socket, accepted: accepted[before]! };
    },
    async dropped(counter, options = {}) {
      const counted = async () => (await tcpMd5Counters({ netns: right.netns }))[counter];
      const before = await counted();
      const socket = connect(options);
      while ((await counted()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
      const waiting = socket.connecting;
      socket.destroy();
      return waiting;
    },
  };
}

const echo = async (from: Socket, to: Socket): Promise<string> => {
  from.write('hello');
  return new Promise((resolve) => to.once('data', (data) => resolve(data.toString())));
};

for (const version of [4, 6] as const) {
  const of = (host: number) => parseAddress(version === 4 ? `10.0.0.${host}` : `2001:db8::${host}`);

  kernelTest(`IPv${version}: a connection inside other namespaces, from a chosen source address`, async (t, lab) => {
    const { open } = await pair(lab, version);
    const { accepted, socket } = await open({ localAddress: of(3) });
    t.equal(accepted.remoteAddress, version === 4 ? '10.0.0.3' : '2001:db8::3');
    t.equal(await echo(socket, accepted), 'hello');
    t.equal(await echo(accepted, socket), 'hello');
  });

  kernelTest(`IPv${version}: TCP-MD5 with the right key, a wrong one, none, and one too many`, async (t, lab) => {
    const { open, dropped, listener } = await pair(lab, version);
    t.ok(await dropped('unexpected', { md5Password: 'secret' }));
    listener.setMd5(of(1), 'secret');
    t.ok(await dropped('failure', { md5Password: 'wrong' }));
    t.ok(await dropped('notFound'));
    const good = await open({ md5Password: 'secret' });
    t.equal(await echo(good.socket, good.accepted), 'hello');
    t.equal(await echo(good.accepted, good.socket), 'hello');
    await open({ localAddress: of(3) });
    listener.setMd5(of(1), 'other');
    await open({ md5Password: 'other' });
    listener.setMd5(of(1), undefined);
    listener.setMd5(of(1), undefined);
    await open();
    t.throws(() => listener.setMd5(of(1), 'x'.repeat(81)), { code: 'ERR_LINUX_MESSAGE' });
  });

  kernelTest(
    `IPv${version}: a connection from before the key was set does not pass for one with it`,
    async (t, lab) => {
      const { open, listener } = await pair(lab, version);
      const early = await open();
      listener.setMd5(of(1), 'secret');
      const unsigned = { name: 'LinuxError', code: 'ERR_LINUX_UNSIGNED' };
      t.throws(() => listener.secure(early.accepted, { md5Password: 'secret' }), unsigned);
      const good = await open({ md5Password: 'secret' });
      listener.secure(good.accepted, { md5Password: 'secret' });
      t.equal(await echo(good.socket, good.accepted), 'hello');
      t.equal(await echo(good.accepted, good.socket), 'hello');
      listener.setMd5(of(1), undefined);
      listener.setMd5(of(0), 'of all', version === 4 ? 24 : 64);
      const ranged = await open({ md5Password: 'of all' });
      listener.secure(ranged.accepted, { md5Password: 'of all' });
      t.equal(await echo(ranged.socket, ranged.accepted), 'hello');
    },
  );

  kernelTest(`IPv${version}: GTSM lets a neighbour in and drops what may come from farther away`, async (t, lab) => {
    const { open, listener, right } = await pair(lab, version);
    const near = await open({ gtsmHops: 1 });
    listener.secure(near.accepted, { gtsmHops: 1 });
    t.equal(await echo(near.socket, near.accepted), 'hello');
    t.equal(await echo(near.accepted, near.socket), 'hello');

    const far = await open({ ttl: 64 });
    listener.secure(far.accepted, { gtsmHops: 1 });
    let heard = false;
    far.accepted.on('data', () => {
      heard = true;
    });
    far.socket.write('from afar');
    while ((await tcpMd5Counters({ netns: right.netns })).minTtlDrop === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    t.notOk(heard);
  });
}

kernelTest('a link-local peer is reached through the device that is named', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  await lab.wire(left, right, ['fe80::1/64'], ['fe80::2/64']);
  const listener = await linuxTransport({ netns: right.netns }).listen({
    address: parseAddress('::'),
    port: 1179,
    device: 'w0',
  });
  lab.closing(() => listener.close());
  const accepted = new Promise<Socket>((resolve) => listener.server.once('connection', resolve));
  const socket = linuxTransport({ netns: left.netns }).connect({
    remoteAddress: parseAddress('fe80::2'),
    remotePort: 1179,
    localAddress: parseAddress('fe80::1'),
    device: 'w0',
    gtsmHops: 1,
  });
  lab.closing(() => socket.destroy());
  const other = await accepted;
  lab.closing(() => other.destroy());
  listener.secure(other, { gtsmHops: 1 });
  t.equal(await echo(socket, other), 'hello');
});

kernelTest('a refused connection and an address in use are plain errors', async (t, lab) => {
  const { left, right } = await pair(lab, 4);
  const socket = linuxTransport({ netns: left.netns }).connect({
    remoteAddress: parseAddress('10.0.0.2'),
    remotePort: 1,
  });
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
  t.equal(error.code, 'ECONNREFUSED');
  const again = linuxTransport({ netns: right.netns }).listen({ address: parseAddress('10.0.0.2'), port: 179 });
  await t.rejects(again, { code: 'ERR_LINUX_SYSCALL', errnoName: 'EADDRINUSE' });
  t.throws(
    () =>
      linuxTransport({ netns: left.netns }).connect({
        remoteAddress: parseAddress('10.0.0.2'),
        remotePort: 179,
        localAddress: parseAddress('10.9.9.9'),
      }),
    { code: 'ERR_LINUX_SYSCALL', errnoName: 'EADDRNOTAVAIL' },
  );
});
