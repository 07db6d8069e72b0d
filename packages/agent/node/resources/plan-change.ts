/** A change of resources that is not made: what would become of sessions and routes. */
import type { FamilyName } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import {
  type ClusterIndex,
  clusterFindings,
  countFates,
  desiredSessions,
  NO_FATES,
  originText,
  type PlannedSession,
  planNode,
  readResource,
  type Session,
} from '@tortie/cluster';
import { formatFault } from '@tortie/cluster/schema';
import { formatPrefix } from '@tortie/ip';
import type { Plan, PlanRequest } from '../../src/api/plan.js';
import { RESOURCE_TABLES, type ResourceChange, type ResourceTable, tableOf } from '../../src/cluster/cluster-mirror.js';
import { type Issue, ValidationError } from '../../src/errors.js';
import type { RestContext } from '../rest/context.js';
import { isIn } from '../sessions/up-sessions.js';
import { unfoldRequest } from './apply.js';

/** Other nodes are looked at in clusters up to this size. */
const ALL_NODES_UP_TO = 500;
const MOST_PREFIXES = 1000;
const FAMILIES: readonly FamilyName[] = ['ipv4-unicast', 'ipv6-unicast'];

type Context = Pick<RestContext, 'config' | 'cluster' | 'speaker' | 'ipam'>;

/** Throws ValidationError for resources that cannot be. */
export async function planChange(context: Context, request: PlanRequest): Promise<Plan> {
  const { config, speaker } = context;
  const cluster = context.cluster!;
  const change = changeOf(request);
  const before = cluster.mirror.index;
  const after = cluster.mirror.indexWith(change);
  const filters = new Set(change.bgpfilters?.keys() ?? []);
  const own = planNode(before, after, config.node, filters);
  const all = after.nodes.length <= ALL_NODES_UP_TO ? after.nodes : [];
  let total = countFates(own);
  const others: Plan['others'] = [];
  for (const { name } of all) {
    if (name === config.node) continue;
    const planned = planNode(before, after, name, filters);
    total = countFates(planned, total);
    const counts = countFates(planned);
    if (counts.added + counts.removed + counts.reset + counts.refreshed > 0)
      others.push({ node: name, counts: { ...counts } });
  }
  const known = new Set(clusterFindings(before, config.node).map((one) => JSON.stringify(one)));
  const [reachedBefore, reached] = [reachOf(before, config.node), reachOf(after, config.node)];
  const lost = lostRoutes(speaker, own, reached);
  const gained = await gainedRoutes(context, new Set([...reached].filter((name) => !reachedBefore.has(name))));
  return {
    node: config.node,
    sessions: own.map(({ fate, session, formerly }) => ({
      fate,
      name: session.name,
      ...('at' in session ? session.at : atAddress(session)),
      origin: originText(session.origin),
      ...(formerly !== undefined && { formerly }),
    })),
    counts: { ...NO_FATES, ...countFates(own) },
    held: cluster.sessions.foresee(after).map((one) => ({ ...one, sessions: [...one.sessions] })),
    routes: {
      lost: lost.slice(0, MOST_PREFIXES),
      gained: gained.slice(0, MOST_PREFIXES),
      truncated: Math.max(lost.length, gained.length) > MOST_PREFIXES,
    },
    others,
    total: { ...total },
    findings: clusterFindings(after, config.node).filter((one) => !known.has(JSON.stringify(one))),
  };
}

const atAddress = ({ node, remoteAddress }: Session) => ({ ...(node !== undefined && { node }), remoteAddress });

function changeOf({ resources = [], delete: deleted = [] }: PlanRequest): ResourceChange {
  const issues: Issue[] = [];
  const tables = Object.fromEntries(RESOURCE_TABLES.map((table) => [table, new Map<string, unknown>()])) as Record<
    ResourceTable,
    Map<string, unknown>
  >;
  for (const { at, document } of unfoldRequest(resources)) {
    const { resource, faults } = readResource(document);
    for (const fault of faults) issues.push({ pointer: `/resources${at}${fault.pointer}`, detail: formatFault(fault) });
    const table = resource && tableOf(resource.kind);
    if (resource && table) tables[table].set(resource.metadata.name, resource);
  }
  for (const [index, { kind, name }] of deleted.entries()) {
    const table = tableOf(kind);
    if (table) tables[table].set(name, undefined);
    else {
      const detail = `"${kind}" decides about no session; Node, BGPConfiguration, BGPPeer and BGPFilter do`;
      issues.push({ pointer: `/delete/${index}/kind`, detail });
    }
  }
  if (issues.length > 0) throw new ValidationError(issues);
  return Object.fromEntries(Object.entries(tables).filter(([, map]) => map.size > 0)) as ResourceChange;
}

/**
 * Nodes whose routes come to this one: those it has sessions with, and those that its reflectors tell of, where one of the two is
 * the reflector's client (RFC 4456 section 6).
 */
function reachOf(index: ClusterIndex, self: string): ReadonlySet<string> {
  const reached = new Set<string>();
  for (const { node, reflector } of desiredSessions(index, self).sessions) {
    if (node === undefined) continue;
    reached.add(node);
    if (!reflector) continue;
    const { sessions } = desiredSessions(index, node);
    const toSelf = sessions.some((one) => one.node === self && one.client);
    for (const one of sessions) if (one.node !== undefined && (toSelf || one.client)) reached.add(one.node);
  }
  reached.delete(self);
  return reached;
}

/** What only sessions have that go away for good, and no reflector tells of. */
function lostRoutes(
  speaker: RunningSpeaker,
  planned: readonly PlannedSession[],
  reached: ReadonlySet<string>,
): string[] {
  const going = new Set(
    planned
      .filter(({ fate, session }) => fate === 'removed' && !('node' in session && reached.has(session.node ?? '')))
      .map(({ session }) => session.name),
  );
  // Peers of a range are called after it.
  const goes = (peer: string): boolean => going.has(peer) || [...going].some((name) => isIn(name, peer));
  const lost: string[] = [];
  if (going.size === 0) return lost;
  for (const family of FAMILIES) {
    for (let cursor: number | undefined = 0; cursor !== undefined; ) {
      const page: ReturnType<RunningSpeaker['locRib']> = speaker.locRib({ family, cursor });
      for (const { prefix, candidates } of page.items) {
        const usable = candidates.filter(({ ineligible }) => ineligible === undefined);
        if (usable.length === 0) continue;
        if (usable.every(({ peer }) => goes(speaker.peerName(peer) ?? ''))) lost.push(formatPrefix(prefix));
      }
      cursor = page.next;
    }
  }
  return lost;
}

/** Blocks of nodes that come into reach. */
async function gainedRoutes({ speaker, ipam }: Context, nodes: ReadonlySet<string>): Promise<string[]> {
  if (nodes.size === 0) return [];
  const blocks = await ipam.blocks({});
  return blocks
    .filter(({ node, cidr }) => {
      if (node === undefined || !nodes.has(node)) return false;
      return !speaker.why(cidr)?.candidates.some(({ ineligible }) => ineligible === undefined);
    })
    .map(({ cidr }) => formatPrefix(cidr));
}
