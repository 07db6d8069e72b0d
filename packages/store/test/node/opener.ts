/**
 * A process that opens and closes a store until it is killed: `node opener.js DIRECTORY`. Writes `o` when it has
 * opened it, `a` when it has closed it.
 */
import { writeSync } from 'node:fs';
import { openLmdbStore } from '../../node/index.js';

const [, , directory = ''] = process.argv;
for (;;) {
  const store = openLmdbStore(directory);
  writeSync(1, 'o');
  await store.get('/own');
  await store.close();
  writeSync(1, 'a');
}
