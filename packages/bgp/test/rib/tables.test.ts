import { formatPrefix, type Prefix } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import { Bitmap } from '../../src/rib/bitmap.js';
import { BlockArena } from '../../src/rib/block-arena.js';
import { DirtyIds } from '../../src/rib/dirty-ids.js';
import { readKey } from '../../src/rib/prefix-key.js';
import { type PrefixKey, PrefixTable } from '../../src/rib/prefix-table.js';
import { RowTable } from '../../src/rib/row-table.js';
import { SeededHash } from '../../src/rib/seeded-hash.js';
import { ShardedIndex } from '../../src/rib/sharded-index.js';
import { nlriCursor, readNlri, writeNlri } from '../../src/wire/nlri.js';

const hash = new SeededHash(42);

for (const version of [4, 6] as const) {
  t.test(`an IPv${version} prefix table is a map`, async (t) => {
    const word = fc.constantFrom(0, 1, 0x0a000000, 0x80000000, 0xffffffff, 0x20010db8);
    const keyArb = fc.record({ a: word, b: word, c: word, d: word, length: fc.nat(version === 4 ? 32 : 128) });
    fc.assert(
      fc.property(fc.array(fc.tuple(keyArb, fc.boolean()), { maxLength: 200 }), (operations) => {
        const table = new PrefixTable(version, hash);
        const model = new Map<string, number>();
        for (const [raw, adding] of operations) {
          const key: PrefixKey =
            version === 4
              ? { a: raw.a | 0, b: 0, c: 0, d: 0, length: raw.length }
              : { a: raw.a | 0, b: raw.b | 0, c: raw.c | 0, d: raw.d | 0, length: raw.length };
          const text = JSON.stringify(key);
          const known = model.get(text) ?? 0;
          if (table.find(key, table.hashOf(key)) !== known) return false;
          if (adding && known === 0) {
            const id = table.intern(key, table.hashOf(key));
            table.hold(id);
            model.set(text, id);
            if (JSON.stringify(table.readKey(id, { a: 0, b: 0, c: 0, d: 0, length: 0 })) !== text) return false;
          } else if (!adding && known !== 0) {
            table.release(known);
            model.delete(text);
          }
        }
        return table.size === model.size && new Set(model.values()).size === model.size;
      }),
    );
    t.pass();
  });
}

t.test('a prefix lives while it has holds, also 0.0.0.0/0', async (t) => {
  const table = new PrefixTable(4, hash);
  const zero = { a: 0, b: 0, c: 0, d: 0, length: 0 };
  const id = table.intern(zero, table.hashOf(zero));
  t.equal(table.isUsed(id), true);
  table.hold(id);
  table.hold(id);
  table.release(id);
  t.equal(formatPrefix(table.prefix(id)), '0.0.0.0/0');
  table.release(id);
  t.equal(table.isUsed(id), false);
  t.equal(table.size, 0);
});

t.test('keys and NLRI are read and written as the wire layer does', async (t) => {
  const octets = fc.uint8Array({ minLength: 18, maxLength: 18 });
  fc.assert(
    fc.property(fc.constantFrom(4 as const, 6 as const), octets, (version, bytes) => {
      bytes[0] = bytes[0]! % (version === 4 ? 33 : 129);
      const cursor = nlriCursor();
      const key: PrefixKey = { a: 0, b: 0, c: 0, d: 0, length: 0 };
      if (!readNlri(bytes, 0, bytes.length, version, false, cursor)) return false;
      if (readKey(bytes, 0, version, key) !== cursor.next || key.length !== cursor.length) return false;
      if (key.a >>> 0 !== cursor.a || key.b >>> 0 !== cursor.b) return false;
      if (key.c >>> 0 !== cursor.c || key.d >>> 0 !== cursor.d) return false;
      const table = new PrefixTable(version, hash);
      const id = table.intern(key, table.hashOf(key));
      const [mine, theirs] = [new Uint8Array(20), new Uint8Array(20)];
      const end = table.writeNlri(id, mine, 0);
      const { a, b, c, d, length } = table.prefix(id) satisfies Prefix;
      writeNlri(theirs, 0, a, b, c, d, length, -1);
      return end === table.nlriOctets(id) && mine.join() === theirs.join();
    }),
  );
  t.pass();
});

