/** The resources of a cluster in the stores that last: LMDB and a real etcd. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEtcdStore } from '@tortie/store/etcd';
import { openLmdbStore } from '@tortie/store/node';
import { EtcdCluster, etcdMissing } from '@tortie/store/testing/etcd';
import t from 'tap';
import { applyCases } from './apply-cases.js';
import { resourceCases } from './resource-cases.js';
import type { OpenStore } from './set-up.js';

t.test('LMDB', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tortie-resources-'));
  t.teardown(() => rm(folder, { recursive: true }));
  let number = 0;
  const open: OpenStore = async () => {
    const store = openLmdbStore(join(folder, `${number++}`));
    t.teardown(() => store.close());
    return store;
  };
  resourceCases(t, open);
  applyCases(t, open);
});

t.test('etcd', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start();
  t.teardown(() => etcd.stop());
  let number = 0;
  const open: OpenStore = async () => {
    const store = openEtcdStore({ endpoints: [...etcd.endpoints], prefix: `/t${number++}/` });
    t.teardown(() => store.close());
    return store;
  };
  resourceCases(t, open);
  applyCases(t, open);
});
