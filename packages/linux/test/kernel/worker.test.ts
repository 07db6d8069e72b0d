import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { subscribeEvents } from '@tortie/linux/node';
import { kernelTest, until } from '../support/kernel.js';

kernelTest('workers come and go in the middle of their work; the main thread goes on', async (t, lab) => {
  const { netns, rtnetlink } = await lab.host();
  let events = 0;
  const subscription = await subscribeEvents({
    netns,
    groups: ['link'],
    onEvents: (some) => {
      events += some.length;
    },
    onResync: () => {},
  });
  lab.closing(() => subscription.close());
  for (let i = 0; i < 3; i++) {
    const worker = new Worker(new URL('../support/event-worker.js', import.meta.url), { workerData: { netns } });
    await once(worker, 'message');
    await rtnetlink.createLink({ name: `br${i}`, kind: 'bridge', up: true });
    await worker.terminate();
  }
  const before = events;
  await rtnetlink.createLink({ name: 'last', kind: 'bridge' });
  await until(() => events > before);
  t.ok(events >= 4);
});
