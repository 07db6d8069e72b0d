import { formatAddress, isLinkLocal, parseAddress } from '@tortie/ip';
import { ADDRESS_FLAGS, encodeRouterMessage, familyOf, presence, type RouterMessage } from '@tortie/linux';
import { openRouterDiscovery, type RouterDiscovery } from '@tortie/linux/node';
import { addon } from '../../node/addon.js';
import { SOCK, socketAddress } from '../../node/descriptor.js';
import { netnsPath } from '../../node/netns-path.js';
import { type Host, kernelTest, type Lab, until } from '../support/kernel.js';

interface Heard {
  readonly message: RouterMessage;
  readonly from: string;
}

function discovery(lab: Lab, host: Host, device: string, ifindex: number, heard: Heard[]): RouterDiscovery {
  const socket = openRouterDiscovery({
    device,
    ifindex,
    netns: host.netns,
    onMessage: (message, from) => heard.push({ message, from: formatAddress(from) }),
  });
  lab.closing(() => socket.close());
  return socket;
}

/** The link-local address of an interface, once duplicate address detection is through with it. */
async function linkLocal({ rtnetlink }: Host, ifindex: number): Promise<string> {
  for (;;) {
    const all = await rtnetlink.addresses({ ifindex, version: 6 });
    const own = all.find(({ address, flags }) => isLinkLocal(address) && !(flags & ADDRESS_FLAGS.TENTATIVE));
    if (own) return formatAddress(own.address);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

kernelTest(
  'advertisements come from the link-local address, solicitations are answered by whoever hears them',
  async (t, lab) => {
    const [a, b] = [await lab.host(), await lab.host()];
    // A global address stands beside the link-local one: it must not be the source.
    const [atA, atB] = await lab.wire(a, b, ['2001:db8::a/64'], ['2001:db8::b/64']);
    const ofA = await linkLocal(a, atA);
    const ofB = await linkLocal(b, atB);
    const heardByA: Heard[] = [];
    const heardByB: Heard[] = [];
    const fromA = discovery(lab, a, 'w0', atA, heardByA);
    const fromB = discovery(lab, b, 'w0', atB, heardByB);
    const mac = '02:00:00:00:00:0a';
    t.equal(fromA.advertise(presence(mac)), 0);
    await until(() => heardByB.some(({ message }) => message.type === 'router-advertisement'));
    t.same(
      heardByB.find(({ message }) => message.type === 'router-advertisement'),
      { from: ofA, message: presence(mac) },
    );
    t.equal(fromB.solicit(), 0);
    await until(() => heardByA.some(({ message, from }) => message.type === 'router-solicitation' && from === ofB));
    t.notOk(
      heardByA.some(({ from }) => from === ofA),
      'nobody hears himself',
    );
  },
);

kernelTest('the kernel takes note of the router, and of no default route through it', async (t, lab) => {
  const [a, b] = [await lab.host(), await lab.host()];
  const [atA, atB] = await lab.wire(a, b, [], []);
  const ofA = await linkLocal(a, atA);
  await linkLocal(b, atB);
  const heard: Heard[] = [];
  const fromA = discovery(lab, a, 'w0', atA, []);
  discovery(lab, b, 'w0', atB, heard);
  const { mac } = (await a.rtnetlink.link(atA))!;
  fromA.advertise(presence(mac));
  await until(() => heard.some(({ from }) => from === ofA));
  const neighbours = await b.rtnetlink.neighbours({ ifindex: atB, version: 6 });
  const router = neighbours.find(({ address }) => address && formatAddress(address) === ofA);
  t.ok(router && (router.flags & 0x80) !== 0, 'NTF_ROUTER');
  t.equal(router!.mac, mac);
  const defaults = [];
  for await (const { prefix } of b.rtnetlink.routes({ version: 6 })) if (prefix.length === 0) defaults.push(prefix);
  t.same(defaults, [], 'a lifetime of 0');
});

kernelTest('two interfaces with the same far address are told apart', async (t, lab) => {
  const [node, one, two] = [await lab.host(), await lab.host(), await lab.host()];
  const [left, farLeft] = await lab.wire(node, one, [], ['fe80::1/64']);
  const [right, farRight] = await lab.wire(node, two, [], ['fe80::1/64']);
  // Only fe80::1 is left on either side, so it is the source.
  for (const [host, ifindex] of [
    [one, farLeft],
    [two, farRight],
  ] as const) {
    const own = await host.rtnetlink.addresses({ ifindex, version: 6 });
    for (const { address, prefixLength } of own) {
      if (formatAddress(address) !== 'fe80::1') await host.rtnetlink.deleteAddress(ifindex, address, prefixLength);
    }
    await linkLocal(host, ifindex);
  }
  const heardLeft: Heard[] = [];
  const heardRight: Heard[] = [];
  discovery(lab, node, 'w0', left, heardLeft);
  discovery(lab, node, 'w1', right, heardRight);
  discovery(lab, one, 'w0', farLeft, []).advertise({ ...presence(undefined), routerLifetimeS: 1 });
  discovery(lab, two, 'w1', farRight, []).advertise({ ...presence(undefined), routerLifetimeS: 2 });
  const lifetimes = (heard: readonly Heard[]) =>
    heard.flatMap(({ message, from }) =>
      message.type === 'router-advertisement' && from === 'fe80::1' ? [message.routerLifetimeS] : [],
    );
  await until(() => lifetimes(heardLeft).length > 0 && lifetimes(heardRight).length > 0);
  t.same([lifetimes(heardLeft), lifetimes(heardRight)], [[1], [2]]);
});

kernelTest('an advertisement whose hop limit was counted down is discarded', async (t, lab) => {
  const [a, b] = [await lab.host(), await lab.host()];
  const [atA, atB] = await lab.wire(a, b, [], []);
  await linkLocal(a, atA);
  const faults: string[] = [];
  const heard: Heard[] = [];
  const socket = openRouterDiscovery({
    device: 'w0',
    ifindex: atB,
    netns: b.netns,
    onMessage: (message, from) => heard.push({ message, from: formatAddress(from) }),
    onFault: (fault) => faults.push(fault),
  });
  lab.closing(() => socket.close());
  // Multicast of a raw socket leaves with a hop limit of 1 unless told otherwise.
  const fd = addon().openSocket(familyOf(6), SOCK.RAW, 58, netnsPath(a.netns));
  lab.closing(() => addon().close(fd));
  const forged = new Uint8Array(encodeRouterMessage(presence(undefined)));
  t.equal(addon().sendDatagram(fd, forged, socketAddress(parseAddress('ff02::1'), 0, atA)), forged.length);
  await until(() => faults.length > 0);
  t.same(faults, ['hop-limit']);
  t.same(
    heard.filter(({ message }) => message.type === 'router-advertisement'),
    [],
  );
});

kernelTest('an interface that is not there, or goes away', async (t, lab) => {
  const [a, b] = [await lab.host(), await lab.host()];
  t.throws(() => openRouterDiscovery({ device: 'none', ifindex: 99, netns: a.netns, onMessage() {} }), {
    code: 'ERR_LINUX_SYSCALL',
    errnoName: 'ENODEV',
  });
  const [atA] = await lab.wire(a, b, [], []);
  const socket = discovery(lab, a, 'w0', atA, []);
  await a.rtnetlink.deleteLink(atA);
  t.not(socket.advertise(presence(undefined)), 0, 'the kernel says so');
});
