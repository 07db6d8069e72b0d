/** A store that was restored from an older copy: what a node held is recorded again, or told. */
import { formatAddress, parseAddress, parsePrefix } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { ipamOf, otherwiseConfigured, recordAgain, sayServicesAgain } from '../../node/store/after-restore.js';

const ipamIn = (store: MemoryStore): Ipam => new Ipam({ store, now: Date.now });
const fixed = (node: string, handle: string, address: string, owner = {}) => ({
  node,
  handle,
  address: parseAddress(address),
  owner,
});

async function copyOf(store: MemoryStore): Promise<MemoryStore> {
  const copy = new MemoryStore();
  for (const { key, value } of (await store.list('/')).entries) await copy.create(key, value);
  return copy;
}

t.test('addresses since the copy are recorded as they were; those that others have by now are told', async (t) => {
  const store = new MemoryStore();
  const ipam = ipamIn(store);
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 28 });
  await ipam.assignAddress(fixed('n1', 'kept', '10.0.0.1'));
  await ipam.assignAddress(fixed('n1', 'ended', '10.0.0.2'));
  const restored = await copyOf(store);

  await ipam.release({ handle: 'ended' });
  await ipam.assignAddress(fixed('n1', 'pod', '10.0.0.3', { pod: 'web', mac: '02:00:00:00:00:01' }));
  await ipam.assignAddress(fixed('n1', 'pod', '10.0.0.17'));
  await ipam.assignAddress(fixed('n1', 'twice', '10.0.0.4'));
  await ipam.assignAddress(fixed('n2', 'other', '10.0.0.5'));
  await ipam.pools.create({ name: 'late', cidr: parsePrefix('10.1.0.0/24') });
  await ipam.assignAddress(fixed('n1', 'lost', '10.1.0.1'));
  const before = (await store.list('/')).entries;

  const after = ipamIn(restored);
  await after.assignAddress(fixed('n2', 'thief', '10.0.0.4'));
  const held = await (await ipamOf(before)).assignments({ node: 'n1' });
  const { again, problems, left } = await recordAgain(after, 'n1', held);
  t.strictSame([...again].sort(), ['10.0.0.17 of pod', '10.0.0.3 of pod']);
  t.match([...problems].sort(), [
    /^10\.0\.0\.4 of twice cannot be recorded again: 10\.0\.0\.4 is in use by thief on n2$/,
    /^10\.1\.0\.1 of lost cannot be recorded again: 10\.1\.0\.1 is in no pool$/,
  ]);
  const pod = await after.assignments({ handle: 'pod' });
  t.match(
    pod.map(({ address, owner, node, block }) => [formatAddress(address), owner, node, block]),
    [
      ['10.0.0.3', { pod: 'web', mac: '02:00:00:00:00:01' }, 'n1', parsePrefix('10.0.0.0/28')],
      ['10.0.0.17', {}, 'n1', parsePrefix('10.0.0.16/28')],
    ],
  );
  t.strictSame((await after.blocksOf('n1')).length, 2, 'the block since the copy is claimed again');
  t.equal(await after.assignmentOf(parseAddress('10.0.0.5')), undefined, 'others look after their own');
  t.same((await after.check()).findings, []);

  t.strictSame((await recordAgain(after, 'n1', held)).again, [], 'a second time changes nothing');
  await after.release({ handle: 'thief' });
  await after.pools.create({ name: 'late', cidr: parsePrefix('10.1.0.0/24') });
  t.strictSame((await recordAgain(after, 'n1', left)).again.length, 2, 'when the reason is gone they are recorded');
});

t.test('what is configured otherwise is named', async (t) => {
  const before = new MemoryStore();
  for (const key of [
    '/agent/peers/n1/tor',
    '/agent/peers/n1/same',
    '/cluster/bgppeers/a',
    '/ipam/pools/p',
    '/ipam/blocks/b',
  ])
    await before.create(key, { x: 1 });
  await before.create('/cluster/nodestatuses/n1', {});
  const restored = new MemoryStore();
  await restored.create('/agent/peers/n1/same', { x: 1 });
  await restored.create('/agent/peers/n1/new', { x: 1 });
  await restored.create('/ipam/pools/p', { x: 2 });
  t.strictSame(await otherwiseConfigured(restored, (await before.list('/')).entries), [
    '/agent/peers/n1/tor',
    '/cluster/bgppeers/a',
    '/ipam/pools/p',
  ]);
});

t.test('of services the store knows again what this node said last', async (t) => {
  const before = new MemoryStore();
  for (const [key, value] of [
    ['n1/same', 1],
    ['n1/lost', 1],
    ['n1/changed', 2],
    ['n2/lost', 1],
  ] as const)
    await before.create(`/agent/services/${key}`, { value });
  await before.create('/agent/services-of-others/n1/x', {});
  const store = new MemoryStore();
  for (const [key, value] of [
    ['n1/same', 1],
    ['n1/changed', 1],
    ['n1/ended', 1],
    ['n2/other', 1],
  ] as const)
    await store.create(`/agent/services/${key}`, { value });
  const { entries } = await before.list('/');
  t.strictSame(await sayServicesAgain(store, 'n1', entries), ['changed', 'ended', 'lost']);
  t.strictSame(
    (await store.list('/')).entries.map(({ key, value }) => [key, value]),
    [
      ['/agent/services/n1/changed', { value: 2 }],
      ['/agent/services/n1/lost', { value: 1 }],
      ['/agent/services/n1/same', { value: 1 }],
      ['/agent/services/n2/other', { value: 1 }],
    ],
  );
  t.strictSame(await sayServicesAgain(store, 'n1', entries), []);
});
