/** What agents do to real kernels: routes as `ip route` shows them, and pods that talk while an agent is killed. */
import type { FibRoute } from '@tortie/agent/api';
import {
  type Agent,
  enterNamespaces,
  type Host,
  type KernelRoute,
  type Lab,
  type Prober,
  startBird,
  withHosts,
  withLab,
} from '@tortie/lab';
import t from 'tap';
import { type BirdPeer, birdConfig, staticRoutes } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, LOCAL_ASN, peerAt, startAgent } from './start-agent.js';

await enterNamespaces();
t.jobs = 2;

const BIRD_ASN = 65002;
const PREFIXES = { ipv4: '198.51.100.0/24', ipv6: '2001:db8:100::/48' } as const;
const FAMILIES = ['ipv4', 'ipv6'] as const;
const STATIC = `${staticRoutes('static4', 'ipv4', [PREFIXES.ipv4])}${staticRoutes('static6', 'ipv6', [PREFIXES.ipv6])}`;

const towards = (bird: Host, agent: Host, over: Partial<BirdPeer> = {}): BirdPeer => ({
  name: 'tortie',
  local: bird.address(),
  localAsn: BIRD_ASN,
  remote: agent.address(),
  remoteAsn: LOCAL_ASN,
  ...over,
});

/** Routes of one prefix in the kernel, of all protocols. */
const routesTo = async (host: Host, prefix: string): Promise<KernelRoute[]> =>
  (await host.kernelRoutes(prefix.includes(':') ? 'ipv6' : 'ipv4')).filter(({ dst }) => dst === prefix);

const ours = async (host: Host, prefix: string): Promise<KernelRoute | undefined> =>
  (await routesTo(host, prefix)).find(({ protocol }) => protocol === '201');

const fibOf = async (agent: Agent, prefix: string): Promise<FibRoute | undefined> =>
  (await agent.fib()).find((route) => route.prefix === prefix);

/** Follows the kernel's route events of a host; the answer gives what was deleted. */
async function followDeletions(host: Host): Promise<() => Promise<readonly string[]>> {
  const follow = host.spawn('ip', ['monitor', 'route'], { name: 'route-events' });
  // It listens once it tells of a route made for that purpose.
  await eventually('ip monitor', async () => {
    await host.exec('ip', ['route', 'replace', 'blackhole', '192.0.2.255/32', 'proto', 'static']);
    await host.exec('ip', ['route', 'del', 'blackhole', '192.0.2.255/32']);
    return follow.logTail().includes('Deleted blackhole 192.0.2.255');
  });
  return async () => {
    await follow.stop();
    const lines = follow.logTail(10_000).split('\n');
    return lines.filter((line) => line.startsWith('Deleted') && !line.includes('192.0.2.255'));
  };
}

t.test(
  'learned routes stand in the kernel with our protocol and metric, and go when they are withdrawn',
  { buffered: true },
  (t) =>
    withHosts(['bird', 'tortie'], async (lab) => {
      const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
      const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)], STATIC));
      const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
      for (const family of FAMILIES) {
        const prefix = PREFIXES[family];
        const route = await eventually(`${prefix} in the kernel`, () => ours(tortie, prefix));
        t.match(route, { gateway: bird.address(family), dev: 'eth0', metric: 1024 });
        await eventually(
          `${prefix} shown as installed`,
          async () => (await fibOf(agent, prefix))?.state === 'installed',
        );
      }
      await router.birdc('disable static4');
      await eventually('the withdrawal', async () => (await ours(tortie, PREFIXES.ipv4)) === undefined);
      t.ok(await ours(tortie, PREFIXES.ipv6), 'the other one stays');
      t.equal(await fibOf(agent, PREFIXES.ipv4), undefined);
      await router.birdc('disable static6');
      await eventually('the other withdrawal', async () => (await ours(tortie, PREFIXES.ipv6)) === undefined);
    }),
);

for (const family of FAMILIES) {
  t.test(
    `${family}: a foreign route to the same prefix stays, ours says so and comes when it has gone`,
    { buffered: true },
    (t) =>
      withHosts(['bird', 'tortie'], async (lab) => {
        const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
        const prefix = PREFIXES[family];
        const foreign = [prefix, 'via', bird.address(family), 'proto', 'static', 'metric', '1024'];
        const ip = family === 'ipv4' ? '-4' : '-6';
        await tortie.exec('ip', [ip, 'route', 'add', ...foreign]);
        const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)], STATIC));
        const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
        const refused = await eventually('the refusal', async () => {
          const route = await fibOf(agent, prefix);
          return route?.state === 'failed' && route;
        });
        t.match(refused.error, /File exists|not ours is there already/);
        t.match(await routesTo(tortie, prefix), [{ protocol: 'static' }]);
        t.equal((await routesTo(tortie, prefix)).length, 1);
        const other = PREFIXES[family === 'ipv4' ? 'ipv6' : 'ipv4'];
        await eventually('the other family, unharmed', () => ours(tortie, other));

        await tortie.exec('ip', [ip, 'route', 'del', ...foreign]);
        await eventually('ours, when the other has gone', () => ours(tortie, prefix));

        await tortie.exec('ip', [
          ip,
          'route',
          'add',
          prefix,
          'via',
          bird.address(family),
          'proto',
          'static',
          'metric',
          '5',
        ]);
        await router.birdc(`disable static${family.slice(3)}`);
        await eventually('the withdrawal of ours', async () => (await ours(tortie, prefix)) === undefined);
        t.match(await routesTo(tortie, prefix), [{ protocol: 'static', metric: 5 }], 'a foreign one beside ours stays');
      }),
  );
}

