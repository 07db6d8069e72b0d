/**
 * A process that works on a store until it is killed: `node worker.js DIRECTORY NAME`. Each commit raises a shared counter
 * and its own; behind each it writes one line, so that the test knows what was acknowledged.
 */
import { writeSync } from 'node:fs';
import { openLmdbStore } from '../../node/index.js';
import { isConflict } from '../../src/index.js';

const [, , directory = '', name = ''] = process.argv;
const store = openLmdbStore(directory, { keepCommits: 50 });
const own = `/worker/${name}`;

for (let turn = 0; ; turn++) {
  const shared = `/shared/${turn % 3}`;
  const [a, b] = [await store.get(shared), await store.get(own)];
  // Long enough for another's commit in between.
  await new Promise(setImmediate);
  try {
    await store.commit([
      a
        ? { type: 'update', key: shared, value: (a.value as number) + 1, revision: a.revision }
        : { type: 'create', key: shared, value: 1 },
      b
        ? { type: 'update', key: own, value: (b.value as number) + 1, revision: b.revision }
        : { type: 'create', key: own, value: 1 },
    ]);
    writeSync(1, 'a');
  } catch (error) {
    if (!isConflict(error)) throw error;
    writeSync(1, 'c');
  }
}
