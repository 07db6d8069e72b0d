/**
 * Three nodes of one cluster in two subnets, two pods on each, and every question the network model asks of them.
 *
 *       n1 ─┬─ n2          neta
 *           r              BIRD where BGP is wanted, else a router and nothing more
 *           └─ n3          netb
 */
import type { Pool, Status } from '@tortie/agent/api';
import { formatPrefix, parseInterfaceAddress } from '@tortie/ip';
import { type Agent, type AgentOptions, type Host, type Lab, type Pod, type Prober, withLab } from '@tortie/lab';

export const FAMILIES = ['ipv4', 'ipv6'] as const;
export type Family = (typeof FAMILIES)[number];

/** What a pool says of its way. */
export type WayFields = Partial<Pick<Pool, 'vxlanMode' | 'ipipMode' | 'wireguardMode' | 'hostGateway' | 'natOutgoing'>>;

export const POOLS = [
  { name: 'pods4', cidr: '10.244.0.0/16' },
  { name: 'pods6', cidr: 'fd00:10:244::/112' },
] as const;

export interface NetworkOptions {
  readonly way: WayFields;
  /** Sessions with the router, which tells every node's blocks to the others. */
  readonly bgp?: boolean;
  readonly pods?: number;
  /** Without n3, all on one subnet. */
  readonly oneSubnet?: boolean;
  readonly agent?: AgentOptions;
}

export async function withNetwork(options: NetworkOptions, work: (lab: Lab) => Promise<void>): Promise<void> {
  const { way, bgp = false, pods = 2, oneSubnet = false } = options;
  const config = { importPolicy: 'pools', pools: POOLS.map((pool) => ({ ...pool, ...way })) };
  const node = (asn: number) => ({ asn, pods, config });
  const topology = {
    networks: { neta: { hosts: ['r', 'n1', 'n2'] }, ...(!oneSubnet && { netb: { hosts: ['r', 'n3'] } }) },
    hosts: {
      r: bgp ? { run: 'bird', asn: 64512 } : { run: 'none' },
      n1: node(65001),
      n2: node(65002),
      ...(!oneSubnet && { n3: node(65003) }),
    },
    ...(bgp && { sessions: [{ between: [['r'], ['n*']] }] }),
  };
  const whole = async (lab: Lab): Promise<void> => {
    // No default routes: a route to pods that is missing is to be missed.
    const router = lab.host('r');
    for (const host of nodesOf(lab)) {
      const { segment } = host.plan.interfaces[0]!;
      for (const { segment: other, addresses } of router.plan.interfaces) {
        if (other === segment) continue;
        for (const family of FAMILIES) {
          const prefix = formatPrefix(parseInterfaceAddress(addresses[family]!).prefix);
          await host.exec('ip', ['route', 'replace', prefix, 'via', router.address(family, segment)]);
        }
      }
    }
    await work(lab);
  };
  await withLab(topology, whole, options.agent ? { agent: options.agent } : {});
}

export const nodesOf = (lab: Lab): Host[] => [...lab.hosts.values()].filter(({ name }) => name.startsWith('n'));

/** Changes the way of both pools, or of one, through one node. */
export async function setWay(lab: Lab, way: WayFields, pool?: (typeof POOLS)[number]['name']): Promise<void> {
  for (const name of pool ? [pool] : POOLS.map((one) => one.name))
    await lab.agent('n1').client.call('PATCH', `/v1/ipam/pools/${name}`, { body: way });
}

export const podOn = (lab: Lab, node: string): Pod => [...lab.pods.values()].find((one) => one.node === node)!;

/** A part in a hundred: what a busy machine loses without any change. */
export const MAY_LOSE = 0.01;

/** The interface by which a host sends to an address. */
export async function deviceTo(host: Host, address: string): Promise<string | undefined> {
  const { stdout } = await host.exec('ip', ['-j', 'route', 'get', address], { allowFailure: true });
  return stdout.trim() === '' ? undefined : (JSON.parse(stdout) as { dev?: string }[])[0]?.dev;
}

export interface Answer {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  /** What the far end saw; undefined: it did not answer. */
  readonly seenAs: string | undefined;
  /** What it may see. */
  readonly expected: readonly string[];
}

interface End {
  readonly name: string;
  readonly prober: Prober;
  readonly addresses: Readonly<Partial<Record<Family, string>>>;
  /** As what it may be seen. */
  readonly faces: readonly string[];
}

async function endsOf(lab: Lab): Promise<{ pods: End[]; nodes: End[] }> {
  const pods = [...lab.pods.values()].map(({ name, prober, addresses }) => ({
    name,
    prober,
    addresses,
    faces: Object.values(addresses),
  }));
  const nodes: End[] = [];
  for (const host of nodesOf(lab)) {
    const { stdout } = await host.exec('ip', ['-j', 'addr']);
    const links = JSON.parse(stdout) as { addr_info: { local: string }[] }[];
    const faces = links.flatMap(({ addr_info: all }) => all.map(({ local }) => local));
    const addresses = { ipv4: host.address('ipv4'), ipv6: host.address('ipv6') };
    nodes.push({ name: host.name, prober: lab.probers.get(host.name)!, addresses, faces });
  }
  return { pods, nodes };
}

/** Everybody asks everybody: pods pods, pods nodes, nodes pods, over both families. */
export async function askAll(lab: Lab, timeoutMs = 1000): Promise<Answer[]> {
  const { pods, nodes } = await endsOf(lab);
  const pairs: [End, End][] = [];
  for (const pod of pods) for (const other of [...pods, ...nodes]) if (other !== pod) pairs.push([pod, other]);
  for (const node of nodes) for (const pod of pods) pairs.push([node, pod]);
  const answers: Answer[] = [];
  for (const family of FAMILIES) {
    const asked = pairs.map(async ([from, to]): Promise<Answer> => {
      const reply = await from.prober.ask(to.addresses[family]!, timeoutMs);
      const expected = from.faces.filter((face) => face.includes(':') === (family === 'ipv6'));
      return { from: from.name, to: to.name, family, seenAs: reply.ok ? reply.seenAs : undefined, expected };
    });
    answers.push(...(await Promise.all(asked)));
  }
  return answers;
}

/** What is not as the network model says, one line each. */
export const faultsIn = (answers: readonly Answer[]): string[] =>
  answers.flatMap(({ from, to, family, seenAs, expected }) => {
    if (seenAs === undefined) return [`${from} -> ${to} ${family}: no answer`];
    return expected.includes(seenAs)
      ? []
      : [`${from} -> ${to} ${family}: seen as ${seenAs}, not ${expected.join(' or ')}`];
  });

/** Sends a hundred pings a second until the answer is called; what was sent and what came back. */
export function startPings(from: Pod, to: string): () => Promise<{ sent: number; received: number }> {
  const flag = to.includes(':') ? '-6' : '-4';
  const file = `/tmp/${from.netns}-${to.replaceAll(':', '-')}`;
  const done = from.exec('sh', ['-c', `echo $$ >${file}; exec ping ${flag} -q -i 0.01 ${to}`], { allowFailure: true });
  return async () => {
    await from.exec('sh', ['-c', `kill -INT $(cat ${file}); rm ${file}`]);
    const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec((await done).stdout)!;
    return { sent: Number(sent), received: Number(received) };
  };
}

export async function conditionOf(agent: Agent, name: string): Promise<Status['conditions'][number] | undefined> {
  return (await agent.status()).conditions.find((condition) => condition.name === name);
}
