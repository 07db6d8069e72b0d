import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore } from '@tortie/store';
import { interceptStore } from '@tortie/store/testing';
import { pino } from 'pino';
import t from 'tap';
import { Journal } from '../node/journal.js';
import { NodeConflicts } from '../node/node-conflicts.js';
import { type NodeRecord, writeNodeRecord } from '../node/node-record.js';

const record = (name: string, routerId: string): NodeRecord => ({
  name,
  asn: 64513,
  routerId,
  version: '1',
  startedAt: '2026-01-02T03:04:05Z',
});

t.test('a router ID of two nodes is told once, however many records change at a time', async (t) => {
  let lists = 0;
  const store = interceptStore(new MemoryStore(), {
    before: ({ method }) => {
      if (method === 'list') lists++;
    },
  });
  const journal = new Journal(pino({ level: 'silent' }));
  const own = record('a', '10.0.0.1');
  const conflicts = new NodeConflicts({ store, journal, own: () => own, pauseMs: 30 });
  t.teardown(() => conflicts.close());
  await writeNodeRecord(store, own);
  await writeNodeRecord(store, record('b', '10.0.0.1'));
  for (let change = 0; change < 50; change++) conflicts.look();
  await sleep(10);
  t.equal(lists, 1, 'fifty changes, one look');
  t.match(conflicts.warnings, [/router ID 10\.0\.0\.1 is also that of node "b"/]);
  await writeNodeRecord(store, record('b', '10.0.0.2'));
  for (let tries = 0; conflicts.warnings.length > 0 && tries < 100; tries++) await sleep(10);
  t.same(conflicts.warnings, [], 'and one more afterwards, for what came meanwhile');
  await sleep(80);
  t.equal(lists, 2);
  t.equal(journal.events.read({ kind: 'agent' }).events.length, 1);
});
