import { parsePrefix } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import {
  assignFree,
  assignOrdinal,
  attributeAt,
  blockFaults,
  newBlock,
  ordinalsOf,
  releaseOrdinals,
  type Terms,
  usageOf,
  withOwner,
} from '../src/block.js';
import type { BlockRecord } from '../src/record/block-record.js';

const to = (handle: string, node = 'n') => ({ handle, node, owner: {} });
const terms = (
  now: number,
  cooldownMs = 0,
  reserved: readonly number[] = [],
  seenAt = Number.POSITIVE_INFINITY,
): Terms => ({
  now,
  cooldownMs,
  seenAt,
  isReserved: (ordinal) => reserved.includes(ordinal),
});

t.test('a new block has every ordinal unallocated and a sequence number from the clock', async (t) => {
  for (const [cidr, size] of [
    ['10.0.0.0/26', 64],
    ['10.0.0.4/32', 1],
    ['fd00::/122', 64],
    ['10.0.0.0/20', 4096],
  ] as const) {
    const block = newBlock(parsePrefix(cidr), 'n', 5);
    t.equal(block.unallocated.length, size);
    t.same(blockFaults(block), []);
    t.match(block, { cidr, affinity: 'host:n', affinityClaimTime: 5, sequenceNumber: 5000 });
  }
});

t.test('what is handed out', async (t) => {
  const fresh = newBlock(parsePrefix('10.0.0.0/30'), 'n', 0);
  const rows: readonly {
    name: string;
    start?: BlockRecord;
    count: number;
    terms: Terms;
    ordinals: readonly number[];
  }[] = [
    { name: 'from the head', count: 2, terms: terms(0), ordinals: [0, 1] },
    { name: 'as many as there are', count: 9, terms: terms(0), ordinals: [0, 1, 2, 3] },
    { name: 'reserved ones are passed over', count: 2, terms: terms(0, 0, [0, 2]), ordinals: [1, 3] },
    { name: 'nothing where all is reserved', count: 1, terms: terms(0, 0, [0, 1, 2, 3]), ordinals: [] },
    {
      name: 'released ones come last',
      start: releaseOrdinals(assignFree(fresh, 1, to('a'), terms(0)).block, [0], terms(0)),
      count: 4,
      terms: terms(0),
      ordinals: [1, 2, 3, 0],
    },
    {
      name: 'resting ones are passed over',
      start: releaseOrdinals(assignFree(fresh, 1, to('a'), terms(0)).block, [0], terms(10, 100)),
      count: 4,
      terms: terms(109, 100),
      ordinals: [1, 2, 3],
    },
    {
      name: 'and rested ones are not',
      start: releaseOrdinals(assignFree(fresh, 1, to('a'), terms(0)).block, [0], terms(10, 100)),
      count: 4,
      terms: terms(110, 100),
      ordinals: [1, 2, 3, 0],
    },
    {
      name: 'a stamp from a clock far ahead rests from when it was seen',
      start: releaseOrdinals(assignFree(fresh, 1, to('a'), terms(0)).block, [0], terms(1e9, 100)),
      count: 4,
      terms: terms(104, 100, [], 5),
      ordinals: [1, 2, 3],
    },
    {
      name: 'and no longer',
      start: releaseOrdinals(assignFree(fresh, 1, to('a'), terms(0)).block, [0], terms(1e9, 100)),
      count: 4,
      terms: terms(105, 100, [], 5),
      ordinals: [1, 2, 3, 0],
    },
  ];
  for (const { name, start = fresh, count, terms, ordinals } of rows) {
    const before = JSON.stringify(start);
    const result = assignFree(start, count, to('h'), terms);
    t.same(result.ordinals, ordinals, name);
    t.same(blockFaults(result.block), []);
    t.equal(JSON.stringify(start), before, 'the record given is not changed');
  }
});

