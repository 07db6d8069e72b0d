import { BfdConfigError, type ControlPacket, DEFAULT_TIMERS, Session, type SessionEffect } from '@tortie/bfd';
import fc from 'fast-check';
import t from 'tap';
import { seeded, TwoSides } from './two-sides.js';

const FAST = { minTxMs: 100, minRxMs: 100, multiplier: 3 };

const up = (options: ConstructorParameters<typeof TwoSides>[0] = {}): TwoSides => {
  const sides = new TwoSides(options);
  sides.run(5000);
  return sides;
};

const packets = (effects: readonly SessionEffect[]): ControlPacket[] =>
  effects.flatMap((effect) => (effect.type === 'send' ? [effect.packet] : []));

t.test('two sides come up, with a Poll Sequence for the interval that becomes shorter', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  t.equal(sides.states, 'up up');
  for (const side of ['a', 'b'] as const) {
    const steps = sides.changes.filter((one) => one.side === side).map(({ to }) => to);
    t.ok(['init up', 'up'].includes(steps.join(' ')), steps.join(' '));
    const { polling, txIntervalMs, detectionTimeMs } = sides[side].snapshot();
    t.same([polling, txIntervalMs, detectionTimeMs], [false, 100, 300]);
  }
  t.ok(sides.sent.some(({ packet }) => packet.poll));
  t.ok(sides.sent.some(({ packet }) => packet.final));
  t.notOk(
    sides.sent.some(({ packet }) => packet.poll && packet.final),
    'never both in one packet',
  );
});

t.test('before it is up a session sends at most a packet in 750 ms and says a second', async (t) => {
  const sides = new TwoSides({ a: { ...FAST, minTxMs: 10 } });
  sides.loses = () => true;
  sides.run(60_000);
  const sent = sides.sentBy('a');
  t.ok(sent.length > 55 && sent.length <= 80, `${sent.length} packets in a minute`);
  for (const { packet } of sent) {
    t.equal(packet.desiredMinTxUs, 1_000_000);
    t.equal(packet.yourDiscriminator, 0);
  }
});

t.test('gaps are 75 to 100 % of the interval; with a multiplier of 1 at most 90 %', async (t) => {
  for (const [multiplier, most] of [
    [3, 1],
    [1, 0.9],
  ] as const) {
    const sides = up({ a: { ...FAST, multiplier }, b: FAST });
    const from = sides.nowMs;
    sides.run(20_000);
    const times = sides.sentBy('a', from).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, i) => atMs - times[i]!);
    t.ok(gaps.length > 150);
    t.ok(Math.min(...gaps) >= 75 - 1e-6 && Math.max(...gaps) <= 100 * most + 1e-6);
    t.ok(Math.max(...gaps) - Math.min(...gaps) > 10, 'and they vary');
  }
});

t.test(
  'the interval is the larger of what we want to send and the peer to receive; detection the other way',
  async (t) => {
    const sides = up({
      a: { minTxMs: 50, minRxMs: 400, multiplier: 4 },
      b: { minTxMs: 100, minRxMs: 200, multiplier: 5 },
    });
    t.match(sides.a.snapshot(), { txIntervalMs: 200, detectionTimeMs: 5 * 400 });
    t.match(sides.b.snapshot(), { txIntervalMs: 400, detectionTimeMs: 4 * 200 });
  },
);

t.test('a cut path: down with diagnostic 1 after the detection time, and the discriminator is forgotten', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  sides.loses = () => true;
  const cutMs = sides.nowMs;
  sides.run(2000);
  t.equal(sides.states, 'down down');
  for (const side of ['a', 'b'] as const) {
    const change = sides.changes.findLast((one) => one.side === side)!;
    t.equal(change.diagnostic, 'control detection time expired');
    t.notOk(change.remoteAdminDown);
    t.ok(change.atMs - cutMs <= 301 && change.atMs - cutMs >= 200, `${change.atMs - cutMs} ms`);
    t.equal(sides[side].snapshot().remote, undefined);
  }
  const last = sides.sentBy('a').at(-1)!.packet;
  t.match(last, { state: 'down', yourDiscriminator: 0, desiredMinTxUs: 1_000_000 });
  sides.loses = () => false;
  sides.run(3000);
  t.equal(sides.states, 'up up', 'and up again once it is mended');
});

