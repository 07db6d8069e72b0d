import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Entry, MemoryStore, StoreError } from '@tortie/store';
import t from 'tap';
import { readCopy, StoreCopy } from '../../node/store/store-copy.js';

const root = mkdtempSync(join(tmpdir(), 'tortie-copy-'));
t.teardown(() => rmSync(root, { recursive: true }));

const failing = (code: 'ERR_STORE_UNAVAILABLE' | 'ERR_STORE_CORRUPT') => ({
  position: '7 {}',
  list: () => Promise.reject(new StoreError(code, 'it does')),
});

const entry = (key: string, value: unknown, revision = 7) => ({ key, value, revision });
const page = (entries: readonly Entry[], { upTo }: { readonly upTo?: string } = {}) =>
  ({ type: 'page', after: undefined, upTo, entries, revision: 7 }) as const;

t.test('what watches told is listed while the store is away, by this run and the next', async (t) => {
  const file = join(root, 'copy.json');
  const options = { node: 'n1', file, onProblem: (text: string) => t.fail(text) };
  const copy = new StoreCopy({ ...options, store: failing('ERR_STORE_UNAVAILABLE'), former: readCopy(file, t.fail) });
  t.equal(copy.savedAt, undefined);
  t.strictSame(await copy.list('/p/'), { entries: [], revision: 0 });
  const ours = ({ value }: { readonly value: unknown }): boolean => value !== 'foreign';
  copy.take('/other/', page([entry('/other/x', 1)]));
  copy.take('/p/', page([entry('/p/b', 0), entry('/p/c', 1), entry('/p/old', 1)]), ours);
  copy.take('/p/', page([entry('/p/aa', 1)], { upTo: '/p/b' }), ours);
  t.match((await copy.list('/p/')).entries, [{ key: '/p/aa' }, { key: '/p/c' }, { key: '/p/old' }]);
  copy.take('/p/', page([entry('/p/b', 1), entry('/p/c', 'foreign', 8)]), ours);
  copy.take('/p/', { type: 'put', ...entry('/p/a', { password: 'secret' }) }, ours);
  copy.take('/p/', { type: 'put', ...entry('/p/d', 1) }, ours);
  copy.take('/p/', { type: 'put', ...entry('/p/d', 'foreign', 8) }, ours);
  copy.take('/p/', { type: 'put', ...entry('/p/e', 1) }, ours);
  copy.take('/p/', { type: 'delete', key: '/p/e', revision: 8 }, ours);
  const expected = { entries: [entry('/p/a', { password: 'secret' }), entry('/p/b', 1)], revision: 0 };
  t.strictSame(await copy.list('/p/'), expected);
  copy.close();
  t.equal(statSync(file).mode & 0o777, 0o600, 'for its owner alone: peers have passwords');
  const former = readCopy(file, t.fail);
  t.equal(former?.position, '7 {}');
  const next = new StoreCopy({ ...options, store: failing('ERR_STORE_UNAVAILABLE'), former });
  t.strictSame(await next.list('/p/'), expected);
  t.type(next.savedAt, 'string');
});

t.test('a store that answers is asked, and its other errors are passed on', async (t) => {
  const options = {
    node: 'n1',
    file: join(root, 'none.json'),
    former: undefined,
    onProblem: (text: string) => t.fail(text),
  };
  const store = new MemoryStore();
  await store.create('/p/a', 1);
  t.match(await new StoreCopy({ ...options, store: Object.assign(store, { position: undefined }) }).list('/p/'), {
    entries: [{ key: '/p/a' }],
    revision: 1,
  });
  const corrupt = new StoreCopy({ ...options, store: failing('ERR_STORE_CORRUPT') });
  await t.rejects(corrupt.list('/p/'), { code: 'ERR_STORE_CORRUPT' });
});

t.test('services are listed as they were until they are said again', async (t) => {
  const store = Object.assign(new MemoryStore(), { position: undefined });
  const former = {
    format: 1,
    savedAt: '',
    entries: [entry('/agent/services/n1/web', 1), entry('/agent/peers/n1/tor', 1)],
  };
  const copy = new StoreCopy({ node: 'n1', store, file: join(root, 'services.json'), former, onProblem: t.fail });
  t.teardown(() => copy.close());
  copy.freeze();
  copy.take('/agent/services/n1/', { type: 'page', after: undefined, upTo: undefined, entries: [], revision: 8 });
  t.match(await copy.list('/agent/services/n1/'), { entries: [{ key: '/agent/services/n1/web' }], revision: 0 });
  t.match(await copy.list('/agent/peers/n1/'), { entries: [] });
  copy.thaw();
  t.match(await copy.list('/agent/services/n1/'), { entries: [] });
});

