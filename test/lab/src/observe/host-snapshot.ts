/** One host as it stands: its sessions, what it has learned, what its kernel has. */
import type { ClusterView, Peer } from '@tortie/agent/api';
import { birdProtocolName } from '../config/bird-config.js';
import type { Agent } from '../host/agent.js';
import type { Bird } from '../host/bird.js';
import type { BirdProtocol } from '../host/bird-answers.js';
import type { Host, KernelRoute } from '../host/host.js';
import type { Lab } from '../lab.js';
import { type FamilyKey, type PlannedHost, type SessionEnd, sessionsOf } from '../topology/plan.js';

/** The protocol number of routes that agents program. */
const TORTIE_PROTOCOL = 201;
/** Of those the FIB has; routes to pods have another. */
const TORTIE_METRIC = 1024;

export interface SessionSnapshot {
  readonly peer: string;
  readonly remoteHost: string;
  readonly remoteAddress: string;
  readonly remoteAsn: number;
  readonly type: 'ebgp' | 'ibgp';
  /** In the words of RFC 4271: idle, connect, active, open-sent, open-confirm, established. */
  readonly state: string;
  readonly received: number;
  readonly advertised: number;
  readonly cause?: string;
}

export interface KernelSnapshot {
  /** Routes that the host's BGP speaker put there. */
  readonly routes: number;
  /** Those of them with more than one next hop. */
  readonly multipath: number;
  /** Routes the kernel refused, each with its words. */
  readonly failed: readonly string[];
}

export interface HostSnapshot {
  readonly name: string;
  readonly run: PlannedHost['run'];
  readonly asn: number;
  readonly sessions: readonly SessionSnapshot[];
  /** Routes in loc-rib. */
  readonly learned: Readonly<Record<FamilyKey, number>>;
  readonly kernel: KernelSnapshot;
  /** Prefixes in the kernel, to look up. */
  readonly prefixes: readonly string[];
  /** Blocks of addresses this node owns. */
  readonly blocks: readonly string[];
  /** The API's socket of an agent. */
  readonly socket?: string;
  /** Why the host could not be asked. */
  readonly error?: string;
}

export async function snapshotHost(lab: Lab, plan: PlannedHost): Promise<HostSnapshot> {
  const host = lab.host(plan.name);
  const agent = lab.agents.get(plan.name);
  const bird = lab.birds.get(plan.name);
  const etcd = lab.etcds.get(plan.name);
  try {
    if (agent) return await snapshotAgent(lab, host, agent);
    if (bird) return await snapshotBird(lab, host, bird);
    etcd?.process.assertRunning();
    return blank(plan);
  } catch (error) {
    const daemon = (agent ?? bird ?? etcd)?.process;
    const ended = daemon?.ended === undefined ? undefined : `has ended (${daemon.ended}); its log: ${daemon.logFile}`;
    return {
      ...blank(plan),
      ...(agent ? { socket: agent.socket } : {}),
      error: ended ?? (error as Error).message,
    };
  }
}

const blank = ({ name, run, asn }: PlannedHost): HostSnapshot => ({
  name,
  run,
  asn,
  sessions: [],
  learned: { ipv4: 0, ipv6: 0 },
  kernel: { routes: 0, multipath: 0, failed: [] },
  prefixes: [],
  blocks: [],
});

async function snapshotAgent(lab: Lab, host: Host, agent: Agent): Promise<HostSnapshot> {
  const [status, peers, cluster, routes] = await Promise.all([
    agent.status(),
    agent.peers(),
    agent.client.get<ClusterView>('/v1/cluster'),
    kernelRoutes(host, TORTIE_PROTOCOL).then((all) => all.filter(({ metric }) => metric === TORTIE_METRIC)),
  ]);
  const failed = status.fib.failed === 0 ? [] : (await agent.fib()).filter((route) => route.state === 'failed');
  const byName = new Map(peers.map((peer) => [peer.name, peer]));
  return {
    ...blank(host.plan),
    sessions: [
      ...sessionsOf(lab.plan, host.name).map(({ session, end }) =>
        agentSession(sessionBase(end, session.type), byName.get(end.peer)),
      ),
      ...cluster.sessions.map((session) => agentSession(clusterBase(session), byName.get(session.name))),
    ],
    learned: { ipv4: status.routes.ipv4, ipv6: status.routes.ipv6 },
    kernel: {
      ...countKernel(routes),
      failed: failed.map(({ prefix, error }) => `${prefix}: ${error ?? 'refused'}`),
    },
    prefixes: routes.map(({ dst }) => dst),
    blocks: status.blocks,
    socket: agent.socket,
  };
}

