/** The configuration file of a Tortie agent in the lab, as a plain object ready for YAML. Pure. */
import {
  etcdMembers,
  type LabPlan,
  type PlannedHost,
  type PlannedSession,
  type SessionEnd,
  sessionsOf,
} from '../topology/plan.js';

export interface AgentPaths {
  readonly socket: string;
  readonly store: string;
}

type Plain = Readonly<Record<string, unknown>>;

/** What the topology derives; the host's own `config` is merged over it. */
export function agentConfig(plan: LabPlan, host: PlannedHost, paths: AgentPaths): Plain {
  const sessions = sessionsOf(plan, host.name);
  const reflects = sessions.some(({ end }) => end.client);
  const clusterId = host.clusterId ?? (reflects ? host.routerId : undefined);
  const endpoints = etcdMembers(plan).map(({ address }) => clientUrl(address));
  const etcd = host.store === 'shared' && endpoints.length > 0 ? { etcd: { endpoints } } : {};
  const derived: Plain = {
    node: host.name,
    asn: host.asn,
    routerId: host.routerId,
    ...(clusterId === undefined ? {} : { clusterId }),
    api: { socket: paths.socket },
    store: { path: paths.store, ...etcd },
    bgp: {
      listen: plan.families.map((family) => (family === 'ipv4' ? '0.0.0.0:179' : '[::]:179')),
      ...(host.multipath > 1 ? { multipath: host.multipath } : {}),
    },
    ...(host.pods.length > 0 ? { cni: {} } : {}),
    blocks: { ipv4: plan.families.includes('ipv4'), ipv6: plan.families.includes('ipv6') },
    pools: plan.pools,
    peers: sessions.map(({ session, end }) => peerConfig(session, end)),
    ...(host.originate.length > 0 ? { originate: host.originate.map((prefix) => ({ prefix })) } : {}),
  };
  return merge(derived, host.config);
}

/** Where a member of etcd takes questions. */
export const clientUrl = (address: string): string => `http://${address.includes(':') ? `[${address}]` : address}:2379`;

function peerConfig(session: PlannedSession, end: SessionEnd): Plain {
  return {
    name: end.peer,
    ...(end.interface === undefined
      ? { remoteAddress: end.remoteAddress, localAddress: end.localAddress }
      : { interface: end.interface }),
    remoteAsn: end.remoteAsn,
    families: session.families.map((family) => `${family}-unicast`),
    connectRetryS: 1,
    ...(end.client ? { routeReflectorClient: true } : {}),
    ...(session.password === undefined ? {} : { password: session.password }),
    ...(session.holdTimeS === undefined ? {} : { holdTimeS: session.holdTimeS }),
    ...session.options,
  };
}

const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Mappings are merged key by key; anything else is replaced. */
function merge(base: Plain, over: Plain): Plain {
  const whole: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const own = whole[key];
    whole[key] = isPlain(own) && isPlain(value) ? merge(own, value) : value;
  }
  return whole;
}
