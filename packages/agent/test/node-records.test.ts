import { MemoryStore } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import t from 'tap';
import { findNodeConflicts, type NodeRecord, NodeRecords, writeNodeRecord } from '../node/cluster/node-record.js';
import { nodeKey } from '../src/store/keys.js';
import { TUNNELS } from '../src/ways/tunnel.js';

const record = (name: string, routerId: string): NodeRecord => ({
  name,
  asn: 64513,
  routerId,
  version: '1',
  startedAt: '2026-01-02T03:04:05Z',
});
const put = (one: NodeRecord) => ({ type: 'put' as const, key: nodeKey(one.name), value: one, revision: 1 });
const names = (records: readonly NodeRecord[]): string[] => records.map(({ name }) => name).sort();

t.test('records follow the watch, and the store is listed only before it has begun', async (t) => {
  let lists = 0;
  const store = interceptStore(new MemoryStore(), {
    before: ({ method }) => {
      if (method === 'list') lists++;
    },
  });
  const records = new NodeRecords(store);
  await writeNodeRecord(store, record('a', '10.0.0.1'));
  t.same(names(await records.list()), ['a']);
  t.equal(lists, 1);
  records.take({
    type: 'page',
    after: undefined,
    upTo: nodeKey('a'),
    entries: [put(record('a', '10.0.0.1'))],
    revision: 1,
  });
  t.same(names(await records.list()), ['a']);
  t.equal(lists, 2, 'a part is not all');
  records.take({
    type: 'page',
    after: nodeKey('a'),
    upTo: undefined,
    entries: [put(record('b', '10.0.0.1'))],
    revision: 1,
  });
  t.same(names(await records.list()), ['a', 'b']);
  t.match(findNodeConflicts(await records.list(), record('a', '10.0.0.1')), [/also that of node "b"/]);
  records.take(put(record('b', '10.0.0.2')));
  t.same(findNodeConflicts(await records.list(), record('a', '10.0.0.1')), []);
  records.take({ type: 'delete', key: nodeKey('b'), revision: 3 });
  t.same(names(await records.list()), ['a']);
  t.equal(lists, 2);
});

t.test('whatever leads packets to a node is a change of how it is reached, and nothing else is', async (t) => {
  const records = new NodeRecords(new MemoryStore());
  const a = record('a', '10.0.0.1');
  t.equal(records.take(put(a)), true, 'it is new');
  t.equal(records.take(put({ ...a, startedAt: '2026-01-02T03:04:06Z' })), false);
  let one = a;
  const ends = TUNNELS.map(({ name }) => ({ [name]: { address: '10.244.0.1', mtu: 1440 } }));
  for (const over of [{ ipv4Address: '10.0.0.1/24' }, { ipv6Address: 'fd00::1/64' }, ...ends]) {
    one = { ...one, ...over };
    t.equal(records.take(put(one)), true, JSON.stringify(over));
    t.equal(records.take(put(one)), false);
  }
  one = { ...one, wireguard4: { ...one.wireguard4!, key: 'another' } };
  t.equal(records.take(put(one)), true, 'a key');
});
