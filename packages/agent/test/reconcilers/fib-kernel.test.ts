import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { BestChange } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import { createNetns, deleteNetns, type FibDisturbance, openFibWriter, probeKernel } from '@tortie/linux/node';
import { pino } from 'pino';
import t from 'tap';
import { Journal } from '../../node/journal.js';
import { FibReconciler } from '../../node/reconcilers/fib.js';
import type { ViaHop } from '../../src/fib/fib-entry.js';
import { FakeSpeaker } from '../fake-speaker.js';

const run = promisify(execFile);
const { netAdmin, netns } = await probeKernel();
const missing = [netAdmin, netns]
  .map((one) => (one.available ? undefined : one.reason))
  .find((reason) => reason !== undefined);

const GATEWAY = parseAddress('10.0.0.2');
const OTHER = parseAddress('10.0.0.3');

const best = (text: string, ...nextHops: (typeof GATEWAY)[]): BestChange => ({
  prefix: parsePrefix(text),
  paths: nextHops.map((nextHop) => ({
    nextHop,
    peer: 1,
    pathId: 0,
    blackhole: false,
    attributes: { origin: 'igp', asPath: [] },
  })),
});

/** A namespace with one interface, and what a FIB reconciler needs in it. */
async function place() {
  const name = `ta-${randomBytes(4).toString('hex')}`;
  await createNetns(name);
  const ip = async (...words: string[]) => (await run('ip', ['-n', name, ...words])).stdout;
  try {
    await ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
    await ip('link', 'set', 'up1', 'up');
    await ip('link', 'set', 'up0', 'up');
    await ip('address', 'add', '10.0.0.1/24', 'dev', 'up0');
  } catch (error) {
    await deleteNetns(name);
    throw error;
  }
  const ifindex = Number(/^(\d+):/.exec(await ip('-o', 'link', 'show', 'up0'))?.[1]);
  const state = { reachable: new Set(['2', '3']) };
  const start = async (options: { deferralS?: number; tunnel?: number } = {}) => {
    const speaker = new FakeSpeaker();
    const face: RunningSpeaker = await speaker.start({ asn: 1, routerId: 1, listen: [] });
    const journal = new Journal(pino({ level: 'silent' }));
    let fib: FibReconciler | undefined;
    const writer = await openFibWriter({ netns: name, onDisturbed: (what: FibDisturbance) => fib?.disturbed(what) });
    fib = new FibReconciler({
      writer,
      journal,
      resolve: ({ address }: ViaHop) =>
        state.reachable.has(String(address.d || address.a & 255))
          ? { hop: { gateway: address, ifindex } }
          : { reason: 'no route' },
      settled: () => true,
      multipath: 4,
      deferralS: options.deferralS ?? 300,
      awaitsDirect: options.tunnel !== undefined,
      isTunnel: (index) => index === options.tunnel,
    });
    const kept = await fib.adopt();
    return { fib, speaker, face, kept, journal };
  };
  /** Our routes as `ip route` shows them. */
  const ours = async () =>
    [...(await ip('route', 'show', 'proto', '201')).matchAll(/^(blackhole )?(\S+)/gm)].map((match) => match[0]).sort();
  return { name, ip, start, ours, state, remove: () => deleteNetns(name) };
}

/** A run of the agent that ends with a route in the kernel. */
async function leaveRoute(start: Awaited<ReturnType<typeof place>>['start']): Promise<void> {
  const { fib, face, speaker } = await start();
  fib.attach(face);
  speaker.change(best('192.0.2.0/24', GATEWAY));
  await fib.reconcile();
  await fib.close();
}

