/** A node with an agent that plugs pods in, and its CNI plugin called as runtimes call it. */
import { randomBytes } from 'node:crypto';
import type { AgentConfigFile, AssignmentPage } from '@tortie/agent/api';
import { type Agent, type Host, runCommand, withHosts } from '@tortie/lab';
import { startAgent } from './start-agent.js';

/** The plugin as `npm run build` makes it. */
export const PLUGIN = new URL('../../../../packages/cni/build/tortie', import.meta.url).pathname;

export const POOLS = [
  { name: 'pods4', cidr: '10.244.0.0/16' },
  { name: 'pods6', cidr: 'fd00:10:244::/112' },
];

export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces: readonly { name: string; mac: string; sandbox?: string; mtu?: number }[];
  readonly ips: readonly { version?: string; interface: number; address: string; gateway: string }[];
  readonly routes: readonly { dst: string; gw: string }[];
  readonly dns: unknown;
}

export interface CniFailure {
  readonly cniVersion: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

export interface CniAnswer {
  readonly code: number;
  readonly stdout: string;
}

export interface CniCall {
  readonly containerId: string;
  readonly netns?: string;
  readonly ifName?: string;
  readonly args?: string;
  readonly version?: string;
  /** Further fields of the network configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

export interface PodPlace {
  readonly containerId: string;
  readonly netns: string;
  /** Of the namespace, as `ip netns` knows it. */
  readonly name: string;
}

export class CniNode {
  readonly host: Host;
  readonly agent: Agent;
  readonly socket: string;

  constructor(host: Host, agent: Agent) {
    this.host = host;
    this.agent = agent;
    this.socket = host.path('cni.sock');
  }

  /** A new namespace as a runtime makes one for a pod; goes with the lab. */
  async pod(): Promise<PodPlace> {
    return (await this.pods(1))[0]!;
  }

  async pods(count: number): Promise<PodPlace[]> {
    const places = Array.from({ length: count }, () => {
      const containerId = randomBytes(32).toString('hex');
      const name = `${this.host.netns}-${containerId.slice(0, 8)}`;
      return { containerId, netns: `/run/netns/${name}`, name };
    });
    await runCommand('ip', ['-batch', '-'], { input: places.map(({ name }) => `netns add ${name}\n`).join('') });
    return places;
  }

  config({ version = '1.0.0', config = {} }: Partial<CniCall> = {}): Record<string, unknown> {
    return { cniVersion: version, name: 'pods', type: 'tortie', socket: this.socket, ...config };
  }

  /** Calls the plugin. `env` adds to what the call says, or takes away from it with ''. */
  async call(command: string, call: CniCall, env: NodeJS.ProcessEnv = {}): Promise<CniAnswer> {
    const { containerId, netns = '', ifName = 'eth0', args = '' } = call;
    const { code, stdout } = await runCommand(PLUGIN, [], {
      input: JSON.stringify(this.config(call)),
      allowFailure: true,
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: containerId,
        CNI_NETNS: netns,
        CNI_IFNAME: ifName,
        CNI_ARGS: args,
        CNI_PATH: '/opt/cni/bin',
        ...env,
      },
    });
    return { code, stdout };
  }

  async add(call: CniCall): Promise<CniResult> {
    return success(await this.call('ADD', call));
  }

  /** The error of a call that must fail. */
  async refused(command: string, call: CniCall, env: NodeJS.ProcessEnv = {}): Promise<CniFailure> {
    const { code, stdout } = await this.call(command, call, env);
    if (code !== 1) throw new Error(`${command} ended with ${code}: ${stdout}`);
    return JSON.parse(stdout) as CniFailure;
  }

  /** DEL, CHECK, GC and STATUS say nothing where all is well. */
  async silent(command: string, call: CniCall): Promise<void> {
    const { code, stdout } = await this.call(command, call);
    if (code !== 0 || stdout !== '') throw new Error(`${command} ended with ${code}: ${stdout}`);
  }

  /** `ip` in the node's namespace. */
  async ip(...words: string[]): Promise<string> {
    return (await runCommand('ip', ['-n', this.host.netns, ...words])).stdout;
  }

  /** Everything the agent has of pods: names of host interfaces, addresses in use, routes of the kernel. */
  async traces(): Promise<{ links: string[]; addresses: string[]; routes: string[] }> {
    const links = [...(await this.ip('-br', 'link')).matchAll(/^(tor[0-9a-f]{11})@/gm)].map((match) => match[1]!);
    const { assignments } = await this.agent.client.get<AssignmentPage>('/v1/ipam/assignments', { limit: 10_000 });
    const routes = `${await this.ip('-4', 'route')}${await this.ip('-6', 'route')}`;
    return {
      links: links.sort(),
      addresses: assignments.map(({ address }) => address).sort(),
      routes: [...routes.matchAll(/^(\S+) dev tor[0-9a-f]{11} proto 201/gm)].map((match) => match[1]!).sort(),
    };
  }
}

export function success({ code, stdout }: CniAnswer): CniResult {
  if (code !== 0) throw new Error(`ADD ended with ${code}: ${stdout}`);
  return JSON.parse(stdout) as CniResult;
}

export const NOTHING = { links: [], addresses: [], routes: [] };

/** `10.244.0.7` of an answer's IPv4 or IPv6 address. */
export const addressIn = ({ ips }: CniResult, version: 4 | 6): string =>
  ips.map(({ address }) => address.split('/')[0]!).find((address) => address.includes(':') === (version === 6))!;

/** A node on one network with another host, 10.0.0.1 and fd00::1. */
export const withCniNode = (
  work: (node: CniNode) => Promise<void>,
  config: Partial<AgentConfigFile> = {},
): Promise<void> =>
  withHosts(['node', 'other'], async (lab) => {
    const host = lab.host('node');
    const agent = await startAgent(host, { cni: {}, pools: POOLS, blocks: {}, ...config });
    await work(new CniNode(host, agent));
  });

export async function pings(from: string, to: string): Promise<boolean> {
  const args = ['netns', 'exec', from, 'ping', '-c', '1', '-W', '2', to];
  return (await runCommand('ip', args, { allowFailure: true })).code === 0;
}
