import { formatAddress, parseAddress } from '@tortie/ip';
import { DatagramSocket, openDatagramSocket } from '@tortie/linux/node';
import { kernelTest, until } from '../support/kernel.js';

for (const [version, left, right, over] of [
  [4, '10.3.0.1', '10.3.0.2', {}],
  [6, 'fd03::1', 'fd03::2', {}],
  [6, 'fe80::3:1', 'fe80::3:2', { link: true }],
] as const) {
  kernelTest(`a datagram to ${right} comes with its sender, TTL, interface and destination`, async (t, lab) => {
    const a = await lab.host();
    const b = await lab.host();
    const length = version === 4 ? 24 : 64;
    const [scopeA, scopeB] = await lab.wire(a, b, [`${left}/${length}`], [`${right}/${length}`]);
    const scoped = 'link' in over;
    const to = openDatagramSocket({ version, port: 5000, netns: b.netns });
    lab.closing(() => to.close());
    const from = openDatagramSocket({
      version,
      port: 0,
      ttl: 42,
      trafficClass: 0xc0,
      device: 'w0',
      netns: a.netns,
      address: parseAddress(left),
      ...(scoped && { scopeId: scopeA }),
    });
    lab.closing(() => from.close());
    let readable = 0;
    to.watch(() => {
      readable++;
      heard.push(...drain(to));
    });
    const heard: ReturnType<typeof drain> = [];
    const destination = DatagramSocket.destination(parseAddress(right), 5000, scoped ? scopeA : undefined);
    // Duplicate address detection may still run: what cannot leave yet is sent again.
    await until(() => {
      if (heard.length === 0) from.send(Uint8Array.of(1, 2, 3), destination);
      return heard.length > 0;
    });
    t.same(heard[0], { octets: [1, 2, 3], from: left, fromPort: from.port, to: right, ifindex: scopeB, ttl: 42 });
    const before = readable;
    t.equal(from.send(Uint8Array.of(4), destination), 0);
    await until(() => readable > before);
    t.same(heard.at(-1)!.octets, [4], 'and again');
    t.equal(to.receive(), undefined, 'nothing is left');
  });
}

function drain(socket: DatagramSocket) {
  const all = [];
  for (let one = socket.receive(); one; one = socket.receive()) {
    const { octets, from, to, ...rest } = one;
    all.push({ octets: [...octets], from: formatAddress(from), to: formatAddress(to), ...rest });
  }
  return all;
}

kernelTest('a port that is taken, an interface that is not there', async (t, lab) => {
  const { netns } = await lab.host();
  const socket = openDatagramSocket({ version: 4, port: 5000, netns });
  lab.closing(() => socket.close());
  const open = (over: object) => () => openDatagramSocket({ version: 4, port: 5000, netns, ...over });
  t.throws(open({}), { code: 'ERR_LINUX_SYSCALL', errnoName: 'EADDRINUSE' });
  t.throws(open({ device: 'nosuch' }), { code: 'ERR_LINUX_SYSCALL', errnoName: 'ENODEV' });
  t.throws(open({ address: parseAddress('10.1.2.3') }), { code: 'ERR_LINUX_SYSCALL', errnoName: 'EADDRNOTAVAIL' });
  socket.close();
  t.equal(socket.receive(), undefined, 'a closed one is silent');
  t.equal(socket.send(Uint8Array.of(1), DatagramSocket.destination(parseAddress('127.0.0.1'), 1)), 0);
});