t.test('cut in one direction: the deaf side tells the other', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  sides.loses = ({ from }) => from === 'a';
  sides.run(2000);
  t.equal(sides.states, 'init down', 'b no longer hears a; a hears that and begins anew');
  t.equal(
    sides.changes.find(({ side, from }) => side === 'b' && from === 'up')!.diagnostic,
    'control detection time expired',
  );
  t.equal(
    sides.changes.find(({ side, from }) => side === 'a' && from === 'up')!.diagnostic,
    'neighbor signaled session down',
  );
});

t.test('AdminDown is no failure of the path', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  sides.at('a', (session, nowMs) => session.setAdminDown(true, nowMs));
  sides.run(10_000);
  t.equal(sides.states, 'admin-down down');
  const change = sides.changes.findLast(({ side }) => side === 'b')!;
  t.match(change, { from: 'up', to: 'down', diagnostic: 'neighbor signaled session down', remoteAdminDown: true });
  t.match(sides.sentBy('a').at(-1)!.packet, { state: 'admin-down', diagnostic: 'administratively down' });
  sides.at('a', (session, nowMs) => session.setAdminDown(false, nowMs));
  sides.run(5000);
  t.equal(sides.states, 'up up');
});

t.test('a peer that has begun anew is noticed by its first packet', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  const fresh = new Session({ timers: FAST, discriminator: 0xc, random: seeded(2), nowMs: sides.nowMs });
  const [first] = packets(fresh.advance(fresh.deadlineMs));
  sides.at('a', (session, nowMs) => session.receive(first!, nowMs));
  t.equal(sides.a.state, 'down');
});

t.test('timers change in place by a Poll Sequence', async (t) => {
  const slower = { minTxMs: 500, minRxMs: 600, multiplier: 3 };
  await t.test('slower: only once the peer has answered', async (t) => {
    const sides = up({ a: FAST, b: FAST });
    sides.loses = ({ packet }) => packet.final;
    sides.at('a', (session, nowMs) => session.configure(slower, nowMs));
    sides.run(2000);
    t.match(sides.a.snapshot(), { polling: true, txIntervalMs: 100, detectionTimeMs: 1800 });
    sides.loses = () => false;
    sides.run(2000);
    t.match(sides.a.snapshot(), { polling: false, txIntervalMs: 500, detectionTimeMs: 1800 });
    t.match(sides.b.snapshot(), { txIntervalMs: 600, detectionTimeMs: 1500 });
    t.equal(sides.changes.length, up({ a: FAST, b: FAST }).changes.length, 'without a change of the state');
  });
  await t.test('faster: we send so at once, and expect it once the peer has answered', async (t) => {
    const sides = up({ a: slower, b: FAST });
    sides.loses = ({ packet }) => packet.final;
    sides.at('a', (session, nowMs) => session.configure(FAST, nowMs));
    t.match(sides.a.snapshot(), { polling: true, txIntervalMs: 100, detectionTimeMs: 1800 });
    sides.loses = () => false;
    sides.run(2000);
    t.match(sides.a.snapshot(), { polling: false, txIntervalMs: 100, detectionTimeMs: 300 });
  });
  await t.test('twice in a row: the second waits for its own answer', async (t) => {
    const sides = up({ a: FAST, b: FAST });
    sides.loses = ({ packet }) => packet.final;
    sides.at('a', (session, nowMs) => session.configure(slower, nowMs));
    sides.at('a', (session, nowMs) => session.configure({ ...slower, minTxMs: 700 }, nowMs));
    sides.run(1000);
    t.equal(sides.a.snapshot().txIntervalMs, 100);
    sides.loses = () => false;
    sides.run(3000);
    t.match(sides.a.snapshot(), { polling: false, txIntervalMs: 700 });
  });
});

t.test("a shorter interval of the peer's is honoured from the last packet on", async (t) => {
  const sides = up({ a: FAST, b: { minTxMs: 100, minRxMs: 5000, multiplier: 3 } });
  sides.run(20_000);
  const last = sides.sentBy('a').at(-1)!.atMs;
  sides.at('b', (session, nowMs) => session.configure(FAST, nowMs));
  sides.run(20);
  t.ok(sides.a.deadlineMs <= Math.max(last + 100, sides.nowMs + 100), 'within the new interval');
});

const heard = (over: Partial<ControlPacket>): ControlPacket => ({
  diagnostic: 'no diagnostic',
  state: 'up',
  poll: false,
  final: false,
  controlPlaneIndependent: false,
  demand: false,
  detectMult: 3,
  myDiscriminator: 0xb,
  yourDiscriminator: 0xa,
  desiredMinTxUs: 100_000,
  requiredMinRxUs: 100_000,
  requiredMinEchoRxUs: 0,
  ...over,
});

