import t from 'tap';
import { openEtcdStore } from '../../etcd/index.js';
import { EtcdCluster, etcdMissing } from '../../testing/etcd/index.js';
import { interceptStore, storeConformance } from '../../testing/index.js';

t.test('conformance', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start();
  t.teardown(() => etcd.stop());
  let count = 0;
  for (const [way, endpoints] of [
    ['directly', etcd.endpoints],
    ["through etcd's gRPC proxy", [(await etcd.startProxy()).url]],
  ] as const) {
    const suite = storeConformance(async ({ keepCommits }) => {
      const store = openEtcdStore({ endpoints, prefix: `/case/${count++}/`, pageSize: 3 });
      if (keepCommits === undefined) return store;
      let commits = 0;
      return interceptStore(store, {
        // etcd keeps everything until somebody compacts it.
        async after({ method }) {
          if (method === 'commit' && ++commits % 100 === 0) await etcd.compact(keepCommits);
        },
      });
    });
    for (const { name, run } of suite) await t.test(`${way}: ${name}`, () => run());
  }

  await t.test('a listing of many pages is of one moment', async (t) => {
    const options = { endpoints: etcd.endpoints, prefix: '/pages/' };
    const store = openEtcdStore({ ...options, pageSize: 2 });
    const keys = Array.from({ length: 9 }, (_, at) => `/p/${at}`);
    const revision = await store.commit(keys.map((key) => ({ type: 'create', key, value: 0 })));
    const writer = openEtcdStore(options);
    let last = revision;
    let ended = false;
    // Every commit writes all keys, so that two moments in one listing would show.
    const writing = (async () => {
      for (let value = 1; !ended; value++) {
        const from = last;
        last = await writer.commit(keys.map((key) => ({ type: 'update', key, value, revision: from })));
      }
    })();
    for (let turn = 0; turn < 30; turn++) {
      const { entries } = await store.list('/p/');
      t.equal(entries.length, 9);
      t.equal(new Set(entries.map((entry) => entry.value)).size, 1, 'one moment');
    }
    t.ok(last > revision, 'it was written meanwhile');
    ended = true;
    await writing;
    await store.close();
    await writer.close();
  });

  await t.test('stores below other prefixes do not meet', async (t) => {
    const [one, two] = ['/one/', '/one/two/'].map((prefix) => openEtcdStore({ endpoints: etcd.endpoints, prefix }));
    await one!.create('/a', 1);
    const revision = await two!.create('/a', 2);
    t.equal((await one!.get('/a'))?.value, 1);
    t.same((await one!.list('/')).entries.length, 1);
    t.same((await one!.changes('/', revision - 1)).events, []);
    await one!.close();
    await two!.close();
  });

  await t.test('what somebody else wrote there is named', async (t) => {
    const store = openEtcdStore({ endpoints: etcd.endpoints, prefix: '/foreign/' });
    await etcd.etcdctl(['put', '/foreign/data/a', 'no JSON']);
    await t.rejects(store.get('/a'), { code: 'ERR_STORE_CORRUPT', key: '/a', message: /the value of \/a in etcd/ });
    await etcd.etcdctl(['put', '/foreign/head', '{"format":2}']);
    await t.rejects(store.changes('/', 1), { code: 'ERR_STORE_FORMAT', message: /format 2.*knows format 1/ });
    await store.close();
  });
});

t.test('limits of etcd are told, with what to do', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start({ args: ['--quota-backend-bytes', String(4 * 1024 * 1024)] });
  t.teardown(() => etcd.stop());
  const store = openEtcdStore({ endpoints: etcd.endpoints });
  t.teardown(() => store.close());
  const many = Array.from({ length: 200 }, (_, at) => ({ type: 'create' as const, key: `/many/${at}`, value: 1 }));
  await t.rejects(store.commit(many), { code: 'ERR_STORE_INVALID', message: /too many operations.*--max-txn-ops/ });
  await t.rejects(store.create('/large', 'x'.repeat(1_700_000)), {
    code: 'ERR_STORE_INVALID',
    message: /too large.*--max-request-bytes/,
  });
  const fill = async (): Promise<never> => {
    for (let at = 0; ; at++) await store.create(`/fill/${at}`, 'x'.repeat(500_000));
  };
  await t.rejects(fill(), {
    code: 'ERR_STORE_FULL',
    message: /space exceeded; compact and defragment etcd.*alarm disarm/,
  });
  t.equal((await store.get('/fill/0'))?.key, '/fill/0', 'it is read all the same');
});
