/** What others do to the host's end of a pod's link and to its routes: set right where it is ours, told with what helps where it is not. */
import type { Doctor, PodList } from '@tortie/agent/api';
import { enterNamespaces, runCommand } from '@tortie/lab';
import t from 'tap';
import { addressIn, type CniNode, pings, withCniNode } from './cni-rig.js';
import { eventually } from './eventually.js';
import { events } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const findings = async (node: CniNode): Promise<Doctor['findings']> =>
  (await node.agent.client.get<Doctor>('/v1/doctor')).findings.filter(({ code }) => code.startsWith('pod-'));

const problems = async (node: CniNode): Promise<string[]> =>
  (await node.agent.client.get<PodList>('/v1/pods')).pods.flatMap((pod) => pod.problems ?? []);

t.test("what is changed of a host's end is set right at once, and told", { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [one, two] = [await node.pod(), await node.pod()];
    await node.add(one);
    const result = await node.add({ ...two, config: { mtu: 1400 } });
    const link = result.interfaces[0]!.name;
    await node.ip('link', 'add', 'br7', 'type', 'bridge');
    const settings: readonly (readonly [key: string, value: number, was: number])[] = [
      ['ipv4/conf/LINK/forwarding', 0, 1],
      ['ipv4/conf/LINK/proxy_arp', 0, 1],
      ['ipv4/conf/LINK/rp_filter', 0, 1],
      ['ipv6/conf/LINK/forwarding', 0, 1],
      ['ipv6/conf/LINK/disable_ipv6', 1, 0],
    ];
    const deeds: readonly (readonly [deed: string, told: RegExp, mended: string, state: RegExp])[] = [
      ...settings.map(([path, value, was]) => {
        const key = `net/${path.replace('LINK', link)}`;
        return [
          `echo ${value} > /proc/sys/${key}`,
          new RegExp(`${key} was ${value}, not ${was}`),
          `cat /proc/sys/${key}`,
          new RegExp(`^${was}$`, 'm'),
        ] as const;
      }),
      [`ip link set ${link} mtu 1300`, /had an MTU of 1300, not 1400/, `ip link show ${link}`, /mtu 1400/],
      [
        `ip link set ${link} address 02:00:00:00:00:07`,
        /had the MAC 02:00:00:00:00:07/,
        `ip link show ${link}`,
        /ether ee:ee:ee:ee:ee:ee/,
      ],
      [`ip link set ${link} down`, /was down/, `ip link show ${link}`, /,UP/],
      [`ip link set ${link} master br7`, /was a port of another interface/, `ip link show ${link}`, /^(?!.*master)/],
      [
        `ip addr del fe80::ecee:eeff:feee:eeee/64 dev ${link}`,
        /lacked fe80::ecee:eeff:feee:eeee/,
        `ip addr show ${link}`,
        /inet6 fe80::ecee:eeff:feee:eeee/,
      ],
    ];
    const { client } = node.agent;
    for (const [deed, told, question, state] of deeds) {
      const after = (await client.get<{ lastId: number }>('/v1/events')).lastId;
      await node.host.exec('sh', ['-c', deed]);
      await eventually(`what is told of ${deed}`, async () =>
        (await events(node.agent, after)).some(({ text }) => told.test(text)),
      );
      t.match((await node.host.exec('sh', ['-c', question])).stdout, state, deed);
      for (const version of [4, 6] as const)
        await eventually(`an answer after ${deed}`, () => pings(one.name, addressIn(result, version)));
    }
    await node.silent('CHECK', { ...two, config: { prevResult: result } });
    t.same(await findings(node), [], 'nothing is left');
    const loose = `net/ipv4/conf/${link}/rp_filter`;
    const before = await client.get<{ lastId: number }>('/v1/events');
    await node.host.exec('sh', ['-c', `echo 2 > /proc/sys/${loose}; ip link set ${link} mtu 1300`]);
    await eventually('the MTU', async () => /mtu 1400/.test(await node.ip('link', 'show', link)));
    t.match((await node.host.exec('cat', [`/proc/sys/${loose}`])).stdout, /^2$/m, 'loose is as strict here, and stays');
    t.notOk((await events(node.agent, before.lastId)).some(({ text }) => text.includes('rp_filter')));
  }),
);

t.test('a route of others before that of a pod is a finding until it is gone', { buffered: true }, (t) =>
  withCniNode(async (node) => {
    const [one, two] = [await node.pod(), await node.pod()];
    await node.add(one);
    const result = await node.add({ ...two, args: 'K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-1' });
    const [v4, v6] = [addressIn(result, 4), addressIn(result, 6)];
    const deeds: readonly (readonly [deed: string, undo: string | undefined, text: string, remedy: RegExp])[] = [
      [
        `ip route add ${v4} dev eth0 metric 5 proto static`,
        undefined,
        `the route ${v4}/32 dev eth0 proto static metric 5 goes before its own, of metric 32`,
        /^ip route del \S+ proto static metric 5, and have whoever made it leave addresses of pods alone$/,
      ],
      [
        `ip route add blackhole ${v4}`,
        undefined,
        `the route blackhole ${v4}/32 proto boot goes before its own`,
        /^ip route del blackhole \S+ proto boot, /,
      ],
      [
        `ip -6 route add ${v6} via fd00::2 dev eth0 metric 1 proto bird`,
        undefined,
        `the route ${v6}/128 via fd00::2 dev eth0 proto bird metric 1 goes before its own`,
        /^ip -6 route del \S+ proto bird metric 1, /,
      ],
      [
        `ip route add throw default table 99; ip route add ${v4} dev eth0 table 99; ip rule add to ${v4} lookup 99 priority 100`,
        'ip rule del priority 100',
        `the route ${v4}/32 dev eth0 proto boot table 99 goes before its own`,
        /^ip route del \S+ proto boot table 99, /,
      ],
      [
        `ip addr add ${v4}/32 dev eth0`,
        `ip addr del ${v4}/32 dev eth0`,
        `the route local ${v4}/32`,
        /^take \S+ off this node: it is the address of a pod$/,
      ],
    ];
    for (const [deed, undo, text, remedy] of deeds) {
      await node.host.exec('sh', ['-c', deed]);
      const [finding] = await eventually(`the finding after ${deed}`, async () => {
        const all = await findings(node);
        return all.length > 0 && all;
      });
      t.match(finding, { code: 'pod-route-taken', severity: 'error', subject: 'default/web-1', remedy }, deed);
      t.ok(finding!.text.includes(text), finding!.text);
      t.match(await problems(node), [/packets to \S+ do not go there/]);
      t.match((await node.agent.status()).warnings.join(), /Something is wrong with 1 pod of this node/);
      await node.host.exec('sh', ['-c', undo ?? finding!.remedy.split(', and')[0]!]);
      await eventually('no finding any more', async () => (await findings(node)).length === 0);
      for (const address of [v4, v6]) t.ok(await pings(one.name, address), `${address} answers`);
    }
    t.ok((await events(node.agent)).some(({ text }) => text === 'default/web-1 is as it should be again'));
    t.same((await node.agent.status()).warnings, []);
    await runCommand('ip', ['-n', node.host.netns, 'link', 'del', result.interfaces[0]!.name]);
    const [finding] = await eventually('that it is cut off', async () => {
      const all = await findings(node);
      return all.length > 0 && all;
    });
    t.match(finding, { code: 'pod-cut-off', subject: 'default/web-1', remedy: 'start the pod anew' });
    await node.silent('DEL', two);
    t.same(await findings(node), []);
  }),
);
