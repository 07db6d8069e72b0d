/**
 * IP in IP between nodes, where the kernel has it (`npm run test:kernels` has one that does): traffic goes on while pools change
 * from and to it. Where it has not, that is said, and nothing else suffers.
 */
import { enterNamespaces, withHosts } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, conditionOf, faultsIn, nodesOf, podOn, setWay, withNetwork } from './network-rig.js';
import { switchWays, type WayStep } from './switch-ways.js';

await enterNamespaces();

let lacking: string | false = false;
await withHosts(['one'], async (lab) => {
  const words = ['link', 'add', 'probe', 'type', 'ipip', 'remote', 'any', 'local', '192.0.2.1'];
  const { code, stderr } = await lab.host('one').exec('ip', words, { allowFailure: true });
  if (code !== 0) lacking = `this kernel has no IPIP: ${stderr.trim()}`;
});

const STEPS: readonly WayStep[] = [
  { name: 'bgp -> ipip', way: { ipipMode: 'Always' }, devices: [/^ipip/, /^ipip/] },
  { name: 'ipip -> cross-subnet', way: { ipipMode: 'CrossSubnet' }, devices: [/^eth0/, /^ipip/] },
  {
    name: 'cross-subnet -> vxlan',
    way: { ipipMode: 'Never', vxlanMode: 'Always' },
    devices: [/^vxlan/, /^vxlan/],
  },
  {
    name: 'vxlan -> ipip',
    way: { ipipMode: 'Always', vxlanMode: 'Never' },
    devices: [/^ipip/, /^ipip/],
  },
  { name: 'ipip -> bgp', way: { ipipMode: 'Never' }, devices: [/^eth0/, /^eth0/] },
];

t.test('from every way to IPIP and back, near and far', { skip: lacking }, (t) => switchWays(t, STEPS, ['ipv4']));

t.test('the device, its address and its MTU; packets that fill it', { skip: lacking }, (t) =>
  withNetwork({ way: {}, pods: 1 }, async (lab) => {
    await setWay(lab, { ipipMode: 'Always' }, 'pods4');
    await setWay(lab, { vxlanMode: 'Always' }, 'pods6');
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const [host, agent] = [lab.host('n1'), lab.agent('n1')];
    const link = (await host.exec('ip', ['-d', 'link', 'show', 'ipip.tortie'])).stdout;
    t.match(link, /mtu 1480 .*ipip (ipip )?remote any local [0-9.]+ ttl 64 pmtudisc/s);
    t.match((await conditionOf(agent, 'ways'))?.detail, '2 over IPIP');
    const { stdout } = await host.exec('ip', ['-4', '-o', 'addr', 'show', 'dev', 'ipip.tortie']);
    const [, address] = /inet ([0-9.]+)\/32/.exec(stdout)!;
    const assigned = await agent.client.call<{ items: { address: string }[] }>(
      'GET',
      '/v1/ipam/assignments?handle=ipip-tunnel-addr-n1',
    );
    t.match(JSON.stringify(assigned.body), `"${address}"`, 'it is that of the handle');
    const to = podOn(lab, 'n3').addresses.ipv4!;
    const full = await host.exec('ping', ['-c', '1', '-M', 'do', '-s', String(1480 - 28), to]);
    t.match(full.stdout, /1 received/);
    // A restarted agent finds everything as it should be.
    const state = async (): Promise<string> =>
      (await host.exec('sh', ['-c', 'ip -o link show ipip.tortie; ip -4 route'])).stdout;
    const before = await state();
    await agent.restart('SIGKILL');
    await eventually('the agent to know its ways', async () =>
      (await conditionOf(agent, 'ways'))?.detail.includes('2 over IPIP'),
    );
    t.equal(await state(), before);
    // Somebody takes the device away.
    await host.exec('ip', ['link', 'del', 'ipip.tortie']);
    await eventually('a new device', async () => faultsIn(await askAll(lab)).length === 0);
  }),
);

t.test('a kernel without it says so', { skip: lacking ? false : 'this kernel has IPIP' }, (t) =>
  withNetwork({ way: {}, pods: 1, oneSubnet: true }, async (lab) => {
    await setWay(lab, { vxlanMode: 'Always' }, 'pods6');
    await setWay(lab, { ipipMode: 'Always' }, 'pods4');
    for (const { name } of nodesOf(lab)) {
      const condition = await eventually('the condition', async () => {
        const found = await conditionOf(lab.agent(name), 'ways');
        return found && !found.ok && found;
      });
      t.match(
        condition.detail,
        /No IPv4 packets over IPIP: this kernel has no IPIP: it is built without the module ipip/,
      );
    }
    await eventually('IPv6 goes on', async () =>
      (await askAll(lab)).filter(({ family }) => family === 'ipv6').every(({ seenAs }) => seenAs !== undefined),
    );
    await setWay(lab, { ipipMode: 'Never', hostGateway: true }, 'pods4');
    await eventually('another way does', async () => faultsIn(await askAll(lab)).length === 0);
    t.ok((await conditionOf(lab.agent('n1'), 'ways'))?.ok);
  }),
);
