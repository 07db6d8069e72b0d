/**
 * The longest pause while tables grow to a million entries, and the memory they take.
 *     node packages/bgp/dist/bench/growth.js [prefixes=1000000]
 */
import { PrefixTable } from '../src/rib/prefix-table.js';
import { SeededHash } from '../src/rib/seeded-hash.js';

const count = Number(process.argv[2] ?? 1_000_000);
const table = new PrefixTable(4, new SeededHash(0x5eed));
const key = { a: 0, b: 0, c: 0, d: 0, length: 24 };
const before = process.memoryUsage().rss;
let longest = 0;
const begin = performance.now();
for (let i = 0; i < count; ) {
  const start = performance.now();
  for (const end = Math.min(count, i + 100); i < end; i++) {
    key.a = Math.imul(i, 0x9e3779b1) & ~0xff;
    key.length = 24 + (i & 7);
    table.hold(table.intern(key, table.hashOf(key)));
  }
  longest = Math.max(longest, performance.now() - start);
}
const ms = performance.now() - begin;
console.log(
  `${table.size} prefixes in ${ms.toFixed(0)} ms, ${((ms * 1e6) / count).toFixed(0)} ns each; ` +
    `longest 100 inserts ${longest.toFixed(2)} ms; ${((process.memoryUsage().rss - before) / 1e6).toFixed(0)} MB`,
);
