/** What others do to the ways between nodes: what is ours is there again at once, and what is not is told with what helps. */
import { readFile } from 'node:fs/promises';
import type { Doctor, EventList, FibPage } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Host } from '@tortie/lab';
import t from 'tap';
import { eventually } from './eventually.js';
import { askAll, faultsIn, podOn, withNetwork } from './network-rig.js';

await enterNamespaces();
t.jobs = 2;

const CODES = ['route-taken', 'block-unreachable', 'route-inside-block', 'peer-sends-ours'];
const findings = async (agent: Agent): Promise<Doctor['findings']> =>
  (await agent.client.get<Doctor>('/v1/doctor')).findings.filter(({ code }) => CODES.includes(code));

const sh = (host: Host, command: string) => host.exec('sh', ['-c', command]);

t.test('routes of others before those to blocks are findings until they are gone', { buffered: true }, (t) =>
  withNetwork({ way: {}, bgp: true, pods: 1, oneSubnet: true }, async (lab) => {
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const [host, agent] = [lab.host('n1'), lab.agent('n1')];
    t.same(await findings(agent), []);
    const { addresses } = podOn(lab, 'n2');
    const { routes } = await agent.client.get<FibPage>('/v1/fib');
    const blockOf = (family: 'ipv4' | 'ipv6'): string =>
      routes.find(({ prefix, source }) => source === 'bgp' && prefix.includes(':') === (family === 'ipv6'))!.prefix;
    const [block4, block6] = [blockOf('ipv4'), blockOf('ipv6')];
    const deeds: readonly (readonly [deed: string, subject: string, text: string])[] = [
      [
        `ip route add ${block4} via 10.0.0.3 metric 5 proto static`,
        block4,
        `packets to ${block4} go by a route of others, ${block4} via 10.0.0.3 dev eth0 proto static metric 5, before the one of this agent`,
      ],
      [
        `ip route add ${addresses.ipv4} via 10.0.0.1`,
        block4,
        `packets to a part of ${block4} go by a route of others, ${addresses.ipv4}/32 via 10.0.0.1 dev eth0 proto boot, `,
      ],
      [
        `ip -6 route add blackhole ${block6} metric 7`,
        block6,
        `packets to ${block6} go by a route of others, blackhole ${block6}`,
      ],
    ];
    for (const [deed, subject, text] of deeds) {
      await sh(host, deed);
      await eventually(`the warning after ${deed}`, async () =>
        (await agent.status()).warnings.some((one) => one.toLowerCase().startsWith(text.toLowerCase())),
      );
      const [finding] = await findings(agent);
      t.match(finding, { code: 'route-taken', severity: 'warning', subject });
      t.ok(finding!.text.startsWith(text), finding!.text);
      const { routes: shown } = await agent.client.get<FibPage>('/v1/fib', { prefix: subject });
      t.equal(shown[0]!.taken, finding!.text, 'and so says the route');
      await sh(host, finding!.remedy.split(', and')[0]!);
      await eventually('no warning any more', async () => (await agent.status()).warnings.length === 0);
      t.same(await findings(agent), []);
    }
    const text = `packets to ${block6} go by our route again`;
    const { events } = await agent.client.get<EventList>('/v1/events', { kind: 'fib' });
    t.ok(events.some((event) => event.text === text));
    await sh(host, deeds[0]![0]);
    await agent.restart('SIGKILL');
    await eventually('a warning after a start, too', async () =>
      (await agent.status()).warnings.some((one) => one.includes(`ackets to ${block4} go by a route of others`)),
    );
    await sh(host, `ip route del ${block4} metric 5`);
    await eventually('no warning any more', async () => (await agent.status()).warnings.length === 0);
    // One inside of a block of this node is how whoever has an address by hand is plugged in.
    const own = (await agent.status()).blocks.find((prefix) => !prefix.includes(':'))!;
    await sh(host, `ip route add ${own.replace(/\d+\/\d+$/, '')}${Number(/(\d+)\/\d+$/.exec(own)![1]) + 9} dev lo`);
    t.same(await findings(agent), []);
  }),
);

