import { enterNamespaces, until } from '@tortie/lab';
import t from 'tap';
import { Containerd } from './containerd.js';
import { RuntimeNode, runtimeMissing } from './node.js';

await enterNamespaces();
const skip = await runtimeMissing('containerd', 'ctr', 'runc', 'podman', 'cc');

t.test('containerd, asked as kubelet asks: pods come, talk, and go', { skip }, (t) =>
  RuntimeNode.with(async (node) => {
    const containerd = await Containerd.start(node);
    const { cri, logs } = containerd;
    const ids: string[] = [];
    try {
      await until(async () => (await cri.networkReady()).ready, { what: 'a network that is ready' });
      const annotations = { 'cni.projectcalico.org/ipAddrs': '["10.244.9.9"]' };
      for (const name of ['web-0', 'web-1', 'web-2']) {
        ids.push(
          await cri.run(
            {
              name,
              uid: name,
              ...(name === 'web-2' && { annotations }),
              portMappings: [{ containerPort: 80, hostPort: 8000 + ids.length }],
            },
            logs,
          ),
        );
      }
      const pods = await node.pods();
      t.match(
        [...pods].sort((x, y) => x.pod!.localeCompare(y.pod!)),
        ids.map((containerId, index) => ({
          network: 'tortie',
          namespace: 'default',
          pod: `web-${index}`,
          containerId,
        })),
      );
      t.match(await cri.addresses(ids[2]!), ['10.244.9.9'], 'as its annotation asks');
      for (const id of ids) {
        const addresses = await cri.addresses(id);
        t.same(addresses, pods.find(({ containerId }) => containerId === id)!.addresses, 'as kubelet learns them');
        for (const address of addresses) t.ok(await node.reaches(address), `the node reaches ${address}`);
      }
      await node.agent.restart('SIGKILL');
      t.same(
        new Set((await node.pods()).map(({ pod }) => pod)),
        new Set(['web-0', 'web-1', 'web-2']),
        'over a restart',
      );
      await node.agent.stop();
      await t.rejects(cri.run({ name: 'web-3', uid: 'web-3' }, logs), { message: /cannot be asked; try again later/ });
      await node.agent.start();
      ids.push(await cri.run({ name: 'web-3', uid: 'web-3', attempt: 1 }, logs));
      t.equal((await cri.addresses(ids[3]!)).length, 2, 'and again with an agent');
      t.equal((await cri.list()).length, 5, 'the one that failed waits to be taken away too');
      for (const id of await cri.list()) {
        await cri.stop(id);
        await cri.stop(id);
        await cri.remove(id);
      }
      await node.empty();
    } finally {
      for (const id of await cri.list()) {
        await cri.stop(id).catch((error) => t.comment(String(error)));
        await cri.remove(id).catch((error) => t.comment(String(error)));
      }
      await containerd.close();
    }
  }),
);
