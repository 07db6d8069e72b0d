/** Keys that last as long as their holder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { openEtcdStore } from '../../etcd/index.js';
import { CutProxy, EtcdCluster, etcdMissing } from '../../testing/etcd/index.js';

t.setTimeout(300_000);

t.test('holds', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start();
  t.teardown(() => etcd.stop());
  const { endpoints } = etcd;
  const other = openEtcdStore({ endpoints });
  t.teardown(() => other.close());

  /** Resolves when a key is deleted, whoever does it. */
  const deleted = async (key: string): Promise<void> => {
    const { revision } = await other.list(key);
    if (!(await other.get(key))) return;
    for await (const event of other.watch(key, revision)) if (event.type === 'delete') return;
  };

  await t.test('a held key stays for longer than its time, and goes when it is released', async (t) => {
    const store = openEtcdStore({ endpoints });
    t.teardown(() => store.close());
    const hold = await store.hold('/alive/a', { host: 'x' }, { ttlS: 1 });
    await t.rejects(other.hold('/alive/a', 1, { ttlS: 1 }), { code: 'ERR_STORE_EXISTS', key: '/alive/a' });
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    const present = await other.get('/alive/a');
    t.strictSame(present?.value, { host: 'x' });
    await t.rejects(other.hold('/alive/a', 1, { ttlS: 1, revision: present!.revision + 7 }), {
      code: 'ERR_STORE_CONFLICT',
    });
    await hold.release();
    t.equal(await other.get('/alive/a'), undefined);
  });

  await t.test('it can be taken over at its revision, and then ends with the new holder', async (t) => {
    const former = openEtcdStore({ endpoints });
    await former.hold('/alive/b', 'former', { ttlS: 30 });
    await former.close();
    const { revision } = (await other.get('/alive/b'))!;
    const hold = await other.hold('/alive/b', 'new', { ttlS: 30, revision });
    t.equal((await other.get('/alive/b'))?.value, 'new');
    await hold.release();
    t.equal(await other.get('/alive/b'), undefined);
  });

  await t.test('it goes when the process that holds it is killed', async (t) => {
    const script = `
      const { openEtcdStore } = await import(${JSON.stringify(new URL('../../etcd/index.js', import.meta.url).href)});
      const store = openEtcdStore({ endpoints: [process.argv[1]] });
      await store.hold('/alive/c', 1, { ttlS: 1 });
      console.log('holds');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, endpoints[0]!], {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    const gone = deleted('/alive/c');
    t.ok(await other.get('/alive/c'));
    child.kill('SIGKILL');
    await gone;
    t.equal(await other.get('/alive/c'), undefined);
  });

  await t.test('a holder that was cut off for too long is told', async (t) => {
    const proxy = await CutProxy.start(endpoints[0]!);
    t.teardown(() => proxy.stop());
    const store = openEtcdStore({ endpoints: [proxy.url], timeoutMs: 1_000 });
    t.teardown(() => store.close());
    const hold = await store.hold('/alive/d', 1, { ttlS: 1 });
    const gone = deleted('/alive/d');
    proxy.cut();
    await gone;
    proxy.mend();
    await hold.lost;
    t.pass('it knows that it lost the key');
    const again = await store.hold('/alive/d', 2, { ttlS: 1 });
    await again.release();
  });
});
