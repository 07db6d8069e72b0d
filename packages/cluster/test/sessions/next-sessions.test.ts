import t from 'tap';
import { holdId, type NextInput, nextSessions } from '../../src/sessions/next-sessions.js';
import type { OpenSession, Session, SessionOrigin } from '../../src/sessions/session.js';

const MESH: SessionOrigin = { type: 'mesh' };
const RR: SessionOrigin = { type: 'node', peer: 'rr' };

const session = (number: number, rest: Partial<Session> = {}): Session => ({
  name: `cluster/10.0.0.${number}`,
  node: `n${number}`,
  origin: MESH,
  family: 4,
  remoteAddress: `10.0.0.${number}`,
  remotePort: 179,
  remoteAsn: 64512,
  type: 'ibgp',
  client: false,
  reflector: false,
  dialling: 'at-once',
  nextHopMode: 'auto',
  filters: [],
  ...rest,
});
const reflector = (number: number): Session => session(number, { origin: RR, reflector: true });
const tor = (number: number): Session => {
  const { node: _, ...rest } = session(number, { origin: { type: 'global', peer: `tor${number}` } });
  return rest;
};
const name = (number: number): string => `cluster/10.0.0.${number}`;
const names = (...numbers: number[]): string[] => numbers.map(name);

interface Sets {
  readonly present: readonly Session[];
  readonly desired: readonly Session[];
  /** Not established; default: all are. */
  readonly down?: readonly number[];
  /** Established without an End-of-RIB. */
  readonly incomplete?: readonly number[];
  /** With routes that nobody else has. */
  readonly alone?: readonly number[];
  /** Not established; their routes are kept. */
  readonly kept?: readonly number[];
  readonly gone?: readonly string[];
  readonly confirmed?: readonly string[];
  /** Down, but not for long. */
  readonly lately?: readonly number[];
  readonly open?: { readonly present: readonly OpenSession[]; readonly desired: readonly OpenSession[] };
  /** Of each open session. */
  readonly openUp?: number;
  readonly others?: number;
  readonly nowMs?: number;
  readonly sinceMs?: number;
}

function next({
  present,
  desired,
  down = [],
  incomplete = [],
  alone = [],
  kept = [],
  gone = [],
  confirmed = [],
  lately = [],
  open = { present: [], desired: [] },
  openUp = 0,
  others = 0,
  nowMs = 1000,
  sinceMs,
}: Sets) {
  const known = new Set(present.map((one) => one.name));
  const isEstablished = (one: string): boolean => known.has(one) && !names(...down).includes(one);
  const input: NextInput = {
    present: new Map(present.map((one) => [one.name, one])),
    desired,
    open,
    isEstablished,
    countsAsUp: (one) => isEstablished(one) || names(...lately).includes(one),
    countUp: () => openUp,
    hasRoutes: (one) => isEstablished(one) || names(...kept).includes(one),
    isCovered: (one) => !names(...alone).includes(one),
    isComplete: (one) => isEstablished(one) && !names(...incomplete).includes(one),
    othersEstablished: () => others,
    hasNode: (one) => !gone.includes(one),
    confirmed: new Set(confirmed),
    nowMs,
    replacingSinceMs: sinceMs,
  };
  const { sessions, pending, ...rest } = nextSessions(input);
  return {
    ...rest,
    sessions: [...sessions.keys()].sort(),
    pending,
    origins: new Map([...sessions].map(([key, one]) => [key, one.origin])),
  };
}
const kinds = (result: ReturnType<typeof next>): string[] => result.pending.map(({ kind }) => kind);

const meshOf = (...numbers: number[]): Session[] => numbers.map((number) => session(number));

t.test('what is new comes at once', async (t) => {
  const result = next({ present: [], desired: meshOf(1, 2) });
  t.strictSame(result.sessions, names(1, 2));
  t.strictSame(result.pending, []);
});

