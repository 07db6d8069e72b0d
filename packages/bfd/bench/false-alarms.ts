/**
 * How many false alarms in N minutes under load: two services in this process, in two network namespaces, while busy
 * threads want the processors and the main thread is blocked most of the time.
 *
 *   node packages/bfd/dist/bench/false-alarms.js [MINUTES] [INTERVAL_MS] [MULTIPLIER] [BUSY_THREADS]
 *
 * Needs CAP_NET_ADMIN and CAP_SYS_ADMIN. Ends with status 1 where a session went down.
 */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { BfdService } from '@tortie/bfd/node';
import { parseAddress } from '@tortie/ip';
import { createNetns, deleteNetns, openRtnetlink } from '@tortie/linux/node';

const [minutes = 1, intervalMs = 100, multiplier = 3, busy = availableParallelism()] = process.argv
  .slice(2)
  .map(Number);
const BLOCK_MS = 400;

const names = ['a', 'b'].map((side) => `tortie-${side}${randomBytes(4).toString('hex')}`);
const [left, right] = names as [string, string];
const spin = `for (;;) Math.sqrt(Math.random());`;
const busyThreads: Worker[] = [];
const services: BfdService[] = [];
let alarms = 0;
try {
  for (const name of names) await createNetns(name);
  const at = [await openRtnetlink({ netns: left }), await openRtnetlink({ netns: right })] as const;
  await at[0].createLink({ name: 'e0', kind: 'veth', peer: { name: 'e0', netns: right } });
  for (const [side, rtnetlink] of at.entries()) {
    const { ifindex } = (await rtnetlink.link('e0'))!;
    await rtnetlink.addAddress(ifindex, parseAddress(`10.9.0.${side + 1}`), 24);
    await rtnetlink.changeLink('e0', { up: true });
    rtnetlink.close();
  }
  for (const [side, netns] of names.entries()) {
    const bfd = new BfdService({ netns });
    bfd.on('state', ({ from, to, failure, view }) => {
      if (failure) alarms++;
      console.log(`${side === 0 ? 'left ' : 'right'} ${from} -> ${to} (${view.diagnostic})`);
    });
    const remoteAddress = parseAddress(`10.9.0.${2 - side}`);
    bfd.set({ name: 'peer', remoteAddress, minTxMs: intervalMs, minRxMs: intervalMs, multiplier });
    services.push(bfd);
  }
  for (;;) {
    const reports = await Promise.all(services.map((bfd) => bfd.report()));
    if (reports.every(({ sessions }) => sessions[0]?.state === 'up')) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (let i = 0; i < busy; i++) busyThreads.push(new Worker(spin, { eval: true }));
  console.log(
    `${minutes} min, ${intervalMs} ms x ${multiplier}, ${busy} busy threads, main thread blocked ${BLOCK_MS} ms at a time`,
  );
  const endMs = Date.now() + minutes * 60_000;
  while (Date.now() < endMs) {
    const untilMs = Date.now() + BLOCK_MS;
    while (Date.now() < untilMs) Math.sqrt(untilMs);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const [report] = await Promise.all(services.map((bfd) => bfd.report()));
  console.log(
    `${alarms} false alarms; ${report!.sessions[0]!.packetsIn} packets in, ${report!.sessions[0]!.packetsOut} out`,
  );
} finally {
  for (const worker of busyThreads) await worker.terminate();
  for (const bfd of services) await bfd.close();
  for (const name of names) await deleteNetns(name).catch(() => {});
}
process.exitCode = alarms > 0 ? 1 : 0;
