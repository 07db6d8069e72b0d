/**
 * Writers that contend for one embedded store, each a process of its own, killed at random with SIGKILL and started again: no
 * address may ever be with two handles. `node million.mjs [--assignments 1000000] [--writers 50] [--minutes 60] [--dir DIR]
 * [--kills 0.5]` (kills per second). Prints one JSON document; exit code 1 where something was wrong.
 *
 * Each writer writes a line before and behind what it does, with the machine's monotonic clock, to a file of its own; a line cut off
 * by its death tells of nothing that was acknowledged. In the end all lines are put in order of time: between the line that an
 * address was assigned and the line before its release nobody else may have got it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatAddress, parsePrefix } from '@tortie/ip';
import { Ipam, IpamError, steadyClock } from '@tortie/ipam';
import { openLmdbStore } from '@tortie/store/node';

const { values } = parseArgs({
  options: {
    assignments: { type: 'string', default: '1000000' },
    writers: { type: 'string', default: '50' },
    minutes: { type: 'string', default: '60' },
    kills: { type: 'string', default: '0.5' },
    dir: { type: 'string', default: tmpdir() },
    worker: { type: 'string' },
  },
});

const clock = () => steadyClock(Date.now, () => performance.now());

/** One life of one writer. */
async function work(root, node) {
  const ipam = new Ipam({ store: openLmdbStore(join(root, 'store')), now: clock() });
  const file = openSync(join(root, 'lines', `${node}.${process.pid}`), 'a');
  const say = (sign, list) => {
    const time = process.hrtime.bigint();
    writeSync(
      file,
      list.map(({ address, handle }) => `${sign} ${time} ${formatAddress(address)} ${handle}\n`).join(''),
    );
  };
  await ipam.repair({ node });
  const held = new Map();
  for (const one of await ipam.assignments({ node })) held.set(one.handle, [...(held.get(one.handle) ?? []), one]);
  for (const list of held.values()) say('+', list);
  for (let turn = 0; ; turn++) {
    const full = held.size > 30;
    try {
      if (!full && Math.random() < 0.6) {
        const handle = `${node}.${process.pid}.${turn}`;
        const list = await ipam.assign({ node, handle, count4: 1 + Math.floor(Math.random() * 8) });
        say('+', list);
        held.set(handle, list);
      } else if (held.size > 0) {
        const [handle, list] = [...held][Math.floor(Math.random() * held.size)];
        say('-', list);
        held.delete(handle);
        await ipam.release({ handle });
      }
    } catch (error) {
      if (!(error instanceof IpamError && /POOL_FULL|CONTENTION/.test(error.code))) throw error;
      const [handle, list] = [...held][0] ?? [];
      if (handle === undefined) continue;
      say('-', list);
      held.delete(handle);
      await ipam.release({ handle });
    }
  }
}

/** All lines that are whole, in order of time. */
function readLines(root) {
  const lines = [];
  for (const name of readdirSync(join(root, 'lines'))) {
    const text = readFileSync(join(root, 'lines', name), 'utf8');
    for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
      if (line !== '') lines.push(line);
    }
  }
  // hrtime has the same number of digits all along: as text the order is the same.
  const timeOf = (line) => line.slice(2, line.indexOf(' ', 2));
  return lines.sort((x, y) => (timeOf(x) < timeOf(y) ? -1 : timeOf(x) > timeOf(y) ? 1 : 0));
}

function verify(lines) {
  const holders = new Map();
  const assigned = new Set();
  let clashes = 0;
  for (const line of lines) {
    const [sign, , address, handle] = line.split(' ');
    const holder = holders.get(address);
    if (sign === '-') {
      if (holder === handle) holders.delete(address);
    } else {
      assigned.add(`${address} ${handle}`);
      if (holder !== undefined && holder !== handle) clashes++;
      holders.set(address, handle);
    }
  }
  return { clashes, holders, assigned: assigned.size };
}

const countLines = (root) => {
  let count = 0;
  for (const name of readdirSync(join(root, 'lines'))) {
    for (const byte of readFileSync(join(root, 'lines', name))) if (byte === 43) count++;
  }
  return count;
};

async function main() {
  const root = mkdtempSync(join(values.dir, 'tortie-million-'));
  mkdirSync(join(root, 'lines'));
  const children = new Map();
  let stopped = false;
  let kills = 0;
  const errors = [];
  try {
    const store = openLmdbStore(join(root, 'store'));
    const ipam = new Ipam({ store, now: clock() });
    // Less than the writers want: they borrow, take over, and find the pool full.
    await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/19'), blockSize: 28 });
    await ipam.configure({ cooldownS: 0 });
    const start = (node) => {
      const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--worker', node, '--dir', root], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let text = '';
      child.stderr.on('data', (chunk) => (text += chunk));
      child.on('close', (code) => {
        children.delete(node);
        if (code !== null && !stopped) errors.push(`${node}: ${text.slice(0, 500)}`);
        if (!stopped) start(node);
      });
      children.set(node, child);
    };
    for (let at = 0; at < Number(values.writers); at++) start(`node-${at}`);
    const from = performance.now();
    const end = from + Number(values.minutes) * 60_000;
    let seen = 0;
    while (performance.now() < end && seen < Number(values.assignments) && errors.length === 0) {
      for (let second = 0; second < 10; second++) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        for (let left = Number(values.kills); left > 0 && Math.random() < left; left--) {
          const nodes = [...children.keys()];
          const victim = children.get(nodes[Math.floor(Math.random() * nodes.length)]);
          if (victim?.kill('SIGKILL')) kills++;
        }
      }
      seen = countLines(root);
    }
    const seconds = Math.round((performance.now() - from) / 1000);
    stopped = true;
    const closing = [...children.values()].map((child) => once(child, 'close'));
    for (const child of children.values()) child.kill('SIGKILL');
    await Promise.all(closing);
    const { clashes, holders, assigned } = verify(readLines(root));
    const { findings } = await ipam.check();
    const stored = new Map((await ipam.assignments()).map(({ address, handle }) => [formatAddress(address), handle]));
    const lost = [...holders].filter(([address, handle]) => stored.get(address) !== handle).length;
    await store.close();
    const result = { bench: 'million', writers: Number(values.writers), seconds, kills, assigned };
    console.log(JSON.stringify({ ...result, twice: clashes, lost, findings: findings.length, errors }));
    if (clashes + lost + findings.length + errors.length > 0) process.exitCode = 1;
  } finally {
    stopped = true;
    for (const child of children.values()) child.kill('SIGKILL');
    rmSync(root, { recursive: true, force: true });
  }
}

if (values.worker) await work(values.dir, values.worker);
else await main();
