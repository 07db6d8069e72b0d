/**
 * From the sessions a node has to those it should have, without a gap: what is new and what changes in place is done at once;
 * a session that others replace is closed only when those have told all their routes; and a change that would take down most
 * of what is up is held until somebody confirms it.
 *
 * Pure. To be asked again when a session changes its state, when an End-of-RIB comes, and when `againMs` is there.
 */
import { type OpenSession, originText, type Session } from './session.js';
import { sessionCost } from './session-cost.js';

export interface NextInput {
  /** What the speaker was told last. */
  readonly present: ReadonlyMap<string, Session>;
  readonly desired: readonly Session[];
  readonly open: { readonly present: readonly OpenSession[]; readonly desired: readonly OpenSession[] };
  readonly isEstablished: (name: string) => boolean;
  /** Established, or down for so short a time that one of its ends may be starting anew. */
  readonly countsAsUp: (name: string) => boolean;
  /** How many sessions of an open one count as up. */
  readonly countUp: (open: string) => number;
  /** Established, or routes of it are kept until it is back. */
  readonly hasRoutes: (name: string) => boolean;
  /** Sessions that stay have all routes of this one as well. */
  readonly isCovered: (name: string) => boolean;
  /** Sessions of this node that are up and no matter of the cluster: of its file, or of its API. */
  readonly othersEstablished: () => number;
  /** Established, and the peer has sent End-of-RIB for the family of the session. */
  readonly isComplete: (name: string) => boolean;
  /** A node of this name is in the cluster. */
  readonly hasNode: (name: string) => boolean;
  /** Ids of holds that an operator has let go. */
  readonly confirmed: ReadonlySet<string>;
  readonly nowMs: number;
  /** When the present replacement began; undefined: none is under way. */
  readonly replacingSinceMs: number | undefined;
}

/** A change that waits for an operator, or for sessions that are to take over. */
export interface Pending {
  /** Of exactly these sessions: confirming it lets nothing else go. */
  readonly id: string;
  readonly kind: 'blast-radius' | 'replacement' | 'reflector-without-peer';
  readonly reason: string;
  readonly sessions: readonly string[];
}

export interface NextSessions {
  /** What the speaker is to have. */
  readonly sessions: ReadonlyMap<string, Session>;
  readonly open: readonly OpenSession[];
  /** Taken away although their peers are there: without a Cease, so that those keep our routes until they have others. */
  readonly replaced: readonly string[];
  readonly pending: readonly Pending[];
  readonly replacingSinceMs: number | undefined;
  readonly againMs: number | undefined;
}

/** A replacement that does not come up, or lacks routes, holds nothing longer than this, as long as another one is there. */
const PATIENCE_MS = 60_000;
/** Routes come without an event that could be waited for. */
const LOOK_AGAIN_MS = 250;

export function nextSessions(input: NextInput): NextSessions {
  const { present, desired, isEstablished, othersEstablished, confirmed } = input;
  const wanted = byName(desired);
  const sessions = new Map(wanted);
  const open = byName(input.open.desired);
  const presentOpen = byName(input.open.present);
  const leaving = [...present.values()].filter(({ name }) => !wanted.has(name));
  const pending: Pending[] = [];
  const replaced: string[] = [];
  const falling: string[] = [];
  let againMs: number | undefined;
  let replacing = false;

  const waiting = new Map<string, string[]>();
  for (const session of leaving) {
    if (!input.hasRoutes(session.name) && !isUp(session)) continue;
    const fate = fateOf(session, input);
    if (fate.type === 'falls') {
      if (fate.inVain) replacing = true;
      if (isUp(session)) falling.push(session.name);
      continue;
    }
    replacing = true;
    if (fate.type === 'replaced') {
      replaced.push(session.name);
      continue;
    }
    if (fate.againMs !== undefined) againMs = Math.min(againMs ?? fate.againMs, fate.againMs);
    const kind = `${fate.kind} ${fate.reason}`;
    waiting.set(kind, [...(waiting.get(kind) ?? []), session.name]);
  }
  for (const [key, names] of waiting) {
    const at = key.indexOf(' ');
    hold({ kind: key.slice(0, at) as Pending['kind'], reason: key.slice(at + 1) }, names);
  }

  const resets = desired.filter((session) => {
    const before = present.get(session.name);
    return before !== undefined && isEstablished(session.name) && sessionCost(before, session) === 'session-reset';
  });
  const lostOpen = input.open.present.filter((before) => {
    const after = open.get(before.name);
    return (!after || sessionCost(before, after) === 'session-reset') && input.countUp(before.name) > 0;
  });
  const names = [...falling, ...resets.map(({ name }) => name), ...lostOpen.map(({ name }) => name)].sort();
  if (names.length > 0) {
    // Of thousands of sessions only counted where some go.
    const lost = falling.length + resets.length + countUp(lostOpen);
    const up = othersEstablished() + [...present.values()].filter(isUp).length + countUp(input.open.present);
    if (lost * 2 > up) {
      const what = lost === up ? (up === 1 ? 'the last session' : `all ${up} sessions`) : `${lost} of ${up} sessions`;
      hold(
        {
          kind: 'blast-radius',
          reason: `the change would take down ${what} of this node that ${up === 1 ? 'is' : 'are'} established`,
        },
        names,
      );
    }
  }
  return {
    sessions,
    open: [...open.values()],
    replaced,
    pending,
    replacingSinceMs: replacing ? (input.replacingSinceMs ?? input.nowMs) : undefined,
    againMs,
  };

  /** Keeps sessions as they are, unless that was confirmed. */
  function hold({ kind, reason }: Pick<Pending, 'kind' | 'reason'>, names: readonly string[]): void {
    const id = holdId(kind, names);
    if (confirmed.has(id)) return;
    for (const name of names) {
      const [session, range] = [present.get(name), presentOpen.get(name)];
      if (session) sessions.set(name, session);
      if (range) open.set(name, range);
    }
    pending.push({ id, kind, reason, sessions: [...names].sort() });
  }

  /** A node that was taken out of the cluster is not waited for. */
  function isUp({ name, node }: Session): boolean {
    return isEstablished(name) || (input.countsAsUp(name) && (node === undefined || input.hasNode(node)));
  }

  function countUp(some: readonly OpenSession[]): number {
    return some.reduce((sum, { name }) => sum + input.countUp(name), 0);
  }
}

