/**
 * A pod: a namespace with one interface, an address of its node's IPAM, and a gateway that exists only as an ARP answer
 * (169.254.1.1) or as the link-local address of the host's end (IPv6).
 */
import { createHash } from 'node:crypto';
import type { AssignmentResult } from '@tortie/agent/api';
import type { FamilyKey } from '../topology/plan.js';
import type { Agent } from './agent.js';
import { type CommandOptions, type CommandResult, runCommand } from './command.js';
import type { Host } from './host.js';
import { configureNamespace, inNetns, type Setting } from './namespace.js';
import { type Prober, startProber } from './probe.js';

const HOST_MAC = 'ee:ee:ee:ee:ee:ee';
/** What the kernel makes of that MAC (RFC 4291 appendix A). */
const HOST_LINK_LOCAL = 'fe80::ecee:eeff:feee:eeee';
const GATEWAY = '169.254.1.1';

/** The host's end of a pod's veth: `tor` and 11 hex digits. */
export const podInterface = (pod: string): string =>
  `tor${createHash('sha256').update(`lab/${pod}`).digest('hex').slice(0, 11)}`;

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

/** Asks the node's agent for addresses and plugs the pod in. The namespace is there already. */
export async function startPod(
  host: Host,
  agent: Agent,
  name: string,
  netns: string,
  families: readonly FamilyKey[],
): Promise<Pod> {
  const { body } = await agent.client.call<AssignmentResult>('POST', '/v1/ipam/assignments', {
    body: {
      handle: name,
      ipv4: families.includes('ipv4') ? 1 : 0,
      ipv6: families.includes('ipv6') ? 1 : 0,
    },
  });
  const addresses: Partial<Record<FamilyKey, string>> = {};
  for (const { address } of body.assignments) addresses[address.includes(':') ? 'ipv6' : 'ipv4'] = address;
  const hostInterface = podInterface(name);
  await configureNamespace(host.netns, hostSettings(hostInterface, netns, addresses));
  await configureNamespace(netns, podSettings(addresses));
  const prober = startProber(host, name, netns, Object.values(addresses));
  await prober.ready;
  return {
    name,
    node: host.name,
    netns,
    hostInterface,
    addresses,
    prober,
    exec(command, args = [], options = {}) {
      const [outer, outerArgs] = inNetns(netns, command, args);
      return runCommand(outer, outerArgs, options);
    },
  };
}

function hostSettings(device: string, netns: string, addresses: Pod['addresses']): Setting[] {
  const settings: Setting[] = [
    `link add ${device} address ${HOST_MAC} type veth peer name eth0 netns ${netns}`,
    { sysctl: `net/ipv6/conf/${device}/accept_dad`, value: 0 },
    { sysctl: `net/ipv4/conf/${device}/rp_filter`, value: 0 },
    { sysctl: `net/ipv4/conf/${device}/proxy_arp`, value: 1 },
    { sysctl: `net/ipv4/neigh/${device}/proxy_delay`, value: 0 },
    `link set ${device} up`,
  ];
  if (addresses.ipv4) {
    // proxy_arp answers only for what the host itself has a route for, through another interface.
    settings.push(`route replace ${GATEWAY}/32 dev lo`, `route replace ${addresses.ipv4}/32 dev ${device} scope link`);
  }
  if (addresses.ipv6) settings.push(`route replace ${addresses.ipv6}/128 dev ${device}`);
  return settings;
}

function podSettings(addresses: Pod['addresses']): Setting[] {
  const settings: Setting[] = [{ sysctl: 'net/ipv6/conf/eth0/accept_dad', value: 0 }, 'link set eth0 up'];
  if (addresses.ipv4) {
    settings.push(
      `addr add ${addresses.ipv4}/32 dev eth0`,
      `route add ${GATEWAY} dev eth0 scope link`,
      `route add default via ${GATEWAY} dev eth0`,
    );
  }
  if (addresses.ipv6) {
    settings.push(`addr add ${addresses.ipv6}/128 dev eth0 nodad`, `route add default via ${HOST_LINK_LOCAL} dev eth0`);
  }
  return settings;
}
