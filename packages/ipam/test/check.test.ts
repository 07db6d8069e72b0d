import { formatAddress, parsePrefix } from '@tortie/ip';
import type { MemoryStore } from '@tortie/store';
import t from 'tap';
import { Ipam } from '../src/index.js';
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

/** A block of half the size, which no pool has, inside or beside the sound one. */
async function halfBlock(
  store: MemoryStore,
  attributes: readonly { handle: string; node: string }[],
  allocations: readonly (number | null)[],
  cidr: string,
): Promise<void> {
  const { value } = (await store.get(BLOCK))!;
  const used = allocations.flatMap((index, ordinal) => (index === null ? [] : [ordinal]));
  await store.create(blockKey(parsePrefix(cidr)), {
    ...(value as BlockRecord),
    cidr,
    affinity: null,
    attributes: attributes.map((one) => ({ ...one, owner: {}, since: 0 })),
    allocations,
    unallocated: [0, 1].filter((ordinal) => !used.includes(ordinal)),
    sequences: Object.fromEntries(used.map((ordinal) => [ordinal, 5])),
  });
  for (const { handle, node } of attributes) {
    const blocks = { [cidr]: used.length };
    await store.create(handleKey(handle), { handle, node, blocks });
  }
}

interface Row {
  readonly name: string;
  readonly damage: (store: MemoryStore) => Promise<unknown>;
  readonly findings: readonly (readonly [code: string, key: string, detail: RegExp])[];
  /** Whether repair makes it clean. Else what is left, by code, with advice. */
  readonly repaired: boolean | readonly string[];
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
    findings: [['handle-count', handleKey('h'), /counts 3 addresses of 10\.0\.0\.0\/30, not 2/]],
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
    repaired: true,
  },
  {
    name: 'an ordinal that is nowhere',
    damage: block(() => ({ unallocated: [2] })),
    findings: [['block-fault', BLOCK, /ordinal 3 is neither/]],
    repaired: true,
  },
  {
    name: 'an ordinal listed twice, and one that does not exist',
    damage: block(() => ({ unallocated: [2, 3, 3, 9] })),
    findings: [
      ['block-fault', BLOCK, /ordinal 3 is 2 times/],
      ['block-fault', BLOCK, /ordinal 9 does not exist/],
    ],
    repaired: true,
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
      ['handle-count', handleKey('h'), /counts 2 addresses of 10\.0\.0\.0\/30, not 1/],
    ],
    repaired: true,
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
    repaired: true,
  },
  {
    name: 'a pool gone from under its block',
    damage: (store) => remove(store, poolKey('p')),
    findings: [['block-outside-pools', BLOCK, /no pool covers/]],
    repaired: ['block-outside-pools'],
  },
  {
    name: 'pools that overlap',
    damage: async (store) =>
      store.create(poolKey('q'), { ...((await store.get(poolKey('p')))!.value as object), name: 'q' }),
    findings: [['pools-overlap', poolKey('q'), /overlaps 10\.0\.0\.0\/30 of pool p/]],
    repaired: ['pools-overlap'],
  },
  {
    name: 'a record that is none',
    damage: (store) => change(store, handleKey('h'), () => 'nonsense'),
    findings: [
      ['unreadable-record', handleKey('h'), /no handle/],
      ['address-without-handle', BLOCK, /handle h, whose record cannot be read/],
    ],
    repaired: true,
  },
  {
    name: 'an address with two handles, in two blocks',
    damage: (store) => halfBlock(store, [{ handle: 'z', node: 'm' }], [0, null], '10.0.0.0/31'),
    findings: [
      ['block-size', '/ipam/blocks/10.0.0.0-31', /blocks of \/30/],
      ['blocks-overlap', '/ipam/blocks/10.0.0.0-31', /lies inside/],
      [
        'address-twice',
        '/ipam/blocks/10.0.0.0-31',
        /10\.0\.0\.0 is with h in 10\.0\.0\.0\/30, and with z in 10\.0\.0\.0\/31/,
      ],
    ],
    repaired: ['block-size', 'blocks-overlap', 'address-twice'],
  },
  {
    name: 'blocks that overlap, both in use, no address twice',
    damage: (store) => halfBlock(store, [{ handle: 'z', node: 'm' }], [null, 0], '10.0.0.2/31'),
    findings: [
      ['block-size', '/ipam/blocks/10.0.0.2-31', /blocks of \/30/],
      ['blocks-overlap', '/ipam/blocks/10.0.0.2-31', /lies inside/],
    ],
    repaired: true,
  },
  {
    name: 'a sequence number that has gone back',
    damage: block(({ sequenceNumber }) => ({ sequenceNumber: sequenceNumber - 1000 })),
    findings: [['block-fault', BLOCK, /its sequence number \d+ lies below \d+/]],
    repaired: true,
  },
  {
    name: 'an assignment without a sequence number',
    damage: block(({ sequences }) => ({ sequences: { 0: sequences[0]! } })),
    findings: [['block-fault', BLOCK, /ordinal 1 has no sequence number/]],
    repaired: true,
  },
  {
    name: 'a block under the key of another',
    damage: async (store) => {
      const { value } = (await store.get(BLOCK))!;
      await remove(store, BLOCK);
      await store.create(blockKey(parsePrefix('10.0.0.4/30')), value);
    },
    findings: [
      ['block-misplaced', '/ipam/blocks/10.0.0.4-30', /it is the block 10\.0\.0\.0\/30/],
      ['handle-count', handleKey('h'), /./],
      ['handle-count', handleKey('h'), /./],
    ],
    repaired: true,
  },
  {
    name: 'a block that cannot be read',
    damage: (store) => change(store, BLOCK, () => ({ cidr: 7 })),
    findings: [['unreadable-record', BLOCK, /no block/]],
    repaired: ['unreadable-record'],
  },
  {
    name: 'an affinity that cannot be read',
    damage: (store) => change(store, affinityKey('n', CIDR), () => ({ state: 'maybe' })),
    findings: [['unreadable-record', affinityKey('n', CIDR), /no affinity/]],
    repaired: true,
  },
  {
    name: 'a handle under the key of another',
    damage: (store) => store.create(handleKey('x'), { handle: 'h', node: 'n', blocks: { '10.0.0.0/30': 2 } }),
    findings: [['handle-misplaced', handleKey('x'), /record of h/]],
    repaired: true,
  },
  {
    name: 'settings and a reservation that cannot be read',
    damage: async (store) => {
      await store.create('/ipam/config', { cooldownS: 'long' });
      await store.create('/ipam/reservations/r', { name: 'r', cidrs: ['x'] });
    },
    findings: [
      ['unreadable-record', '/ipam/config', /cooldownS is long/],
      ['unreadable-record', '/ipam/reservations/r', /"x" is no prefix/],
    ],
    repaired: ['unreadable-record', 'unreadable-record'],
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
    const lines = (await store.list('/ipam/')).entries.map(({ key, value }) => [key, value]);
    const before = await assigned(ipam);
    const dry = await ipam.repair({ dryRun: true });
    t.same(
      (await store.list('/ipam/')).entries.map(({ key, value }) => [key, value]),
      lines,
      'a dry run changes nothing',
    );
    const { repairs, remaining } = await ipam.repair();
    t.same(repairs, dry.repairs, 'and tells what the repair does');
    const left = repaired === true ? [] : repaired === false ? findings.map(([code]) => code) : repaired;
    t.same(
      remaining.map(({ code }) => code),
      left,
      'what is left',
    );
    for (const { advice } of remaining) t.not(advice, 'repair again', 'with what to do by hand');
    t.same(
      (await ipam.check()).findings.map(({ code }) => code),
      left,
    );
    if (!remaining.some(({ key }) => key === BLOCK)) t.same(await assigned(ipam), before, 'no address was lost');
    t.same((await ipam.repair()).repairs, [], 'a second repair has nothing to do');
  });
}

