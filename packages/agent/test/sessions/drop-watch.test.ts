import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { DropWatch } from '../../node/sessions/drop-watch.js';
import { FakeSpeaker } from '../fake-speaker.js';

const SPEC = { name: 'b', remoteAddress: '10.0.0.2', remoteAsn: 65002, password: 'x' };

async function watched() {
  const counters = { notFound: 7, unexpected: 0, failure: 0, minTtlDrop: 0 };
  const speaker = new FakeSpeaker();
  let reads = 0;
  const watch = new DropWatch(async () => {
    reads++;
    return { ...counters };
  });
  watch.follow(await speaker.start({ asn: 65001, routerId: 1, listen: [] }));
  /** Each event in a turn of its own, as a kernel that counts in between sees them. */
  const tell = async (name: 'peer' | 'session', event: object) => {
    speaker.emitter.emit(name, { peer: 'b', ...event });
    await setImmediate();
  };
  const segments = async () => {
    const drops = await watch.drops(SPEC);
    await setImmediate();
    return drops.map((drop) => drop.segments);
  };
  return { counters, watch, tell, segments, reads: () => reads };
}

const ADDED = { change: 'added', impact: 'session-reset' };

t.test('counts from when the peer was configured, changed, or lost its session', async (t) => {
  const { counters, tell, segments } = await watched();
  t.strictSame(await segments(), [], 'a peer nobody told of');
  await tell('peer', ADDED);
  t.strictSame(await segments(), [], 'what the kernel dropped before concerns others');
  counters.notFound += 3;
  t.strictSame(await segments(), [3]);
  await tell('session', { from: 'connect', to: 'active' });
  await tell('peer', { change: 'changed', impact: 'applied' });
  t.strictSame(await segments(), [3], 'still without a session');
  await tell('peer', { change: 'changed', impact: 'session-reset' });
  t.strictSame(await segments(), [], 'perhaps that was the cure');
  counters.notFound += 2;
  await tell('session', { from: 'established', to: 'idle' });
  t.strictSame(await segments(), []);
  counters.notFound += 1;
  t.strictSame(await segments(), [1]);
  await tell('peer', { change: 'removed', impact: 'session-reset' });
  await tell('session', { from: 'established', to: 'idle' });
  t.strictSame(await segments(), []);
});

t.test('many questions at once are one reading', async (t) => {
  const { watch, tell, reads } = await watched();
  await tell('peer', ADDED);
  const before = reads();
  await Promise.all(Array.from({ length: 100 }, () => watch.drops(SPEC)));
  t.equal(reads(), before + 1);
});

t.test('counters that cannot be read give no hints', async (t) => {
  const watch = new DropWatch(() => Promise.reject(new Error('no addon')));
  const speaker = new FakeSpeaker();
  watch.follow(await speaker.start({ asn: 65001, routerId: 1, listen: [] }));
  speaker.emitter.emit('peer', { peer: 'b', ...ADDED });
  t.strictSame(await watch.drops(SPEC), []);
});
