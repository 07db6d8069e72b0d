/** Nodes as processes on one LMDB directory, killed at any moment: no address is ever with two handles. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatAddress, parsePrefix } from '@tortie/ip';
import { openLmdbStore } from '@tortie/store/node';
import t from 'tap';
import { Ipam } from '../../src/index.js';

// How long it takes is the machine's affair, not a fault.
t.setTimeout(300_000);

const root = mkdtempSync(join(tmpdir(), 'tortie-ipam-'));
const children = new Set<ChildProcess>();
t.teardown(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

interface Line {
  readonly sign: string;
  readonly time: bigint;
  readonly address: string;
  readonly handle: string;
}

/** Runs one life of a node, to its violent end; gives what it wrote. */
async function live(directory: string, node: string, lines: number): Promise<{ lines: Line[]; errors: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('worker.js', import.meta.url)), directory, node]);
  children.add(child);
  let [output, errors, seen] = ['', '', 0];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    for (const byte of chunk) if (byte === 10) seen++;
    if (seen >= lines) child.kill('SIGKILL');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  await once(child, 'close');
  children.delete(child);
  const whole = output.slice(0, output.lastIndexOf('\n')).split('\n');
  return {
    errors,
    lines: whole.map((line) => {
      const [sign = '', time = '0', address = '', handle = ''] = line.split(' ');
      return { sign, time: BigInt(time), address, handle };
    }),
  };
}

t.test('no address twice, whoever is killed when', async (t) => {
  const store = openLmdbStore(root);
  const ipam = new Ipam({ store, now: Date.now });
  await ipam.pools.create({ name: 'four', cidr: parsePrefix('10.0.0.0/26'), blockSize: 29 });
  await ipam.pools.create({ name: 'six', cidr: parsePrefix('fd00::/122'), blockSize: 126 });
  await ipam.configure({ cooldownS: 0, maxBlocksPerHost: 4 });

  const all: Line[] = [];
  const node = async (name: string): Promise<void> => {
    for (let life = 0; life < 3; life++) {
      const { lines, errors } = await live(root, name, 40 + Math.floor(Math.random() * 80));
      t.equal(errors, '', `${name}, life ${life}: no error`);
      all.push(...lines);
    }
  };
  await Promise.all(['node-1', 'node-2', 'node-3'].map(node));

  all.sort((x, y) => (x.time < y.time ? -1 : 1));
  const holders = new Map<string, string>();
  let twice = 0;
  for (const { sign, address, handle } of all) {
    const holder = holders.get(address);
    if (sign === '-') holders.delete(address);
    else if (holder !== undefined && holder !== handle) {
      twice++;
      t.fail(`${address} went to ${handle} while ${holder} had it`);
    } else holders.set(address, handle);
  }
  t.equal(twice, 0, `${all.length} assignments and releases without a clash`);

  const { findings: before } = await ipam.check();
  t.same(before, [], 'a store with multi-key commits needs no repair');
  for (const name of ['node-1', 'node-2', 'node-3']) await ipam.repair({ node: name });
  t.same((await ipam.check()).findings, []);
  const stored = new Map((await ipam.assignments()).map(({ address, handle }) => [formatAddress(address), handle]));
  for (const [address, handle] of holders) {
    if (stored.get(address) !== handle) t.fail(`${address}: acknowledged for ${handle}, stored ${stored.get(address)}`);
  }
  t.ok(holders.size > 0, `${holders.size} addresses are held at the end`);
  await store.close();
});