t.test('a copy that cannot be read or written is told, and the agent goes on without it', async (t) => {
  const problems: string[] = [];
  const onProblem = (text: string, error: Error): void => void problems.push(`${text}: ${error.message}`);
  const store = failing('ERR_STORE_UNAVAILABLE');
  const rows = [
    ['{"format":2}', /cannot be read: it has format 2, this program knows format 1/],
    ['no JSON', /cannot be read: .*JSON/],
  ] as const;
  for (const [text, expected] of rows) {
    const file = join(root, 'bad.json');
    writeFileSync(file, text);
    const copy = new StoreCopy({ node: 'n1', file, store, former: readCopy(file, onProblem), onProblem });
    t.match(problems.pop(), expected);
    copy.take('/p/', { type: 'put', ...entry('/p/a', 1) });
    copy.close();
    t.match(JSON.parse(readFileSync(file, 'utf8')), { format: 1 }, 'the next one is good again');
  }
  const nowhere = new StoreCopy({
    node: 'n1',
    file: join(root, 'no', 'copy.json'),
    store,
    former: undefined,
    onProblem,
  });
  nowhere.take('/p/', { type: 'put', ...entry('/p/a', 1) });
  nowhere.close();
  t.match(problems.pop(), /cannot be written: ENOENT/);
});

t.test(
  'a change is written behind the copy, at a cost of its own; what was cut off there never happened',
  async (t) => {
    const file = join(root, 'large.json');
    const changes = `${file}.changes`;
    const options = { node: 'n1', file, former: undefined, onProblem: t.fail, store: failing('ERR_STORE_UNAVAILABLE') };
    const copy = new StoreCopy(options);
    const read = (): [string, unknown][] =>
      readCopy(file, t.fail)!.entries.map(({ key, value }): [string, unknown] => [key, value]);
    const saved = (): void => copy.close();
    copy.take(
      '/p/',
      page(Array.from({ length: 1000 }, (_, at) => entry(`/p/${String(at).padStart(4, '0')}`, 'x'.repeat(100)))),
    );
    saved();
    const whole = readFileSync(file, 'utf8');
    copy.take('/p/', { type: 'put', ...entry('/p/0001', 'other', 8) });
    copy.take('/p/', { type: 'delete', key: '/p/0002', revision: 9 });
    saved();
    copy.take('/p/', { type: 'put', ...entry('/p/0003', 'last', 10) });
    saved();
    t.equal(readFileSync(file, 'utf8'), whole, 'the copy is not written again');
    t.ok(statSync(changes).size < 1000, `${statSync(changes).size} octets of changes`);
    t.equal(statSync(changes).mode & 0o777, 0o600);
    const present = new Map(read());
    t.equal(present.size, 999);
    t.match([present.get('/p/0001'), present.get('/p/0002'), present.get('/p/0003')], ['other', undefined, 'last']);
    t.ok(readCopy(file, t.fail)!.savedAt >= JSON.parse(whole).savedAt);

    const text = readFileSync(changes, 'utf8');
    writeFileSync(changes, text.slice(0, -5));
    t.match(new Map(read()).get('/p/0001'), 'other', 'those before it did happen');
    t.match(new Map(read()).get('/p/0003'), 'x'.repeat(100));
    writeFileSync(changes, text.replace(/"of":"./, '"of":"?'));
    t.match(new Map(read()).get('/p/0001'), 'x'.repeat(100), 'changes of another copy');
    rmSync(changes);
    t.equal(read().length, 1000, 'none at all');

    for (let at = 0; readFileSync(file, 'utf8') === whole; at++) {
      if (at > 100) throw new Error('never written again');
      copy.take('/p/', { type: 'put', ...entry('/p/0004', 'y'.repeat(10_000), 11 + at) });
      saved();
    }
    t.match(new Map(read()).get('/p/0001'), 'other', 'once the changes are as large it is, with all of them');
    t.ok(statSync(changes).size < 100, 'and they begin anew');
  },
);
