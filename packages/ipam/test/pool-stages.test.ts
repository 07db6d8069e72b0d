/** Pools that go in stages, that are split, and blocks of another size beside them: no address ever moves. */
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { Ipam } from '../src/index.js';
import { testIpam } from '../testing/index.js';

const held = async (ipam: Ipam): Promise<readonly string[]> =>
  (await ipam.assignments())
    .map(({ address, handle, sequence }) => `${formatAddress(address)} ${handle} ${sequence}`)
    .sort();

t.test('a pool goes when its last address does, and tells what holds it up', async (t) => {
  const { ipam, another } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 30 });
  await ipam.assign({ node: 'n', handle: 'a', count4: 5 });
  await ipam.claimBlock('m', 4);
  const first = await ipam.pools.retire('p');
  t.match(first, { stage: 'draining', assigned: 5, blocks: 2 });
  t.same(
    first?.held.map(({ handle }) => handle),
    ['a', 'a', 'a', 'a', 'a'],
  );
  t.match(await another().pools.get('p'), { disabled: true, terminating: true });
  t.equal((await ipam.routesOf('n')).blocks.length, 2, 'blocks in use keep their owner and route');
  t.same(await ipam.blocksOf('m'), [], 'an empty one went at once');
  await t.rejects(ipam.assign({ node: 'n', handle: 'b', count4: 1 }), {
    code: 'ERR_IPAM_NO_POOL',
    message: /p is disabled/,
  });
  await ipam.release({ handle: 'a' });
  t.match(await another().pools.retire('p'), { stage: 'deleted', held: [] });
  t.equal(await ipam.pools.retire('p'), undefined);
  t.same(await ipam.blocks(), []);
  t.same((await ipam.check()).findings, []);
});

t.test('enabling a pool that is to go keeps it', async (t) => {
  const { ipam } = testIpam();
  const { revision } = await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24') });
  await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
  await ipam.pools.retire('p', revision);
  await t.rejects(ipam.pools.retire('p', revision), { code: 'ERR_IPAM_CONFLICT' });
  t.match(await ipam.pools.update('p', { disabled: false }), { disabled: false, terminating: false });
  t.equal((await ipam.assign({ node: 'n', handle: 'a', count4: 2 })).length, 2);
});

t.test('an address that is assigned while the pool goes keeps it', async (t) => {
  const { ipam, another } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/28'), blockSize: 30 });
  for (let at = 0; at < 4; at++) await ipam.claimBlock(`n${at}`, 4);
  const outcomes = await Promise.allSettled([
    ipam.pools.retire('p'),
    ...[0, 1, 2, 3].map((at) => another().assign({ node: `n${at}`, handle: `h${at}`, count4: 1 })),
  ]);
  const assigned = (await ipam.assignments()).length;
  t.equal(assigned, outcomes.slice(1).filter(({ status }) => status === 'fulfilled').length);
  t.equal((await ipam.pools.list()).length, assigned > 0 ? 1 : 0);
  t.same((await ipam.check()).findings, []);
});

t.test('a pool is split without moving an address', async (t) => {
  const { ipam, another } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 28, natOutgoing: true });
  for (let at = 0; at < 12; at++) await ipam.assign({ node: `n${at}`, handle: `h${at}`, count4: 3 });
  const before = await held(ipam);
  const parts = await ipam.pools.split('p', 4);
  t.same(
    parts.map(({ name, cidr, blockSize, natOutgoing }) => [name, formatPrefix(cidr), blockSize, natOutgoing]),
    ['10.0.0.0/26', '10.0.0.64/26', '10.0.0.128/26', '10.0.0.192/26'].map((cidr, at) => [`p-${at}`, cidr, 28, true]),
  );
  t.same(await held(another()), before);
  t.match((await ipam.assignments())[0]?.pool, /^p-\d$/);
  const usage = await ipam.pools.usage();
  t.equal(
    usage.reduce((sum, { assigned }) => sum + assigned, 0),
    36,
  );
  t.equal(
    usage.reduce((sum, { blocks }) => sum + blocks, 0),
    12,
  );
  t.equal((await ipam.assign({ node: 'n0', handle: 'h0', count4: 4 })).length, 4, 'and it goes on');
  t.equal(await ipam.pools.get('p'), undefined);
  t.same((await ipam.check()).findings, []);
});

t.test('splits that cannot be', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/25'), blockSize: 26 });
  await ipam.pools.create({ name: 'p-1', cidr: parsePrefix('10.1.0.0/24') });
  for (const [parts, code, message] of [
    [3, 'ERR_IPAM_INVALID', /split into 2, 4, 8/],
    [1, 'ERR_IPAM_INVALID', /2, 4, 8/],
    [128, 'ERR_IPAM_INVALID', /… 64/],
    [4, 'ERR_IPAM_INVALID', /10\.0\.0\.0\/25 with blocks of \/26: it can be split into 2 parts at most/],
    [2, 'ERR_IPAM_POOL_EXISTS', /there is a pool p-1 already/],
  ] as const) {
    await t.rejects(ipam.pools.split('p', parts), { code, message });
  }
  await t.rejects(ipam.pools.split('nope', 2), { code: 'ERR_IPAM_POOL_NOT_FOUND' });
  t.equal((await ipam.pools.list()).length, 2);
});

