/** The targets of the fuzzer (see packages/bgp/fuzz) over every input that once failed, its seeds and the corpus that was kept. */
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { readCorpus } from '../../fuzz/corpus-file.js';
import { TARGETS } from '../../fuzz/targets/targets.js';
import { FIXTURES } from '../corpus/corpus.js';
import { hexOf, octets } from '../corpus/hex.js';
import { FINDINGS } from './findings.js';

for (const { target, law, hex } of FINDINGS) {
  t.test(`${target}, once: ${law}`, async (t) => {
    TARGETS.find(({ name }) => name === target)!.run(octets(hex));
    t.pass();
  });
}

for (const target of TARGETS) {
  t.test(`${target.name}: seeds and the corpus that was kept`, async (t) => {
    const inputs = readCorpus(join(FIXTURES, 'fuzz', `${target.name}.corpus`));
    t.ok(inputs.length > 0, `${inputs.length} inputs`);
    for (const input of [...target.seeds(), ...inputs]) {
      try {
        target.run(input);
      } catch (error) {
        t.fail(`${error instanceof Error ? error.stack : error}`, { input: hexOf(input) });
      }
    }
  });

  t.test(`${target.name}: any octets at all`, async (t) => {
    const input = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(input, (bytes) => target.run(bytes)),
      { numRuns: 200 },
    );
    t.pass();
  });
}
