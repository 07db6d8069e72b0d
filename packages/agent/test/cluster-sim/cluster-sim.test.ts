/**
 * A cluster of a hundred nodes on a virtual clock: what `npm run bench -- cluster-scale` does with thousands. And what that one stands on:
 * a network of speakers with compact tables does the same as one of real ones.
 */
import t from 'tap';
import { isReflector } from '../cluster/large-cluster.js';
import { play, SCENES } from './scenes.js';
import { SimCluster, type SimClusterOptions } from './sim-cluster.js';

const NODES = 120;

async function clusterOf(options: SimClusterOptions): Promise<SimCluster> {
  const cluster = new SimCluster(options);
  await cluster.setUp();
  return cluster;
}

t.test('reflectors in pairs: everybody reaches everybody again, whatever happens', async (t) => {
  const cluster = await clusterOf({ nodes: NODES, pairs: 2, whole: (at) => at % 40 === 7 });
  for (const scene of SCENES) {
    await t.test(scene.name, async (t) => {
      const { totals, lost, started } = await play(cluster, scene);
      t.equal(cluster.isConverged, true);
      for (const node of cluster.nodes) {
        const peers = node.router!.speaker.peers();
        const missing = [...node.sessions.keys()].filter((name) => !node.router!.isUp(name));
        if (missing.length > 0 || peers.length !== node.sessions.size) t.fail(`${node.name} lacks ${missing}`);
        if (isReflector(node.at, cluster.options)) continue;
        const blocks = new Set([...node.routes().values()].flat().map((route) => route.split(' ')[0]));
        if (blocks.size !== NODES - 1) t.fail(`${node.name} reaches ${blocks.size} blocks`);
      }
      const { store } = totals;
      t.ok(store.writes <= 2 * started, `${store.writes} writes of ${started} nodes that start`);
      t.ok(store.events <= 2 * started * NODES, 'no node is told of more than a record and a block for each');
      if (scene.name.includes('restart')) t.equal(lost, 0, 'nobody loses a route while both reflectors are away');
    });
  }
});

t.test('a mesh', async (t) => {
  const cluster = await clusterOf({ nodes: 40, pairs: 0, whole: (at) => at < 3 });
  await play(cluster, SCENES[0]!);
  t.equal(cluster.isConverged, true);
  t.equal(cluster.nodes[5]!.sessions.size, 39);
});

t.test('compact tables and real ones: the same sessions, messages, octets and routes', async (t) => {
  const options = { nodes: 60, pairs: 2 };
  const [real, compact] = [
    await clusterOf({ ...options, whole: () => true }),
    await clusterOf({ ...options, whole: () => false }),
  ];
  for (const scene of SCENES) {
    const [one, other] = [await play(real, scene), await play(compact, scene)];
    t.equal(one.convergedMs, other.convergedMs, `${scene.name}: converged at the same time`);
    t.strictSame(one.totals.traffic, other.totals.traffic, `${scene.name}: the same messages and octets`);
    t.strictSame(one.totals.store, other.totals.store, `${scene.name}: the same of the store`);
    for (const [at, node] of real.nodes.entries()) {
      const twin = compact.nodes[at]!;
      const views = [node, twin].map(({ router }) =>
        router!.speaker
          .peers()
          .map(({ name, state, received, sent, established }) => ({ name, state, received, sent, established })),
      );
      t.strictSame(views[1], views[0], `${node.name}: sessions`);
      t.strictSame([...twin.routes()], [...node.routes()], `${node.name}: routes`);
    }
  }
});
