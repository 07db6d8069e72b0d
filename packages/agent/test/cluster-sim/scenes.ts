/** What happens to a simulated cluster, and what it costs. */
import { seededRandom } from '@tortie/bgp/testing';
import { isReflector } from '../cluster/large-cluster.js';
import type { SimCluster, Totals } from './sim-cluster.js';
import { noTraffic, type Traffic } from './sim-node.js';

export interface SceneReport {
  readonly scene: string;
  /** Virtual time until everybody has everything. */
  readonly convergedMs: number;
  /** How often a node that ran all the time lost its way to a block of a node that did so too, or not. */
  readonly lost: number;
  readonly cpuMs: number;
  /** Agents. */
  readonly started: number;
  readonly totals: Totals;
}

export interface Scene {
  readonly name: string;
  run(cluster: SimCluster): Promise<number>;
}

const SPREAD_MS = 10_000;

/** All agents start within ten seconds, reflectors among them. */
const coldStart: Scene = {
  name: 'cold start',
  run(cluster) {
    const random = seededRandom(1);
    for (const node of cluster.nodes) cluster.startLater(node, random() * SPREAD_MS);
    return cluster.converge();
  },
};

/** A tenth of the nodes loses its power, and each is back after 40 to 120 seconds: before and after its hold time is over. */
const reboot: Scene = {
  name: 'a tenth of the nodes reboots',
  run(cluster) {
    const random = seededRandom(2);
    const others = cluster.nodes.filter(({ at }) => !isReflector(at, cluster.options));
    const gone = others.filter((_, at) => at % 10 === 0);
    for (const node of gone) {
      cluster.crash(node, true);
      cluster.startLater(node, 40_000 + random() * 80_000);
    }
    return cluster.converge();
  },
};

/** Both agents of the first pair are killed at once, and start five seconds later. */
const pairRestarts: Scene = {
  name: 'both reflectors of a pair restart',
  run(cluster) {
    for (const node of cluster.nodes.slice(0, 2)) {
      cluster.crash(node, false);
      cluster.startLater(node, 5_000, true);
    }
    return cluster.converge();
  },
};

export const SCENES: readonly Scene[] = [coldStart, reboot, pairRestarts];

export async function play(cluster: SimCluster, scene: Scene): Promise<SceneReport> {
  const before = cluster.totals();
  cluster.takeLost();
  const startedBefore = cluster.started;
  const cpu = process.cpuUsage();
  const convergedMs = await scene.run(cluster);
  const { user, system } = process.cpuUsage(cpu);
  const lost = cluster.takeLost();
  const started = cluster.started - startedBefore;
  const totals = since(cluster.totals(), before);
  return { scene: scene.name, convergedMs, lost, cpuMs: (user + system) / 1000, started, totals };
}

function since(after: Totals, before: Totals): Totals {
  const less = <T extends object>(x: T, y: T): T =>
    Object.fromEntries(
      Object.entries(x).map(([key, value]) => [key, (value as number) - (y as Record<string, number>)[key]!]),
    ) as T;
  const traffic = (kind: 'reflectors' | 'others'): Traffic => ({
    ...noTraffic(),
    ...less(after.traffic[kind], before.traffic[kind]),
  });
  return {
    traffic: { reflectors: traffic('reflectors'), others: traffic('others') },
    store: less(after.store, before.store),
    spentMs: less(after.spentMs, before.spentMs),
  };
}
