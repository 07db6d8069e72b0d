import t from 'tap';
import { EventLog } from '../src/event-log.js';

t.test('ids have no gaps and the newest come, oldest first', async (t) => {
  const log = new EventLog(3);
  t.strictSame(log.read({}), { events: [], lastId: 0, dropped: false });
  for (const text of ['a', 'b']) log.add({ kind: 'x', text }, 0);
  t.strictSame(
    log.read({}).events.map(({ id, text, time }) => [id, text, time]),
    [
      [1, 'a', '1970-01-01T00:00:00.000Z'],
      [2, 'b', '1970-01-01T00:00:00.000Z'],
    ],
  );
});

t.test('the ring forgets the oldest and says so to who asks for them', async (t) => {
  const log = new EventLog(3);
  for (const text of ['a', 'b', 'c', 'd', 'e']) log.add({ kind: text < 'd' ? 'x' : 'y', text }, 0);
  const texts = (query: Parameters<EventLog['read']>[0]) => log.read(query).events.map(({ text }) => text);
  t.strictSame(texts({}), ['c', 'd', 'e']);
  t.equal(log.read({ after: 1 }).dropped, true);
  t.equal(log.read({ after: 2 }).dropped, false);
  t.strictSame(texts({ after: 4 }), ['e']);
  t.strictSame(texts({ limit: 2 }), ['d', 'e']);
  t.strictSame(texts({ kind: 'y' }), ['d', 'e']);
  t.strictSame(
    [...log.counts],
    [
      ['x', 3],
      ['y', 2],
    ],
  );
});
