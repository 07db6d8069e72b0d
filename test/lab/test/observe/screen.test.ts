import t from 'tap';
import { fitScreen } from '../../src/observe/screen.js';

const body = ['1', '2', '3', '4'];

for (const [rows, lines] of [
  [6, ['head', '1', '2', '3', '4', 'foot']],
  [5, ['head', '1', '2', '… 2 more lines: make the window higher', 'foot']],
  [3, ['head', '… 4 more lines: make the window higher', 'foot']],
  [1, ['head']],
] as const) {
  t.test(`in ${rows} rows`, async (t) => t.same(fitScreen(['head'], body, ['foot'], rows), lines));
}
