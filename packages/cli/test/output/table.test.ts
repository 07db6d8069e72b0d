import t from 'tap';
import { fields, table } from '../../src/output/table.js';

t.test('columns are as wide as their widest cell, numbers stand right, nothing is a dash', async (t) => {
  const lines = table(
    [
      { title: 'NAME', value: ({ name }: { name: string; count?: number }) => name },
      { title: 'COUNT', value: ({ count }) => count, right: true },
    ],
    [{ name: 'long-name', count: 5 }, { name: 'x' }],
    false,
  );
  t.same(lines, ['NAME       COUNT', 'long-name      5', 'x              -']);
});

t.test('colours do not move columns', async (t) => {
  const columns = [
    { title: 'A', value: (row: string) => row, tone: () => 'good' as const },
    { title: 'B', value: () => 'b' },
  ];
  const plain = table(columns, ['x', 'yyy'], false);
  const painted = table(columns, ['x', 'yyy'], true).map((line) =>
    line.replaceAll('\u001b[32m', '').replaceAll('\u001b[1m', '').replaceAll('\u001b[0m', ''),
  );
  t.same(painted, plain);
});

t.test('fields without a value are left out', async (t) => {
  t.same(
    fields([
      ['a', 1],
      ['long', 'x'],
      ['none', undefined],
    ]),
    ['a:     1', 'long:  x'],
  );
});
