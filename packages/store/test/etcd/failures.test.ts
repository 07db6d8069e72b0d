/** What a store does while etcd is away, comes back, forgets or hangs: nothing is lost, and who waits is told. */
import t from 'tap';
import { openEtcdStore } from '../../etcd/index.js';
import { CutProxy, EtcdCluster, etcdMissing } from '../../testing/etcd/index.js';
import { Follower } from './follower.js';

// How long it takes is the machine's affair, not a fault.
t.setTimeout(300_000);
// Each has servers of its own, and they wait more than they work.
t.jobs = 2;

t.test('one server', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start();
  t.teardown(() => etcd.stop());
  const proxy = await CutProxy.start(etcd.endpoints[0]!);
  t.teardown(() => proxy.stop());
  const direct = openEtcdStore({ endpoints: etcd.endpoints });
  t.teardown(() => direct.close());
  const news: string[] = [];
  const store = openEtcdStore({
    endpoints: [proxy.url],
    timeoutMs: 1_000,
    onAway: ({ message }) => news.push(`away: ${message}`),
    onBack: () => news.push('back'),
  });
  t.teardown(() => store.close());

  await t.test('a watch goes on where it was after its connection broke', async (t) => {
    const a = await direct.create('/w/a', 1);
    await direct.create('/w/b', 1);
    const follower = new Follower(store, '/w/');
    await follower.believes({ '/w/a': 1, '/w/b': 1 });
    await direct.create('/w/c', 1);
    await follower.believes({ '/w/a': 1, '/w/b': 1, '/w/c': 1 });
    proxy.cut();
    await direct.delete('/w/a', a);
    await direct.create('/w/d', 1);
    proxy.mend();
    await follower.believes({ '/w/b': 1, '/w/c': 1, '/w/d': 1 });
    t.equal(follower.listings, 1, 'from the watch alone');
    await follower.stop();
  });

  await t.test('what happened during an outage may be more than gRPC takes as one message by default', async (t) => {
    const follower = new Follower(store, '/large/');
    await direct.create('/large/a', 1);
    await follower.believes({ '/large/a': 1 });
    proxy.cut();
    const value = 'x'.repeat(400_000);
    const keys = Array.from({ length: 15 }, (_, at) => `/large/b${at}`);
    for (const key of keys) await direct.create(key, value);
    proxy.mend();
    await follower.believes({ '/large/a': 1, ...Object.fromEntries(keys.map((key) => [key, value])) });
    t.equal(follower.listings, 1);
    await follower.stop();
  });

  await t.test('what a watch missed and etcd forgot comes as a new snapshot, deletions included', async (t) => {
    const follower = new Follower(store, '/w/');
    await follower.believes({ '/w/b': 1, '/w/c': 1, '/w/d': 1 });
    // The watch stands when it has brought something.
    const e = await direct.create('/w/e', 1);
    await follower.believes({ '/w/b': 1, '/w/c': 1, '/w/d': 1, '/w/e': 1 });
    const { revision } = await store.list('/w/');
    proxy.cut();
    await direct.delete('/w/e', e);
    await direct.create('/w/f', 1);
    await etcd.compact();
    proxy.mend();
    await follower.believes({ '/w/b': 1, '/w/c': 1, '/w/d': 1, '/w/f': 1 });
    t.equal(follower.listings, 2);
    await t.rejects(store.changes('/w/', revision), { code: 'ERR_STORE_COMPACTED' });
    await follower.stop();
  });

  await t.test('nobody answers: every request says who was asked, and the store says so once', async (t) => {
    news.length = 0;
    proxy.cut();
    const requests: (() => Promise<unknown>)[] = [
      () => store.get('/a'),
      () => store.list('/'),
      () => store.create('/new', 1),
    ];
    for (const request of requests) {
      await t.rejects(request(), {
        code: 'ERR_STORE_UNAVAILABLE',
        message: new RegExp(`etcd does not answer \\(${proxy.url}: .*check that it runs`),
      });
    }
    proxy.mend();
    t.equal(await store.get('/new'), undefined, 'a commit that found nobody was not made');
    t.equal(news.length, 2, news.join('\n'));
    t.match(news[0], /^away: etcd does not answer/);
    t.equal(news[1], 'back');
  });

  await t.test('the answer to a commit is lost: its fate is said to be unknown', async (t) => {
    await store.get('/a');
    proxy.hang();
    await t.rejects(store.create('/lost', 1), {
      code: 'ERR_STORE_UNAVAILABLE',
      message: /no answer in time; whether the change was made is not known/,
    });
    proxy.mend();
    t.equal(await store.get('/lost'), undefined);
  });

  await t.test('the answer to a commit is lost, but etcd has made it: it is found', async (t) => {
    // One of them has a watch, by which it finds what others have written over since.
    for (const watches of [false, true]) {
      const muted = await CutProxy.start(etcd.endpoints[0]!);
      t.teardown(() => muted.stop());
      const endpoints = [muted.url, etcd.endpoints[0]!];
      const one = openEtcdStore({ endpoints, timeoutMs: 1_000 });
      t.teardown(() => one.close());
      const { revision } = await one.list('/found/');
      if (watches) await one.changes('/found/', revision);
      muted.hang({ mute: true });
      const created = one.create(`/found/${watches}`, 1);
      if (watches) {
        for await (const event of direct.watch('/found/', revision)) if (event.key === `/found/${watches}`) break;
        await direct.create('/found/since', 1);
      }
      t.equal(await created, (await direct.get(`/found/${watches}`))?.revision);
    }
  });

  await t.test('a read that hangs is asked again', async (t) => {
    await store.get('/a');
    proxy.hang();
    const read = store.get('/w/f');
    proxy.mend();
    t.equal((await read)?.value, 1);
  });

  await t.test('a server killed and started again is the same store', async (t) => {
    const follower = new Follower(store, '/k/');
    const a = await store.create('/k/a', 1);
    await follower.believes({ '/k/a': 1 });
    await etcd.kill(0);
    etcd.spawn(0);
    await etcd.answers(0);
    await store.update('/k/a', 2, a);
    await follower.believes({ '/k/a': 2 });
    t.equal(follower.listings, 1);
    await follower.stop();
  });

  await t.test('an etcd that was set back to an older copy is listed again', async (t) => {
    const a = await store.create('/r/a', 1);
    const saved = await etcd.save();
    await store.create('/r/b', 1);
    const follower = new Follower(store, '/r/');
    await follower.believes({ '/r/a': 1, '/r/b': 1 });
    const last = await store.update('/r/a', 2, a);
    await follower.believes({ '/r/a': 2, '/r/b': 1 });
    await etcd.restore(saved);
    await follower.believes({ '/r/a': 1 });
    await t.rejects(store.changes('/r/', last), { code: 'ERR_STORE_COMPACTED' });
    await store.create('/r/c', 1);
    await follower.believes({ '/r/a': 1, '/r/c': 1 });
    await follower.stop();
  });

  await t.test('one that was set back and has overtaken its former revision is noticed all the same', async (t) => {
    const setBacks: number[] = [];
    const onSetBack = (from: number, to: number): void => void setBacks.push(from, to);
    const one = openEtcdStore({ endpoints: [proxy.url], onSetBack });
    t.teardown(() => one.close());
    const a = await one.create('/s/a', 'old');
    const saved = await etcd.save();
    const lost = await one.create('/s/b', 'old');
    const follower = new Follower(one, '/s/');
    await follower.believes({ '/s/a': 'old', '/s/b': 'old' });
    const { position } = one;
    proxy.cut();
    await etcd.restore(saved);
    // The same key at the same revision, in another history.
    const late = openEtcdStore({ endpoints: etcd.endpoints });
    t.teardown(() => late.close());
    t.equal(await late.create('/s/b', 'new'), lost);
    await late.create('/s/c', 'new');
    t.strictSame(setBacks, []);
    proxy.mend();
    await follower.believes({ '/s/a': 'old', '/s/b': 'new', '/s/c': 'new' });
    t.strictSame(setBacks, [lost, lost + 1]);
    await t.rejects(one.update('/s/b', 'mine', lost), { code: 'ERR_STORE_CONFLICT' }, 'its revision means nothing now');
    await t.rejects(one.update('/s/a', 'mine', a), { code: 'ERR_STORE_CONFLICT' });
    await t.rejects(one.changes('/s/', lost), { code: 'ERR_STORE_COMPACTED' });
    const b = (await one.get('/s/b'))!;
    t.ok(b.revision > lost + 1, 'revisions keep rising');
    const { revision } = await one.list('/s/');
    const next = await one.update('/s/b', 'mine', b.revision);
    t.ok(next > b.revision);
    t.match((await one.changes('/s/', revision)).events, [{ key: '/s/b', value: 'mine', revision: next }]);
    await follower.stop();

    const heir = openEtcdStore({ endpoints: etcd.endpoints, formerPosition: position!, onSetBack });
    t.teardown(() => heir.close());
    await heir.get('/s/a');
    t.equal(setBacks.length, 4, 'also by a process that knows the position of an earlier one');
    const same = openEtcdStore({ endpoints: etcd.endpoints, formerPosition: heir.position!, onSetBack });
    t.teardown(() => same.close());
    await late.create('/s/d', 1);
    await same.get('/s/a');
    t.equal(setBacks.length, 4, 'and not where etcd merely went on');
  });
});