t.test('from mesh to reflectors: sessions with those are re-typed, the others wait for their End-of-RIB', async (t) => {
  const present = meshOf(1, 2, 3, 4, 5);
  const desired = [reflector(1), reflector(2)];
  const first = next({ present, desired, incomplete: [1, 2] });
  t.strictSame(first.sessions, names(1, 2, 3, 4, 5));
  t.strictSame(first.origins.get(name(1)), RR, 'in place');
  t.strictSame(kinds(first), ['replacement']);
  t.match(first.pending[0]?.reason, /10\.0\.0\.1 \(node peer rr\), 10\.0\.0\.2/);
  t.equal(first.againMs, undefined, 'without any reflector there is nothing to give up for');
  const second = next({ present, desired, incomplete: [2], sinceMs: 1000, nowMs: 2000 });
  t.strictSame(second.sessions, names(1, 2, 3, 4, 5), 'one of two is not all');
  t.equal(second.againMs, 61_000);
  const third = next({ present, desired, sinceMs: 1000, nowMs: 2000 });
  t.strictSame([third.sessions, third.replaced, third.pending], [names(1, 2), names(3, 4, 5), []]);
  const late = next({ present, desired, down: [2], sinceMs: 1000, nowMs: 61_000 });
  t.strictSame(late.replaced, names(3, 4, 5), 'a reflector that stays away holds nothing for ever');
});

t.test('a reflector that was told to be one after its End-of-RIB is waited for', async (t) => {
  const present = meshOf(1, 2, 3, 4);
  const desired = [reflector(1), reflector(2)];
  const early = next({ present, desired, alone: [4], sinceMs: 1000, nowMs: 2000 });
  t.strictSame(
    [early.sessions, early.replaced, kinds(early), early.againMs],
    [names(1, 2, 4), names(3), ['replacement'], 2250],
  );
  const late = next({ present, desired, alone: [4], sinceMs: 1000, nowMs: 61_000 });
  t.strictSame(late.replaced, names(3, 4), 'what it never tells is not waited for');
});

t.test('a session whose other end was faster is waited for as long as its routes are kept', async (t) => {
  const present = meshOf(1, 2, 3);
  const desired = [reflector(1)];
  t.strictSame(next({ present, desired, down: [3], kept: [3], alone: [3] }).sessions, names(1, 3));
  t.strictSame(next({ present, desired, down: [3] }).sessions, names(1));
  t.strictSame(
    next({ present: [tor(1)], desired: [], down: [1], kept: [1] }).pending,
    [],
    'what is not up is not taken down',
  );
});

t.test('reflectors of the other IP version replace nothing', async (t) => {
  const six = session(9, { family: 6, origin: RR, reflector: true });
  const result = next({ present: [...meshOf(1, 2, 3), six], desired: [six] });
  t.strictSame(kinds(result), ['blast-radius']);
  t.strictSame(result.sessions, names(1, 2, 3, 9));
});

t.test('a mesh that is switched off without anything else is held, and confirmed', async (t) => {
  const present = meshOf(1, 2, 3);
  const held = next({ present, desired: [] });
  t.strictSame(held.sessions, names(1, 2, 3));
  t.match(held.pending, [{ kind: 'blast-radius', reason: /all 3 sessions/, sessions: names(1, 2, 3) }]);
  const confirmed = next({ present, desired: [], confirmed: held.pending.map(({ id }) => id) });
  t.strictSame([confirmed.sessions, confirmed.pending, confirmed.replaced], [[], [], []]);
  const other = next({ present: meshOf(1, 2, 3, 4), desired: [], confirmed: held.pending.map(({ id }) => id) });
  t.strictSame(kinds(other), ['blast-radius'], 'of another set of sessions it is another confirmation');
});