t.test('blocks of other nodes that nothing leads to are a finding', { buffered: true }, (t) =>
  withNetwork({ way: {}, bgp: true, pods: 1, oneSubnet: true }, async (lab) => {
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const agent = lab.agent('n1');
    t.same(await findings(agent), []);
    const router = lab.bird('r');
    const session = /^(\S*n1\S*v6)\s/m.exec(await router.birdc('show protocols'))![1]!;
    await router.birdc(`disable ${session}`);
    const [finding, ...more] = await eventually('the finding', async () => {
      const all = await findings(agent);
      return all.length > 0 && all;
    });
    t.same(more, []);
    t.match(finding, { code: 'block-unreachable', severity: 'error' });
    t.match(finding!.text, /^nothing leads to 1 block of other nodes over IPv6: fd00:10:244::\S+\/122 of n2$/);
    await router.birdc(`enable ${session}`);
    await eventually('no finding any more', async () => (await findings(agent)).length === 0);
  }),
);

t.test('a router that announces parts of blocks is told of by whom it concerns', { buffered: true }, (t) =>
  withNetwork({ way: {}, bgp: true, pods: 1, oneSubnet: true }, async (lab) => {
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const [agent, owner] = [lab.agent('n1'), lab.agent('n2')];
    const block = (await owner.status()).blocks.find((prefix) => !prefix.includes(':'))!;
    const part = block.replace('/26', '/27');
    const config = await readFile(lab.host('r').path('bird.conf'), 'utf8');
    await lab.bird('r').reconfigure(`${config}\nprotocol static odd { ipv4; route ${part} blackhole; }\n`);
    const all = async (one: Agent) =>
      eventually(`the finding of ${one.host.name}`, async () => {
        const found = await findings(one);
        return found.length > 0 && found;
      });
    t.match(await all(agent), [
      {
        code: 'route-inside-block',
        severity: 'warning',
        subject: part,
        text: `packets to ${part} go by BGP, although it is a part of block ${block} of node n2, and no address there is used elsewhere`,
      },
    ]);
    t.match(await all(owner), [
      {
        code: 'peer-sends-ours',
        severity: 'info',
        text: `peer r-v4 announces 1 prefix inside of blocks of this node as if from elsewhere (${part})`,
      },
    ]);
    await lab.bird('r').reconfigure(config);
    for (const one of [agent, owner])
      await eventually('no finding any more', async () => (await findings(one)).length === 0);
  }),
);

t.test('entries of VXLAN and its device that others take away are there again', { buffered: true }, (t) =>
  withNetwork({ way: { vxlanMode: 'Always' }, pods: 1, oneSubnet: true }, async (lab) => {
    await eventually('everybody to reach everybody', async () => faultsIn(await askAll(lab)).length === 0);
    const [host, agent] = [lab.host('n1'), lab.agent('n1')];
    const state = async (): Promise<string> =>
      (await sh(host, 'bridge fdb show dev vxlan.tortie; ip neigh show dev vxlan.tortie nud permanent')).stdout;
    const before = await state();
    t.match(before, /dst 10\.0\.0\.\d+ self permanent/);
    const [, mac, to] = /^(\S+) dst (\S+)/.exec(before)!;
    const deeds = [
      `bridge fdb del ${mac} dev vxlan.tortie dst ${to}`,
      'ip neigh show dev vxlan.tortie nud permanent | while read one rest; do ip neigh del $one dev vxlan.tortie; done',
    ];
    for (const deed of deeds) {
      const { lastId: after } = await agent.client.get<EventList>('/v1/events');
      await sh(host, deed);
      await eventually(`the entry after ${deed}`, async () => (await state()) === before);
      const { events } = await agent.client.get<EventList>('/v1/events', { after });
      t.ok(
        events.some(({ text }) => text === '1 entry of vxlan.tortie had been taken away, and is there again'),
        deed,
      );
    }
    await sh(host, 'ip link del vxlan.tortie');
    await eventually('everybody to reach everybody again', async () => faultsIn(await askAll(lab)).length === 0);
  }),
);
