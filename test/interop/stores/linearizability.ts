/**
 * Address management over three members of etcd: a client process per node assigns, releases and reads without a pause while
 * clients are killed with -9, packets are dropped between hosts and members of etcd are killed, stopped and cut off, at moments
 * that a seed gives. Then the whole history is checked.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@tortie/bgp/testing';
import { type Host, type LabProcess, withHosts } from '@tortie/lab';
import { EtcdCluster } from '@tortie/store/testing/etcd';
import { type FinalState, findContradictions, type HistoryLine, type Operation, operationsOf } from './history.js';
import { FAULTS, type Scene } from './nemesis.js';

export interface LinearizabilityOptions {
  readonly seed: number;
  readonly clients: number;
  /** How many faults are made, one after the other. Every kind comes up before one does again. */
  readonly faults: number;
  readonly log?: (text: string) => void;
}

export interface LinearizabilityResult {
  readonly contradictions: readonly string[];
  readonly operations: readonly Operation[];
  readonly final: FinalState;
  /** Clients killed. */
  readonly kills: number;
}

const script = (name: string): string => fileURLToPath(new URL(`./${name}.js`, import.meta.url));

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A client that is started again whenever it is killed. */
class Client {
  readonly host: Host;
  readonly #endpoints: string;
  readonly #random: () => number;
  #process: LabProcess;

  constructor(host: Host, endpoints: readonly string[], random: () => number) {
    this.host = host;
    this.#endpoints = endpoints.join(',');
    this.#random = random;
    this.#process = this.#start();
  }

  get historyFile(): string {
    return this.host.path('history');
  }

  /** Throws where it has ended by itself. */
  async kill(): Promise<void> {
    this.#process.assertRunning();
    await this.#process.stop('SIGKILL');
    this.#process = this.#start();
  }

  async end(): Promise<void> {
    this.#process.assertRunning();
    await this.#process.stop('SIGTERM', 30_000);
  }

  operations(): readonly Operation[] {
    // One that was killed before it had written anything has none.
    if (!existsSync(this.historyFile)) return [];
    const lines = readFileSync(this.historyFile, 'utf8').split('\n').filter(Boolean);
    return operationsOf(
      this.host.name,
      lines.map((line) => JSON.parse(line) as HistoryLine),
    );
  }

  #start(): LabProcess {
    const seed = String(Math.floor(this.#random() * 2 ** 32));
    const args = [script('ipam-client-process'), this.#endpoints, this.host.name, this.historyFile, seed];
    return this.host.spawn(process.execPath, args, { name: 'client' });
  }
}

/** Needs namespaces; see `enterNamespaces`. */
export function runLinearizability(options: LinearizabilityOptions): Promise<LinearizabilityResult> {
  const servers = ['e0', 'e1', 'e2'];
  const clients = Array.from({ length: options.clients }, (_, at) => `c${at}`);
  return withHosts([...servers, ...clients, 'admin'], async (lab) => {
    const hosts = servers.map((name) => lab.host(name));
    const etcd = await EtcdCluster.start({
      members: hosts.length,
      placeOf: (at) => ({
        address: hosts[at]!.address(),
        enter: ['nsenter', `--net=/run/netns/${hosts[at]!.netns}`, '--'],
      }),
    });
    try {
      const scene = { etcd, servers: hosts, clients: clients.map((name) => lab.host(name)) };
      return await run(scene, lab.host('admin'), options);
    } finally {
      await etcd.stop();
    }
  });
}

async function run(
  scene: Scene,
  admin: Host,
  { seed, faults, log = () => {} }: LinearizabilityOptions,
): Promise<LinearizabilityResult> {
  const random = seededRandom(seed);
  const { endpoints } = scene.etcd;
  const administer = (what: string): Promise<{ readonly stdout: string }> =>
    admin.exec(process.execPath, [script('ipam-admin-process'), endpoints.join(','), what]);
  await administer('setup');
  const clients = scene.clients.map((host) => new Client(host, endpoints, random));
  let kills = 0;
  const killing = new AbortController();
  const killer = (async () => {
    // Its own chance: how long a fault takes to mend must not change which client dies.
    const chance = seededRandom(seed + 1);
    while (!killing.signal.aborted) {
      await pause(200 + chance() * 800);
      await clients[Math.floor(chance() * clients.length)]!.kill();
      kills++;
    }
  })();
  const failed = killer.then(
    () => undefined,
    (error) => error,
  );
  await makeFaults(scene, { random, faults, log });
  killing.abort();
  const failure = await failed;
  if (failure) throw failure;
  await Promise.all(clients.map((client) => client.end()));
  const final = JSON.parse((await administer('report')).stdout) as FinalState;
  const operations = clients.flatMap((client) => client.operations());
  return { contradictions: findContradictions(operations, final), operations, final, kills };
}

async function makeFaults(
  scene: Scene,
  { random, faults, log }: { random: () => number; faults: number; log: (text: string) => void },
): Promise<void> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  let bag = [...FAULTS];
  for (let count = 0; count < faults; count++) {
    await pause(300 + random() * 700);
    if (bag.length === 0) bag = [...FAULTS];
    const [fault] = bag.splice(Math.floor(random() * bag.length), 1);
    log(fault!.name);
    const mend = await fault!.begin(scene, pick);
    // Long enough, often, for an election and for requests to time out.
    await pause(500 + random() * 2_000);
    await mend();
  }
}