/** Who has what, each address once; of a record that points nowhere, whoever has it. */
async function assigned(ipam: Ipam): Promise<readonly string[]> {
  const texts = await ipam
    .assignments()
    .then((all) => all.map(({ address, handle }) => `${formatAddress(address)} ${handle}`))
    .catch(() => ['10.0.0.0 h', '10.0.0.1 h']);
  return texts.sort();
}

t.test('a report names its store: the same each time, another for each store', async (t) => {
  const [one, other] = [await sound(), await sound()];
  const { cluster, revision } = await one.ipam.check();
  t.match(cluster, /^[0-9a-f]{32}$/);
  t.equal((await one.another().check()).cluster, cluster);
  t.equal(await one.ipam.identity(), cluster);
  t.ok(revision > 0);
  await other.store.get('/ipam/identity');
  const fresh = new Ipam({ store: other.store, now: () => 0, random: () => 0.25 });
  t.not(await fresh.identity(), cluster);
});

t.test('addresses whose attribute is lost go to the handle that lacks them, else to one that says so', async (t) => {
  for (const known of [true, false]) {
    const { ipam, store } = await sound();
    await change(store, BLOCK, (value: BlockRecord) => ({ ...value, attributes: [] }));
    if (!known) await remove(store, handleKey('h'));
    t.match(
      (await ipam.check()).findings,
      [{ code: 'block-fault' }, { code: 'block-fault' }, {}].slice(0, known ? 3 : 2),
    );
    await ipam.repair();
    t.same((await ipam.check()).findings, []);
    const handle = known ? 'h' : 'unknown.10.0.0.0-30';
    t.same(await assigned(ipam), [`10.0.0.0 ${handle}`, `10.0.0.1 ${handle}`]);
  }
});

t.test('the part of one node is checked by itself', async (t) => {
  const { ipam, store } = await sound();
  await ipam.pools.create({ name: 'q', cidr: parsePrefix('10.9.0.0/29'), blockSize: 30 });
  await ipam.assign({ node: 'm', handle: 'i', count4: 1, pool: 'q' });
  await ipam.assign({ node: 'm', handle: 'guest', count4: 1, pool: 'p' });
  await ipam.assign({ node: 'n', handle: 'mixed', count4: 5, pools: ['p', 'q'] });
  for (const node of ['n', 'm', 'nobody']) t.same(await ipam.checkNode(node), [], node);
  await remove(store, handleKey('guest'));
  await change(store, affinityKey('n', CIDR), () => ({ state: 'pending' }));
  t.match(await ipam.checkNode('n'), [{ code: 'affinity-unfinished' }]);
  t.match(await ipam.checkNode('m'), [{ code: 'address-without-handle', detail: /guest/ }]);
  await store.create(affinityKey('m', CIDR), { state: 'confirmed' });
  t.match(await ipam.checkNode('m'), [{ code: 'affinity-foreign' }, {}]);
});