t.test('half is not more than half', async (t) => {
  const present = [tor(1), tor(2), tor(3), tor(4)];
  t.strictSame(next({ present, desired: [tor(1), tor(2)] }).sessions, names(1, 2));
  t.strictSame(kinds(next({ present, desired: [tor(1)] })), ['blast-radius']);
  const reset = (...numbers: number[]): Session[] =>
    present.map((one) => (names(...numbers).includes(one.name) ? { ...one, remoteAsn: 65001 } : one));
  t.strictSame(kinds(next({ present, desired: reset(1, 2) })), []);
  t.strictSame(kinds(next({ present, desired: reset(1, 2, 3) })), ['blast-radius']);
});

t.test('the last session', async (t) => {
  t.match(next({ present: [tor(1)], desired: [] }).pending, [{ reason: /the last session/ }]);
  t.match(next({ present: [tor(1), tor(2)], desired: [tor(2)], down: [2] }).pending, [{ reason: /the last session/ }]);
  t.strictSame(next({ present: [tor(1)], desired: [], down: [1] }).pending, [], 'what is not up cannot be taken down');
  t.strictSame(next({ present: [tor(1)], desired: [], others: 1 }).sessions, [], 'others of the node stay');
});

t.test('what went down a moment ago is kept as what is up, unless its node was taken out', async (t) => {
  const present = [tor(1), tor(2)];
  const one = next({ present, desired: [tor(2)], down: [1, 2], lately: [1, 2] });
  t.strictSame([one.pending, one.sessions], [[], names(2)], 'one of two is not more than half');
  const both = next({ present, desired: [], down: [1, 2], lately: [1, 2] });
  t.match(both.pending, [{ kind: 'blast-radius', reason: /all 2 sessions/, sessions: names(1, 2) }]);
  t.strictSame(kinds(next({ present, desired: [tor(2)], down: [1, 2], lately: [1] })), ['blast-radius']);
  const node = { present: meshOf(1), desired: [], down: [1], lately: [1] };
  t.strictSame(kinds(next(node)), ['blast-radius']);
  t.strictSame(next({ ...node, gone: ['n1'] }).sessions, []);
  const changed = { present: [tor(1)], desired: [{ ...tor(1), remoteAsn: 1 }], down: [1], lately: [1] };
  t.strictSame(kinds(next(changed)), [], 'and may be changed, as that takes nothing down');
});

t.test('peers of interfaces and ranges count as well', async (t) => {
  const range = (name: string, rest: Partial<OpenSession> = {}): OpenSession => ({
    name: `cluster/${name}`,
    origin: { type: 'global', peer: name },
    at: { range: '10.0.0.0/24' },
    remoteAsn: 65000,
    nextHopMode: 'auto',
    filters: [],
    ...rest,
  });
  const [a, b] = [range('a'), range('b', { at: { interface: 'eth1' } })];
  const gone = next({ present: [], desired: [], open: { present: [a, b], desired: [] }, openUp: 3 });
  t.match(gone.pending, [{ reason: /all 6 sessions/, sessions: ['cluster/a', 'cluster/b'] }]);
  t.strictSame(gone.open, [a, b]);
  const confirmed = gone.pending.map(({ id }) => id);
  const go = next({ present: [], desired: [], open: { present: [a, b], desired: [] }, openUp: 3, confirmed });
  t.strictSame(go.open, []);
  const cases: [OpenSession[], number, string[]][] = [
    [[a], 3, []],
    [[a, range('b', { at: { interface: 'eth2' } })], 3, []],
    [[], 0, []],
    [[a, range('b', { filters: ['f'], at: b.at })], 3, []],
    [[range('a', { at: { range: '10.0.1.0/24' } })], 3, ['blast-radius']],
  ];
  for (const [desired, openUp, held] of cases) {
    const result = next({ present: [], desired: [], open: { present: [a, b], desired }, openUp });
    t.strictSame(kinds(result), held);
    t.strictSame(result.open, held.length > 0 ? [a, b] : desired);
  }
  const mixed = { desired: [tor(1)], open: { present: [a], desired: [] } };
  t.strictSame(kinds(next({ present: [tor(1)], ...mixed, openUp: 1 })), [], 'half is not more than half');
  t.strictSame(kinds(next({ present: [tor(1)], ...mixed, openUp: 2 })), ['blast-radius']);
});

