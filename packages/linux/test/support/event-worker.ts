/** Listens to the kernel in a worker, with a request and a write always under way, until it is ended from outside. */
import { parentPort, workerData } from 'node:worker_threads';
import { parsePrefix } from '@tortie/ip';
import { openFibWriter, openRtnetlink, subscribeEvents } from '@tortie/linux/node';

const { netns } = workerData as { netns: string };
await subscribeEvents({ netns, groups: ['link', 'route'], onEvents: () => {}, onResync: () => {} });
const rtnetlink = await openRtnetlink({ netns });
const writer = await openFibWriter({ netns });
const prefixes = Array.from({ length: 5000 }, (_, i) => parsePrefix(`20.${i >> 8}.${i & 255}.0/24`));
parentPort?.postMessage('listening');
for (;;) {
  for (const kind of ['blackhole', 'delete'] as const) {
    const writing = writer.apply(prefixes.map((prefix) => ({ prefix, kind, nextHops: [] })));
    await rtnetlink.links();
    await writing;
  }
}
