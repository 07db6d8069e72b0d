/** A process that opens and closes a store until it is killed: `node opener.js DIRECTORY`. One letter for each turn. */
import { writeSync } from 'node:fs';
import { openLmdbStore } from '../../node/index.js';

const [, , directory = ''] = process.argv;
for (;;) {
  const store = openLmdbStore(directory);
  await store.get('/own');
  await store.close();
  writeSync(1, 'a');
}
