/** What a view of a prefix gives, and that it keeps nothing of it. */
import t from 'tap';
import { type FollowEvent, follow, MemoryStore } from '../src/index.js';

t.test('pages, then events; once those come the pages are let go', async (t) => {
  const store = new MemoryStore();
  await store.create('/a/1', 1);
  await store.create('/b/1', 1);
  const stop = new AbortController();
  const following = follow(store, '/a/', { signal: stop.signal });
  const { value: first } = (await following.next()) as { value: FollowEvent };
  t.match(first, { type: 'page', entries: [{ key: '/a/1', value: 1, revision: 1 }], revision: 2 });
  await store.create('/a/2', 2);
  const { value: second } = await following.next();
  t.match(second, { type: 'put', key: '/a/2', value: 2 });
  t.match(first, { type: 'page', entries: [] }, 'nobody holds everything by holding the event');
  stop.abort();
});
