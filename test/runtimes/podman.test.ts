import { enterNamespaces } from '@tortie/lab';
import t from 'tap';
import { BUSYBOX_IMAGE, busyboxRoot } from './images.js';
import { RuntimeNode, runtimeMissing } from './node.js';
import { Podman } from './podman.js';

await enterNamespaces();
const skip = await runtimeMissing('podman', 'runc', 'conmon', 'busybox');

const withPodman = (work: (node: RuntimeNode, podman: Podman) => Promise<void>): Promise<void> =>
  RuntimeNode.with(async (node) => {
    const podman = new Podman(node);
    try {
      await podman.import(await busyboxRoot(node.folder), BUSYBOX_IMAGE, 'ENV PATH=/bin');
      await work(node, podman);
    } finally {
      await podman.close();
    }
  });

t.test('podman: containers with addresses of the pools, one of them fixed, a port mapped', { skip }, (t) =>
  withPodman(async (node, podman) => {
    await podman.start('one', BUSYBOX_IMAGE);
    await podman.start(
      'two',
      BUSYBOX_IMAGE,
      '--ip',
      '10.244.7.7',
      '--mac-address',
      '02:00:00:00:00:77',
      '-p',
      '8080:80',
    );
    const pods = await node.pods();
    t.equal(pods.length, 2);
    const [one, two] = [
      pods.find(({ mac }) => mac !== '02:00:00:00:00:77')!,
      pods.find(({ mac }) => mac === '02:00:00:00:00:77')!,
    ];
    t.equal(two.addresses[0], '10.244.7.7');
    for (const address of two.addresses) {
      t.ok(
        (await podman.run(['exec', 'one', 'ping', '-c', '1', '-W', '2', address], { allowFailure: true })).code === 0,
        `one reaches ${address}`,
      );
    }
    for (const address of one.addresses) t.ok(await node.reaches(address), `the node reaches ${address}`);
    const { stdout } = await podman.run(['inspect', '-f', '{{.NetworkSettings.Networks.tortie.IPAddress}}', 'two']);
    t.equal(stdout.trim(), '10.244.7.7', 'as podman shows it');
    await podman.run(['exec', '-d', 'two', 'nc', '-l', '-p', '80', '-e', 'echo', 'here']);
    const { stdout: said } = await node.other.exec('busybox', ['nc', '-w', '3', node.host.address(), '8080']);
    t.equal(said.trim(), 'here', "another machine reaches the container by the node's port");
    await podman.run(['rm', '-f', '-t', '0', 'one']);
    t.equal((await node.pods()).length, 1);
    await podman.run(['rm', '-f', '-t', '0', 'two']);
    await node.empty();
  }),
);

t.test('podman: without an agent it says why, and goes on when the agent is back', { skip }, (t) =>
  withPodman(async (node, podman) => {
    await podman.start('kept', BUSYBOX_IMAGE);
    const before = await node.pods();
    await node.agent.stop('SIGKILL');
    const { code, stderr } = await podman.run(['run', '--rm', '--network', 'tortie', BUSYBOX_IMAGE, 'echo'], {
      allowFailure: true,
    });
    t.not(code, 0);
    t.match(stderr, /the agent of this node cannot be asked; try again later/);
    t.ok(await node.reaches(before[0]!.addresses[0]!), 'the other container goes on');
    await node.agent.start();
    t.same(await node.pods(), before);
    await podman.start('next', BUSYBOX_IMAGE);
    t.equal((await node.pods()).length, 2);
    await podman.close();
    await node.empty();
  }),
);
