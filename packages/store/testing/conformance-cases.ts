/** The rows of the conformance suite. */
import { follow, type Store, type WatchEvent } from '../src/index.js';
import { Controller } from './controller.js';
import { fails, same } from './expect.js';

export interface Case {
  readonly name: string;
  readonly keepCommits?: number;
  run(store: Store): Promise<void>;
}

async function takeEvents(events: AsyncIterable<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const taken: WatchEvent[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

const keysOf = (events: readonly { key: string }[]): string[] => events.map(({ key }) => key);

const basics: readonly Case[] = [
  {
    name: 'an empty store has no entry and lists nothing',
    async run(store) {
      same(await store.get('/a'), undefined, 'get');
      same((await store.list('/')).entries, [], 'list');
    },
  },
  {
    name: 'what was created is read back with its revision, and as a copy',
    async run(store) {
      const value = { text: 'ä€😀', list: [1, null, { deep: true }] };
      const revision = await store.create('/a', value);
      value.list.push(2);
      const entry = await store.get('/a');
      same(entry, { key: '/a', value: { text: 'ä€😀', list: [1, null, { deep: true }] }, revision }, 'get');
      (entry!.value as typeof value).text = 'changed';
      same((await store.get('/a'))!.value, { text: 'ä€😀', list: [1, null, { deep: true }] }, 'second get');
    },
  },
  {
    name: 'a store that can say that nothing changed says so only then',
    async run(store) {
      if (!store.isUnchanged) return;
      const revision = await store.create('/a', 1);
      same(store.isUnchanged(revision), true, 'the revision of the last commit');
      same(store.isUnchanged(revision - 1), false, 'an earlier one');
      const second = await store.update('/a', 2, revision);
      same([store.isUnchanged(revision), store.isUnchanged(second)], [false, true], 'after an update');
      await store.delete('/a', second);
      same(store.isUnchanged(second), false, 'after a deletion');
    },
  },
  {
    name: 'create refuses a key that is there',
    async run(store) {
      await store.create('/a', 1);
      const error = await fails(() => store.create('/a', 2), 'ERR_STORE_EXISTS', 'create');
      same(error.key, '/a', 'key of the error');
      same((await store.get('/a'))!.value, 1, 'value');
    },
  },
  {
    name: 'update and delete demand the present revision',
    async run(store) {
      const first = await store.create('/a', 1);
      const second = await store.update('/a', 2, first);
      if (second <= first) throw new Error('the revision must rise');
      await fails(() => store.update('/a', 3, first), 'ERR_STORE_CONFLICT', 'late update');
      await fails(() => store.delete('/a', first), 'ERR_STORE_CONFLICT', 'late delete');
      same(await store.get('/a'), { key: '/a', value: 2, revision: second }, 'value');
      await store.delete('/a', second);
      same(await store.get('/a'), undefined, 'deleted');
      await fails(() => store.update('/a', 3, second), 'ERR_STORE_NOT_FOUND', 'update of nothing');
      await fails(() => store.delete('/a', second), 'ERR_STORE_NOT_FOUND', 'delete of nothing');
      const third = await store.create('/a', 4);
      if (third <= second) throw new Error('a key created again must not get an earlier revision');
    },
  },
  {
    name: 'list gives keys in order under the prefix only, large values too',
    async run(store) {
      const large = 'x'.repeat(100_000);
      for (const key of ['/b/2', '/b/10', '/b', '/a/1', '/c', '/b0', '/b/1']) await store.create(key, key);
      await store.create('/b/3', large);
      const { entries, revision } = await store.list('/b/');
      same(keysOf(entries), ['/b/1', '/b/10', '/b/2', '/b/3'], 'keys');
      same(entries[3]!.value, large, 'large value');
      same(revision, entries[3]!.revision, 'revision of the listing');
      same(keysOf((await store.list('/b')).entries), ['/b', '/b/1', '/b/10', '/b/2', '/b/3', '/b0'], 'wider');
    },
  },
  {
    name: 'list gives parts, one behind another, that together are the whole',
    async run(store) {
      const keys = Array.from({ length: 25 }, (_, at) => `/p/${at.toString(36)}`).sort();
      for (const key of [...keys, '/o', '/p', '/q']) await store.create(key, key);
      for (const limit of [1, 7, 25, 26]) {
        const read: string[] = [];
        for (let more: true | undefined = true, after: string | undefined; more; after = read.at(-1)) {
          const page = await store.list('/p/', { limit, ...(after !== undefined && { after }) });
          if (page.entries.length > limit || page.entries.length === 0)
            throw new Error(`a part of ${page.entries.length}`);
          read.push(...keysOf(page.entries));
          more = page.more;
        }
        same(read, keys, `parts of ${limit}`);
      }
      const behind = async (after: string) => keysOf((await store.list('/p/', { limit: 2, after })).entries);
      same(await behind('/p/33'), ['/p/4', '/p/5'], 'behind a key that is not there');
      same(await behind('/a'), keys.slice(0, 2), 'behind one before the prefix');
      same(await behind(keys.at(-1)!), [], 'behind the last');
      same(await behind('/q'), [], 'behind one after the prefix');
      await fails(() => store.list('/p/', { limit: 0 }), 'ERR_STORE_INVALID', 'a part of nothing');
    },
  },
  {
    name: 'keys and values that no store takes are refused',
    async run(store) {
      for (const key of ['', 'a b', 'ä', `/${'x'.repeat(500)}`]) {
        await fails(() => store.create(key, 1), 'ERR_STORE_INVALID', `key ${key.slice(0, 9)}`);
      }
      await fails(() => store.create('/a', undefined), 'ERR_STORE_INVALID', 'undefined');
      await fails(() => store.create('/a', 1n), 'ERR_STORE_INVALID', 'bigint');
      await fails(() => store.commit([]), 'ERR_STORE_INVALID', 'empty commit');
      await store.create(`/${'x'.repeat(499)}`, 'longest');
    },
  },
  {
    name: 'a closed store refuses everything',
    async run(store) {
      await store.close();
      await fails(() => store.get('/a'), 'ERR_STORE_CLOSED', 'get');
      await fails(() => store.create('/a', 1), 'ERR_STORE_CLOSED', 'create');
      await fails(() => store.changes('/', 0), 'ERR_STORE_CLOSED', 'changes');
    },
  },
];

const commits: readonly Case[] = [
  {
    name: 'a commit writes all or nothing',
    async run(store) {
      const a = await store.create('/a', 1);
      if (!store.multiKey) {
        const two = [
          { type: 'create', key: '/x', value: 1 },
          { type: 'create', key: '/y', value: 1 },
        ] as const;
        await fails(() => store.commit(two), 'ERR_STORE_UNSUPPORTED', 'two keys');
        return;
      }
      const error = await fails(
        () =>
          store.commit([
            { type: 'create', key: '/b', value: 1 },
            { type: 'delete', key: '/a', revision: a },
            { type: 'update', key: '/c', value: 1, revision: 1 },
          ]),
        'ERR_STORE_NOT_FOUND',
        'commit',
      );
      same(error.key, '/c', 'key of the error');
      same(keysOf((await store.list('/')).entries), ['/a'], 'nothing happened');
      const revision = await store.commit([
        { type: 'create', key: '/b', value: 2 },
        { type: 'update', key: '/a', value: 3, revision: a },
      ]);
      same(
        (await store.list('/')).entries,
        [
          { key: '/a', value: 3, revision },
          { key: '/b', value: 2, revision },
        ],
        'both',
      );
      const twice = [
        { type: 'create', key: '/d', value: 1 },
        { type: 'create', key: '/d', value: 2 },
      ] as const;
      await fails(() => store.commit(twice), 'ERR_STORE_INVALID', 'one key twice');
    },
  },
  {
    name: 'a check guards a commit and writes nothing',
    async run(store) {
      if (!store.multiKey) return;
      const a = await store.create('/a', 1);
      const guarded = (revision: number) =>
        store.commit([
          { type: 'check', key: '/a', revision },
          { type: 'create', key: `/b${revision}`, value: 1 },
        ]);
      await guarded(a);
      same((await store.get('/a'))!.revision, a, 'the checked key keeps its revision');
      await fails(() => guarded(a + 7), 'ERR_STORE_CONFLICT', 'other revision');
      await fails(() => guarded(0), 'ERR_STORE_CONFLICT', 'absent, but there');
      await store.commit([
        { type: 'check', key: '/none', revision: 0 },
        { type: 'create', key: '/c', value: 1 },
      ]);
    },
  },
  {
    name: 'of many writers with the same revision exactly one wins',
    async run(store) {
      const first = await store.create('/counter', 0);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, at) => store.update('/counter', at, first)),
      );
      same(outcomes.filter(({ status }) => status === 'fulfilled').length, 1, 'winners');
    },
  },
];

