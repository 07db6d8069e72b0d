// `npm run bench -- cluster-scale`: clusters of thousands of nodes in this process, on a virtual clock: cold start, a tenth of the nodes loses
// its power, both reflectors of a pair are killed. What is real and what is not: bench/RESULTS.md.
//   npm run bench -- cluster-scale [--nodes 5000] [--pairs 2] [--whole 8] [--out FILE.md]
// `--whole`: how many nodes besides the reflectors have speakers with real tables.
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { play, SCENES } from '../packages/agent/dist/test/cluster-sim/scenes.js';
import { SimCluster } from '../packages/agent/dist/test/cluster-sim/sim-cluster.js';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '5000' },
    pairs: { type: 'string', default: '2' },
    whole: { type: 'string', default: '8' },
    out: { type: 'string' },
  },
});
const [nodes, pairs, whole] = [Number(values.nodes), Number(values.pairs), Number(values.whole)];
const every = whole > 0 ? Math.floor(nodes / whole) : Number.POSITIVE_INFINITY;

const rows = [];
const say = (line) => {
  rows.push(line);
  console.log(line);
};
const number = (value, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const cluster = new SimCluster({ nodes, pairs, whole: (at) => at % every === every - 1 });
await cluster.setUp();
const reflectors = Math.max(1, 2 * pairs);
const sessions = cluster.wantedEnds / 2;
say(
  `${number(nodes)} nodes, ${2 * pairs} reflectors in ${pairs} pairs, ${number(sessions)} sessions; ${cpus().length} cores, load ${loadavg()[0].toFixed(1)}, Node ${process.versions.node}`,
);
say('');
say(
  '| scene | converged after s | routes lost | messages | UPDATEs per node | MB per node | MB per reflector in | CPU s | of it sessions | store | reflectors (ms each) | nodes (ms each) | store reads / writes / events per node that starts | resident MB |',
);
say('|---|---|---|---|---|---|---|---|---|---|---|---|---|---|');
for (const scene of SCENES) {
  const { convergedMs, lost, cpuMs, started, totals } = await play(cluster, scene);
  const { traffic, store, spentMs } = totals;
  const others = nodes - 2 * pairs;
  // The stopwatch runs while others have the processor; shares of it are shares of the processor time.
  const spent = Object.values(spentMs).reduce((sum, ms) => sum + ms, 0);
  const cpuOf = (kind) => (spentMs[kind] / spent) * cpuMs;
  say(
    `| ${scene.name} | ${number(convergedMs / 1000, 1)} | ${number(lost)} | ${number(traffic.others.messages + traffic.reflectors.messages)} | ` +
      `${number(traffic.others.updates / others)} | ${number(traffic.others.octets / others / 1e6, 2)} | ${number(traffic.reflectors.octets / reflectors / 1e6, 2)} | ` +
      `${number(cpuMs / 1000, 1)} | ${number(cpuOf('sessions') / 1000, 1)} | ${number(cpuOf('store') / 1000, 1)} | ` +
      `${number(cpuOf('reflectors') / 1000, 1)} (${number(cpuOf('reflectors') / reflectors)}) | ${number(cpuOf('others') / 1000, 1)} (${number(cpuOf('others') / others, 1)}) | ` +
      `${number(store.reads / started, 1)} / ${number(store.writes / started, 1)} / ${number(store.events / started / nodes, 2)} x nodes | ${number(process.memoryUsage.rss() / 1e6)} |`,
  );
}
if (values.out) writeFileSync(values.out, `${rows.join('\n')}\n`);
