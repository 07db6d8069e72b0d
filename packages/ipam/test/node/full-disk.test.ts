/** A disk that fills up under the embedded store: what was assigned stays, nothing is half done, and it goes on when there is room. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';

const canMount = process.getuid?.() === 0 && spawnSync('unshare', ['-m', 'true']).status === 0;

// How long it takes is the machine's affair, not a fault.
t.setTimeout(300_000);

const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);

/** Runs inside a mount namespace with a small tmpfs as its directory. */
const SCRIPT = `
  import { execFileSync } from 'node:child_process';
  const { Ipam } = await import(${url('../../src/index.js')});
  const { openLmdbStore } = await import(import.meta.resolve('@tortie/store/node', ${url('.')}));
  const { parsePrefix } = await import(import.meta.resolve('@tortie/ip', ${url('.')}));
  const root = process.argv[1];
  const open = () => {
    const store = openLmdbStore(root + '/store', { keepCommits: 100 });
    return { store, ipam: new Ipam({ store, now: Date.now }) };
  };
  let { store, ipam } = open();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/16') });
  await ipam.configure({ cooldownS: 0, maxBlocksPerHost: 0 });
  await ipam.assign({ node: 'n', handle: 'first', count4: 1 });
  const held = ['first'];
  let failure;
  for (let at = 0; at < 5000 && !failure; at++) {
    try { await ipam.assign({ node: 'n' + (at % 50), handle: 'h' + at, count4: 2 }); held.push('h' + at); }
    catch (error) { failure = { code: error.code, message: error.message }; }
  }
  const again = await ipam.assign({ node: 'n', handle: 'again', count4: 1 }).then(() => 'done', (error) => error.code);
  const readable = (await ipam.assignments()).length;
  execFileSync('mount', ['-o', 'remount,size=3m', root]);
  const onward = await ipam.assign({ node: 'n', handle: 'onward', count4: 1 }).then(() => 'done', (error) => error.code);
  await store.close();
  ({ store, ipam } = open());
  const after = await ipam.check();
  const handles = new Set((await ipam.assignments()).map(({ handle }) => handle));
  const lost = held.filter((handle) => !handles.has(handle));
  execFileSync('mount', ['-o', 'remount,size=16m', root]);
  const released = (await ipam.release({ handle: held.at(-1) })).length;
  const next = await ipam.assign({ node: 'n', handle: 'next', count4: 3 });
  const end = await ipam.check();
  await store.close();
  console.log(JSON.stringify({ failure, again, onward, readable, assigned: after.assignments, held: held.length,
    findings: after.findings.length + end.findings.length, lost, released, next: next.length }));
`;

t.test(
  'a full disk refuses assignments and loses none',
  { skip: !canMount && 'needs root, for a small tmpfs' },
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'tortie-full-'));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const mounted = `mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" --input-type=module -e "$3" "$1"`;
    const node = [process.execPath, SCRIPT];
    const output = execFileSync('unshare', ['-m', 'sh', '-c', mounted, 'sh', directory, ...node], { encoding: 'utf8' });
    const result = JSON.parse(output) as {
      failure?: { code: string; message: string };
      again: string;
      onward: string;
      readable: number;
      assigned: number;
      held: number;
      findings: number;
      lost: string[];
      released: number;
      next: number;
    };
    t.match(result.failure, { code: 'ERR_STORE_FULL', message: /no space left/ });
    t.ok(result.held > 10, `${result.held} handles were assigned before`);
    t.equal(result.onward, 'done', 'the same process goes on when there is room');
    t.equal(result.readable, result.assigned - 1, 'what is there can be read while the disk is full');
    t.strictSame(result.lost, [], 'nothing that was acknowledged is lost');
    t.equal(result.findings, 0, 'and nothing is half done');
    t.ok(result.released > 0 && result.next === 3, 'it goes on when there is room again');
  },
);
