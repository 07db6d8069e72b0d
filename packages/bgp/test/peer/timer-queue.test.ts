/** Deadlines: every timer fires once, in order, at its last deadline. */
import fc from 'fast-check';
import t from 'tap';
import { Timer, TimerQueue } from '../../src/peer/timer-queue.js';

t.test('starts, restarts, stops', (t) => {
  const queue = new TimerQueue();
  const fired: string[] = [];
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Timer(() => fired.push(name))) as [Timer, Timer, Timer];
  t.equal(queue.nextMs, undefined);
  queue.start(a, 10);
  queue.start(b, 5);
  queue.start(c, 7);
  queue.start(b, 20);
  queue.stop(c);
  t.equal(queue.nextMs, 10);
  queue.expire(9);
  t.same(fired, []);
  queue.start(a, 8);
  queue.expire(9);
  t.same(fired, ['a']);
  t.notOk(a.running);
  queue.expire(100);
  t.same(fired, ['a', 'b']);
  t.equal(queue.nextMs, undefined);
  t.end();
});

t.test('a timer that restarts itself while firing waits', (t) => {
  const queue = new TimerQueue();
  let fired = 0;
  const timer: Timer = new Timer(() => {
    fired++;
    queue.start(timer, fired * 10);
  });
  queue.start(timer, 0);
  queue.expire(35);
  t.equal(fired, 4);
  t.equal(queue.nextMs, 40);
  t.end();
});

t.test('like a list that is searched', (t) => {
  const operation = fc.record({
    timer: fc.nat(7),
    kind: fc.constantFrom('start', 'start', 'stop', 'expire'),
    ms: fc.nat(50),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const queue = new TimerQueue();
      const fired: number[] = [];
      const timers = Array.from({ length: 8 }, (_, index) => new Timer(() => fired.push(index)));
      const deadlines = new Map<number, number>();
      let nowMs = 0;
      for (const { timer, kind, ms } of operations) {
        if (kind === 'start') {
          queue.start(timers[timer]!, nowMs + ms);
          deadlines.set(timer, nowMs + ms);
        } else if (kind === 'stop') {
          queue.stop(timers[timer]!);
          deadlines.delete(timer);
        } else {
          nowMs += ms;
          fired.length = 0;
          queue.expire(nowMs);
          const due = [...deadlines].filter(([, deadline]) => deadline <= nowMs);
          for (const [index] of due) deadlines.delete(index);
          const firedAt = fired.map((index) => due.find(([each]) => each === index)?.[1] ?? Number.NaN);
          if (fired.length !== due.length || firedAt.some((at, index) => !(at >= (firedAt[index - 1] ?? 0))))
            return false;
        }
        const next = Math.min(...deadlines.values());
        if ((queue.nextMs ?? Number.POSITIVE_INFINITY) !== next) return false;
      }
      return true;
    }),
  );
  t.end();
});
