/**
 * A lab that runs: namespaces wired as the plan says, with daemons and pods in them.
 *
 *     plan ──► namespaces, veths, bridges ──► etcd, BIRD, agents ──► addresses from the agents' IPAM ──► pods
 *                        │                            │                                                │
 *                        └────────── state file, guardian: whatever happens, it can be taken down ─────┘
 */

import { mkdirSync } from 'node:fs';
import type { ApplyAnswer } from '@tortie/agent/api';
import { counted } from '@tortie/ip';
import { agentConfig } from './config/agent-config.js';
import { birdConfig } from './config/bird-config.js';
import { LabError } from './errors.js';
import { Guardian } from './guardian.js';
import { Agent, type AgentOptions } from './host/agent.js';
import { Bird } from './host/bird.js';
import { runCommand } from './host/command.js';
import { Containers } from './host/containers.js';
import { Etcd } from './host/etcd.js';
import { Host } from './host/host.js';
import { configureNamespace, createNamespaces } from './host/namespace.js';
import { type Pod, startPod } from './host/pod.js';
import { type Prober, startProber } from './host/probe.js';
import type { LabProcess } from './host/process.js';
import { assertNamespaces, isRootless, ownProcess } from './privilege.js';
import { type LabState, makeLabDirectory, newLabId, recordProcess, writeState } from './state.js';
import { sweepLab } from './take-down.js';
import { bareAddress, type LabPlan, type PlannedHost } from './topology/plan.js';
import { hostSettings, type Naming, vethLines, wiresSettings } from './wiring.js';

export interface LabOptions {
  readonly agent?: AgentOptions;
  /** false: hosts and wires only; the caller starts what it wants. Default true. */
  readonly daemons?: boolean;
  /** One line per step, for a human who waits. */
  readonly log?: (line: string) => void;
  /** Aborted: the lab is taken down, also while it still comes up. */
  readonly signal?: AbortSignal;
}

export class Lab {
  readonly id: string;
  readonly plan: LabPlan;
  readonly directory: string;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly agents = new Map<string, Agent>();
  readonly birds = new Map<string, Bird>();
  readonly etcds = new Map<string, Etcd>();
  readonly pods = new Map<string, Pod>();
  /** Of nodes that have pods: answers and asks from the node itself. */
  readonly probers = new Map<string, Prober>();
  readonly #options: LabOptions;
  readonly #naming: Naming;
  readonly #guardian: Guardian;
  readonly #processes = new Set<LabProcess>();
  #containers: Promise<Containers> | undefined;
  #state: LabState;
  /** The bring-up; taking down waits for its step in hand, so that nothing is made behind its back. */
  #coming: Promise<void> = Promise.resolve();
  #closing: Promise<void> | undefined;

