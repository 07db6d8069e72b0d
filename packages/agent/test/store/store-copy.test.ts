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

const entry = (key: string, value: unknown) => ({ key, value, revision: 7 });
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
  copy.take('/p/', page([entry('/p/b', 1), entry('/p/c', 'foreign')]), ours);
  copy.take('/p/', { type: 'put', ...entry('/p/a', { password: 'secret' }) }, ours);
  copy.take('/p/', { type: 'put', ...entry('/p/d', 1) }, ours);
  copy.take('/p/', { type: 'put', ...entry('/p/d', 'foreign') }, ours);
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
