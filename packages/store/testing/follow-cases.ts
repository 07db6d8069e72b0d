/** Rows of the conformance suite about prefixes that are read page by page, and followed. */
import { type FollowEvent, follow, goneIn, PagesRead, readPages, type Store } from '../src/index.js';
import type { Case } from './conformance-cases.js';
import { Controller } from './controller.js';
import { fails, same } from './expect.js';

/** More than two pages, as the values are long. */
const MANY = 130;
const VALUE = 'x'.repeat(12_000);
const keyOf = (at: number): string => `/w/${String(at).padStart(4, '0')}`;

async function fill(store: Store): Promise<void> {
  const keys = ['/v/before', '/x/behind', ...Array.from({ length: MANY }, (_, at) => keyOf(at))];
  const atOnce = store.multiKey ? 50 : 1;
  for (let at = 0; at < keys.length; at += atOnce) {
    await store.commit(keys.slice(at, at + atOnce).map((key) => ({ type: 'create', key, value: VALUE })));
  }
}

const valuesOf = async (store: Store): Promise<Map<string, unknown>> =>
  new Map((await store.list('/w/')).entries.map(({ key, value }) => [key, value]));

async function put(store: Store, at: number, value: unknown): Promise<void> {
  const present = await store.get(keyOf(at));
  if (present) await store.update(keyOf(at), value, present.revision);
  else await store.create(keyOf(at), value);
}

async function drop(store: Store, at: number): Promise<void> {
  await store.delete(keyOf(at), (await store.get(keyOf(at)))!.revision);
}

/** What a follower knows, by the rules of pages and events. */
function know(known: Map<string, unknown>, event: FollowEvent): void {
  if (event.type === 'put') known.set(event.key, event.value);
  else if (event.type === 'delete') known.delete(event.key);
  else {
    for (const key of goneIn(event, known.keys())) known.delete(key);
    for (const { key, value } of event.entries) known.set(key, value);
  }
}

export const followCases: readonly Case[] = [
  {
    name: 'a prefix is read page by page: together they are the whole, one behind another',
    async run(store) {
      await fill(store);
      const keys: string[] = [];
      let upTo: string | undefined;
      let pages = 0;
      for await (const page of readPages(store, '/w/')) {
        same(page.after, upTo, 'where it begins');
        keys.push(...page.entries.map(({ key }) => key));
        upTo = page.upTo;
        if (upTo !== undefined) same(keys.at(-1), upTo, 'where it ends');
        pages++;
      }
      same(upTo, undefined, 'the last goes to the end');
      if (pages < 3) throw new Error(`${pages} pages`);
      same(keys, [...(await valuesOf(store)).keys()], 'keys');
      const empty: unknown[] = [];
      for await (const page of readPages(store, '/none/')) empty.push(page.entries);
      same(empty, [[]], 'of nothing it is one');
    },
  },
  {
    name: 'what changes between two pages is told once: by a page, or by an event behind them',
    async run(store) {
      await fill(store);
      const stop = new Controller();
      const following = follow(store, '/w/', { signal: stop });
      const known = new Map<string, unknown>();
      know(known, (await following.next()).value!);
      await put(store, 3, 'in a page that was read');
      await drop(store, 4);
      await put(store, MANY - 2, 'in one that was not');
      await drop(store, MANY - 3);
      await put(store, MANY, 'new');
      const events: string[] = [];
      while (known.get(keyOf(5)) !== 'last') {
        const event = (await following.next()).value!;
        if (event.type === 'page' && event.upTo === undefined) await put(store, 5, 'last');
        if (event.type !== 'page') events.push(`${event.type} ${event.key}`);
        know(known, event);
      }
      same(events, [`put ${keyOf(3)}`, `delete ${keyOf(4)}`, `put ${keyOf(5)}`], 'events');
      same([...known].sort(), [...(await valuesOf(store))].sort(), 'in the end');
      stop.abort();
      same((await following.next()).done, true, 'end');
    },
  },
  {
    name: 'who follows where compaction overtakes the reading reads again, and ends up with what is there',
    keepCommits: 8,
    async run(store) {
      await fill(store);
      const stop = new Controller();
      const following = follow(store, '/w/', { signal: stop });
      const known = new Map<string, unknown>();
      const { value: first } = await following.next();
      know(known, first!);
      await drop(store, 7);
      let { revision } = (await store.get(keyOf(8)))!;
      for (let at = 1; at <= 600; at++) revision = await store.update(keyOf(8), at, revision);
      await fails(() => store.changes('/w/', first!.revision), 'ERR_STORE_COMPACTED', 'changes behind the first page');
      let listings = 1;
      let last = false;
      while (listings < 2 || !last) {
        const event = (await following.next()).value!;
        if (event.type !== 'page') throw new Error('an event of changes that are compacted');
        if (event.after === undefined) listings++;
        last = event.upTo === undefined;
        know(known, event);
      }
      same([...known], [...(await valuesOf(store))], 'in the end');
      stop.abort();
    },
  },
  {
    name: 'pages that were read by somebody else are not read again, unless one is missing',
    async run(store) {
      await fill(store);
      const [read, part] = [new PagesRead(), new PagesRead()];
      for await (const page of readPages(store, '/w/')) {
        read.add(page);
        if (page.upTo !== undefined) part.add(page);
      }
      await put(store, 3, 'later');
      const stop = new Controller();
      const first = async (pages: PagesRead) => {
        const { value } = await follow(store, '/w/', { signal: stop, read: pages }).next();
        return { type: value!.type, ...('key' in value! && { key: value.key }) };
      };
      same(await first(read), { type: 'put', key: keyOf(3) }, 'all');
      same(await first(part), { type: 'page' }, 'not all');
      stop.abort();
    },
  },
];
