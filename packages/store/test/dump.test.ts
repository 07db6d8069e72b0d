import fc from 'fast-check';
import t from 'tap';
import { type Dump, dumpLines, importEntries, MemoryStore, parseDump } from '../src/index.js';

const textOf = (dump: Dump): string => [...dumpLines(dump)].map((line) => `${line}\n`).join('');
const DUMP: Dump = {
  revision: 7,
  at: '2026-01-02T03:04:05.000Z',
  entries: [
    { key: '/a', value: { x: 1, y: [true, null, 'ü'] } },
    { key: '/b', value: 'text' },
  ],
};

t.test('what is written is read', async () => {
  const key = fc.stringMatching(/^\/[\x21-\x7e]{1,20}$/);
  const entries = fc.uniqueArray(fc.record({ key, value: fc.jsonValue() }), {
    selector: (one) => one.key,
    maxLength: 20,
  });
  fc.assert(
    fc.property(entries, fc.nat(), (list, revision) => {
      // JSON knows no -0.
      const value = JSON.parse(JSON.stringify({ revision, at: 'x', entries: list })) as Dump;
      t.same(parseDump(textOf(value)), value);
    }),
    { numRuns: 50 },
  );
});

const REFUSED: readonly (readonly [what: string, text: string, message: RegExp])[] = [
  ['nothing', '', /^line 1: no line of an exported store/],
  ['something else', '{"a":1}\n', /^line 1: no exported store: it begins with \{"tortieStore"/],
  [
    'a later format',
    textOf(DUMP).replace('"tortieStore":1', '"tortieStore":2'),
    /^line 1: format 2; this version reads format 1/,
  ],
  ['a damaged line', textOf(DUMP).replace('"text"}', '"te'), /^line 3: no line of an exported store/],
  ['an entry without value', textOf(DUMP).replace(',"value":"text"', ''), /^line 3: an entry has "key" and "value"/],
  ['a bad key', textOf(DUMP).replace('"/b"', '"/ b"'), /^line 3: "\/ b" is no key/],
  ['a key twice', textOf(DUMP).replace('"/b"', '"/a"'), /^line 3: \/a is there twice/],
];
for (const [what, text, message] of REFUSED) {
  t.test(`${what} is refused with its line`, async (t) => {
    t.throws(() => parseDump(text), { name: 'StoreError', code: 'ERR_STORE_FORMAT', message });
  });
}

t.test('a file cut off anywhere is refused', async (t) => {
  const text = textOf(DUMP);
  for (let length = 0; length < text.length - 1; length++) {
    t.throws(() => parseDump(text.slice(0, length)), { code: 'ERR_STORE_FORMAT' }, `${length} octets`);
  }
});

for (const multiKey of [true, false]) {
  t.test(
    `into an empty store, ${multiKey ? 'many keys' : 'one key'} a commit, and again after an interruption`,
    async (t) => {
      const store = new MemoryStore({ multiKey });
      const entries = Array.from({ length: 250 }, (_, i) => ({ key: `/k/${i}`, value: { n: i, m: { b: 1, a: 2 } } }));
      await store.create('/alive/n', 1);
      await store.create('/k/7', { m: { a: 2, b: 1 }, n: 7 });
      const ignores = (key: string): boolean => key.startsWith('/alive/');
      t.same(await importEntries(store, entries, ignores), { created: 249, present: 1 });
      t.same(await importEntries(store, entries, ignores), { created: 0, present: 250 });
      const { entries: now } = await store.list('/k/');
      t.same(
        now.map(({ key, value }) => ({ key, value })),
        [...entries].sort((x, y) => (x.key < y.key ? -1 : 1)),
      );
    },
  );
}

t.test('a store with something else stays as it is', async (t) => {
  for (const [key, value, message] of [
    ['/other', 1, 'the store has /other; import into an empty store'],
    ['/a', { x: 2 }, 'the store has another /a; import into an empty store'],
  ] as const) {
    const store = new MemoryStore();
    await store.create(key, value);
    await t.rejects(importEntries(store, DUMP.entries), { name: 'StoreError', code: 'ERR_STORE_EXISTS', message });
    t.equal((await store.list('/')).entries.length, 1);
  }
});
