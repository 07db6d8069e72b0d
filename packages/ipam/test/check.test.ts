import { parsePrefix } from '@tortie/ip';
import type { MemoryStore } from '@tortie/store';
import t from 'tap';
import type { BlockRecord } from '../src/record/block-record.js';
import { affinityKey, blockKey, handleKey, poolKey } from '../src/record/keys.js';
import { testIpam } from '../testing/index.js';

const CIDR = parsePrefix('10.0.0.0/30');
const BLOCK = blockKey(CIDR);

/** One block of node n with two addresses of handle h. */
async function sound() {
  const all = testIpam();
  await all.ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/30'), blockSize: 30 });
  await all.ipam.assign({ node: 'n', handle: 'h', count4: 2 });
  return all;
}

const change = async (store: MemoryStore, key: string, by: (value: never) => unknown): Promise<void> => {
  const entry = (await store.get(key))!;
  await store.update(key, by(entry.value as never), entry.revision);
};
const remove = async (store: MemoryStore, key: string): Promise<void> => {
  await store.delete(key, (await store.get(key))!.revision);
};
const block = (by: (block: BlockRecord) => Partial<BlockRecord>) => (store: MemoryStore) =>
  change(store, BLOCK, (value: BlockRecord) => ({ ...value, ...by(value) }));

interface Row {
  readonly name: string;
  readonly damage: (store: MemoryStore) => Promise<unknown>;
  readonly findings: readonly (readonly [code: string, key: string, detail: RegExp])[];
  /** Whether repair makes it clean. */
  readonly repaired: boolean;
}

const rows: readonly Row[] = [
  {
    name: 'a handle is missing',
    damage: (store) => remove(store, handleKey('h')),
    findings: [['address-without-handle', BLOCK, /2 addresses belong to the handle h/]],
    repaired: true,
  },
  {
    name: 'a handle counts too many',
    damage: (store) => change(store, handleKey('h'), (v: object) => ({ ...v, blocks: { '10.0.0.0/30': 3 } })),
    findings: [['handle-count', handleKey('h'), /counts 3 addresses of 10\.0\.0\.0\/30, there are 2/]],
    repaired: true,
  },
  {
    name: 'a handle does not count a block',
    damage: (store) => change(store, handleKey('h'), (v: object) => ({ ...v, blocks: {} })),
    findings: [['handle-count', handleKey('h'), /does not count its 2 addresses/]],
    repaired: true,
  },
  {
    name: 'a handle without addresses',
    damage: (store) => store.create(handleKey('x'), { handle: 'x', node: 'n', blocks: { '10.0.0.0/30': 1 } }),
    findings: [['handle-without-addresses', handleKey('x'), /no block/]],
    repaired: true,
  },
  {
    name: 'an affinity without its block',
    damage: (store) => store.create(affinityKey('m', parsePrefix('10.9.0.0/30')), { state: 'pending' }),
    findings: [['affinity-without-block', '/ipam/affinities/m/10.9.0.0-30', /does not exist/]],
    repaired: true,
  },
  {
    name: 'two nodes claim one block',
    damage: (store) => store.create(affinityKey('m', CIDR), { state: 'confirmed' }),
    findings: [['affinity-foreign', '/ipam/affinities/m/10.0.0.0-30', /m has an affinity for a block of n/]],
    repaired: true,
  },
  {
    name: 'a block without affinity',
    damage: (store) => remove(store, affinityKey('n', CIDR)),
    findings: [['block-without-affinity', BLOCK, /belongs to n/]],
    repaired: true,
  },
  {
    name: 'an affinity that was never confirmed',
    damage: (store) => change(store, affinityKey('n', CIDR), () => ({ state: 'pending' })),
    findings: [['affinity-unfinished', affinityKey('n', CIDR), /pending/]],
    repaired: true,
  },
  {
    name: 'an ordinal both allocated and unallocated',
    damage: block(({ unallocated }) => ({ unallocated: [...unallocated, 0] })),
    findings: [['block-fault', BLOCK, /ordinal 0 is allocated and in the list/]],
    repaired: false,
  },
  {
    name: 'an ordinal that is nowhere',
    damage: block(() => ({ unallocated: [2] })),
    findings: [['block-fault', BLOCK, /ordinal 3 is neither/]],
    repaired: false,
  },
  {
    name: 'an ordinal listed twice, and one that does not exist',
    damage: block(() => ({ unallocated: [2, 3, 3, 9] })),
    findings: [
      ['block-fault', BLOCK, /ordinal 3 is 2 times/],
      ['block-fault', BLOCK, /ordinal 9 does not exist/],
    ],
    repaired: false,
  },
  {
    name: 'an attribute nobody uses, and an ordinal without one',
    damage: block(({ allocations, attributes }) => ({
      allocations: [7, ...allocations.slice(1)],
      attributes: [...attributes, { handle: 'z', node: 'n', owner: {}, since: 0 }],
    })),
    findings: [
      ['block-fault', BLOCK, /ordinal 0 points at attribute 7/],
      ['block-fault', BLOCK, /attribute 1 is used by no ordinal/],
      ['handle-count', handleKey('h'), /counts 2 addresses of 10\.0\.0\.0\/30, there are 1/],
    ],
    repaired: false,
  },
  {
    name: 'a block of the wrong size that overlaps another',
    damage: async (store) => {
      const { value } = (await store.get(BLOCK))!;
      const half = { ...(value as BlockRecord), cidr: '10.0.0.2/31', affinity: null, attributes: [], sequences: {} };
      await store.create(blockKey(parsePrefix('10.0.0.2/31')), {
        ...half,
        allocations: [null, null],
        unallocated: [0, 1],
      });
    },
    findings: [
      ['block-size', '/ipam/blocks/10.0.0.2-31', /blocks of \/30/],
      ['blocks-overlap', '/ipam/blocks/10.0.0.2-31', /lies inside block 10\.0\.0\.0\/30/],
    ],
    repaired: false,
  },
  {
    name: 'a pool gone from under its block',
    damage: (store) => remove(store, poolKey('p')),
    findings: [['block-outside-pools', BLOCK, /no pool covers/]],
    repaired: false,
  },
  {
    name: 'pools that overlap',
    damage: async (store) =>
      store.create(poolKey('q'), { ...((await store.get(poolKey('p')))!.value as object), name: 'q' }),
    findings: [['pools-overlap', poolKey('q'), /overlaps 10\.0\.0\.0\/30 of pool p/]],
    repaired: false,
  },
  {
    name: 'a record that is none',
    damage: (store) => change(store, handleKey('h'), () => 'nonsense'),
    findings: [
      ['unreadable-record', handleKey('h'), /no handle/],
      ['address-without-handle', BLOCK, /handle h/],
    ],
    repaired: false,
  },
];

for (const { name, damage, findings, repaired } of rows) {
  t.test(`found: ${name}`, async (t) => {
    const { ipam, store } = await sound();
    t.same((await ipam.check()).findings, [], 'clean before');
    await damage(store);
    const report = await ipam.check();
    t.match(
      report.findings,
      findings.map(([code, key, detail]) => ({ code, key, detail })),
    );
    t.equal(report.findings.length, findings.length);
    if (!repaired) return;
    await ipam.repair();
    t.same((await ipam.check()).findings, [], 'clean after the repair');
    t.equal((await ipam.assignments()).length, 2, 'and no address was lost');
  });
}