t.test('an index finds what is in it and nothing else, while it grows and empties', async (t) => {
  const index = new ShardedIndex();
  const find = (value: number, id: number): boolean => {
    const shard = index.shards[value >>> 26]!;
    const mask = shard.length / 2 - 1;
    for (let slot = value & mask; shard[2 * slot + 1] !== 0; slot = (slot + 1) & mask) {
      if (shard[2 * slot + 1] === id && shard[2 * slot] === value) return true;
    }
    return false;
  };
  // Few distinct hashes make long runs.
  const hashOf = (id: number): number => Math.imul(id % 700, 0x9e3779b1) | 0;
  for (let id = 1; id <= 5000; id++) index.insert(hashOf(id), id);
  for (let id = 1; id <= 5000; id++) if (!find(hashOf(id), id)) t.fail(`${id} is lost`);
  for (let id = 1; id <= 5000; id += 2) index.remove(hashOf(id), id);
  for (let id = 1; id <= 5000; id++) if (find(hashOf(id), id) !== (id % 2 === 0)) t.fail(`${id} is wrong`);
  for (let id = 2; id <= 5000; id += 2) index.remove(hashOf(id), id);
  t.ok(index.shards.every((shard) => shard.every((word, at) => at % 2 === 0 || word === 0)));
});

t.test('blocks do not overlap, and an empty arena holds no pages', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3000 }), fc.boolean()), { maxLength: 300 }), (list) => {
      const arena = new BlockArena();
      const live: { offset: number; length: number; mark: number }[] = [];
      const check = ({ offset, length, mark }: (typeof live)[number]): boolean =>
        arena.pages[offset >>> 16]!.subarray(offset & 0xffff, (offset & 0xffff) + length).every(
          (each) => each === mark,
        );
      for (const [length, adding] of list) {
        if (adding || live.length === 0) {
          const offset = arena.allocate(length);
          const mark = live.length & 255;
          arena.pages[offset >>> 16]!.fill(mark, offset & 0xffff, (offset & 0xffff) + length);
          live.push({ offset, length, mark });
        } else {
          const [gone] = live.splice(length % live.length, 1);
          if (!check(gone!)) return false;
          arena.release(gone!.offset);
        }
      }
      if (!live.every(check)) return false;
      for (const { offset } of live) arena.release(offset);
      return arena.octets === 0;
    }),
  );
  const arena = new BlockArena();
  t.equal(arena.allocate(65535) & 0xffff, 0, 'the longest block there can be');
});

t.test('rows come zeroed', async (t) => {
  const rows = new RowTable(2);
  const id = rows.allocate();
  rows.segments[0]!.fill(7, id * 4, id * 4 + 4);
  rows.release(id);
  t.equal(rows.allocate(), id);
  t.same([...rows.segments[0]!.subarray(id * 4, id * 4 + 4)], [0, 0, 0, 0]);
});

t.test('dirty ids come once, in order; bitmaps find the next bit', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 400 }), (ids) => {
      const dirty = new DirtyIds();
      const bits = new Bitmap();
      for (const id of ids) if (dirty.add(id) !== bits.add(id)) return false;
      const order = [...new Set(ids)];
      const taken: number[] = [];
      for (let id = dirty.shift(); id !== 0; id = dirty.shift()) taken.push(id);
      const set: number[] = [];
      for (let id = bits.next(1); id !== 0; id = bits.next(id + 1)) set.push(id);
      return taken.join() === order.join() && set.join() === order.sort((x, y) => x - y).join();
    }),
  );
  t.pass();
});

t.test('the hash depends on its seed and on every octet', async (t) => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i);
  const base = hash.octets(bytes, 0, bytes.length, 0);
  t.not(new SeededHash(43).octets(bytes, 0, bytes.length, 0), base);
  for (const at of [0, 1, 2, 3, 2048, 4095, 4096, 4999]) {
    const changed = bytes.slice();
    changed[at] = changed[at]! ^ 0x80;
    t.not(hash.octets(changed, 0, changed.length, 0), base, `octet ${at}`);
  }
  t.not(hash.octets(bytes, 0, 4999, 0), base);
});
