/** Real agents on bare hosts, with what a test says and little more, and the questions tests put to them. */
import type { AgentConfigFile, AgentEvent, EventList, Peer, PeerRoute, PeerSpec } from '@tortie/agent/api';
import { Agent, type AgentOptions, type Host } from '@tortie/lab';
import { eventually } from './eventually.js';

export const LOCAL_ASN = 65001;

/** An agent of AS 65001 with a store of its own, that takes all routes and claims no blocks. */
export function startAgent(
  host: Host,
  config: Partial<AgentConfigFile> = {},
  options: AgentOptions = {},
): Promise<Agent> {
  const whole = {
    node: host.name,
    asn: LOCAL_ASN,
    routerId: host.address(),
    store: { path: host.path('store') },
    importPolicy: 'all',
    blocks: { ipv4: false, ipv6: false },
    ...config,
    api: { socket: host.path('agent.sock'), ...config.api },
  };
  return Agent.start(host, whole, options);
}

/** A peer that is dialled often and tried again soon. */
export function peerAt(host: Host, remoteAsn: number, over: Partial<PeerSpec> = {}): PeerSpec {
  return {
    name: host.name,
    remoteAddress: host.address(over.name?.endsWith('6') ? 'ipv6' : 'ipv4'),
    remoteAsn,
    connectRetryS: 1,
    idleHoldMaxS: 1,
    ...over,
  };
}

/** Waits for the sessions of these peers, or of all. */
export async function established(agent: Agent, ...names: readonly string[]): Promise<void> {
  await eventually(`the sessions of ${agent.host.name}`, async () => {
    const peers = (await agent.peers()).filter(({ spec }) => names.length === 0 || names.includes(spec.name));
    const waiting = peers.filter(({ session }) => session?.state !== 'established');
    if (waiting.length > 0) throw new Error(waiting.map(describe).join('; '));
    return peers.length > 0;
  });
}

const describe = ({ spec, session, error }: Peer): string =>
  `${spec.name} is ${session?.state}, ${error ?? session?.lastCause ?? 'without a cause'}`;

/** Waits until the session of a peer is down, and gives the event that tells of it. */
export async function lost(agent: Agent, name: string, after = 0): Promise<AgentEvent> {
  return eventually(`the loss of ${name} in the event log of ${agent.host.name}`, async () =>
    (await events(agent, after)).find(
      ({ kind, subject, text }) =>
        kind === 'session' && subject === name && / established -> /.test(text) && !text.endsWith('established'),
    ),
  );
}

/** The event log of an agent, oldest first. */
export async function events(agent: Agent, after = 0): Promise<readonly AgentEvent[]> {
  return (await agent.client.get<EventList>('/v1/events', { after, limit: 1000 })).events;
}

/** The id of the newest event. */
export const lastEvent = async (agent: Agent): Promise<number> =>
  (await agent.client.get<EventList>('/v1/events', { limit: 1 })).lastId;

/** A whole adj-rib of a peer. */
export async function peerRoutes(
  agent: Agent,
  peer: string,
  table: 'adj-rib-in' | 'adj-rib-out',
  query: Readonly<Record<string, string>> = {},
): Promise<PeerRoute[]> {
  const routes: PeerRoute[] = [];
  const path = `/v1/peers/${encodeURIComponent(peer)}/${table}`;
  for await (const route of agent.client.pages<PeerRoute>(path, 'routes', { limit: 10_000, ...query })) {
    routes.push(route);
  }
  return routes;
}

/** The route of a peer for one prefix, or undefined. */
export const routeFrom = async (agent: Agent, peer: string, prefix: string): Promise<PeerRoute | undefined> =>
  (await peerRoutes(agent, peer, 'adj-rib-in')).find((route) => route.prefix === prefix);
