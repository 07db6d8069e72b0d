import { formatAddress, formatPrefix, parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { PoolSpec } from '../src/index.js';
import { testIpam } from '../testing/index.js';

const pool = (name: string, cidr: string, rest: Partial<PoolSpec> = {}): PoolSpec => ({
  name,
  cidr: parsePrefix(cidr),
  ...rest,
});

t.test('defaults are filled in and survive the store', async (t) => {
  const { ipam, another } = testIpam();
  const made = await ipam.pools.create(pool('p', '10.0.0.0/16'));
  t.match(made, { blockSize: 26, disabled: false, nodeSelector: 'all()', allowedUses: ['Workload', 'Tunnel'] });
  t.same(await another().pools.get('p'), made);
  t.equal((await ipam.pools.create(pool('six', 'fd00::/48'))).blockSize, 122);
  t.same(
    (await ipam.pools.list()).map(({ name }) => name),
    ['p', 'six'],
  );
});

t.test('pools that cannot be', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('p', '10.0.0.0/16'));
  const rows: readonly [PoolSpec, string, RegExp][] = [
    [pool('p', '10.9.0.0/16'), 'ERR_IPAM_POOL_EXISTS', /there is a pool p already/],
    [pool('q', '10.0.128.0/17'), 'ERR_IPAM_POOL_OVERLAP', /10\.0\.128\.0\/17 overlaps 10\.0\.0\.0\/16 of pool p/],
    [pool('q', '10.0.0.0/8'), 'ERR_IPAM_POOL_OVERLAP', /overlaps/],
    [pool('q', '169.254.0.0/24'), 'ERR_IPAM_POOL_INVALID', /link-local/],
    [pool('q', 'fe80::/64'), 'ERR_IPAM_POOL_INVALID', /link-local/],
    [pool('q', '10.9.0.0/28'), 'ERR_IPAM_POOL_INVALID', /a block of \/26 does not fit into 10\.9\.0\.0\/28/],
    [pool('q', '10.9.0.0/16', { blockSize: 19 }), 'ERR_IPAM_POOL_INVALID', /blocks of \/20 to \/32/],
    [pool('q', 'fd00::/48', { blockSize: 26 }), 'ERR_IPAM_POOL_INVALID', /blocks of \/116 to \/128/],
    [pool('Q!', '10.9.0.0/16'), 'ERR_IPAM_POOL_INVALID', /lower case/],
    [pool('q', '10.9.0.0/16', { nodeSelector: 'rack =' }), 'ERR_IPAM_POOL_INVALID', /nodeSelector: selector "rack ="/],
    [pool('q', '10.9.0.0/16', { allowedUses: [] }), 'ERR_IPAM_POOL_INVALID', /allowedUses is empty/],
  ];
  for (const [spec, code, message] of rows) await t.rejects(ipam.pools.create(spec), { code, message });
  t.equal((await ipam.pools.list()).length, 1);
});

t.test('of two overlapping pools created at once, one is made', async (t) => {
  for (const multiKey of [true, false]) {
    const { ipam, another } = testIpam({ multiKey });
    const outcomes = await Promise.allSettled([
      ipam.pools.create(pool('a', '10.0.0.0/16')),
      another().pools.create(pool('b', '10.0.0.0/17')),
    ]);
    t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    t.equal((await ipam.pools.list()).length, 1);
  }
});

t.test('a change may demand the revision it was made from', async (t) => {
  const { ipam } = testIpam();
  const made = await ipam.pools.create(pool('p', '10.0.0.0/16'));
  const changed = await ipam.pools.update('p', { disabled: true }, made.revision);
  t.equal(changed.disabled, true);
  await t.rejects(ipam.pools.update('p', { disabled: false }, made.revision), { code: 'ERR_IPAM_CONFLICT' });
  await t.rejects(ipam.pools.delete('p', made.revision), { code: 'ERR_IPAM_CONFLICT' });
  await t.rejects(ipam.pools.update('x', {}), { code: 'ERR_IPAM_POOL_NOT_FOUND' });
});