  private constructor(plan: LabPlan, options: LabOptions) {
    this.plan = plan;
    this.id = newLabId();
    this.directory = makeLabDirectory(this.id);
    this.#options = options;
    const netnsPrefix = `tortie-${this.id}-`;
    this.#naming = { host: (name) => netnsPrefix + name, wires: `${netnsPrefix}wires_` };
    this.#state = {
      id: this.id,
      name: plan.name,
      createdAt: new Date().toISOString(),
      owner: ownProcess(),
      rootless: isRootless(),
      netnsPrefix,
      processes: [],
    };
    writeState(this.#state);
    this.#guardian = new Guardian(this.id);
    const owner = {
      onProcess: (started: LabProcess) => this.#record(started),
      containers: () => (this.#containers ??= Containers.open(`${this.directory}/containers`)),
    };
    this.hosts = new Map(
      plan.hosts.map((host) => [
        host.name,
        new Host(host, this.#naming.host(host.name), `${this.directory}/${host.name}`, owner),
      ]),
    );
  }

  /** Brings a lab up. When a step fails everything is taken down again and its error thrown. */
  static async up(plan: LabPlan, options: LabOptions = {}): Promise<Lab> {
    await assertNamespaces();
    options.signal?.throwIfAborted();
    const lab = new Lab(plan, options);
    options.signal?.addEventListener('abort', () => void lab.close(), { once: true });
    try {
      lab.#coming = lab.#comeUp();
      await lab.#coming;
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** A host by name; throws LabError `ERR_LAB_STATE` when there is none. */
  host(name: string): Host {
    return this.#named(this.hosts, 'host', name);
  }

  agent(host: string): Agent {
    return this.#named(this.agents, 'agent', host);
  }

  bird(host: string): Bird {
    return this.#named(this.birds, 'BIRD', host);
  }

  pod(name: string): Pod {
    return this.#named(this.pods, 'pod', name);
  }

  /** Starts the agent of a host with the derived configuration, changed by `change` where given. */
  async startAgent(
    name: string,
    change: (config: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>> = (config) => config,
  ): Promise<Agent> {
    const host = this.host(name);
    const together = host.plan.store === 'shared' && this.etcds.size === 0;
    const store = together ? `${this.directory}/store` : host.path('store');
    mkdirSync(store, { recursive: true, mode: 0o700 });
    const config = agentConfig(this.plan, host.plan, { socket: host.path('agent.sock'), store });
    const agent = await Agent.start(host, change(config), this.#options.agent);
    this.agents.set(name, agent);
    return agent;
  }

  /** Starts the BIRD of a host with the derived configuration, or with another. */
  async startBird(name: string, config?: string): Promise<Bird> {
    const host = this.host(name);
    const bird = await Bird.start(host, config ?? birdConfig(this.plan, host.plan));
    this.birds.set(name, bird);
    return bird;
  }

  /** Starts the member of etcd on a host; it answers when most members run. */
  async startEtcd(name: string): Promise<Etcd> {
    const etcd = await Etcd.start(this.host(name), this.plan);
    this.etcds.set(name, etcd);
    return etcd;
  }

  /** Has resources be so, by the agent of a host. Throws LabError with what is wrong with each. */
  async apply(name: string, resources: readonly unknown[]): Promise<void> {
    const { body } = await this.agent(name).client.call<ApplyAnswer>('POST', '/v1/apply', { body: { resources } });
    if (!body.ok) throw new LabError('ERR_LAB_STATE', `resources: ${JSON.stringify(body.results)}`);
  }

  /** Takes everything away: processes, namespaces, files. Safe to call twice, also while the lab still comes up. */
  close(): Promise<void> {
    this.#closing ??= this.#takeDown();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #named<T>(map: ReadonlyMap<string, T>, kind: string, name: string): T {
    const found = map.get(name);
    if (found === undefined) {
      const known = [...map.keys()].join(', ') || 'none';
      throw new LabError('ERR_LAB_STATE', `the lab has no ${kind} "${name}"; there are: ${known}`);
    }
    return found;
  }

  #record(started: LabProcess): void {
    this.#processes.add(started);
    const recorded = recordProcess(started.pid);
    if (recorded) this.#state = { ...this.#state, processes: [...this.#state.processes, recorded] };
    writeState(this.#state);
    if (this.#closing) started.signal('SIGKILL');
  }

  #log(line: string): void {
    this.#options.log?.(line);
  }

  /** Ends the bring-up between two steps when somebody closed the lab meanwhile. */
  #assertOpen(): void {
    if (this.#closing) throw new LabError('ERR_LAB_STATE', 'the lab was closed while it came up');
  }

  async #comeUp(): Promise<void> {
    await this.#wire();
    if (this.#options.daemons === false) return;
    await this.#startDaemons();
    await this.#startPods();
  }

  async #wire(): Promise<void> {
    const { hosts, segments } = this.plan;
    const pods = hosts.flatMap((host) => host.pods);
    this.#log(
      `${counted(hosts.length, 'host')} and ${counted(pods.length, 'pod')} on ${counted(segments.length, 'wire')}`,
    );
    const names = [...hosts.map(({ name }) => name), ...pods].map(this.#naming.host);
    await createNamespaces([...names, this.#naming.wires]);
    this.#assertOpen();
    const veths = vethLines(this.plan, this.#naming);
    // Older kernels (seen with 6.1) want a name to be free where they are asked, too: an eth0 of the machine would be in the way.
    await runCommand('ip', ['-n', this.#naming.wires, '-batch', '-'], {
      input: veths.map((line) => `${line}\n`).join(''),
    });
    await Promise.all([
      configureNamespace(this.#naming.wires, wiresSettings(this.plan)),
      ...hosts.map((host) => configureNamespace(this.#naming.host(host.name), hostSettings(host))),
    ]);
    this.#assertOpen();
  }

  async #startDaemons(): Promise<void> {
    const running = (kind: string): string[] =>
      this.plan.hosts.filter(({ run }) => run === kind).map(({ name }) => name);
    const birds = running('bird');
    const agents = running('agent');
    const etcds = running('etcd');
    if (etcds.length > 0) {
      this.#log(`starting etcd on ${etcds.join(', ')}`);
      await settled(etcds.map((name) => this.startEtcd(name)));
      this.#assertOpen();
    }
    this.#log(`starting BIRD on ${birds.join(', ') || 'no host'}, Tortie on ${agents.join(', ') || 'no host'}`);
    const started = settled(birds.map((name) => this.startBird(name)));
    const [first, ...others] = agents;
    const { resources } = this.plan;
    if (resources.length > 0 && first !== undefined) {
      // Who starts later has the sessions it shall have from the beginning.
      await this.startAgent(first);
      await this.apply(first, resources);
      this.#log(`${counted(resources.length, 'resource is', 'resources are')} applied`);
      await settled([started, ...others.map((name) => this.startAgent(name))]);
    } else await settled([started, ...agents.map((name) => this.startAgent(name))]);
    this.#assertOpen();
  }

  async #startPods(): Promise<void> {
    await settled(this.plan.hosts.filter(({ pods }) => pods.length > 0).map((host) => this.#startPodsOf(host)));
    if (this.pods.size > 0) this.#log(`${counted(this.pods.size, 'pod has its address', 'pods have their addresses')}`);
    this.#assertOpen();
  }

  async #startPodsOf({ name, pods }: PlannedHost): Promise<void> {
    const host = this.host(name);
    const own = host.plan.interfaces.flatMap(({ addresses }) => Object.values(addresses).map(bareAddress));
    const prober = startProber(host, name, host.netns, own);
    this.probers.set(name, prober);
    for (const pod of pods) {
      this.#assertOpen();
      const netns = this.#naming.host(pod);
      this.pods.set(pod, await startPod(host, this.agent(name), pod, netns, this.plan.families));
    }
    await prober.ready;
  }

  async #takeDown(): Promise<void> {
    await Promise.all([...this.#processes].map((each) => each.stop('SIGTERM', 2000)));
    await this.#coming.catch(() => {});
    await sweepLab(this.#state);
    this.#guardian.dismiss();
  }
}

/** Waits for all, then throws the first error: nothing goes on in the background when the lab is taken down. */
async function settled(work: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) if (result.status === 'rejected') throw result.reason;
}
