import { formatAddress, formatPrefix, parsePrefix } from '@tortie/ip';
import { removeLink } from '@tortie/linux/node';
import { kernelTest } from '../support/kernel.js';

kernelTest('a link taken away is gone, with its far end, its addresses and its routes', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  await lab.wire(left, right, ['10.0.0.1/24', '2001:db8::1/64'], ['10.0.0.2/24', '2001:db8::2/64']);
  const { ifindex } = (await left.rtnetlink.link('w0'))!;
  for (const text of ['192.0.2.0/24', '2001:db8:2::/48']) {
    await left.rtnetlink.addRoute({ prefix: parsePrefix(text), nextHops: [{ ifindex }] });
  }
  await removeLink('w0', { netns: left.netns });
  t.equal(await left.rtnetlink.link('w0'), undefined);
  t.equal(await right.rtnetlink.link('w0'), undefined);
  const over: string[] = [];
  for await (const { prefix } of left.rtnetlink.routes({ table: 254 })) over.push(formatPrefix(prefix));
  t.same(over, []);
  const addresses = (await left.rtnetlink.addresses()).map(({ address }) => formatAddress(address));
  t.same(addresses.sort(), ['127.0.0.1', '::1'], 'those of the loopback');
  await t.rejects(removeLink('w0', { netns: left.netns }), {
    code: 'ERR_LINUX_NETLINK',
    errnoName: 'ENODEV',
    message: /^delete link w0: ENODEV/,
  });
  await lab.wire(left, right, ['10.0.0.1/24'], ['10.0.0.2/24']);
});

kernelTest('many links at once, each made anew as soon as it is gone', async (t, lab) => {
  const [left, right] = [await lab.host(), await lab.host()];
  const names = Array.from({ length: 30 }, (_, index) => `v${index}`);
  const make = (name: string) =>
    left.rtnetlink.createLink({ name, kind: 'veth', up: true, peer: { name, netns: right.netns } });
  for (const name of names) await make(name);
  const again = await Promise.all(
    names.map(async (name) => {
      await removeLink(name, { netns: left.netns });
      return make(name);
    }),
  );
  t.same(
    again.map(({ name }) => name),
    names,
  );
  await Promise.all(names.map((name) => removeLink(name, { netns: left.netns })));
  for (const { rtnetlink } of [left, right])
    t.same(
      (await rtnetlink.links()).map(({ name }) => name),
      ['lo'],
    );
});
