import t from 'tap';
import { MemoryStore } from '../src/index.js';
import { storeConformance } from '../testing/index.js';

for (const multiKey of [true, false]) {
  const suite = storeConformance(async (options) => new MemoryStore({ ...options, multiKey }));
  for (const { name, run } of suite) t.test(`${multiKey ? 'multi-key' : 'single-key'}: ${name}`, () => run());
}