t.test('a peer in demand mode gets no periodic packets while both are up; its Polls are answered', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  const session = sides.a;
  sides.at('a', (_, nowMs) => session.receive(heard({ demand: true }), nowMs));
  t.equal(session.deadlineMs, sides.nowMs + 300, 'only the detection time is waited for');
  const answer = packets(session.receive(heard({ demand: true, poll: true }), sides.nowMs));
  t.match(answer, [{ final: true, poll: false }]);
  sides.at('a', (_, nowMs) => session.configure({ ...FAST, minTxMs: 200 }, nowMs));
  t.ok(session.deadlineMs < sides.nowMs + 300, 'a Poll Sequence of ours is sent all the same');
});

t.test('a peer that wants no packets gets none but answers to its Polls', async (t) => {
  const sides = up({ a: FAST, b: FAST });
  t.same(packets(sides.a.receive(heard({ requiredMinRxUs: 0 }), sides.nowMs)), []);
  t.equal(sides.a.deadlineMs, sides.nowMs + 300);
  t.equal(packets(sides.a.receive(heard({ requiredMinRxUs: 0, poll: true }), sides.nowMs)).length, 1);
});

t.test('a timer that fires late does not move those after it', async (t) => {
  const session = new Session({ timers: FAST, discriminator: 1, random: () => 1, nowMs: 0 });
  for (let n = 1; n <= 50; n++) session.advance(n * 1000 + 7);
  t.equal(session.deadlineMs, 51_000);
  session.advance(100_000);
  t.equal(session.deadlineMs, 101_000, 'what was missed is not sent in a burst');
});

for (const [field, value] of [
  ['minTxMs', 9],
  ['minTxMs', Number.NaN],
  ['minRxMs', 60_001],
  ['multiplier', 0],
  ['multiplier', 256],
  ['multiplier', 2.5],
] as const) {
  t.test(`${field} of ${value} is refused`, async (t) => {
    const timers = { ...DEFAULT_TIMERS, [field]: value };
    t.throws(
      () => new Session({ timers, discriminator: 1, random: () => 0, nowMs: 0 }),
      new BfdConfigError(
        field,
        `is ${value}; it must be ${field === 'multiplier' ? 'a whole number of 1 to 255' : '10 to 60000 ms'}`,
      ),
    );
  });
}

const timers = fc.record({
  minTxMs: fc.integer({ min: 10, max: 2000 }),
  minRxMs: fc.integer({ min: 10, max: 2000 }),
  multiplier: fc.integer({ min: 2, max: 10 }),
});

t.test('law: any two sides come up over a path that works, and stay up', async () => {
  fc.assert(
    fc.property(timers, timers, fc.integer(), fc.integer({ min: 0, max: 5 }), (a, b, seed, delayMs) => {
      const sides = new TwoSides({ a, b, delayMs, random: seeded(seed) });
      sides.run(10_000);
      if (sides.states !== 'up up') return false;
      const { length } = sides.changes;
      sides.run(30_000);
      return sides.changes.length === length && !sides.a.snapshot().polling && !sides.b.snapshot().polling;
    }),
    { numRuns: 60 },
  );
});

t.test('law: whatever is lost meanwhile, two sides are up soon after the path works again', async () => {
  fc.assert(
    fc.property(timers, timers, fc.integer(), fc.integer({ min: 1, max: 90 }), (a, b, seed, percent) => {
      const random = seeded(seed);
      const sides = new TwoSides({ a, b, random });
      sides.loses = () => random() * 100 < percent;
      sides.run(30_000);
      sides.loses = () => false;
      sides.run(45_000);
      return sides.states === 'up up';
    }),
    { numRuns: 60 },
  );
});

t.test('law: no loss of fewer packets in a row than the multiplier allows brings a session down', async () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 3, max: 6 }), (seed, multiplier) => {
      const sides = up({ a: { ...FAST, multiplier }, b: { ...FAST, multiplier }, random: seeded(seed) });
      const { length } = sides.changes;
      let inRow = 0;
      // Packets leave at most an interval apart, so multiplier - 2 lost ones leave a gap below the detection time.
      sides.loses = ({ from }) => {
        if (from === 'b') return false;
        inRow = (inRow + 1) % (multiplier - 1);
        return inRow !== 0;
      };
      sides.run(30_000);
      return sides.changes.length === length;
    }),
    { numRuns: 40 },
  );
});
