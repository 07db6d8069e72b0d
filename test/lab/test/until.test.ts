import t from 'tap';
import { LabError, until } from '../src/index.js';

t.test('gives the first truthy answer', async (t) => {
  let asked = 0;
  t.equal(await until(() => (++asked === 3 ? 'yes' : undefined), { everyMs: 1 }), 'yes');
  t.equal(asked, 3);
});

t.test('an exception counts as not yet, and the last one is told at the deadline', async (t) => {
  const refused = until(
    () => {
      throw new Error('no socket');
    },
    { what: 'the agent', deadlineMs: 20, everyMs: 5 },
  );
  await t.rejects(refused, { code: 'ERR_LAB_DEADLINE', message: /^the agent: not within 0\.02 s: no socket$/ });
  await t.rejects(refused, LabError);
});

t.test('a signal ends the waiting', async (t) => {
  const stop = new AbortController();
  const waiting = until(() => false, { everyMs: 10_000, signal: stop.signal });
  stop.abort();
  await t.rejects(waiting, { name: 'AbortError' });
});