t.test('a reset that is held keeps the session as it was', async (t) => {
  const before = tor(1);
  const result = next({ present: [before], desired: [{ ...before, remoteAsn: 65001 }] });
  t.strictSame(result.sessions, names(1));
  t.strictSame(kinds(result), ['blast-radius']);
});

t.test('a node that leaves the cluster leaves at once', async (t) => {
  const result = next({ present: meshOf(1, 2, 3), desired: meshOf(1, 2), gone: ['n3'] });
  t.strictSame([result.sessions, result.replaced, result.pending], [names(1, 2), [], []]);
});

t.test('a node that gets a cluster ID before a BGPPeer keeps its sessions', async (t) => {
  const result = next({ present: meshOf(1, 2, 3), desired: meshOf(1, 2) });
  t.strictSame(result.sessions, names(1, 2, 3));
  t.match(result.pending, [
    { kind: 'reflector-without-peer', reason: /node n3 has left the mesh/, sessions: names(3) },
  ]);
  const later = next({ present: meshOf(1, 2, 3), desired: [...meshOf(1, 2), reflector(3)] });
  t.strictSame([later.sessions, later.pending], [names(1, 2, 3), []]);
});

t.test('ToRs replace the mesh where it is switched off, and only there', async (t) => {
  const present = [...meshOf(1, 2, 3), tor(9)];
  t.strictSame(next({ present, desired: [tor(9)] }).replaced, names(1, 2, 3));
  t.strictSame(next({ present, desired: [...meshOf(1, 2), tor(9)] }).sessions, names(1, 2, 3, 9));
});

t.test('a ToR that has no routes between nodes replaces no reflector whose label went: that is held', async (t) => {
  const present = [reflector(1), reflector(2), tor(9)];
  const early = next({ present, desired: [tor(9)], alone: [1, 2], nowMs: 1000 });
  t.strictSame([kinds(early), early.againMs], [['replacement'], 1250], 'it may get them yet');
  const later = { present, desired: [tor(9)], alone: [1, 2], sinceMs: 1000 };
  for (const nowMs of [61_000, 200_000]) {
    const late = next({ ...later, nowMs });
    t.strictSame([kinds(late), late.sessions, late.replacingSinceMs], [['blast-radius'], names(1, 2, 9), 1000]);
    const confirmed = next({ ...later, nowMs, confirmed: late.pending.map(({ id }) => id) });
    t.strictSame(confirmed.sessions, names(9));
  }
  const one = next({
    present: [...present, tor(8)],
    desired: [tor(8), tor(9)],
    down: [8],
    alone: [1, 2],
    sinceMs: 0,
    nowMs: 70_000,
  });
  t.strictSame(kinds(one), ['blast-radius'], 'nor where another ToR is away');
});

t.test('the sets may come in any order', async (t) => {
  const present = [...meshOf(1, 2, 3, 4), tor(9)];
  const desired = [reflector(1), reflector(2), tor(9)];
  const one = next({ present, desired, incomplete: [1] });
  const other = next({ present: [...present].reverse(), desired: [...desired].reverse(), incomplete: [1] });
  t.strictSame(other.sessions, one.sessions);
  t.strictSame(
    other.pending.map(({ id, sessions }) => ({ id, sessions })),
    one.pending.map(({ id, sessions }) => ({ id, sessions })),
  );
});

t.test('ids are of the sessions, whatever their order', async (t) => {
  t.equal(holdId('blast-radius', ['a', 'b']), holdId('blast-radius', ['b', 'a']));
  t.not(holdId('blast-radius', ['a', 'b']), holdId('blast-radius', ['a', 'c']));
  t.match(holdId('x', []), /^[0-9a-f]{8}$/);
});
