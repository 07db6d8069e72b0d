/** The way of pools is changed while pods talk: packets go on, by the way that was asked for. */
import { enterNamespaces } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, FAMILIES, faultsIn, MAY_LOSE, podOn, setWay, startPings, withNetwork } from './network-rig.js';
import { switchWays, type WayStep } from './switch-ways.js';

await enterNamespaces();

const STEPS: readonly WayStep[] = [
  { name: 'bgp -> vxlan', way: { vxlanMode: 'Always' }, devices: [/^vxlan/, /^vxlan/] },
  { name: 'vxlan -> cross-subnet', way: { vxlanMode: 'CrossSubnet' }, devices: [/^eth0/, /^vxlan/] },
  { name: 'cross-subnet -> vxlan', way: { vxlanMode: 'Always' }, devices: [/^vxlan/, /^vxlan/] },
  { name: 'vxlan -> bgp', way: { vxlanMode: 'Never' }, devices: [/^eth0/, /^eth0/] },
  { name: 'bgp -> host-gw', way: { hostGateway: true }, devices: [/^eth0/, /^eth0/] },
  { name: 'host-gw -> cross-subnet', way: { vxlanMode: 'CrossSubnet' }, devices: [/^eth0/, /^vxlan/] },
  { name: 'cross-subnet -> bgp', way: { vxlanMode: 'Never', hostGateway: false }, devices: [/^eth0/, /^eth0/] },
];

t.test('from every way to another, near and far, over both families', (t) => switchWays(t, STEPS));

t.test('a restarted agent leaves devices, entries and routes as they are', (t) =>
  withNetwork({ way: { vxlanMode: 'Always' }, pods: 1 }, async (lab) => {
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const [host, agent] = [lab.host('n1'), lab.agent('n1')];
    const state = async (): Promise<string> => {
      const commands = [
        'ip -o link',
        'bridge fdb show dev vxlan.tortie',
        'ip neigh show dev vxlan.tortie',
        'ip -4 route',
      ];
      return (await host.exec('sh', ['-c', [...commands, 'ip -6 route'].join('; ')])).stdout;
    };
    const before = await state();
    const monitor = host.spawn('ip', ['monitor', 'link', 'route'], { name: 'monitor' });
    const streams = FAMILIES.map((family) => startPings(podOn(lab, 'n1'), podOn(lab, 'n2').addresses[family]!));
    await agent.restart('SIGKILL');
    await eventually('the agent to know its ways', async () =>
      (await agent.status()).conditions.some(({ name, detail }) => name === 'ways' && detail.includes('4 over VXLAN')),
    );
    for (const { sent, received } of await Promise.all(streams.map((one) => one()))) {
      t.ok(sent - received <= 1 + sent * MAY_LOSE, `${sent - received} of ${sent} lost`);
    }
    await monitor.stop();
    t.equal(await state(), before);
    t.notMatch(monitor.logTail(1000), /Deleted .*(vxlan|proto 201)/, 'nothing was away for a moment');
  }),
);

t.test('what stands in the way of a tunnel is told, and used no more once it is gone', (t) =>
  withNetwork({ way: {}, pods: 1, oneSubnet: true }, async (lab) => {
    const [host, agent] = [lab.host('n1'), lab.agent('n1')];
    await host.exec('ip', ['link', 'add', 'vxlan.tortie', 'type', 'bridge']);
    await setWay(lab, { vxlanMode: 'Always' });
    const condition = await eventually('the condition', async () =>
      (await agent.status()).conditions.find(({ name, ok }) => name === 'ways' && !ok),
    );
    t.match(condition.detail, /No IPv4 packets over VXLAN: interface vxlan.tortie is there and is no vxlan device/);
    await host.exec('ip', ['link', 'del', 'vxlan.tortie']);
    await eventually('tunnels', async () => faultsIn(await askAll(lab)).length === 0);
    // An uplink too small for IPv6 inside VXLAN.
    await host.exec('ip', ['link', 'set', 'eth0', 'mtu', '1300']);
    const small = await eventually('the condition', async () =>
      (await agent.status()).conditions.find(({ name, ok }) => name === 'ways' && !ok),
    );
    t.match(small.detail, /No IPv6 packets over VXLAN: the MTU .* leaves 1230 octets, IPv6 needs 1280; raise it by 50/);
    t.match((await host.exec('ip', ['link', 'show', 'vxlan.tortie'])).stdout, /mtu 1250/);
    t.match((await agent.status()).warnings.join(' '), /1 pod has an MTU above 1230/);
    await host.exec('ip', ['link', 'set', 'eth0', 'mtu', '1500']);
    await eventually('tunnels again', async () => faultsIn(await askAll(lab)).length === 0);
    await host.exec('ip', ['link', 'del', 'vxlan.tortie']);
    await eventually('a new device', async () => faultsIn(await askAll(lab)).length === 0);
  }),
);