t.test('the kernel side of the FIB', { skip: missing ?? false }, async (t) => {
  t.test('best routes are in the kernel, withdrawn ones are not, and foreign ones are left alone', async (t) => {
    const { ip, start, ours, remove } = await place();
    t.teardown(remove);
    await ip('route', 'add', '198.51.100.0/24', 'via', '10.0.0.9', 'proto', 'static');
    const { fib, speaker, face, kept } = await start();
    t.teardown(() => fib.close());
    t.equal(kept, false);
    fib.attach(face);
    speaker.change(
      best('192.0.2.0/24', GATEWAY),
      best('198.51.100.0/24', GATEWAY),
      best('203.0.113.0/24', GATEWAY, OTHER),
    );
    fib.setBlocks([parsePrefix('10.244.0.0/26')]);
    await fib.reconcile();
    t.strictSame(await ours(), ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', 'blackhole 10.244.0.0/26'].sort());
    const multipath = await ip('route', 'show', '203.0.113.0/24');
    t.match(multipath, /via 10\.0\.0\.2/);
    t.match(multipath, /via 10\.0\.0\.3/);
    speaker.change(best('192.0.2.0/24'), best('198.51.100.0/24'));
    await fib.reconcile();
    t.strictSame(await ours(), ['203.0.113.0/24', 'blackhole 10.244.0.0/26']);
    t.match(await ip('route', 'show', '198.51.100.0/24'), /via 10\.0\.0\.9 .*proto static/);
  });

  t.test('routes into ranges of services are not written, and what went meanwhile is gone', async (t) => {
    const { start, ours, remove } = await place();
    t.teardown(remove);
    const { fib, speaker, face } = await start();
    t.teardown(() => fib.close());
    fib.attach(face);
    speaker.change(best('10.96.7.0/24', GATEWAY), best('192.0.2.0/24', GATEWAY), best('203.0.113.0/24', GATEWAY));
    await fib.reconcile();
    t.equal((await ours()).length, 3);
    speaker.change(best('192.0.2.0/24'), best('10.96.7.0/24', OTHER));
    fib.setServices([parsePrefix('10.96.0.0/12')]);
    await fib.reconcile();
    t.strictSame(await ours(), ['203.0.113.0/24']);
  });

  t.test('what a foreign route refuses is told in words, and done once it is gone', async (t) => {
    const { ip, start, ours, remove } = await place();
    t.teardown(remove);
    await ip('route', 'add', '192.0.2.0/24', 'via', '10.0.0.9', 'proto', 'static', 'metric', '1024');
    const { fib, speaker, face, journal } = await start();
    t.teardown(() => fib.close());
    fib.attach(face);
    speaker.change(best('192.0.2.0/24', GATEWAY));
    await fib.reconcile();
    const entry = fib.table.get(parsePrefix('192.0.2.0/24'))!;
    t.match(entry, { state: 'failed', error: /not ours is there already/ });
    t.match(journal.events.read({ kind: 'fib' }).events.at(-1), { subject: '192.0.2.0/24', cause: /not ours/ });
    t.match(await ip('route', 'show', '192.0.2.0/24'), /via 10\.0\.0\.9/, 'and is not overwritten');
    await ip('route', 'del', '192.0.2.0/24', 'via', '10.0.0.9');
    fib.changed();
    await fib.reconcile();
    t.strictSame(await ours(), ['192.0.2.0/24']);
    t.equal(fib.table.get(entry.prefix)?.state, 'installed');
  });

  t.test('a route that somebody deletes comes back by event', async (t) => {
    const { ip, start, ours, remove } = await place();
    t.teardown(remove);
    const { fib, speaker, face } = await start();
    t.teardown(() => fib.close());
    fib.attach(face);
    speaker.change(best('192.0.2.0/24', GATEWAY));
    await fib.reconcile();
    await ip('route', 'del', '192.0.2.0/24', 'proto', '201');
    for (let i = 0; i < 500 && (await ours()).length === 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    t.strictSame(await ours(), ['192.0.2.0/24']);
  });

  t.test('routes outlive the agent, are adopted, and go when nobody confirms them', async (t) => {
    const { start, ours, remove } = await place();
    t.teardown(remove);
    const first = await start();
    first.fib.attach(first.face);
    first.speaker.change(
      best('192.0.2.0/24', GATEWAY),
      best('198.51.100.0/24', GATEWAY),
      best('203.0.113.0/24', GATEWAY),
    );
    first.fib.setBlocks([parsePrefix('10.244.0.0/26')]);
    await first.fib.reconcile();
    await first.fib.close();
    t.equal((await ours()).length, 4, 'the end of the agent removes nothing');

    const second = await start();
    t.teardown(() => second.fib.close());
    t.equal(second.kept, true);
    second.face.addPeer({ name: 'tor', remoteAddress: GATEWAY, remoteAsn: 2 });
    second.fib.attach(second.face);
    second.fib.setBlocks([parsePrefix('10.244.0.0/26')]);
    second.speaker.change(best('192.0.2.0/24', GATEWAY), best('198.51.100.0/24', OTHER));
    await second.fib.reconcile();
    t.equal((await ours()).length, 4, 'nothing is swept before End-of-RIB');
    t.strictSame(second.fib.table.counts, { installed: 3, pending: 0, failed: 0, stale: 1 });
    second.speaker.states.set('tor', 'established');
    second.speaker.emitter.emit('end-of-rib', { peer: 'tor', family: 'ipv6-unicast', at: 0 });
    for (let i = 0; i < 500 && second.fib.table.counts.stale > 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await second.fib.reconcile();
    t.strictSame(await ours(), ['192.0.2.0/24', '198.51.100.0/24', 'blackhole 10.244.0.0/26'].sort());
    t.match(second.journal.events.read({ kind: 'fib' }).events.at(-1), {
      text: 'removed 1 stale route',
      cause: /End-of-RIB/,
    });
  });

  t.test('routes into a tunnel are not left to BGP before it is known which there are', async (t) => {
    const { ip, start, remove } = await place();
    t.teardown(remove);
    await ip('link', 'add', 'tunnel', 'type', 'bridge');
    await ip('link', 'set', 'tunnel', 'up');
    const tunnel = Number(/^(\d+):/.exec(await ip('-o', 'link', 'show', 'tunnel'))?.[1]);
    const [staying, going, hop] = [parsePrefix('10.244.0.0/26'), parsePrefix('10.244.1.0/26'), { ifindex: tunnel }];
    const first = await start({ tunnel });
    first.fib.setDirect([
      { prefix: staying, hop },
      { prefix: going, hop },
    ]);
    await first.fib.reconcile();
    await first.fib.close();

    const { fib, speaker, face, kept } = await start({ tunnel });
    t.teardown(() => fib.close());
    t.equal(kept, true);
    fib.attach(face);
    speaker.change(best('10.244.0.0/26', GATEWAY), best('10.244.1.0/26', GATEWAY), best('192.0.2.0/24', GATEWAY));
    await fib.reconcile();
    const device = async (prefix: string): Promise<string | undefined> =>
      / dev (\S+)/.exec(await ip('route', 'show', prefix))?.[1];
    t.same(
      [await device('10.244.0.0/26'), await device('10.244.1.0/26'), await device('192.0.2.0/24')],
      ['tunnel', 'tunnel', 'up0'],
    );
    fib.setDirect([{ prefix: staying, hop }]);
    await fib.reconcile();
    t.same([await device('10.244.0.0/26'), await device('10.244.1.0/26')], ['tunnel', 'up0']);
    fib.setDirect([]);
    await fib.reconcile();
    t.equal(await device('10.244.0.0/26'), 'up0');
  });

  t.test('while nobody knows who the peers are nothing is swept; then the time begins anew', async (t) => {
    const { start, ours, remove } = await place();
    t.teardown(remove);
    await leaveRoute(start);
    const { fib, face, speaker, journal } = await start({ deferralS: 0 });
    t.teardown(() => fib.close());
    fib.postponeSweep();
    fib.attach(face);
    // No peer at all: all of them have sent theirs.
    speaker.emitter.emit('end-of-rib', { peer: 'tor', family: 'ipv6-unicast', at: 0 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await fib.reconcile();
    t.strictSame(await ours(), ['192.0.2.0/24']);
    fib.resumeSweep();
    for (let i = 0; i < 500 && fib.table.counts.stale > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    await fib.reconcile();
    t.strictSame(await ours(), []);
    t.match(journal.events.read({ kind: 'fib' }).events.at(-1), { text: 'removed 1 stale route', cause: /time/ });
  });

  t.test('without End-of-RIB the time decides', async (t) => {
    const { start, ours, remove } = await place();
    t.teardown(remove);
    await leaveRoute(start);
    const second = await start({ deferralS: 0 });
    t.teardown(() => second.fib.close());
    second.face.addPeer({ name: 'tor', remoteAddress: GATEWAY, remoteAsn: 2 });
    second.fib.attach(second.face);
    for (let i = 0; i < 500 && (await ours()).length > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    t.strictSame(await ours(), []);
  });

  t.test('a next hop that is lost and found again takes its routes along', async (t) => {
    const { start, ours, state, remove } = await place();
    t.teardown(remove);
    const { fib, speaker, face } = await start();
    t.teardown(() => fib.close());
    fib.attach(face);
    const many = Array.from({ length: 3000 }, (_, i) =>
      best(`100.${64 + (i >> 8)}.${i & 255}.0/24`, i % 2 ? GATEWAY : OTHER),
    );
    speaker.change(...many);
    await fib.reconcile();
    t.equal((await ours()).length, 3000);
    state.reachable.delete('2');
    fib.nextHopChanged(GATEWAY);
    await fib.reconcile();
    t.equal((await ours()).length, 1500);
    t.equal(fib.table.counts.failed, 1500);
    state.reachable.add('2');
    fib.nextHopChanged(GATEWAY);
    await fib.reconcile();
    t.equal((await ours()).length, 3000);
    t.strictSame(fib.table.counts, { installed: 3000, pending: 0, failed: 0, stale: 0 });
    t.notOk((await ours()).includes(formatPrefix(parsePrefix('10.0.0.0/24'))));
  });
});
