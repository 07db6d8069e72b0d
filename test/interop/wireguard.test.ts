/**
 * WireGuard between nodes, where the kernel has it (`npm run test:kernels` has one that does): traffic goes on while pools change
 * from and to it, and the key stays where it is. Where it has not, that is said, and nothing else suffers.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import type { Wireguard } from '@tortie/agent/api';
import { enterNamespaces, withHosts } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import {
  askAll,
  conditionOf,
  FAMILIES,
  faultsIn,
  MAY_LOSE,
  podOn,
  setWay,
  startPings,
  withNetwork,
} from './network-rig.js';
import { events } from './start-agent.js';
import { switchWays, type WayStep } from './switch-ways.js';

await enterNamespaces();

let lacking: string | false = false;
await withHosts(['one'], async (lab) => {
  const words = ['link', 'add', 'probe', 'type', 'wireguard'];
  const { code, stderr } = await lab.host('one').exec('ip', words, { allowFailure: true });
  if (code !== 0) lacking = `this kernel has no WireGuard: ${stderr.trim()}`;
});

const STEPS: readonly WayStep[] = [
  { name: 'bgp -> wireguard', way: { wireguardMode: 'Always' }, devices: [/^wg/, /^wg/] },
  { name: 'wireguard -> cross-subnet', way: { wireguardMode: 'CrossSubnet' }, devices: [/^eth0/, /^wg/] },
  {
    name: 'cross-subnet -> vxlan',
    way: { wireguardMode: 'Never', vxlanMode: 'Always' },
    devices: [/^vxlan/, /^vxlan/],
  },
  { name: 'vxlan -> wireguard', way: { wireguardMode: 'Always', vxlanMode: 'Never' }, devices: [/^wg/, /^wg/] },
  { name: 'wireguard -> bgp', way: { wireguardMode: 'Never' }, devices: [/^eth0/, /^eth0/] },
];

t.test('from every way to WireGuard and back, near and far, over both families', { skip: lacking }, (t) =>
  switchWays(t, STEPS),
);

t.test(
  'the key is root’s and is the same again after a restart; packets that fill the device',
  { skip: lacking },
  (t) =>
    withNetwork({ way: { wireguardMode: 'Always' }, pods: 1, oneSubnet: true }, async (lab) => {
      await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
      const [host, agent] = [lab.host('n1'), lab.agent('n1')];
      t.match((await host.exec('ip', ['-d', 'link', 'show', 'wg.tortie'])).stdout, /mtu 1440 .*wireguard/s);
      t.match((await host.exec('ip', ['-d', 'link', 'show', 'wg-v6.tortie'])).stdout, /mtu 1420 .*wireguard/s);
      t.match((await conditionOf(agent, 'ways'))?.detail, '2 over WireGuard');
      const file = (await host.exec('find', [host.path('..'), '-name', 'n1.wireguard.key'])).stdout.trim();
      t.equal(statSync(file).mode & 0o777, 0o600);
      const secret = readFileSync(file, 'utf8').trim();
      const resources = await agent.client.get<object>('/v1/resources/nodes');
      t.match(JSON.stringify(resources), /"wireguard4":\{"address":"10\.244\.[^}]*"key":"[A-Za-z0-9+/]{43}="/);
      for (const told of [JSON.stringify(resources), agent.process.logTail(10_000)]) {
        t.notOk(told.includes(secret), 'the private key is told to nobody');
      }
      const to = podOn(lab, 'n2').addresses;
      t.match(
        (await host.exec('ping', ['-c', '1', '-M', 'do', '-s', String(1420 - 28), to.ipv4!])).stdout,
        /1 received/,
      );
      t.match(
        (await host.exec('ping', ['-c', '1', '-M', 'do', '-s', String(1420 - 48), to.ipv6!])).stdout,
        /1 received/,
      );
      const state = async (): Promise<string> =>
        (await host.exec('sh', ['-c', 'ip -o link show wg.tortie; ip -4 route; ip -6 route'])).stdout;
      const before = await state();
      const streams = FAMILIES.map((family) => startPings(podOn(lab, 'n1'), to[family]!));
      await agent.restart('SIGKILL');
      await eventually('the agent to know its ways', async () =>
        (await conditionOf(agent, 'ways'))?.detail.includes('2 over WireGuard'),
      );
      for (const { sent, received } of await Promise.all(streams.map((end) => end()))) {
        t.ok(sent - received <= 1 + sent * MAY_LOSE, `${sent - received} of ${sent} lost over the restart`);
      }
      t.equal(await state(), before);
      t.equal(readFileSync(file, 'utf8').trim(), secret);
      await host.exec('ip', ['link', 'del', 'wg.tortie']);
      await eventually('a new device', async () => faultsIn(await askAll(lab)).length === 0);
    }),
);

/** Until the other node has a lost key's successor, packets that find no place in the device are lost, and not sent unencrypted. */
const WITHOUT_KEY = 0.05;

