/** What an agent says of itself as a whole, made from memory when it is asked. */
import { formatPrefix } from '@tortie/ip';
import type { Health, Status } from '../../src/api/status.js';
import { health } from '../../src/health.js';
import type { RouterId } from '../../src/node/router-id.js';
import type { Agent } from '../agent.js';
import type { KernelSide } from '../kernel/kernel-side.js';
import type { RemoteStore } from '../store/remote-store.js';
import { storeRoom } from '../store/store-room.js';
import { VERSION } from './version.js';
import { warningsOf } from './warnings.js';

/** What it keeps to itself otherwise. */
export interface AgentInside {
  readonly kernel: KernelSide;
  readonly remote: RemoteStore | undefined;
  readonly routerId: RouterId;
  readonly startedAtMs: number;
  /** The same by a clock that only goes on. */
  readonly startedMs: number;
  readonly graceOver: boolean;
  readonly nodeWarnings: readonly string[];
  readonly api: Status['api'];
}

export function agentHealth(agent: Agent, { kernel, remote, graceOver }: AgentInside): Health {
  const { config, peersLoop, peerRangesLoop, originatedLoop, blocksLoop, blocks } = agent;
  const { away, consequence = '', reached = false } = remote ?? {};
  return health({
    mode: config.health.ready,
    graceOver,
    ...sessionsOf(agent),
    kernel: kernel.programming,
    refusedRoutes: kernel.summary().failed,
    storeError: remote?.claim.problem ?? (peersLoop.error ?? peerRangesLoop.error ?? originatedLoop.error)?.message,
    blocksError: blocksLoop.error?.message ?? blocks.problem,
    storeAway: away === undefined ? undefined : { detail: away, consequence, reached },
    others: agent.dataplane.conditions(),
  });
}

export function agentStatus(agent: Agent, inside: AgentInside): Status {
  const { config } = agent;
  const { kernel, remote, routerId, startedAtMs, startedMs, nodeWarnings, api } = inside;
  const { expected, established } = sessionsOf(agent);
  const adminDown = agent.peers.list().filter(({ spec }) => spec.adminDown).length;
  const { rss, heapUsed } = process.memoryUsage();
  const families = new Map(agent.speaker.counters().families.map((one) => [one.family, one]));
  const routes = [...families.values()].reduce((sum, one) => sum + one.routes, 0);
  return {
    node: config.node,
    version: VERSION,
    startedAt: new Date(startedAtMs).toISOString(),
    uptimeS: Math.round((performance.now() - startedMs) / 100) / 10,
    asn: config.asn,
    routerId: routerId.text,
    routerIdSource: routerId.source,
    ...(config.clusterId !== undefined && { clusterId: config.clusterId }),
    configFile: config.file,
    importPolicy: config.importPolicy,
    sessions: { configured: expected + adminDown, established, adminDown },
    routes: {
      ipv4: families.get('ipv4-unicast')?.prefixes ?? 0,
      ipv6: families.get('ipv6-unicast')?.prefixes ?? 0,
      candidates: routes,
    },
    fib: kernel.summary(),
    blocks: agent.blocks.addressing.blocks.map(({ prefix }) => formatPrefix(prefix)),
    api,
    conditions: agentHealth(agent, inside).conditions,
    warnings: warningsOf({
      agent,
      kernel,
      remote,
      room: config.store.etcd ? undefined : storeRoom(config.store.path),
      nodes: nodeWarnings,
    }),
    memory: { residentOctets: rss, heapOctets: heapUsed },
  };
}

function sessionsOf({ speaker, peers }: Agent): { expected: number; established: number } {
  let expected = 0;
  let established = 0;
  for (const { name, state } of speaker.peers()) {
    // A peer that waits for BFD is held down in the speaker, not by its operator; one of a range is awaited by nobody.
    const managed = peers.get(name);
    if (managed ? !managed.spec.adminDown : state === 'established') expected++;
    if (state === 'established') established++;
  }
  // Nor does the speaker know a peer that was never found on its interface.
  for (const { spec, bound, error } of peers.list()) if (!bound && !error && !spec.adminDown) expected++;
  return { expected, established };
}