t.test('a route that somebody deletes under us comes back', { buffered: true }, (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)], STATIC));
    await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
    for (const family of FAMILIES) {
      const prefix = PREFIXES[family];
      await eventually(`${prefix} in the kernel`, () => ours(tortie, prefix));
      await tortie.exec('ip', [family === 'ipv4' ? '-4' : '-6', 'route', 'del', prefix, 'proto', '201']);
      t.ok(await eventually(`${prefix} again`, () => ours(tortie, prefix)));
    }
  }),
);

t.test(
  'equal routes of two BIRDs stand beside each other, and one alone when one BIRD is killed',
  { buffered: true },
  (t) =>
    withHosts(['bird-a', 'bird-b', 'tortie'], async (lab) => {
      const [a, b, tortie] = [lab.host('bird-a'), lab.host('bird-b'), lab.host('tortie')];
      const routers = await Promise.all(
        [a, b].map((bird) =>
          startBird(
            bird,
            birdConfig(bird.address(), [towards(bird, tortie, { options: 'graceful restart off;' })], STATIC),
          ),
        ),
      );
      await startAgent(tortie, { bgp: { multipath: 4 }, peers: [a, b].map((bird) => peerAt(bird, BIRD_ASN)) });
      const gateways = async (prefix: string): Promise<string> => {
        const route = await ours(tortie, prefix);
        return [route?.gateway, ...(route?.nexthops ?? []).map(({ gateway }) => gateway)].filter(Boolean).sort().join();
      };
      for (const family of FAMILIES) {
        const both = [a, b].map((bird) => bird.address(family)).join();
        await eventually(`both next hops of ${family}`, async () => (await gateways(PREFIXES[family])) === both);
      }
      await routers[0]!.stop('SIGKILL');
      for (const family of FAMILIES) {
        await eventually(
          `the last next hop of ${family}`,
          async () => (await gateways(PREFIXES[family])) === b.address(family),
        );
      }
      t.pass('both families');
    }),
);

t.test('a route whose next hop nobody can reach is not used, and says why', { buffered: true }, (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    await startBird(
      bird,
      birdConfig(
        '10.0.0.1',
        [towards(bird, tortie, { localAsn: LOCAL_ASN, channel: 'next hop keep;' })],
        staticRoutes('static4', 'ipv4', [`${PREFIXES.ipv4} { bgp_next_hop = 192.0.2.77; }`]),
      ),
    );
    const agent = await startAgent(tortie, { peers: [peerAt(bird, LOCAL_ASN)] });
    const why = (): Promise<{
      candidates: { eligible: boolean; reason?: string; attributes: { nextHop?: string } }[];
    }> => agent.client.get('/v1/routes/why', { prefix: PREFIXES.ipv4 });
    const [candidate] = (
      await eventually('the route, refused', async () => {
        const answer = await why();
        return answer.candidates[0]?.eligible === false && answer;
      })
    ).candidates;
    t.equal(candidate?.attributes.nextHop, '192.0.2.77');
    t.equal(candidate?.reason, 'next-hop-unreachable');
    t.same(await routesTo(tortie, PREFIXES.ipv4), []);
    await tortie.exec('ip', ['route', 'add', '192.0.2.0/24', 'via', bird.address(), 'proto', 'static']);
    const route = await eventually('the route, once its next hop has one', () => ours(tortie, PREFIXES.ipv4));
    t.equal(route.gateway, bird.address(), 'over the gateway of the next hop');
  }),
);

t.test('own blocks are blackholes in the kernel, and aggregates for the neighbour', { buffered: true }, (t) =>
  withHosts(['bird', 'tortie'], async (lab) => {
    const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
    const router = await startBird(bird, birdConfig('10.0.0.1', [towards(bird, tortie)]));
    const agent = await startAgent(tortie, {
      blocks: { ipv4: true, ipv6: true },
      pools: [
        { name: 'four', cidr: '10.244.0.0/24', blockSize: 26 },
        { name: 'six', cidr: 'fd00:10:244::/64', blockSize: 122 },
      ],
      peers: [peerAt(bird, BIRD_ASN, { localNextHops: [tortie.address('ipv6')] })],
    });
    await established(agent);
    const { blocks } = await agent.status();
    t.equal(blocks.length, 2);
    for (const block of blocks) {
      const route = await eventually(`${block} in the kernel`, () => ours(tortie, block));
      t.equal(route.type, 'blackhole');
      await eventually(`${block} in BIRD`, async () => (await router.birdc(`show route ${block}`)).includes(block));
    }
  }),
);