t.test('attributes are kept once per handle and node, and go with the last address', async (t) => {
  let block = newBlock(parsePrefix('10.0.0.0/29'), 'n', 0);
  for (const handle of ['a', 'b', 'a']) block = assignFree(block, 1, to(handle), terms(1)).block;
  t.same(
    block.attributes.map(({ handle }) => handle),
    ['a', 'b'],
  );
  t.same(ordinalsOf(block, 'a'), [0, 2]);
  block = releaseOrdinals(block, [0, 2], terms(2));
  t.same(
    block.attributes.map(({ handle }) => handle),
    ['b'],
  );
  t.equal(attributeAt(block, 1)?.handle, 'b');
  t.equal(attributeAt(block, 0), undefined);
  t.same(blockFaults(block), []);
});

t.test('each write raises the sequence number, and an assignment keeps its own', async (t) => {
  const first = newBlock(parsePrefix('10.0.0.0/30'), 'n', 1);
  const second = assignOrdinal(first, 2, to('a'), terms(1));
  t.equal(second.sequences[2], 1001);
  const third = releaseOrdinals(second, [2], terms(1));
  t.same(third.sequences, {});
  const fourth = assignOrdinal(third, 2, to('a'), terms(1));
  t.ok(fourth.sequences[2]! > second.sequences[2]!);
  t.equal(withOwner(fourth, undefined, 9).affinity, null);
  t.equal(withOwner(fourth, 'm', 9).sequenceNumber, fourth.sequenceNumber + 1);
});

t.test('usage adds up to the size', async (t) => {
  let block = newBlock(parsePrefix('10.0.0.0/29'), 'n', 0);
  block = assignFree(block, 3, to('a'), terms(0)).block;
  block = releaseOrdinals(block, [0], terms(5, 100));
  t.same(usageOf(block, terms(6, 100, [1, 7])), { assigned: 2, borrowed: 0, resting: 1, reserved: 1, free: 4 });
});

t.test('law: whatever happens, a block stays sound and no ordinal is handed out twice', async () => {
  const action = fc.oneof(
    fc.record({ type: fc.constant('assign' as const), handle: fc.constantFrom('a', 'b', 'c'), count: fc.nat(4) }),
    fc.record({ type: fc.constant('release' as const), handle: fc.constantFrom('a', 'b', 'c'), count: fc.nat(4) }),
    fc.record({ type: fc.constant('wait' as const), handle: fc.constant(''), count: fc.nat(80) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), fc.constantFrom(0, 50), (actions, cooldownMs) => {
      let block = newBlock(parsePrefix('10.0.0.0/28'), 'n', 0);
      let now = 1000;
      const holders = new Map<number, string>();
      const releasedAt = new Map<number, number>();
      for (const { type, handle, count } of actions) {
        const before = block.sequenceNumber;
        if (type === 'wait') now += count;
        else if (type === 'assign') {
          const result = assignFree(block, count, to(handle), terms(now, cooldownMs, [3]));
          for (const ordinal of result.ordinals) {
            const rested = now - (releasedAt.get(ordinal) ?? Number.NEGATIVE_INFINITY) >= cooldownMs;
            if (holders.has(ordinal) || ordinal === 3 || !rested) throw new Error(`ordinal ${ordinal} was not free`);
            holders.set(ordinal, handle);
          }
          block = result.block;
        } else {
          const ordinals = ordinalsOf(block, handle).slice(0, count);
          for (const ordinal of ordinals) {
            if (holders.get(ordinal) !== handle) throw new Error(`ordinal ${ordinal} is not of ${handle}`);
            holders.delete(ordinal);
            releasedAt.set(ordinal, now);
          }
          block = releaseOrdinals(block, ordinals, terms(now, cooldownMs));
        }
        if (block.sequenceNumber < before) throw new Error('the sequence number fell');
        const faults = blockFaults(block);
        if (faults.length > 0) throw new Error(faults.join('; '));
      }
    }),
    { numRuns: 300 },
  );
});
