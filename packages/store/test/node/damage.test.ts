/** Store directories that cannot be used, and what is said of them. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import t from 'tap';
import { openLmdbStore } from '../../node/index.js';

const root = mkdtempSync(join(tmpdir(), 'tortie-store-'));
t.teardown(() => rmSync(root, { recursive: true, force: true }));
chmodSync(root, 0o755);

const good = join(root, 'good');
const sound = openLmdbStore(good);
for (let at = 0; at < 50; at++) await sound.create(`/key/${at}`, 'x'.repeat(3000));
await sound.close();
const bytes = readFileSync(join(good, 'data.mdb'));

const zeroed = (from: number, to: number): Buffer => {
  const damaged = Buffer.from(bytes);
  damaged.fill(0, from, to);
  return damaged;
};

const rows: readonly { name: string; file: Buffer | string; code: string; message: RegExp }[] = [
  { name: 'a text file', file: 'hello', code: 'ERR_STORE_CORRUPT', message: /no LMDB database/ },
  {
    name: 'random bytes',
    file: Buffer.alloc(9000, 7),
    code: 'ERR_STORE_CORRUPT',
    message: /move .*bad-.* away and bring a copy back with "tortie store import", or start empty/,
  },
  { name: 'a file cut off', file: bytes.subarray(0, 9000), code: 'ERR_STORE_CORRUPT', message: /cut off/ },
  { name: 'one meta page lost', file: zeroed(0, 4096), code: 'ERR_STORE_CORRUPT', message: /no LMDB page at 0/ },
  { name: 'the other meta page lost', file: zeroed(4096, 8192), code: 'ERR_STORE_CORRUPT', message: /page at 4096/ },
];
for (const { name, file, code, message } of rows) {
  t.test(`${name} is refused before LMDB maps it`, async (t) => {
    const directory = mkdtempSync(join(root, 'bad-'));
    writeFileSync(join(directory, 'data.mdb'), file);
    t.throws(() => openLmdbStore(directory), { name: 'StoreError', code, message });
  });
}

t.test('a later format is refused, and named', async (t) => {
  const directory = join(root, 'format');
  await openLmdbStore(directory).close();
  const raw = open({ path: directory, noSubdir: false, overlappingSync: false, maxDbs: 4 });
  raw.openDB<string, string>('meta', { encoding: 'string' }).putSync('format', '{"format":2}');
  await raw.close();
  t.throws(() => openLmdbStore(directory), {
    code: 'ERR_STORE_FORMAT',
    message: /has format 2, this program knows format 1/,
  });
});

t.test('a path that is a file is refused', async (t) => {
  const path = join(root, 'file');
  writeFileSync(path, '');
  t.throws(() => openLmdbStore(path), { name: 'StoreError' });
});

const load = `const { openLmdbStore } = await import(${JSON.stringify(new URL('../../node/index.js', import.meta.url).href)});`;

t.test('a directory without permission is refused', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
  const directory = join(root, 'private');
  mkdirSync(directory, { mode: 0o700 });
  copyFileSync(join(good, 'data.mdb'), join(directory, 'data.mdb'));
  chownSync(directory, 65_534, 65_534);
  // Root without capabilities may read this checkout wherever it lies, and is a stranger in that directory.
  const script = `${load} try { openLmdbStore(process.argv[1]) } catch ({ code, message }) { console.log(code, message) }`;
  const node = [process.execPath, '--input-type=module', '-e', script, directory];
  const { stdout, stderr } = spawnSync('setpriv', ['--bounding-set=-all', '--inh-caps=-all', ...node], {
    encoding: 'utf8',
  });
  t.match(stdout, /^ERR_STORE_PERMISSION .*may not be (read or )?written by this user/, stderr);
});

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;
t.test('a full disk is said, and what was written before stays', { skip: !canMount && 'needs root' }, async (t) => {
  const directory = join(root, 'full');
  mkdirSync(directory);
  const script = `${load}
    let store = openLmdbStore(process.argv[1]); let written = 0; let failed;
    for (; !failed; written++) await store.create('/k/' + written, 'x'.repeat(10000)).catch((e) => { failed = e; written-- });
    await store.close();
    store = openLmdbStore(process.argv[1]);
    console.log(JSON.stringify({ code: failed.code, message: failed.message, written, found: (await store.list('/k/')).entries.length }));`;
  const mounted = `mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" --input-type=module -e "$3" "$1"`;
  const output = execFileSync('unshare', ['-m', 'sh', '-c', mounted, 'sh', directory, process.execPath, script], {
    encoding: 'utf8',
  });
  const result = JSON.parse(output);
  t.match(result, { code: 'ERR_STORE_FULL', message: /no space left/i });
  t.equal(result.found, result.written);
  t.ok(result.written > 20);
});

t.test('a store of full length whose file grew on is fine', async (t) => {
  const directory = mkdtempSync(join(root, 'longer-'));
  writeFileSync(join(directory, 'data.mdb'), bytes);
  truncateSync(join(directory, 'data.mdb'), bytes.length + 1_000_000);
  const store = openLmdbStore(directory);
  t.equal((await store.list('/key/')).entries.length, 50);
  await store.close();
});