t.test('a pool in use is not deleted, and stays as it was', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('p', '10.0.0.0/16'));
  await ipam.assign({ node: 'n', handle: 'h', count4: 2 });
  await t.rejects(ipam.pools.delete('p'), {
    code: 'ERR_IPAM_POOL_IN_USE',
    message: 'pool p is in use: 2 addresses are assigned',
  });
  t.equal((await ipam.pools.get('p'))?.disabled, false);
  await ipam.release({ handle: 'h' });
  t.equal(await ipam.pools.delete('p'), true);
  t.equal(await ipam.pools.delete('p'), false);
  t.same(await ipam.blocks(), []);
  t.same((await ipam.check()).findings, []);
});

t.test('who may have addresses of which pool', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('off', '10.1.0.0/24', { disabled: true }));
  await ipam.pools.create(pool('rack', '10.2.0.0/24', { nodeSelector: "rack == 'r1'" }));
  await ipam.pools.create(pool('team', '10.3.0.0/24', { namespaceSelector: "team == 'a'" }));
  await ipam.pools.create(pool('byname', '10.4.0.0/24', { assignmentMode: 'Manual' }));
  await ipam.pools.create(pool('lb', '10.5.0.0/24', { allowedUses: ['LoadBalancer'] }));
  const from = async (handle: string, rest: object) =>
    (await ipam.assign({ node: 'n', handle, count4: 1, ...rest }))[0]!.pool;
  t.equal(await from('a', { nodeLabels: { rack: 'r1' } }), 'rack');
  t.equal(await from('b', { namespaceLabels: { team: 'a' } }), 'team');
  t.equal(await from('c', { pool: 'byname' }), 'byname');
  t.equal(await from('d', { pool: 'rack' }), 'rack', 'naming a pool bypasses its selectors');
  t.equal(await from('e', { pools: ['lb'], use: 'LoadBalancer' }), 'lb');
  await t.rejects(ipam.assign({ node: 'n', handle: 'x', count4: 1 }), {
    code: 'ERR_IPAM_NO_POOL',
    message:
      'no pool has IPv4 addresses for n: pool byname is Manual: only for requests that name it; ' +
      'pool lb is for LoadBalancer, not for Workload; pool off is disabled; ' +
      "pool rack has the nodeSelector rack == 'r1', which n does not match; " +
      "pool team has the namespaceSelector team == 'a', which does not match",
  });
  await t.rejects(ipam.assign({ node: 'n', handle: 'x', count4: 1, pool: 'none' }), {
    message: /there is no pool none/,
  });
  await t.rejects(ipam.assign({ node: 'n', handle: 'x', count6: 1 }), { message: /there is no IPv6 pool/ });
});

t.test('reserved addresses are never handed out by themselves', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('p', '10.0.0.0/28', { blockSize: 30 }));
  await ipam.reserve('gateways', [parsePrefix('10.0.0.0/29'), parsePrefix('10.0.0.8/31')]);
  const got = await ipam.assign({ node: 'n', handle: 'h', count4: 6 });
  t.same(
    got.map(({ address }) => formatAddress(address)).sort(),
    ['10', '11', '12', '13', '14', '15'].map((n) => `10.0.0.${n}`),
  );
  await t.rejects(ipam.assign({ node: 'm', handle: 'i', count4: 1 }), { code: 'ERR_IPAM_POOL_FULL' });
  const fixed = await ipam.assignAddress({ node: 'n', handle: 'j', address: parsePrefix('10.0.0.1/32') });
  t.equal(formatAddress(fixed.address), '10.0.0.1', 'but by name');
  t.equal(await ipam.unreserve('gateways'), true);
  t.equal((await ipam.assign({ node: 'm', handle: 'i', count4: 5 })).length, 5);
  t.same((await ipam.check()).findings, []);
});

