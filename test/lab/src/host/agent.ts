/** A real `tortie agent` inside a host. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { AgentConfigFile, FibRoute, Peer, PeerList, Status } from '@tortie/agent/api';
import { type Client, createClient } from '@tortie/client';
import { stringify } from 'yaml';
import { LabError } from '../errors.js';
import { until } from '../until.js';
import type { Host } from './host.js';
import type { LabProcess } from './process.js';

export interface AgentOptions {
  /** Program and first arguments; default: the `tortie` command of this repository. */
  readonly command?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** The `tortie` command as this repository builds it. */
export const tortieCommand = (): readonly string[] => {
  const file = new URL('../../../../../packages/cli/bin/tortie.js', import.meta.url).pathname;
  if (!existsSync(file)) throw new LabError('ERR_LAB_PROCESS', `the tortie command is not where it should be: ${file}`);
  return [process.execPath, file];
};

export class Agent {
  readonly host: Host;
  readonly configFile: string;
  readonly socket: string;
  /** Where it answers the CNI plugin, if it has pods. */
  readonly cniSocket: string;
  readonly client: Client;
  readonly #options: AgentOptions;
  #process: LabProcess;

  private constructor(host: Host, configFile: string, socket: string, options: AgentOptions) {
    this.host = host;
    this.configFile = configFile;
    this.socket = socket;
    this.cniSocket = join(dirname(socket), 'cni.sock');
    this.client = createClient({ type: 'socket', path: socket });
    this.#options = options;
    this.#process = this.#spawn(options);
  }

  /** Starts the agent and waits until its API answers. Throws LabError with its last words when it ends instead. */
  static async start(
    host: Host,
    config: Readonly<Record<string, unknown>>,
    options: AgentOptions = {},
  ): Promise<Agent> {
    const configFile = host.path('agent.yaml');
    const socket = (config.api as AgentConfigFile['api'])?.socket ?? host.path('agent.sock');
    writeFileSync(configFile, stringify(config), { mode: 0o600 });
    const agent = new Agent(host, configFile, socket, options);
    await agent.#answers();
    return agent;
  }

  #spawn({ command = tortieCommand(), env }: AgentOptions): LabProcess {
    const [program, ...args] = command;
    rmSync(this.socket, { force: true });
    return this.host.spawn(program!, [...args, 'agent', '-c', this.configFile], {
      name: 'agent',
      ...(env ? { env } : {}),
    });
  }

  async #answers(): Promise<void> {
    await until(
      async () => {
        if (this.#process.ended !== undefined) return true;
        await this.client.get('/v1/health/live');
        return true;
      },
      { what: `the agent on ${this.host.name}`, deadlineMs: 120_000, everyMs: 50 },
    );
    this.#process.assertRunning();
  }

  get process(): LabProcess {
    return this.#process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  status(): Promise<Status> {
    return this.client.get('/v1/status');
  }

  async peers(): Promise<Peer[]> {
    return (await this.client.get<PeerList>('/v1/peers')).peers;
  }

  async peer(name: string): Promise<Peer> {
    return this.client.get(`/v1/peers/${encodeURIComponent(name)}`);
  }

  async fib(): Promise<FibRoute[]> {
    const routes: FibRoute[] = [];
    for await (const route of this.client.pages<FibRoute>('/v1/fib', 'routes')) routes.push(route);
    return routes;
  }

  /** Ends the agent: SIGTERM in its own order, SIGKILL as a crash would. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<string> {
    return this.#process.stop(signal);
  }

  /** Starts it again with the configuration file as it is; another program, as after an upgrade, where options say so. */
  async start(options: AgentOptions = this.#options): Promise<void> {
    if (this.#process.ended === undefined) throw new LabError('ERR_LAB_PROCESS', 'the agent still runs; stop it first');
    this.#process = this.#spawn(options);
    await this.#answers();
  }

  async restart(signal: NodeJS.Signals = 'SIGTERM', options: AgentOptions = this.#options): Promise<void> {
    await this.stop(signal);
    await this.start(options);
  }
}
