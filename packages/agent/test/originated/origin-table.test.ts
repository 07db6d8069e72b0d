import { formatPrefix, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { type OriginatedPrefix, OriginTable } from '../../src/originated/origin-table.js';

const one = (text: string, med?: number): OriginatedPrefix => ({
  prefix: parsePrefix(text),
  attributes: med === undefined ? {} : { med },
});

const delta = (table: OriginTable) => {
  const { announce, withdraw } = table.takeDelta();
  return { announce: announce.map(({ prefix }) => formatPrefix(prefix)), withdraw: withdraw.map(formatPrefix) };
};

t.test('only what differs is told', async (t) => {
  const table = new OriginTable();
  table.set('file', [one('10.0.0.0/8'), one('192.0.2.0/24')]);
  t.strictSame(delta(table), { announce: ['10.0.0.0/8', '192.0.2.0/24'], withdraw: [] });
  t.strictSame(delta(table), { announce: [], withdraw: [] });
  table.set('file', [one('10.0.0.0/8', 5)]);
  t.strictSame(delta(table), { announce: ['10.0.0.0/8'], withdraw: ['192.0.2.0/24'] });
});

t.test('a prefix of two sources stays while one of them wants it', async (t) => {
  const table = new OriginTable();
  table.set('api', [one('10.244.0.0/26', 7)]);
  table.set('block', [one('10.244.0.0/26')]);
  t.strictSame(delta(table), { announce: ['10.244.0.0/26'], withdraw: [] });
  t.match(table.find(parsePrefix('10.244.0.0/26')), { origin: 'api', attributes: { med: 7 } });
  table.set('api', []);
  t.strictSame(delta(table), { announce: ['10.244.0.0/26'], withdraw: [] }, 'with the attributes of the other');
  t.match(table.list(), [{ origin: 'block' }]);
  table.set('block', []);
  t.strictSame(delta(table), { announce: [], withdraw: ['10.244.0.0/26'] });
});