type SessionBase = Omit<SessionSnapshot, 'state' | 'received' | 'advertised' | 'cause'>;

function agentSession(base: SessionBase, peer: Peer | undefined): SessionSnapshot {
  const session = peer?.session;
  const sum = (key: 'received' | 'advertised'): number =>
    session?.families.reduce((total, family) => total + family[key], 0) ?? 0;
  const cause = session?.lastCause ?? peer?.error;
  return {
    ...base,
    state: session?.state ?? 'idle',
    received: sum('received'),
    advertised: sum('advertised'),
    ...(cause === undefined ? {} : { cause }),
  };
}

const sessionBase = (end: SessionEnd, type: 'ebgp' | 'ibgp'): SessionBase => ({
  peer: end.peer,
  remoteHost: end.remoteHost,
  remoteAddress: end.interface === undefined ? end.remoteAddress : `%${end.interface}`,
  remoteAsn: end.remoteAsn,
  type,
});

/** A session that the cluster's resources ask for. */
const clusterBase = ({ name, node, remoteAddress, remoteAsn, type }: ClusterView['sessions'][number]): SessionBase => ({
  peer: name,
  remoteHost: node ?? '',
  remoteAddress,
  remoteAsn,
  type,
});

async function snapshotBird(lab: Lab, host: Host, bird: Bird): Promise<HostSnapshot> {
  const [protocols, count, routes] = await Promise.all([
    bird.protocols(),
    bird.birdc('show route count'),
    kernelRoutes(host, 'bird'),
  ]);
  const byName = new Map(protocols.map((protocol) => [protocol.name, protocol]));
  const networks = (table: string): number =>
    Number(new RegExp(`for (\\d+) networks in table ${table}`).exec(count)?.[1] ?? 0);
  const planned = sessionsOf(lab.plan, host.name).map(({ session, end }) =>
    birdSession(sessionBase(end, session.type), byName.get(birdProtocolName(end.peer))),
  );
  const known = new Set(planned.map(({ peer }) => birdProtocolName(peer)));
  // Of `birdConfig`: whoever has dialled into a range.
  const others = protocols.filter(({ name, type, info }) => type === 'BGP' && info !== 'Passive' && !known.has(name));
  return {
    ...blank(host.plan),
    sessions: [...planned, ...others.map((protocol) => birdSession(foreignBase(protocol, host.plan.asn), protocol))],
    learned: { ipv4: networks('master4'), ipv6: networks('master6') },
    kernel: { ...countKernel(routes), failed: [] },
    prefixes: routes.map(({ dst }) => dst),
  };
}

function birdSession(base: SessionBase, protocol: BirdProtocol | undefined): SessionSnapshot {
  const [word = '', ...cause] = (protocol?.info ?? '').split(/\s+/);
  return {
    ...base,
    state: word === '' ? 'idle' : word.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase(),
    received: (protocol?.imported ?? 0) + (protocol?.filtered ?? 0),
    advertised: protocol?.exported ?? 0,
    ...(cause.length > 0 ? { cause: cause.join(' ') } : {}),
  };
}

const foreignBase = ({ name, neighborAddress, neighborAsn }: BirdProtocol, asn: number): SessionBase => ({
  peer: name,
  remoteHost: '',
  remoteAddress: neighborAddress ?? '',
  remoteAsn: neighborAsn ?? 0,
  type: neighborAsn === asn ? 'ibgp' : 'ebgp',
});

async function kernelRoutes(host: Host, protocol: string | number): Promise<KernelRoute[]> {
  const families = await Promise.all([host.kernelRoutes('ipv4', protocol), host.kernelRoutes('ipv6', protocol)]);
  return families.flat();
}

const countKernel = (routes: readonly KernelRoute[]) => ({
  routes: routes.length,
  multipath: routes.filter((route) => (route.nexthops?.length ?? 0) > 1).length,
});
