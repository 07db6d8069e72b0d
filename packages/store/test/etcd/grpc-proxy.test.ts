/** Through etcd's own gRPC proxy, which large clusters read by: what holds directly holds there as well. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openEtcdStore } from '../../etcd/index.js';
import { EtcdCluster, etcdMissing } from '../../testing/etcd/index.js';
import { Follower } from './follower.js';

t.setTimeout(300_000);
// Each has servers of its own, and they wait more than they work.
t.jobs = 4;

async function sceneOf(t: Test) {
  const etcd = await EtcdCluster.start();
  t.teardown(() => etcd.stop());
  const proxy = await etcd.startProxy();
  const news: string[] = [];
  const open = (endpoint: string) => {
    const store = openEtcdStore({
      endpoints: [endpoint],
      timeoutMs: 2_000,
      onAway: () => news.push('away'),
      onBack: () => news.push('back'),
      onSetBack: () => news.push('set back'),
    });
    t.teardown(() => store.close());
    return store;
  };
  return { etcd, proxy, news, store: open(proxy.url), other: open(proxy.url), direct: open(etcd.endpoints[0]!) };
}

t.test('a store behind the proxy', { skip: etcdMissing }, async (t) => {
  const { etcd, proxy, news, store, other, direct } = await sceneOf(t);

  await t.test('reads see what was written past it, at once', async (t) => {
    let revision = await direct.create('/l/a', 0);
    for (let value = 1; value <= 50; value++) {
      revision = await direct.update('/l/a', value, revision);
      t.equal((await store.get('/l/a'))?.value, value);
      t.match((await other.changes('/l/', revision - 1)).events, [{ key: '/l/a', value, revision }]);
    }
  });

  await t.test('watches that share one of the proxy are told everything, wherever they began', async (t) => {
    const first = new Follower(store, '/w/');
    await direct.create('/w/a', 1);
    await first.believes({ '/w/a': 1 });
    const second = new Follower(other, '/w/');
    await second.believes({ '/w/a': 1 });
    await store.commit([
      { type: 'create', key: '/w/b', value: 1 },
      { type: 'create', key: '/w/c', value: 1 },
    ]);
    for (const follower of [first, second]) {
      await follower.believes({ '/w/a': 1, '/w/b': 1, '/w/c': 1 });
      t.equal(follower.listings, 1);
      await follower.stop();
    }
  });

  await t.test('of two commits on one revision one wins, whichever way they go', async (t) => {
    const revision = await store.create('/t/a', 0);
    const outcomes = await Promise.allSettled(
      [store, other, direct].map((one, at) => one.update('/t/a', at, revision)),
    );
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  await t.test('a restart of the proxy loses no event, no key that is held, and no commit', async (t) => {
    const hold = await store.hold('/alive/a', 1, { ttlS: 15 });
    let isLost = false;
    void hold.lost.then(() => {
      isLost = true;
    });
    const follower = new Follower(store, '/r/');
    const a = await direct.create('/r/a', 1);
    await follower.believes({ '/r/a': 1 });
    news.length = 0;
    await proxy.kill();
    await direct.delete('/r/a', a);
    await direct.create('/r/b', 1);
    await t.rejects(store.create('/r/c', 1), { code: 'ERR_STORE_UNAVAILABLE' });
    t.ok(news.includes('away'));
    await proxy.start();
    await follower.believes({ '/r/b': 1 });
    t.equal(follower.listings, 1, 'from the watch alone');
    await store.create('/r/c', 1);
    await follower.believes({ '/r/b': 1, '/r/c': 1 });
    t.ok(await direct.get('/alive/a'));
    t.equal(isLost, false);
    t.notOk(news.includes('set back'));
    await hold.release();
    await follower.stop();
  });

  await t.test('a proxy that loses etcd is away, and afterwards nothing is missing', async (t) => {
    const follower = new Follower(store, '/e/');
    await direct.create('/e/a', 1);
    await follower.believes({ '/e/a': 1 });
    await etcd.kill(0);
    await t.rejects(store.get('/e/a'), { code: 'ERR_STORE_UNAVAILABLE' });
    await t.rejects(store.create('/e/b', 1), { code: 'ERR_STORE_UNAVAILABLE' });
    etcd.spawn(0);
    await etcd.answers(0);
    // The one whose fate was not known may have been made.
    const b = await direct.get('/e/b');
    if (b) await direct.delete('/e/b', b.revision);
    await direct.create('/e/c', 1);
    await follower.believes({ '/e/a': 1, '/e/c': 1 });
    t.equal((await store.get('/e/c'))?.value, 1);
    await follower.stop();
  });

  await t.test('compaction while the proxy is away is met by reading everything again', async (t) => {
    const follower = new Follower(store, '/c/');
    const a = await direct.create('/c/a', 1);
    await follower.believes({ '/c/a': 1 });
    await proxy.kill();
    await direct.delete('/c/a', a);
    await direct.create('/c/b', 1);
    await etcd.compact();
    await proxy.start();
    await follower.believes({ '/c/b': 1 });
    t.equal(follower.listings, 2);
    await follower.stop();
  });
});

t.test('a key that is held through the proxy', { skip: etcdMissing }, async (t) => {
  const { store, direct } = await sceneOf(t);
  const hold = await store.hold('/alive/b', 1, { ttlS: 1 });
  const { revision } = (await direct.get('/alive/b'))!;
  // Several times its life.
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  t.equal((await direct.get('/alive/b'))?.revision, revision, 'is kept as long as its holder lives');
  const gone = (async () => {
    for await (const event of direct.watch('/alive/b', revision)) if (event.type === 'delete') return;
  })();
  // As a process that dies: nothing is revoked, and the connection ends.
  await store.close();
  await gone;
  t.equal(await direct.get('/alive/b'), undefined, 'and no longer, though the proxy lives');
  await hold.release().catch(() => {});
});

t.test('an etcd that was set back behind the proxy, which runs on', { skip: etcdMissing }, async (t) => {
  const { etcd, news, store } = await sceneOf(t);
  await store.create('/s/a', 1);
  const saved = await etcd.save();
  await store.create('/s/b', 1);
  await store.create('/s/c', 1);
  const follower = new Follower(store, '/s/');
  await follower.believes({ '/s/a': 1, '/s/b': 1, '/s/c': 1 });
  await etcd.restore(saved);
  await follower.believes({ '/s/a': 1 });
  t.ok(news.includes('set back'));
  await follower.stop();
});

t.test('a user of etcd is one through the proxy', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start();
  t.teardown(() => etcd.stop());
  const proxy = await etcd.startProxy();
  for (const command of [
    'user add root:secret',
    'user grant-role root root',
    'role add tortie',
    'role grant-permission tortie readwrite --prefix=true /tortie/',
    'user add tortie:word',
    'user grant-role tortie tortie',
    'auth enable',
  ]) {
    await etcd.etcdctl(command.split(' '));
  }
  const passwordFile = join(etcd.directory, 'password');
  writeFileSync(passwordFile, 'word');
  const store = openEtcdStore({ endpoints: [proxy.url], username: 'tortie', passwordFile, timeoutMs: 10_000 });
  t.teardown(() => store.close());
  const follower = new Follower(store, '/u/');
  const hold = await store.hold('/u/alive', 1, { ttlS: 15 });
  await store.create('/u/a', 1);
  await follower.believes({ '/u/a': 1, '/u/alive': 1 });
  await hold.release();
  await follower.believes({ '/u/a': 1 });
  await follower.stop();
  const nobody = openEtcdStore({ endpoints: [proxy.url], timeoutMs: 2_000 });
  t.teardown(() => nobody.close());
  await t.rejects(nobody.get('/u/a'), { code: 'ERR_STORE_PERMISSION' });
});
