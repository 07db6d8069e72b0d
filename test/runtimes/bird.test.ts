import { readFileSync } from 'node:fs';
import { enterNamespaces, until, withLab } from '@tortie/lab';
import t from 'tap';
import { runtimeMissing } from './node.js';

await enterNamespaces();
const skip = await runtimeMissing('podman', 'runc', 'conmon', 'bird');

const topology = readFileSync(new URL('../../../../examples/labs/containers.yaml', import.meta.url), 'utf8');

t.test(
  'BIRD in containers: a ToR and a reflector carry routes between nodes, die, come back, and leave nothing',
  { skip },
  (t) =>
    withLab(topology, async (lab) => {
      const [tor, reflector] = [lab.bird('tor'), lab.bird('reflector')];
      const inside = readFileSync(
        `/proc/${readFileSync(lab.host('tor').path('bird.container'), 'utf8')}/cgroup`,
        'utf8',
      );
      t.match(inside, /libpod/, 'it is a container');
      const learned = async (block: string): Promise<void> => {
        await until(
          async () => {
            const routes = await lab.host('node-2').kernelRoutes(block.includes(':') ? 'ipv6' : 'ipv4', 201);
            return routes.some(({ dst, type }) => dst === block && type !== 'blackhole');
          },
          { what: `${block} in the kernel of node-2` },
        );
      };
      const { blocks } = await lab.agent('node-1').status();
      for (const block of blocks) await learned(block);
      await learned('198.51.100.0/24');
      for (const [bird, session] of [
        [tor, 'node_2_v4'],
        [reflector, 'node_1_v6'],
      ] as const) {
        t.match(await bird.stop('SIGKILL'), /exit code 137|SIGKILL/);
        await bird.restart();
        await until(async () => (await bird.protocol(session)).info === 'Established', {
          what: `${session} once more`,
        });
      }
      for (const block of blocks) await learned(block);
      await learned('198.51.100.0/24');
      t.match(await tor.stop('SIGTERM'), /exit code 0/);
    }),
);
