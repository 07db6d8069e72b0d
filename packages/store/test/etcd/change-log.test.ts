import t from 'tap';
import { type Change, ChangeLog } from '../../etcd/change-log.js';

const put = (revision: number, key: string, value: unknown = revision): Change => ({
  key,
  revision,
  text: JSON.stringify(value),
});

t.test('the newest change per key, in the order they happened', async (t) => {
  const log = new ChangeLog(10, 100);
  t.strictSame(log.since('/', 10), { events: [], revision: 10 });
  log.add([put(11, '/a'), put(11, '/b')]);
  log.add([put(12, '/other')]);
  log.add([{ key: '/b', revision: 13, text: undefined }]);
  log.add([put(14, '/a')]);
  t.strictSame(log.since('/', 10), {
    events: [
      { type: 'put', key: '/other', value: 12, revision: 12 },
      { type: 'delete', key: '/b', revision: 13 },
      { type: 'put', key: '/a', value: 14, revision: 14 },
    ],
    revision: 14,
  });
  t.strictSame(log.since('/b', 11).events, [{ type: 'delete', key: '/b', revision: 13 }]);
  t.strictSame(log.since('/', 14), { events: [], revision: 14 });
  t.strictSame(log.since('/', 20), { events: [], revision: 20 }, 'a reader that listed later than the watch has come');
  log.advance(30);
  t.equal(log.since('/', 14).revision, 30);
  t.equal(log.last, 30);
});

t.test('what is too old is said to be forgotten', async (t) => {
  const log = new ChangeLog(0, 5);
  for (let revision = 1; revision <= 100; revision++) log.add([put(revision, `/k${revision}`)]);
  t.strictSame(
    log.since('/', 95).events.map(({ revision }) => revision),
    [96, 97, 98, 99, 100],
  );
  t.throws(() => log.since('/', 94), { code: 'ERR_STORE_COMPACTED' });
  t.throws(() => new ChangeLog(10, 5).since('/', 9), { code: 'ERR_STORE_COMPACTED' });
});

t.test('large values bound the log before their number does', async (t) => {
  const log = new ChangeLog(0, 10_000);
  const large = 'x'.repeat(1024 * 1024);
  for (let revision = 1; revision <= 20; revision++) log.add([put(revision, '/large', large)]);
  t.throws(() => log.since('/', 1), { code: 'ERR_STORE_COMPACTED' });
  t.equal(log.since('/', 19).events.length, 1);
});