t.test('three servers', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start({ members: 3 });
  t.teardown(() => etcd.stop());
  const store = openEtcdStore({ endpoints: etcd.endpoints, timeoutMs: 10_000 });
  t.teardown(() => store.close());
  const follower = new Follower(store, '/n/');
  let revision = await store.create('/n/a', 0);
  let value = 0;
  const raise = async (): Promise<void> => {
    // A commit cut off by a dying server may have been made.
    for (const wanted = value + 1; value < wanted; ) {
      const present = await store.get('/n/a');
      value = present?.value as number;
      if (value === wanted) return;
      await store.update('/n/a', wanted, present!.revision).catch((error) => {
        t.equal(error.code, 'ERR_STORE_UNAVAILABLE');
      });
      revision = (await store.get('/n/a'))!.revision;
    }
  };

  for (const at of [0, 1, 2]) {
    await t.test(`work goes on while server ${at} is dead`, async (t) => {
      await etcd.kill(at);
      for (let turn = 0; turn < 10; turn++) await raise();
      await follower.believes({ '/n/a': value });
      t.equal((await store.changes('/n/', revision)).events.length, 0);
      etcd.spawn(at);
      await etcd.answers(at);
    });
  }

  await t.test('without a majority it is unavailable, and afterwards as before', async (t) => {
    await etcd.kill(0);
    await etcd.kill(1);
    const impatient = openEtcdStore({ endpoints: etcd.endpoints, timeoutMs: 1_500 });
    await t.rejects(impatient.get('/n/a'), {
      code: 'ERR_STORE_UNAVAILABLE',
      message: /does not answer \(.*; .*; .*\)/,
    });
    etcd.spawn(0);
    await etcd.answers(2);
    await raise();
    await follower.believes({ '/n/a': value });
    t.equal((await impatient.get('/n/a'))?.value, value);
    await impatient.close();
  });
  await follower.stop();
});
