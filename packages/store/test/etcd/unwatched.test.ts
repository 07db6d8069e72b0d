/** Keys that no watch tells of: read, listed and written like all others, and nobody is woken for them. */

import type { ListPart } from '@tortie/store';
import { openEtcdStore } from '@tortie/store/etcd';
import { EtcdCluster, etcdMissing } from '@tortie/store/testing/etcd';
import t from 'tap';

t.test('what is not watched', { skip: etcdMissing }, async (t) => {
  const etcd = await EtcdCluster.start();
  const options = { endpoints: etcd.endpoints, unwatched: ['/b/quiet/', '/c/'], pageSize: 2 };
  const [one, other] = [openEtcdStore(options), openEtcdStore(options)];
  t.teardown(async () => {
    await Promise.all([one.close(), other.close()]);
    await etcd.stop();
  });
  const keys = ['/a/1', '/b/1', '/b/quiet/1', '/b/quiet/2', '/b/quiet/3', '/b/z', '/c/1', '/d/1'];
  const { revision: before } = await other.list('/');
  const stop = new AbortController();
  const told: string[] = [];
  const watching = (async () => {
    for await (const { key } of other.watch('/', before, { signal: stop.signal })) {
      told.push(key);
      if (key === '/end') return;
    }
  })();
  for (const key of keys) await one.create(key, { key });

  const listed = async (prefix: string, part?: ListPart) => {
    const { entries, more } = await other.list(prefix, part);
    return { keys: entries.map(({ key }) => key), more: more === true };
  };
  t.strictSame(await listed('/'), { keys, more: false }, 'in one order with the others');
  t.strictSame(await listed('/b/'), { keys: keys.slice(1, 6), more: false });
  t.strictSame(await listed('/b/quiet/'), { keys: keys.slice(2, 5), more: false });
  t.strictSame(await listed('/b/quiet/', { after: '/b/quiet/1', limit: 1 }), { keys: ['/b/quiet/2'], more: true });
  t.strictSame(await listed('/', { after: '/b/quiet/2', limit: 3 }), { keys: keys.slice(4, 7), more: true });

  const head = await etcd.etcdctl(['get', '/tortie/head', '--print-value-only']);
  const { revision } = (await other.get('/c/1'))!;
  const written = await one.update('/c/1', { changed: true }, revision);
  await t.rejects(one.update('/c/1', {}, revision), { code: 'ERR_STORE_CONFLICT' });
  t.match(await other.get('/c/1'), { value: { changed: true }, revision: written });
  await one.delete('/b/quiet/3', (await one.get('/b/quiet/3'))!.revision);
  t.equal(await other.get('/b/quiet/3'), undefined);
  t.equal(await etcd.etcdctl(['get', '/tortie/head', '--print-value-only']), head, 'the head stays as it was');
  t.strictSame((await other.changes('/c/', before)).events, [], 'nothing is told of them');

  await one.commit([
    { type: 'create', key: '/c/2', value: 1 },
    { type: 'create', key: '/end', value: 1 },
  ]);
  await watching;
  stop.abort();
  t.strictSame(told, [...keys.filter((key) => !/quiet|^\/c\//.test(key)), '/end'], 'and everything of the others');
  t.match(await other.get('/c/2'), { value: 1 });
});
