/** A pod: a namespace plugged in by the node's agent, which is asked as container runtimes ask: by its CNI plugin. */
import { pluginFile } from '@tortie/cni/node';
import { LabError } from '../errors.js';
import type { FamilyKey } from '../topology/plan.js';
import type { Agent } from './agent.js';
import { type CommandOptions, type CommandResult, runCommand } from './command.js';
import type { Host } from './host.js';
import { inNetns, netnsPath } from './namespace.js';
import { type Prober, startProber } from './probe.js';

export interface Pod {
  readonly name: string;
  readonly node: string;
  readonly netns: string;
  /** The host's end of the veth. */
  readonly hostInterface: string;
  readonly addresses: Readonly<Partial<Record<FamilyKey, string>>>;
  readonly prober: Prober;
  exec(command: string, args?: readonly string[], options?: CommandOptions): Promise<CommandResult>;
}

/** What the lab reads of a result (CNI 1.0.0). */
interface CniResult {
  readonly interfaces: readonly { readonly name: string }[];
  readonly ips: readonly { readonly address: string }[];
}

/** Has the pod plugged in. The namespace is there already. */
export async function startPod(
  host: Host,
  agent: Agent,
  name: string,
  netns: string,
  families: readonly FamilyKey[],
): Promise<Pod> {
  const result = await plugIn(agent, name, netns, families);
  const addresses: Partial<Record<FamilyKey, string>> = {};
  for (const { address } of result.ips) {
    addresses[address.includes(':') ? 'ipv6' : 'ipv4'] = address.slice(0, address.indexOf('/'));
  }
  const prober = startProber(host, name, netns, Object.values(addresses));
  await prober.ready;
  return {
    name,
    node: host.name,
    netns,
    hostInterface: result.interfaces[0]!.name,
    addresses,
    prober,
    exec(command, args = [], options = {}) {
      const [outer, outerArgs] = inNetns(netns, command, args);
      return runCommand(outer, outerArgs, options);
    },
  };
}

/** Throws LabError `ERR_LAB_COMMAND` with the plugin's own words. */
async function plugIn(agent: Agent, name: string, netns: string, families: readonly FamilyKey[]): Promise<CniResult> {
  const config = {
    cniVersion: '1.0.0',
    name: 'lab',
    type: 'tortie',
    socket: agent.cniSocket,
    ipv4: families.includes('ipv4'),
    ipv6: families.includes('ipv6'),
  };
  const { code, stdout } = await runCommand(pluginFile(), [], {
    input: JSON.stringify(config),
    allowFailure: true,
    env: {
      CNI_COMMAND: 'ADD',
      CNI_CONTAINERID: name,
      CNI_NETNS: netnsPath(netns),
      CNI_IFNAME: 'eth0',
      CNI_ARGS: `K8S_POD_NAMESPACE=lab;K8S_POD_NAME=${name}`,
    },
  });
  if (code !== 0) throw new LabError('ERR_LAB_COMMAND', `pod ${name} could not be plugged in: ${stdout.trim()}`);
  return JSON.parse(stdout) as CniResult;
}