const watching: readonly Case[] = [
  {
    name: 'changes tell what happened behind a revision, the newest per key',
    async run(store) {
      const a = await store.create('/w/a', 1);
      const b = await store.create('/w/b', 1);
      await store.create('/other', 1);
      const { revision } = await store.list('/w/');
      same(await store.changes('/w/', revision), { events: [], revision }, 'nothing yet');
      const a2 = await store.update('/w/a', 2, a);
      await store.delete('/w/b', b);
      const a3 = await store.update('/w/a', 3, a2);
      const changes = await store.changes('/w/', revision);
      const newest = changes.events.filter((event, at) => !keysOf(changes.events.slice(at + 1)).includes(event.key));
      same(keysOf(newest), ['/w/b', '/w/a'], 'order of the newest');
      same(newest[0]!.type, 'delete', 'delete');
      same(newest[1], { type: 'put', key: '/w/a', value: 3, revision: a3 }, 'put');
      same(changes.revision, a3, 'revision');
    },
  },
  {
    name: 'a watch goes on from a listing without a gap',
    async run(store) {
      await store.create('/w/a', 1);
      const { revision } = await store.list('/w/');
      await store.create('/w/b', 1);
      const events = takeEvents(store.watch('/w/', revision), 2);
      await store.create('/other', 1);
      await store.create('/w/c', 1);
      same(keysOf(await events), ['/w/b', '/w/c'], 'events');
    },
  },
  {
    name: 'a watch ends when its signal aborts, also while it waits',
    async run(store) {
      const controller = new Controller();
      const { revision } = await store.list('/w/');
      const events: WatchEvent[] = [];
      let ended = Promise.resolve();
      const first = new Promise<void>((resolve) => {
        ended = (async () => {
          for await (const event of store.watch('/w/', revision, { signal: controller })) {
            events.push(event);
            resolve();
          }
        })();
      });
      await store.create('/w/a', 1);
      await first;
      controller.abort();
      await ended;
      same(keysOf(events), ['/w/a'], 'events');
    },
  },
  {
    name: 'a watch fails when the store closes',
    async run(store) {
      const events = takeEvents(store.watch('/w/', 0), 1);
      const failed = fails(() => events, 'ERR_STORE_CLOSED', 'watch');
      await store.close();
      await failed;
    },
  },
  {
    name: 'a reader too far behind is told, and follow lists again',
    keepCommits: 8,
    async run(store) {
      let revision = await store.create('/w/a', 0);
      const controller = new Controller();
      const stream = follow(store, '/w/', { signal: controller });
      const first = await stream.next();
      same(first.value?.type, 'page', 'first');
      for (let at = 1; at <= 600; at++) revision = await store.update('/w/a', at, revision);
      await fails(() => store.changes('/w/', 1), 'ERR_STORE_COMPACTED', 'changes');
      await fails(() => store.changes('/w/', revision + 100), 'ERR_STORE_COMPACTED', 'from the future');
      const second = await stream.next();
      same(
        second.value,
        { type: 'page', after: undefined, entries: [{ key: '/w/a', value: 600, revision }], revision },
        'listed again',
      );
      controller.abort();
      same((await stream.next()).done, true, 'end');
    },
  },
];

export const cases: readonly Case[] = [...basics, ...commits, ...watching];
