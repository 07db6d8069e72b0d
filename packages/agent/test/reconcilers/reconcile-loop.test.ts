/** Rounds that take long rest in between; whoever waits for one does not. */
import t from 'tap';
import { Journal } from '../../node/journal.js';
import { createLog } from '../../node/process/log.js';
import { ReconcileLoop } from '../../node/reconcilers/reconcile-loop.js';
import { until } from '../until.js';

const journal = new Journal(createLog('error', 'n1', { write: () => {} }));

/** Keeps the thread busy for so long. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

t.test('triggers while a paced loop rests become one round', async (t) => {
  let rounds = 0;
  let seen = 0;
  let state = 0;
  const loop = new ReconcileLoop(
    {
      name: 'long',
      reconcile: async () => {
        rounds++;
        seen = state;
        work(30);
      },
    },
    { journal, paced: true },
  );
  for (let at = 0; at < 200; at++) {
    state++;
    loop.trigger();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until('the last change is seen', async () => seen === state);
  t.ok(rounds < 20, `${rounds} rounds for 200 triggers`);
  await loop.close();
});

t.test('settle ends a rest, and close does', async (t) => {
  let rounds = 0;
  let forgotten = 0;
  const reconciler = {
    name: 'long',
    reconcile: async () => {
      rounds++;
      work(300);
    },
    forget: () => void forgotten++,
  };
  const loop = new ReconcileLoop(reconciler, { journal, paced: true });
  await loop.settle();
  loop.trigger();
  await Promise.resolve();
  await Promise.resolve();
  t.equal(rounds, 1, 'it rests');
  await loop.settle();
  t.equal(rounds, 2);
  t.equal(forgotten, 2, 'what was kept is forgotten for who waits');
  loop.trigger();
  await loop.close();
  t.equal(rounds, 2);
});
