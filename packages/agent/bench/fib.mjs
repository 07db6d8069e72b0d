/**
 * The FIB reconciler alone, in a network namespace of its own: so many best routes into the kernel, out again, and
 * adopted after a restart; with the longest time the event loop was blocked. Needs root. `node bench/fib.mjs [ROUTES]`
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createNetns, deleteNetns, openFibWriter } from '@tortie/linux/node';
import { pino } from 'pino';
import { LoopWatch } from '../../linux/dist/bench/loop-watch.js';
import { Journal } from '../dist/node/journal.js';
import { FibReconciler } from '../dist/node/reconcilers/fib.js';

const ROUTES = Number(process.argv[2] ?? 500_000);
const name = `tb-${randomBytes(4).toString('hex')}`;
const ip = (...words) => execFileSync('ip', ['-n', name, ...words]).toString();
const hop = (d) => ({ version: 4, a: (0x0a000000 | d) >>> 0, b: 0, c: 0, d: 0 });

/** A speaker that has nothing but so many best routes, made when they are taken as the RIB makes them. */
function speakerOf(count, change) {
  let at = 0;
  const subscription = {
    take(max) {
      const from = at;
      at = Math.min(at + max, count);
      return Array.from({ length: at - from }, (_, i) => change(from + i));
    },
    get pending() {
      return at < count;
    },
    close() {},
  };
  const speaker = { subscribe: () => subscription, peers: () => [], on: () => speaker, peerName: () => undefined };
  return speaker;
}

const loop = new LoopWatch();

async function phase(text, work) {
  loop.take();
  const started = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    `${text}: ${(ms / 1000).toFixed(2)} s, ${Math.round(ROUTES / ms)} k routes/s, CPU ${((user + system) / 1e6).toFixed(2)} s, loop blocked at most ${loop.take().toFixed(0)} ms`,
  );
}

await createNetns(name);
try {
  ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  ip('link', 'set', 'up1', 'up');
  ip('link', 'set', 'up0', 'up');
  ip('address', 'add', '10.0.0.1/24', 'dev', 'up0');
  const ifindex = Number(/^(\d+):/.exec(ip('-o', 'link', 'show', 'up0'))[1]);
  const reconciler = async () => {
    const writer = await openFibWriter({ netns: name });
    return new FibReconciler({
      writer,
      journal: new Journal(pino({ level: 'silent' })),
      resolve: ({ address }) => ({ hop: { gateway: address, ifindex } }),
      settled: () => true,
      multipath: 1,
      deferralS: 0,
    });
  };
  const prefix = (i) => ({ version: 4, a: (0x14000000 + i * 256) >>> 0, b: 0, c: 0, d: 0, length: 24 });
  const through = (d) => {
    const paths = [{ nextHop: hop(d), peer: 1, pathId: 0, blackhole: false, attributes: {} }];
    return speakerOf(ROUTES, (i) => ({ prefix: prefix(i), paths }));
  };
  const settled = async (fib) => {
    while (fib.table.counts.pending > 0 || fib.table.queued > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const first = await reconciler();
  await first.adopt();
  for (const [text, speaker] of [
    ['installed', through(2)],
    ['replaced', through(3)],
  ]) {
    await phase(text, async () => {
      first.attach(speaker);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await settled(first);
    });
  }
  await first.close();
  const rssMb = Math.round(process.memoryUsage.rss() / 1048576);
  const second = await reconciler();
  await phase('adopted', async () => {
    await second.adopt();
    while (second.table.size < ROUTES) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  await phase('swept', async () => {
    second.attach(speakerOf(0));
    while (second.table.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  await second.close();
  console.log(`resident ${rssMb} MB after the two loads`);
} finally {
  await deleteNetns(name);
}
