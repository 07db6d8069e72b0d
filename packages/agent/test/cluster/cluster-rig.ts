/** Agents of one cluster in this process: one memory store, real speakers on addresses of the loopback, no kernel. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_VERSION, findKind, type Resource, resourceKey, toRecord } from '@tortie/cluster';
import { MemoryStore } from '@tortie/store';
import { type RunningAgent, runAgent } from '../../node/run-agent.js';
import type { AgentConfigFile } from '../../src/api/index.js';
import { type Answer, call } from '../rest/set-up.js';
import { until } from '../until.js';

/** A port of this process, so that runs beside each other do not meet. */
export const PORT = 20_000 + (process.pid % 20_000);

export class ClusterRig {
  readonly store = new MemoryStore();
  readonly agents = new Map<string, RunningAgent>();
  readonly #folders = new Map<number, string>();

  /** Node `nNUMBER` at 127.0.0.NUMBER, in the folder of its last run. `over`: what its file says otherwise. */
  async start(number: number, over: Partial<AgentConfigFile> = {}): Promise<RunningAgent> {
    const folder = this.#folders.get(number) ?? (await mkdtemp(join(tmpdir(), 'tortie-cluster-')));
    this.#folders.set(number, folder);
    const config: AgentConfigFile = {
      node: `n${number}`,
      asn: 64512,
      routerId: `10.0.0.${number}`,
      // Given, as all of them are found on one host.
      nodeAddress: { ipv4: `127.0.0.${number}/8`, ipv6: `fd00:9::${number}/64` },
      api: { socket: `${folder}/agent.sock` },
      store: { path: folder },
      cluster: {},
      bgp: { listen: [`127.0.0.${number}:${PORT}`] },
      kernel: { program: false },
      blocks: { ipv4: false, ipv6: false },
      importPolicy: 'all',
      originate: [{ prefix: `10.244.${number}.0/24` }],
      ...over,
    };
    // JSON is YAML.
    const configText = JSON.stringify(config);
    const agent = await runAgent({
      configFile: join(folder, 'node.yaml'),
      configText,
      store: this.store,
      logDestination: { write: () => {} },
    });
    this.agents.set(`n${number}`, agent);
    return agent;
  }

  folder(name: string): string {
    return this.#folders.get(Number(name.slice(1)))!;
  }

  async stop(name: string): Promise<void> {
    await this.agents.get(name)!.close({ graceful: false });
    this.agents.delete(name);
  }

  call(name: string, method: string, path: string, body?: unknown): Promise<Answer> {
    return call({ socketPath: this.agents.get(name)!.socket }, method, path, body);
  }

  /** Creates or changes a resource as the API would. */
  async put(kind: string, name: string, spec: object, labels?: Readonly<Record<string, string>>): Promise<void> {
    const key = resourceKey(findKind(kind)!.plural, name);
    const metadata = { name, ...(labels && { labels }) };
    const resource: Resource = { apiVersion: API_VERSION, kind, metadata, spec };
    const record = toRecord(resource, new Date().toISOString());
    const present = await this.store.get(key);
    if (present) await this.store.update(key, record, present.revision);
    else await this.store.create(key, record);
  }

  async remove(kind: string, name: string): Promise<void> {
    const key = resourceKey(findKind(kind)!.plural, name);
    const present = await this.store.get(key);
    if (present) await this.store.delete(key, present.revision);
  }

  /** `n2 node-to-node mesh established`, … */
  sessions(name: string): string[] {
    const { agent } = this.agents.get(name)!;
    return agent.peers.list().map(({ spec, source }) => {
      const node = `n${spec.remoteAddress?.split('.')[3]}`;
      const client = spec.routeReflectorClient ? ' client' : '';
      return `${node} ${source}${client} ${agent.speaker.peer(spec.name)?.state}`;
    });
  }

  /** How many sessions of a node were ever lost. */
  dropped(name: string): number {
    return this.agents
      .get(name)!
      .agent.speaker.peers()
      .reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** Prefixes of other nodes that a node has a route to. */
  routes(name: string): string[] {
    const { agent } = this.agents.get(name)!;
    return agent.speaker
      .locRib({ family: 'ipv4-unicast', limit: 1000 })
      .items.filter(({ candidates }) => candidates.some(({ peer, best }) => best && peer !== 0))
      .map(({ prefix }) => `10.244.${(prefix.a >>> 8) & 255}.0/24`)
      .sort();
  }

  until<T>(what: string, attempt: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
    return until(what, async () => attempt());
  }

  async close(): Promise<void> {
    for (const name of [...this.agents.keys()]) await this.stop(name);
    for (const folder of this.#folders.values()) await rm(folder, { recursive: true, force: true });
  }
}
