/** The examples of examples/cni, each called as runtimes call it, and the reference plugins chained behind ours. */
import { readdirSync, readFileSync } from 'node:fs';
import type { PodList } from '@tortie/agent/api';
import { enterNamespaces, runCommand } from '@tortie/lab';
import t from 'tap';
import { askFrom, Chain, type Conflist, chainMissing, listenInside } from './cni-chain.js';
import { addressIn, NOTHING, pings, withCniNode } from './cni-rig.js';

await enterNamespaces();
t.jobs = 2;

const folder = new URL('../../../../examples/cni/', import.meta.url);
const read = (file: string): Conflist => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
/** Those of examples/agents/pods.yaml. */
const pools = [
  { name: 'default-ipv4', cidr: '10.244.0.0/16' },
  { name: 'default-ipv6', cidr: 'fd00:10:244::/112' },
];

for (const file of readdirSync(folder)) {
  const list = read(file);
  const skip = list.plugins.length > 1 && chainMissing;
  t.test(`examples/cni/${file}`, { skip, buffered: true }, (t) =>
    withCniNode(
      async (node) => {
        const pod = await node.pod();
        const chain = new Chain(node, list, pod);
        const result = await chain.add();
        t.equal(result.cniVersion, list.cniVersion);
        t.match(result.interfaces, [{ name: /^tor/ }, { name: 'eth0', sandbox: pod.netns }]);
        t.ok(await pings(node.host.netns, addressIn(result, 4)), 'the node reaches the pod');
        await chain.check();
        const { pods } = await node.agent.client.get<PodList>('/v1/pods');
        t.match(pods, [
          { network: list.name, namespace: 'default', pod: 'web-1', hostInterface: result.interfaces[0]!.name },
        ]);
        t.match(await node.ip('link', 'show', result.interfaces[0]!.name), /alias default\/web-1/);
        await chain.del();
        await chain.del();
        t.same(await node.traces(), NOTHING);
      },
      { pools },
    ),
  );
}

t.test('what the examples say is what pods get', { skip: chainMissing, buffered: true }, (t) =>
  withCniNode(
    async (node) => {
      const tuned = await node.pod();
      const result = await new Chain(node, read('10-tortie-tuned.conflist'), tuned).add();
      t.equal(result.ips.length, 1, 'no IPv6');
      const inside = (...words: string[]) => runCommand('ip', ['netns', 'exec', tuned.name, ...words]);
      t.match((await inside('cat', '/proc/sys/net/core/somaxconn')).stdout, /^1024$/m);
      t.match((await inside('ip', 'link', 'show', 'eth0')).stdout, /mtu 1400/);
      const newest = await new Chain(node, read('10-tortie-newest.conflist'), await node.pod()).add();
      t.equal(addressIn(newest, 4), '10.244.3.7');
      t.match(newest.dns, { nameservers: ['10.96.0.10'] });
    },
    { pools },
  ),
);

t.test(
  'port mappings and bandwidth of the reference plugins, over both families',
  { skip: chainMissing, buffered: true },
  (t) =>
    withCniNode(
      async (node) => {
        const pod = await node.pod();
        const chain = new Chain(node, read('10-tortie-kubernetes.conflist'), pod, {
          portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }],
          bandwidth: {
            ingressRate: 10_000_000,
            ingressBurst: 1_000_000,
            egressRate: 10_000_000,
            egressBurst: 1_000_000,
          },
          ips: ['10.244.9.9'],
        });
        const result = await chain.add();
        t.equal(addressIn(result, 4), '10.244.9.9');
        t.match(await node.host.exec('tc', ['qdisc', 'show', 'dev', result.interfaces[0]!.name]), {
          stdout: /tbf .*rate 10Mbit/,
        });
        const other = node.host.netns.replace(/node$/, 'other');
        for (const [version, host] of [
          [4, '10.0.0.1'],
          [6, 'fd00::1'],
        ] as const) {
          const stop = await listenInside(pod.name, addressIn(result, version), 80);
          t.equal(
            await askFrom(other, host, 8080),
            'here',
            `IPv${version}: another machine reaches the pod by the node's port`,
          );
          await stop();
        }
        await chain.check();
        await chain.del();
        t.same(await node.traces(), NOTHING);
      },
      { pools },
    ),
);
