import { formatPrefix, type IpVersion, type Prefix, parsePrefix, prefixOf } from '@tortie/ip';
import { PrefixTable } from '@tortie/linux';
import fc from 'fast-check';
import t from 'tap';

const word = fc.integer({ min: 0, max: 0xffffffff });
const anyPrefix = (version: IpVersion): fc.Arbitrary<Prefix> =>
  fc
    .tuple(word, word, word, word, fc.integer({ min: 0, max: version === 4 ? 32 : 128 }))
    .map(([a, b, c, d, length]) =>
      prefixOf(version === 4 ? { version, a, b: 0, c: 0, d: 0 } : { version, a, b, c, d }, length),
    );

for (const version of [4, 6] as const) {
  t.test(`IPv${version}: behaves like a Map under any sequence of changes`, async () => {
    const prefixes = fc.array(anyPrefix(version), { minLength: 1, maxLength: 40 });
    const step = fc.tuple(fc.nat(39), fc.option(fc.nat(0x7fffffff)));
    fc.assert(
      fc.property(prefixes, fc.array(step, { maxLength: 400 }), (pool, steps) => {
        const table = new PrefixTable(version);
        const model = new Map<string, number>();
        for (const [which, value] of steps) {
          const prefix = pool[which % pool.length]!;
          const key = formatPrefix(prefix);
          const before = model.get(key) ?? -1;
          if (value === null) {
            if (table.delete(prefix) !== before) return false;
            model.delete(key);
          } else {
            if (table.swap(prefix, value) !== before) return false;
            model.set(key, value);
          }
          if (table.get(prefix) !== (value ?? -1) || table.size !== model.size) return false;
        }
        const entries = [...table.entries()].map(([prefix, value]) => [formatPrefix(prefix), value] as const);
        return entries.length === model.size && entries.every(([key, value]) => model.get(key) === value);
      }),
      { numRuns: 100 },
    );
  });
}

t.test('a hundred thousand prefixes come, half of them go, the rest is found', async (t) => {
  const table = new PrefixTable(4);
  const at = (i: number): Prefix => ({ version: 4, a: (0xc0000000 + (i << 8)) >>> 0, b: 0, c: 0, d: 0, length: 24 });
  for (let i = 0; i < 100_000; i++) table.set(at(i), i);
  let wrong = 0;
  for (let i = 0; i < 100_000; i += 2) if (table.delete(at(i)) !== i) wrong++;
  t.equal(table.size, 50_000);
  for (let i = 0; i < 100_000; i++) if (table.get(at(i)) !== (i % 2 ? i : -1)) wrong++;
  t.equal(wrong, 0);
});

t.test('the same address with another length is another prefix', async (t) => {
  const table = new PrefixTable(4);
  table.set(parsePrefix('10.0.0.0/8'), 1);
  table.set(parsePrefix('10.0.0.0/16'), 2);
  t.equal(table.get(parsePrefix('10.0.0.0/8')), 1);
  t.equal(table.get(parsePrefix('10.0.0.0/24')), -1);
});
