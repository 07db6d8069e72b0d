/** What becomes of sessions when resources change: of one node, and of all. Pure. */
import type { ClusterIndex } from '../sessions/cluster-index.js';
import { desiredSessions } from '../sessions/desired-sessions.js';
import { type OpenSession, originText, type Session } from '../sessions/session.js';
import { sessionCost } from '../sessions/session-cost.js';

/** `kept`: nothing is sent for it; `refreshed`: routes go again; `reset`: it goes down and comes up again. */
export type SessionFate = 'added' | 'removed' | 'reset' | 'refreshed' | 'kept';

export interface PlannedSession {
  readonly fate: SessionFate;
  /** After the change; before it for one that is removed. */
  readonly session: Session | OpenSession;
  /** What asked for it before, where that is another. */
  readonly formerly?: string;
}

export type FateCounts = Readonly<Record<SessionFate, number>>;

export const NO_FATES: FateCounts = { added: 0, removed: 0, reset: 0, refreshed: 0, kept: 0 };

/** `filters`: names of BGPFilters that change: their sessions are told routes again. */
export function planNode(
  before: ClusterIndex,
  after: ClusterIndex,
  node: string,
  filters: ReadonlySet<string> = new Set(),
): PlannedSession[] {
  const had = new Map(allOf(before, node).map((session) => [session.name, session]));
  const planned: PlannedSession[] = allOf(after, node).map((session) => {
    const former = had.get(session.name);
    had.delete(session.name);
    if (!former) return { fate: 'added', session };
    const origin = originText(former.origin);
    return {
      fate: fateOf(former, session, filters),
      session,
      ...(origin !== originText(session.origin) && { formerly: origin }),
    };
  });
  for (const session of had.values()) planned.push({ fate: 'removed', session });
  return planned.sort((x, y) => (x.session.name < y.session.name ? -1 : 1));
}

function allOf(index: ClusterIndex, node: string): readonly (Session | OpenSession)[] {
  const { sessions, open } = desiredSessions(index, node);
  return [...sessions, ...open];
}

function fateOf(
  before: Session | OpenSession,
  after: Session | OpenSession,
  filters: ReadonlySet<string>,
): SessionFate {
  const cost = sessionCost(before, after);
  if (cost === 'session-reset') return 'reset';
  return cost === 'soft-refresh' || after.filters.some((name) => filters.has(name)) ? 'refreshed' : 'kept';
}

export function countFates(planned: readonly PlannedSession[], into: FateCounts = NO_FATES): FateCounts {
  const counts = { ...into };
  for (const { fate } of planned) counts[fate]++;
  return counts;
}