t.test('maxBlocksPerHost is shown with its usage', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('p', '10.0.0.0/24', { blockSize: 30 }));
  await ipam.configure({ maxBlocksPerHost: 2, strictAffinity: true });
  await ipam.assign({ node: 'n', handle: 'a', count4: 8 });
  await t.rejects(ipam.assign({ node: 'n', handle: 'b', count4: 1 }), {
    code: 'ERR_IPAM_BLOCK_LIMIT',
    message: /n owns 2 of at most 2 IPv4 blocks \(maxBlocksPerHost\)/,
  });
  t.match(await ipam.nodeUsage('n'), [
    { version: 4, blocks: 2, maxBlocksPerHost: 2 },
    { version: 6, blocks: 0 },
  ]);
  t.match(await ipam.pools.usage(), [{ pool: 'p', size: 256n, assigned: 8, blocks: 2, maxBlocks: 64n }]);
  await t.rejects(ipam.configure({ maxBlocksPerHost: -1 }), { code: 'ERR_IPAM_INVALID' });
  await t.rejects(ipam.configure({ strictAffinity: false, autoAllocateBlocks: false }), { code: 'ERR_IPAM_INVALID' });
});

t.test('blocks given up and taken over', async (t) => {
  const { ipam, clock } = testIpam();
  await ipam.pools.create(pool('p', '10.0.0.0/29', { blockSize: 30 }));
  const one = await ipam.claimBlock('n1', 4);
  await ipam.claimBlock('n2', 4);
  await t.rejects(ipam.claimBlock('n3', 4), { code: 'ERR_IPAM_POOL_FULL', message: /2 of 2 blocks claimed/ });
  clock.now += 60_000;
  const taken = await ipam.claimBlock('n3', 4);
  t.match(taken, { node: 'n3', state: 'confirmed' }, 'an empty block claimed long ago is taken over');
  t.same((await ipam.check()).findings, []);

  await ipam.assign({ node: 'n3', handle: 'h', count4: 1 });
  await t.rejects(ipam.releaseBlock('n3', taken.cidr, { mustBeEmpty: true }), {
    code: 'ERR_IPAM_BLOCK',
    message: `block ${formatPrefix(taken.cidr)} is not empty: 1 address is assigned`,
  });
  t.equal(await ipam.releaseBlock('n3', taken.cidr), true);
  t.equal(await ipam.releaseBlock('n3', taken.cidr), false, 'again: not the owner');
  t.equal((await ipam.routesOf('n3')).borrowed.length, 1, 'its address is announced alone');
  t.match(await ipam.claimBlock('n4', 4), { node: 'n4' }, 'a block of nobody is taken');
  t.same((await ipam.check()).findings, []);
  t.ok(one);
});

t.test('pools with export off are not advertised, single addresses get no blackhole', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('hidden', '10.0.0.0/26', { disableBGPExport: true }));
  await ipam.pools.create(pool('single', 'fd00::/120', { blockSize: 128 }));
  await ipam.assign({ node: 'n', handle: 'h', count4: 1, count6: 2 });
  const { blocks } = await ipam.routesOf('n');
  t.match(blocks, [
    { pool: 'hidden', advertise: false, blackhole: true },
    { pool: 'single', advertise: true, blackhole: false },
    { pool: 'single', advertise: true, blackhole: false },
  ]);
});

t.test('pools named for one version leave the other to the selectors', async (t) => {
  const { ipam } = testIpam();
  await ipam.pools.create(pool('four', '10.0.0.0/16'));
  await ipam.pools.create(pool('special', '10.1.0.0/16', { assignmentMode: 'Manual' }));
  await ipam.pools.create(pool('six', 'fd00::/112'));
  const from = async (request: object): Promise<(string | undefined)[]> =>
    (
      await ipam.assign({ node: 'n', handle: JSON.stringify(request).slice(0, 40), count4: 1, count6: 1, ...request })
    ).map((assignment) => assignment.pool);
  t.same(await from({ pools4: ['special'] }), ['special', 'six']);
  t.same(await from({ pools6: ['six'] }), ['four', 'six']);
  t.same(await from({ pools: ['special', 'six'], pools4: ['four'] }), ['four', 'six']);
  await t.rejects(from({ pools6: ['nowhere'] }), { code: 'ERR_IPAM_NO_POOL' });
});