t.test(
  'another key, by command and after its file is lost: packets go on, and none goes unencrypted',
  { skip: lacking },
  (t) =>
    withNetwork({ way: { wireguardMode: 'Always' }, bgp: true, pods: 1, oneSubnet: true }, async (lab) => {
      const [agent, other] = [lab.agent('n1'), lab.agent('n2')];
      const keyOf = async () => (await agent.client.get<Wireguard>('/v1/wireguard')).publicKey!;
      const encrypted = (key: string): Promise<boolean> =>
        eventually(`n2 to have heard of ${key}`, async () => {
          const { devices } = await other.client.get<Wireguard>('/v1/wireguard');
          const peers = devices.flatMap((device) => device.peers.filter(({ node }) => node === 'n1'));
          return peers.length === 2 && peers.every((one) => one.publicKey === key && one.lastHandshakeAt !== undefined);
        });
      const first = await eventually('a key', keyOf);
      await encrypted(first);
      for (const name of ['n1', 'n2']) {
        await eventually(`${name} to have its routes`, async () =>
          (await conditionOf(lab.agent(name), 'ways'))?.detail.includes('2 over WireGuard'),
        );
      }
      await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
      const file = (
        await lab.host('n1').exec('find', [lab.host('n1').path('..'), '-name', 'n1.wireguard.key'])
      ).stdout.trim();
      const secrets = [readFileSync(file, 'utf8').trim()];
      const clear = `table inet clear {
      counter unencrypted {}
      chain forward {
        type filter hook forward priority 0;
        oifname "eth0" ip daddr 10.244.0.0/16 counter name unencrypted
        oifname "eth0" ip6 daddr fd00:10:244::/112 counter name unencrypted
      }
    }`;
      for (const name of ['n1', 'n2']) await lab.host(name).exec('nft', ['-f', '/dev/stdin'], { input: clear });
      const streams = [
        ['n1', 'n2'],
        ['n2', 'n1'],
      ].flatMap(([from, to]) =>
        FAMILIES.map((family) => startPings(podOn(lab, from!), podOn(lab, to!).addresses[family]!)),
      );

      const { body } = await agent.client.call<Wireguard>('POST', '/v1/wireguard/rotate');
      const second = await keyOf();
      t.equal(body.publicKey, second);
      t.not(second, first);
      await encrypted(second);
      secrets.push(readFileSync(file, 'utf8').trim());
      t.equal(statSync(file).mode & 0o777, 0o600);

      await agent.stop('SIGKILL');
      rmSync(file);
      await agent.start();
      const third = await eventually('a third key', async () => {
        const key = await keyOf();
        return key !== second && key;
      });
      await encrypted(third);
      secrets.push(readFileSync(file, 'utf8').trim());
      await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
      for (const { sent, received } of await Promise.all(streams.map((end) => end()))) {
        t.comment(`${sent - received} of ${sent} packets lost`);
        t.ok(sent - received <= 1 + sent * WITHOUT_KEY, `${sent - received} of ${sent} lost`);
      }
      for (const name of ['n1', 'n2']) {
        t.match(
          (await lab.host(name).exec('nft', ['list', 'counter', 'inet', 'clear', 'unencrypted'])).stdout,
          /packets 0 /,
        );
      }
      const told = (await events(other)).filter(({ subject }) => subject === 'wg.tortie').map(({ text }) => text);
      t.match(told.join('\n'), `node n1 has another public key, ${third}; it was ${second}`);
      t.equal(new Set(secrets).size, 3);
      const everything = [
        JSON.stringify(await agent.client.get('/v1/resources/nodes')),
        JSON.stringify(await agent.client.get('/v1/wireguard')),
        JSON.stringify(await events(agent)),
        agent.process.logTail(10_000),
        other.process.logTail(10_000),
      ].join('\n');
      for (const secret of secrets) t.notOk(everything.includes(secret), 'no private key is told');
    }),
);

t.test('a kernel without it says so', { skip: lacking ? false : 'this kernel has WireGuard' }, (t) =>
  withNetwork({ way: { wireguardMode: 'Always' }, pods: 1, oneSubnet: true }, async (lab) => {
    const condition = await eventually('the condition', async () => {
      const found = await conditionOf(lab.agent('n1'), 'ways');
      return found && !found.ok && found;
    });
    t.match(condition.detail, /No IPv4 packets over WireGuard: this kernel has no WireGuard: it is built without/);
    t.match(condition.detail, /No IPv6 packets over WireGuard/);
    await setWay(lab, { wireguardMode: 'Never', hostGateway: true });
    await eventually('another way does', async () => faultsIn(await askAll(lab)).length === 0);
  }),
);