t.test('a claim that meets a split goes to the part', async (t) => {
  const { ipam, another } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/26'), blockSize: 28 });
  const [, ...got] = await Promise.all([
    ipam.pools.split('p', 2),
    ...[0, 1, 2, 3].map((at) => another().assign({ node: `n${at}`, handle: `h${at}`, count4: 1 })),
  ]);
  t.equal(got.flat().length, 4);
  t.ok((await ipam.assignments()).every(({ pool }) => pool === 'p-0' || pool === 'p-1'));
  t.same((await ipam.check()).findings, []);
});

t.test('blocks of another size: a pool beside, the old one drained, then gone', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create({ name: 'old', cidr: parsePrefix('10.0.0.0/25'), blockSize: 26 });
  for (const pod of ['a', 'b', 'c']) await ipam.assign({ node: 'n', handle: pod, count4: 1 });
  await ipam.pools.create({ name: 'new', cidr: parsePrefix('10.0.0.128/25'), blockSize: 29 });
  t.match(await ipam.pools.retire('old'), { stage: 'draining', assigned: 3 });
  for (const [at, pod] of ['a', 'b', 'c'].entries()) {
    // The pod is made anew, as a rollout does.
    const [fresh] = await ipam.assign({ node: 'n', handle: `${pod}-2`, count4: 1 });
    t.match(fresh, { pool: 'new' });
    await ipam.release({ handle: pod });
    t.match(await ipam.pools.retire('old'), { stage: at < 2 ? 'draining' : 'deleted', assigned: 2 - at });
  }
  t.same(
    (await ipam.pools.list()).map(({ name, blockSize }) => [name, blockSize]),
    [['new', 29]],
  );
  t.same((await ipam.check()).findings, []);
});

t.test('what an address is, a map of a block, and figures that add up', async (t) => {
  const { ipam, clock } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/27'), blockSize: 28 });
  const fixed = (node: string, handle: string, last: number) =>
    ipam.assignAddress({ node, handle, address: parseAddress(`10.0.0.${last}`) });
  await fixed('n', 'a', 0);
  await fixed('m', 'b', 2);
  await fixed('n', 'gone', 4);
  await fixed('n', 'reserved-and-used', 6);
  await ipam.release({ handle: 'gone' });
  await ipam.reserve('gw', [parsePrefix('10.0.0.6/31'), parsePrefix('10.0.0.7/32'), parsePrefix('10.0.0.24/29')]);
  const [block] = await ipam.blocks({ map: true });
  t.match(block, {
    assigned: 3,
    borrowed: 1,
    resting: 1,
    reserved: 1,
    free: 11,
    map: { step: 1, cells: '#.b.~.#r........' },
  });
  const [usage] = await ipam.pools.usage();
  t.match(usage, { size: 32n, assigned: 3, resting: 1, reserved: 9n, free: 19n, blocks: 1, maxBlocks: 2n });
  const state = async (last: number) => (await ipam.addressOf(parseAddress(`10.0.0.${last}`))).state;
  t.same(await Promise.all([0, 1, 2, 4, 6, 7, 30, 17, 99].map(state)), [
    'used',
    'free',
    'used',
    'resting',
    'used',
    'reserved',
    'reserved',
    'free',
    'outside',
  ]);
  t.match(await ipam.addressOf(parseAddress('10.0.0.4')), { pool: 'p', node: 'n', freeAt: clock.now + 60_000 });
  t.match(await ipam.addressOf(parseAddress('10.0.0.2')), { assignment: { handle: 'b', node: 'm', borrowed: true } });
  t.match(await ipam.addressOf(parseAddress('10.0.0.6')), {
    reservations: ['gw'],
    assignment: { handle: 'reserved-and-used' },
  });
  t.match(await ipam.assignments({ borrowed: true }), [{ handle: 'b' }]);
  t.match(await ipam.nodes(), [
    { node: 'm', version: 4, blocks: 0, visits: 1, maxBlocksPerHost: 20 },
    { node: 'm', version: 6 },
    { node: 'n', version: 4, blocks: 1, visits: 0 },
    {},
  ]);
});

t.test('a large block is drawn in groups', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/22'), blockSize: 22 });
  await ipam.assign({ node: 'n', handle: 'a', count4: 24 });
  const [block] = await ipam.blocks({ map: true });
  t.equal(block?.map?.step, 16);
  t.equal(block?.map?.cells, `#5${'.'.repeat(62)}`);
});
