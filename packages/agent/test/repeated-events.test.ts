/** What happens again and again is told once, when it changes, and every ten minutes with a count. */
import t from 'tap';
import { RepeatedEvents } from '../src/repeated-events.js';

t.test('the same of one subject is told every ten minutes, with how often it was', (t) => {
  const events = new RepeatedEvents();
  const told: (readonly [number, number])[] = [];
  for (let atMs = 0; atMs <= 1_200_000; atMs += 4000) {
    const times = events.admit('tor', 'refused', atMs);
    if (times !== undefined) told.push([atMs, times]);
  }
  t.same(told, [
    [0, 1],
    [600_000, 150],
    [1_200_000, 150],
  ]);
  t.end();
});

t.test('something else, another subject, and what was forgotten are news', (t) => {
  const events = new RepeatedEvents();
  t.equal(events.admit('tor', 'refused', 0), 1);
  t.equal(events.admit('tor', 'no route', 1), 1);
  t.equal(events.admit('tor', 'refused', 2), 1);
  t.equal(events.admit('tor-b', 'refused', 2), 1);
  t.equal(events.admit('tor', 'refused', 3), undefined);
  events.forget('tor');
  t.equal(events.admit('tor', 'refused', 4), 1);
  t.end();
});

t.test('so many subjects are remembered, the ones told last', (t) => {
  const events = new RepeatedEvents();
  for (let index = 0; index <= 1000; index++) events.admit(`10.0.${index}`, 'refused', 0);
  t.equal(events.admit('10.0.1000', 'refused', 1), undefined);
  t.equal(events.admit('10.0.0', 'refused', 1), 1);
  t.end();
});
