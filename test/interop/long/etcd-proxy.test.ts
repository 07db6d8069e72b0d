/** Agents that reach etcd through its own gRPC proxy alone, as in large clusters: they form a cluster, and outlive what happens behind it. */
import type { AssignmentResult, BlockPage, ClusterView } from '@tortie/agent/api';
import { type Agent, enterNamespaces, type Host, withHosts } from '@tortie/lab';
import { EtcdCluster, etcdMissing } from '@tortie/store/testing/etcd';
import t from 'tap';
import { eventually } from '../eventually.js';
import { startAgent } from '../start-agent.js';

await enterNamespaces();

const NAMES = ['n1', 'n2', 'n3'];

const assign = async (agent: Agent, handle: string): Promise<string> =>
  (await agent.client.call<AssignmentResult>('POST', '/v1/ipam/assignments', { body: { handle, ipv4: 1 } })).body
    .assignments[0]!.address;

const storeIsThere = async (agent: Agent): Promise<boolean> =>
  !(await agent.status()).conditions.find(({ name }) => name === 'store')!.detail.includes('nothing can be changed');

/** Routes to the blocks of the others are in the kernel. */
async function meshed(agents: readonly Agent[]): Promise<void> {
  for (const agent of agents) {
    const { host } = agent;
    await eventually(`the sessions of ${host.name}`, async () => {
      const { sessions } = await agent.client.get<ClusterView>('/v1/cluster');
      return sessions.length === agents.length - 1 && sessions.every(({ state }) => state === 'established');
    });
    await eventually(`the routes of ${host.name}`, async () => {
      const { blocks } = await agents[0]!.client.get<BlockPage>('/v1/ipam/blocks');
      const wanted = blocks.filter(({ node }) => node !== host.name && agents.some((one) => one.host.name === node));
      const routes = (await host.kernelRoutes('ipv4', 201)).map(({ dst }) => dst);
      return wanted.length >= agents.length - 1 && wanted.every(({ cidr }) => routes.includes(cidr));
    });
  }
}

t.test('agents behind the gRPC proxy of etcd', { skip: etcdMissing, timeout: 400_000 }, (t) =>
  withHosts(['etcd', ...NAMES], async (lab) => {
    const place = lab.host('etcd');
    const enter = ['nsenter', `--net=/run/netns/${place.netns}`, '--'];
    const etcd = await EtcdCluster.start({ placeOf: () => ({ address: place.address(), enter }) });
    t.teardown(() => etcd.stop());
    const proxy = await etcd.startProxy();
    const start = (host: Host): Promise<Agent> =>
      startAgent(host, {
        nodeAddress: { ipv4: `${host.address()}/24` },
        store: { path: host.path('store'), etcd: { endpoints: [proxy.url], timeoutS: 2 } },
        cluster: {},
        pools: [{ name: 'p4', cidr: '10.244.0.0/16', blockSize: 28 }],
        blocks: { ipv4: true, ipv6: false },
        importPolicy: 'pools',
      });
    const [n1, n2] = await Promise.all(NAMES.slice(0, 2).map((name) => start(lab.host(name))));
    const agents = [n1!, n2!];
    const alive = async (): Promise<string> =>
      etcd.etcdctl(['get', '--prefix', '--keys-only', '/tortie/data/agent/alive/']);
    await meshed(agents);
    const claims = await alive();
    t.match(claims, /alive\/n1\s+.*alive\/n2/, 'their names are held by leases');

    await t.test('a restart of the proxy: the store is away and back, sessions and claims stay', async (t) => {
      await proxy.kill();
      await eventually('the store to be away', async () => !(await storeIsThere(n1!)));
      const { sessions } = await n1!.client.get<ClusterView>('/v1/cluster');
      t.match(sessions, [{ state: 'established' }]);
      await proxy.start();
      await eventually('the store to be back', () => storeIsThere(n1!));
      await eventually('the store to be back', () => storeIsThere(n2!));
      t.match(await assign(n1!, 'after-restart'), /^10\.244\./);
      t.equal(await alive(), claims);
    });

    await t.test('etcd is lost behind the proxy, and comes back', async (t) => {
      await etcd.kill(0);
      await eventually('the store to be away', async () => !(await storeIsThere(n2!)));
      const refused = await assign(n2!, 'meanwhile').catch((error) => error.problem);
      t.match(refused, { status: 503, code: 'ERR_STORE_UNAVAILABLE' });
      etcd.spawn(0);
      await etcd.answers(0);
      for (const agent of agents) await eventually('the store to be back', () => storeIsThere(agent));
      t.match(await assign(n2!, 'afterwards'), /^10\.244\./);
    });

    await t.test('a node that joins then is seen by all, and its addresses are its own', async (t) => {
      const n3 = await start(lab.host('n3'));
      await meshed([...agents, n3]);
      const given = await Promise.all(
        [...agents, n3].flatMap((agent) =>
          Array.from({ length: 10 }, (_, at) => assign(agent, `${agent.host.name}-${at}`)),
        ),
      );
      t.equal(new Set(given).size, given.length);
    });
  }),
);