const byName = <T extends { readonly name: string }>(some: readonly T[]): Map<string, T> =>
  new Map(some.map((one) => [one.name, one]));

type Fate =
  /** `inVain`: its successors had their time, and do not have its routes. */
  | { readonly type: 'falls'; readonly inVain?: true }
  | { readonly type: 'replaced' }
  | { readonly type: 'waits'; readonly kind: Pending['kind']; readonly reason: string; readonly againMs?: number };

/** What becomes of an established session that is no longer wanted. */
function fateOf(
  session: Session,
  { desired, isComplete, isCovered, hasNode, nowMs, replacingSinceMs }: NextInput,
): Fate {
  // Nobody else tells the routes of a peer that is no node of ours, or of a node that has left the cluster.
  if (session.node === undefined || !hasNode(session.node)) return { type: 'falls' };
  const others = desired.filter(({ family }) => family === session.family);
  const explicit = others.filter(({ origin }) => origin.type !== 'mesh');
  const reflectors = explicit.filter(({ reflector }) => reflector);
  const meshGoesOn = explicit.length < others.length;
  const successors = reflectors.length > 0 ? reflectors : meshGoesOn ? [] : explicit;
  if (successors.length === 0 && session.origin.type === 'mesh' && meshGoesOn) {
    const reason = `node ${session.node} has left the mesh, and no BGPPeer has this node peer with it or with another reflector`;
    return { type: 'waits', kind: 'reflector-without-peer', reason };
  }
  if (successors.length === 0) return { type: 'falls' };
  const missing = successors.filter(({ name }) => !isComplete(name));
  const untilMs = (replacingSinceMs ?? nowMs) + PATIENCE_MS;
  // Reflectors tell what there is; a ToR beside them may have no route between nodes at all.
  const late = (): Fate =>
    reflectors.length > 0 || isCovered(session.name) ? { type: 'replaced' } : { type: 'falls', inVain: true };
  if (missing.length === 0) {
    // A reflector may have sent its End-of-RIB when it was none yet.
    if (isCovered(session.name)) return { type: 'replaced' };
    if (nowMs >= untilMs) return late();
    const reason = 'closed once the sessions that replace it have its routes as well';
    return { type: 'waits', kind: 'replacement', reason, againMs: nowMs + LOOK_AGAIN_MS };
  }
  const some = missing.length < successors.length;
  if (some && nowMs >= untilMs) return late();
  const names = missing.slice(0, 3).map(({ remoteAddress, origin }) => `${remoteAddress} (${originText(origin)})`);
  return {
    type: 'waits',
    kind: 'replacement',
    reason: `closed once the sessions that replace it have sent all their routes; still to come: ${names.join(', ')}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}`,
    ...(some && { againMs: untilMs }),
  };
}

/** FNV-1a over kind and names: short enough to type. */
export function holdId(kind: string, names: readonly string[]): string {
  let hash = 0x811c9dc5;
  for (const char of [kind, ...[...names].sort()].join('\n'))
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
