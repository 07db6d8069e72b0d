/** What a topology means: every host with its interfaces and addresses, every session with both ends. Pure. */
import type { Resource } from '@tortie/cluster';
import type { HostRun } from './plan-hosts.js';

export type FamilyKey = 'ipv4' | 'ipv6';

/** An interface of a host; `segment` is the network or link it is plugged into. */
export interface PlannedInterface {
  readonly name: string;
  readonly segment: string;
  /** Addresses with the length of their segment: `10.0.0.1/24`. */
  readonly addresses: Readonly<Partial<Record<FamilyKey, string>>>;
}

export interface PlannedHost {
  readonly name: string;
  readonly run: HostRun;
  readonly container: boolean;
  readonly asn: number;
  readonly routerId: string;
  readonly clusterId?: string;
  readonly interfaces: readonly PlannedInterface[];
  /** Names of pods, unique in the lab: `node-1-pod-1`. */
  readonly pods: readonly string[];
  readonly originate: readonly string[];
  readonly multipath: number;
  readonly store: 'shared' | 'own';
  readonly config: Readonly<Record<string, unknown>>;
  readonly birdConfig: string;
}

/** A wire: a network is a bridge with any number of hosts, a link is one veth between two. */
export interface PlannedSegment {
  readonly name: string;
  readonly type: 'network' | 'link';
  readonly prefixes: Readonly<Partial<Record<FamilyKey, string>>>;
  readonly hosts: readonly string[];
}

/** One end of a session, as the host there sees it. */
export interface SessionEnd {
  readonly host: string;
  /** Name of the peer in this host's configuration: the other host, with the IP version behind it. */
  readonly peer: string;
  readonly localAddress: string;
  /** Of an unnumbered session; what stands in the addresses is then of no account. */
  readonly interface?: string;
  readonly localAsn: number;
  readonly remoteHost: string;
  readonly remoteAddress: string;
  readonly remoteAsn: number;
  /** The other end is a route reflector client of this one. */
  readonly client: boolean;
}

export interface PlannedSession {
  readonly type: 'ebgp' | 'ibgp';
  readonly over: FamilyKey;
  readonly families: readonly FamilyKey[];
  readonly password?: string;
  readonly holdTimeS?: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly ends: readonly [SessionEnd, SessionEnd];
}

export interface PlannedPool {
  readonly name: string;
  readonly cidr: string;
  readonly blockSize: number;
}

export interface LabPlan {
  readonly name: string;
  readonly description: string;
  readonly families: readonly FamilyKey[];
  readonly hosts: readonly PlannedHost[];
  readonly segments: readonly PlannedSegment[];
  readonly sessions: readonly PlannedSession[];
  /** Of the agents' files; more may be among the resources. */
  readonly pools: readonly PlannedPool[];
  /** Applied when the first agent answers, before the others start. */
  readonly resources: readonly Resource[];
}

/** The sessions of one host, each seen from its own end. */
export const sessionsOf = (plan: LabPlan, host: string): { session: PlannedSession; end: SessionEnd }[] =>
  plan.sessions.flatMap((session) => session.ends.filter((end) => end.host === host).map((end) => ({ session, end })));

/** Where the shared store is: the members of etcd, in the order of the file; none: the agents' own embedded one. */
export const etcdMembers = (plan: LabPlan): { readonly name: string; readonly address: string }[] =>
  plan.hosts.flatMap(({ name, run, interfaces }) => {
    const address = interfaces.map(({ addresses }) => addresses.ipv4 ?? addresses.ipv6).find(Boolean);
    return run === 'etcd' && address !== undefined ? [{ name, address: bareAddress(address) }] : [];
  });

/** How many families agents have blocks of, where everything is well. */
export const familiesOfPools = ({ families, pools, resources }: LabPlan): number => {
  const made = resources.filter(({ kind }) => kind === 'IPPool').map(({ spec }) => (spec as { cidr: string }).cidr);
  const cidrs = [...pools.map(({ cidr }) => cidr), ...made];
  return families.filter((family) => cidrs.some((cidr) => cidr.includes(':') === (family === 'ipv6'))).length;
};

/** The address of an interface without its length. */
export const bareAddress = (address: string): string => address.slice(0, address.indexOf('/'));
