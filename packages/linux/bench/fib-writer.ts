/**
 * How fast routes reach the kernel, against a C program that sends the same messages (fib-writer.c) and against BIRD, all in throw-away
 * namespaces, turn by turn in one run; and how long the event loop stood still meanwhile.
 *
 *   node packages/linux/dist/bench/fib-writer.js [routes = 500000] [rounds = 3]
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatPrefix, type Prefix, parseAddress } from '@tortie/ip';
import {
  createNetns,
  deleteNetns,
  type FibChange,
  type FibWriter,
  type NextHop,
  openFibWriter,
  openRtnetlink,
} from '@tortie/linux/node';
import { birdAdds, hasBird } from './bird.js';
import { LoopWatch } from './loop-watch.js';

const COUNT = Number(process.argv[2] ?? 500_000);
const ROUNDS = Number(process.argv[3] ?? 3);
/** Changes handed in at once, as an agent would. */
const PIECE = 8192;
const PIECES_UNDER_WAY = 4;
const FIRST_PREFIX = 0x14000000;
const STEPS = ['add', 'replace', 'delete'] as const;
type Seconds = Record<(typeof STEPS)[number], number>;
const loop = new LoopWatch();

async function inNamespace<T>(task: (netns: string, hops: readonly NextHop[]) => Promise<T>): Promise<T> {
  const netns = `tortie-bench-${randomBytes(4).toString('hex')}`;
  await createNetns(netns);
  try {
    const rtnetlink = await openRtnetlink({ netns });
    const { ifindex } = await rtnetlink.createLink({ name: 'v0', kind: 'veth', peer: { name: 'v1' } });
    await rtnetlink.changeLink('v0', { up: true });
    await rtnetlink.changeLink('v1', { up: true });
    await rtnetlink.addAddress(ifindex, parseAddress('10.0.0.1'), 24);
    await rtnetlink.setNexthop({ id: 1, protocol: 4, gateway: parseAddress('10.0.0.2'), ifindex });
    await rtnetlink.setNexthop({ id: 2, protocol: 4, gateway: parseAddress('10.0.0.3'), ifindex });
    rtnetlink.close();
    return await task(netns, [
      { gateway: parseAddress('10.0.0.2'), ifindex },
      { gateway: parseAddress('10.0.0.3'), ifindex },
    ]);
  } finally {
    await deleteNetns(netns);
  }
}

const prefixAt = (at: number): Prefix => ({ version: 4, a: FIRST_PREFIX + (at << 8), b: 0, c: 0, d: 0, length: 24 });

async function feed(writer: FibWriter, kind: FibChange['kind'], nextHops: readonly NextHop[]): Promise<number> {
  const start = performance.now();
  const underWay: Promise<void>[] = [];
  for (let at = 0; at < COUNT; at += PIECE) {
    const changes: FibChange[] = [];
    for (let i = at; i < Math.min(at + PIECE, COUNT); i++) {
      changes.push({ prefix: prefixAt(i), kind, nextHops });
    }
    underWay.push(
      writer.apply(changes).then((results) => {
        for (const result of results) if (!result.ok) throw new Error(result.message);
      }),
    );
    // Further pieces are handed in while the kernel still works on those before.
    if (underWay.length > PIECES_UNDER_WAY) await underWay.shift();
  }
  await Promise.all(underWay);
  return (performance.now() - start) / 1000;
}

async function ours(): Promise<{ seconds: Seconds; blockedMs: number; listS: number }> {
  return inNamespace(async (netns, [first, second]) => {
    const writer = await openFibWriter({ netns });
    loop.take();
    const add = await feed(writer, 'unicast', [first!]);
    const replace = await feed(writer, 'unicast', [second!]);
    const listing = performance.now();
    let listed = 0;
    for await (const _route of writer.list()) listed++;
    const listS = (performance.now() - listing) / 1000;
    if (listed !== COUNT) throw new Error(`${listed} routes listed`);
    const deleted = await feed(writer, 'delete', []);
    const blockedMs = loop.take();
    await writer.close();
    return { seconds: { add, replace, delete: deleted }, blockedMs, listS };
  });
}

function inC(binary: string): Promise<Seconds> {
  return inNamespace(async (netns) => {
    const output = execFileSync(binary, [`/run/netns/${netns}`, `${COUNT}`, '1', '2'], { encoding: 'utf8' });
    const [add, replace, deleted] = output.trim().split(' ').map(Number);
    return { add: add!, replace: replace!, delete: deleted! };
  });
}

function inBird(): Promise<number> {
  const prefixes = Array.from({ length: COUNT }, (_, at) => formatPrefix(prefixAt(at)));
  return inNamespace((netns) => birdAdds(netns, prefixes, '10.0.0.2'));
}

const median = (values: readonly number[]): number => [...values].sort((x, y) => x - y)[values.length >> 1]!;

const folder = mkdtempSync(join(tmpdir(), 'tortie-bench-'));
try {
  const binary = join(folder, 'fib-writer');
  const source = fileURLToPath(new URL('../../bench/fib-writer.c', import.meta.url));
  execFileSync(process.env.CC ?? 'cc', ['-O2', '-Wall', source, '-o', binary], { stdio: 'inherit' });
  const c: Seconds[] = [];
  const bird: number[] = [];
  const tortie: Awaited<ReturnType<typeof ours>>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    c.push(await inC(binary));
    tortie.push(await ours());
    if (hasBird()) bird.push(await inBird());
  }
  const result = Object.fromEntries(
    STEPS.map((step) => {
      const [theirs, mine] = [median(c.map((s) => s[step])), median(tortie.map(({ seconds }) => seconds[step]))];
      return [
        step,
        { cPerS: Math.round(COUNT / theirs), perS: Math.round(COUNT / mine), ratio: +(theirs / mine).toFixed(3) },
      ];
    }),
  );
  console.log(
    JSON.stringify(
      {
        routes: COUNT,
        rounds: ROUNDS,
        ...result,
        ...(bird.length > 0 && {
          bird: {
            perS: Math.round(COUNT / median(bird)),
            ratio: +(median(bird) / median(tortie.map(({ seconds }) => seconds.add))).toFixed(2),
          },
        }),
        list: { perS: Math.round(COUNT / median(tortie.map(({ listS }) => listS))) },
        eventLoopBlockedMs: +Math.max(...tortie.map(({ blockedMs }) => blockedMs)).toFixed(1),
      },
      undefined,
      2,
    ),
  );
} finally {
  rmSync(folder, { recursive: true });
}