t.test(
  'routes outlive an agent killed with -9; what changed meanwhile is put right after End-of-RIB, foreign routes are left',
  { buffered: true },
  (t) =>
    withHosts(['bird', 'tortie'], async (lab) => {
      const [bird, tortie] = [lab.host('bird'), lab.host('tortie')];
      const before = ['198.51.100.0/24', '198.51.101.0/24'];
      const config = (routes: readonly string[]): string =>
        birdConfig('10.0.0.1', [towards(bird, tortie)], staticRoutes('static4', 'ipv4', routes));
      const router = await startBird(bird, config(before));
      const agent = await startAgent(tortie, { peers: [peerAt(bird, BIRD_ASN)] });
      for (const prefix of before) await eventually(`${prefix} in the kernel`, () => ours(tortie, prefix));
      const via = ['via', bird.address()];
      await tortie.exec('ip', ['route', 'add', '203.0.113.0/25', ...via, 'proto', 'static']);
      await tortie.exec('ip', ['route', 'add', '203.0.113.128/25', ...via, 'proto', '201', 'metric', '1024']);
      const deletions = await followDeletions(tortie);

      await agent.stop('SIGKILL');
      for (const prefix of before) t.ok(await ours(tortie, prefix), `${prefix} is kept while the agent is dead`);
      await router.reconfigure(config(['198.51.100.0/24', '198.51.102.0/24']));
      await agent.start();
      await established(agent);
      await eventually('the new route', () => ours(tortie, '198.51.102.0/24'));
      for (const prefix of ['198.51.101.0/24', '203.0.113.128/25']) {
        await eventually(`the sweep of ${prefix}`, async () => (await ours(tortie, prefix)) === undefined);
      }
      t.match(await routesTo(tortie, '203.0.113.0/25'), [{ protocol: 'static' }]);
      t.ok(await ours(tortie, '198.51.100.0/24'));
      const deleted = (await deletions()).map((line) => line.split(' ')[1]).sort();
      t.same(deleted, ['198.51.101.0/24', '203.0.113.128/25'], 'nothing else was ever deleted');
      t.equal((await agent.status()).fib.stale, 0);
    }),
);

/** Asks on and on, every few milliseconds, until stopped; the answer is how often, and what was lost. */
function keepAsking(prober: Prober, address: string): () => Promise<{ asked: number; lost: number }> {
  let going = true;
  const replies: Promise<boolean>[] = [];
  const loop = (async () => {
    while (going) {
      replies.push(prober.ask(address, 10_000).then(({ ok }) => ok));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return async () => {
    going = false;
    await loop;
    const answers = await Promise.all(replies);
    return { asked: answers.length, lost: answers.filter((ok) => !ok).length };
  };
}

const bothHaveRoutes = async (lab: Lab): Promise<boolean> => {
  for (const [node, other] of [
    ['node-1', 'node-2'],
    ['node-2', 'node-1'],
  ] as const) {
    for (const block of (await lab.agent(other).status()).blocks)
      if (!(await ours(lab.host(node), block))) return false;
  }
  return true;
};

for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
  t.test(
    `pods on two nodes talk without one lost packet while an agent ends by ${signal} and comes back`,
    { buffered: true },
    (t) =>
      withLab(
        {
          name: 'restart',
          hosts: { 'node-1': { asn: 64513, pods: 1 }, 'node-2': { asn: 64513, pods: 1 } },
          sessions: [{ mesh: ['node-*'] }],
        },
        async (lab) => {
          const [one, two] = [lab.pod('node-1-pod-1'), lab.pod('node-2-pod-1')];
          await eventually('both nodes have the blocks of each other', () => bothHaveRoutes(lab));
          for (const family of FAMILIES) {
            const seen = await eventually(`an answer over ${family}`, async () => {
              const reply = await one.prober.ask(two.addresses[family]!);
              return reply.ok && reply;
            });
            t.equal(seen.seenAs, one.addresses[family], 'no translation on the way');
          }
          const running = FAMILIES.flatMap((family) => [
            keepAsking(one.prober, two.addresses[family]!),
            keepAsking(two.prober, one.addresses[family]!),
          ]);
          const deletions = await followDeletions(lab.host('node-2'));
          const agent = lab.agent('node-1');
          await agent.restart(signal);
          await established(agent);
          await established(lab.agent('node-2'));
          for (const node of ['node-1', 'node-2']) {
            await eventually(`nothing stale on ${node}`, async () => {
              const peers = await lab.agent(node).peers();
              const { fib } = await lab.agent(node).status();
              return (
                fib.stale === 0 && peers.every(({ session }) => session?.families.every(({ stale }) => stale === 0))
              );
            });
          }
          for (const stop of running) {
            const { asked, lost } = await stop();
            t.ok(asked > 50, `${asked} asked`);
            t.equal(lost, 0, 'none lost');
          }
          t.same(await deletions(), [], 'the neighbour kept its routes as well');
        },
      ),
  );
}
