/** `tortie store` over real stores: LMDB to a file and back. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryLockFile } from '@tortie/linux/node';
import { openLmdbStore } from '@tortie/store/node';
import t from 'tap';
import { run } from './stub.js';

const root = mkdtempSync(join(tmpdir(), 'tortie-store-cli-'));
t.teardown(() => rmSync(root, { recursive: true }));

/** A configuration whose store is the named directory. */
function configOf(name: string): string {
  const file = join(root, `${name}.yaml`);
  writeFileSync(file, `node: n1\nasn: 64513\nstore: { path: ${join(root, name)} }\n`);
  return file;
}

async function contents(name: string): Promise<Record<string, unknown>> {
  const store = openLmdbStore(join(root, name));
  const { entries } = await store.list('/');
  await store.close();
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]));
}

t.test('a store goes to a file and into another store', async (t) => {
  const source = openLmdbStore(join(root, 'source'));
  const pool = { cidr: '10.244.0.0/16' };
  await source.create('/ipam/pools/p', pool);
  await source.create('/agent/peers/n1/tor', { name: 'tor', password: 'secret' });
  await source.create('/agent/alive/n1', { host: 'x' });
  const file = join(root, 'copy.jsonl');
  const made = await run(['store', 'export', file, '-c', configOf('source')]);
  t.equal(made.code, 0, made.stderr);
  t.match(made.stdout, /copy\.jsonl: 2 entries of .*\/source, as of revision 3$/m);
  t.equal(statSync(file).mode & 0o777, 0o600, 'it has secrets');
  const piped = await run(['store', 'export', '-', '-c', configOf('source')]);
  t.equal(piped.stdout.split('\n').length, readFileSync(file, 'utf8').split('\n').length);
  await source.close();

  const target = configOf('target');
  const done = await run(['store', 'import', file, '-c', target]);
  t.match(done, { code: 0, stdout: /target: 2 entries of 20/ }, done.stderr);
  t.same(await contents('target'), {
    '/ipam/pools/p': pool,
    '/agent/peers/n1/tor': { name: 'tor', password: 'secret' },
  });
  t.match(await run(['store', 'import', file, '-c', target]), {
    code: 0,
    stdout: /0 entries .*, 2 were there already/,
  });

  const other = openLmdbStore(join(root, 'other'));
  await other.create('/ipam/pools/q', pool);
  await other.close();
  const refused = await run(['store', 'import', file, '-c', configOf('other')]);
  t.match(refused, { code: 5, stderr: /the store has \/ipam\/pools\/q; import into an empty store/ });
  t.same(Object.keys(await contents('other')), ['/ipam/pools/q']);
});

t.test('refused: a running agent, a damaged file, no file, no configuration', async (t) => {
  const file = join(root, 'small.jsonl');
  writeFileSync(file, '{"tortieStore":1,"revision":1,"at":"x"}\n{"entries":0}\n');
  const config = configOf('locked');
  await contents('locked');
  const lock = tryLockFile(join(root, 'locked', 'agent-n7.lock'))!;
  t.match(await run(['store', 'import', file, '-c', config]), { code: 5, stderr: /agents use the store \(n7\)/ });
  lock.release();
  t.equal((await run(['store', 'import', file, '-c', config])).code, 0);
  writeFileSync(file, '{"tortieStore":1,"revision":1,"at":"x"}\n');
  t.match(await run(['store', 'import', file, '-c', config]), { code: 2, stderr: /line 1: the file was cut off/ });
  t.match(await run(['store', 'import', join(root, 'none'), '-c', config]), { code: 1, stderr: /no such file/ });
  t.match(await run(['store', 'export', '-', '-c', join(root, 'none')]), { code: 1, stderr: /no such file/ });
  t.match(await run(['store', 'export', '-']), { code: 2, stderr: /required option '-c, --config <file>'/ });
});
