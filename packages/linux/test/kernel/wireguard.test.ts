import { generateKeyPairSync } from 'node:crypto';
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { LinuxError, sameKey } from '@tortie/linux';
import { openWireguard, type Wireguard } from '@tortie/linux/node';
import { kernelTest } from '../support/kernel.js';

const keyPair = () => {
  const { d, x } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const octets = (text: string | undefined) => Uint8Array.from(Buffer.from(text!, 'base64url'));
  return { privateKey: octets(d), publicKey: octets(x) };
};

kernelTest('two devices shake hands, and the kernel shows what was set', async (t, lab) => {
  const ends = [];
  for (const at of [1, 2]) {
    const host = await lab.host();
    let wireguard: Wireguard;
    try {
      await host.rtnetlink.createLink({ name: 'wg0', kind: 'wireguard' });
      wireguard = await openWireguard({ netns: host.netns });
    } catch (error) {
      if (!(error instanceof LinuxError && ['EOPNOTSUPP', 'ENOENT'].includes(error.errnoName ?? ''))) throw error;
      await t.rejects(openWireguard({ netns: host.netns }), { code: 'ERR_LINUX_NETLINK', errnoName: 'ENOENT' });
      t.pass('devices', { skip: 'this kernel has no WireGuard' });
      return;
    }
    lab.closing(() => wireguard.close());
    const { ifindex } = (await host.rtnetlink.link('wg0'))!;
    ends.push({ at, host, wireguard, ifindex, ...keyPair() });
  }
  const [left, right] = ends as [(typeof ends)[0], (typeof ends)[0]];
  const addresses = (at: number) => [`10.0.0.${at}/24`];
  const [uplink] = await lab.wire(left.host, right.host, addresses(1), addresses(2));
  await t.rejects(left.wireguard.device(uplink), { code: 'ERR_LINUX_NETLINK' });
  await t.rejects(left.wireguard.device(9999), { code: 'ERR_LINUX_NETLINK', errnoName: 'ENODEV' });
  for (const [own, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const { wireguard, ifindex, privateKey, host } = own;
    await wireguard.change({ ifindex, privateKey, port: 51820 });
    await host.rtnetlink.changeLink(ifindex, { up: true });
    await wireguard.change({
      ifindex,
      peers: [
        {
          publicKey: other.publicKey,
          endpoint: { address: parseAddress(`10.0.0.${other.at}`), port: 51820 },
          keepaliveS: 1,
          allowedIps: [parsePrefix(`10.244.${other.at}.0/26`), parsePrefix(`fd00::${other.at}:0/112`)],
        },
      ],
    });
  }
  const peerOf = async () => (await left.wireguard.device(left.ifindex)).peers[0]!;
  const shown = await left.wireguard.device(left.ifindex);
  t.ok(sameKey(shown.publicKey!, left.publicKey), 'the kernel makes the same public key of ours');
  t.match(shown, { ifindex: left.ifindex, port: 51820, peers: [{ keepaliveS: 1, endpoint: { port: 51820 } }] });
  t.same((await peerOf()).allowedIps.map(formatPrefix).sort(), ['10.244.2.0/26', 'fd00::2:0/112']);
  while ((await peerOf()).handshakeS === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  t.ok((await peerOf()).handshakeS > 1_600_000_000, 'without a packet of anybody else');

  const many = Array.from({ length: 1500 }, (_, at) => parsePrefix(`10.${100 + (at >> 8)}.${at & 255}.0/24`));
  const { publicKey } = right;
  await left.wireguard.change({
    ifindex: left.ifindex,
    peers: [{ publicKey, allowedIps: many, replaceAllowedIps: true }],
  });
  t.same(
    (await peerOf()).allowedIps.map(formatPrefix).sort(),
    many.map(formatPrefix).sort(),
    'more than a message holds',
  );
  await left.wireguard.change({ ifindex: left.ifindex, peers: [{ publicKey, remove: true }] });
  t.same((await left.wireguard.device(left.ifindex)).peers, []);
});
