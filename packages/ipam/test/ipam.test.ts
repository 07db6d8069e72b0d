import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { Assignment } from '../src/index.js';
import { testIpam } from '../testing/index.js';

const addresses = (assignments: readonly Assignment[]): string[] =>
  assignments.map(({ address }) => formatAddress(address));

const pool4 = { name: 'default-ipv4', cidr: parsePrefix('10.244.0.0/24'), blockSize: 26 };
const pool6 = { name: 'default-ipv6', cidr: parsePrefix('fd00:10:244::/64') };

for (const multiKey of [true, false]) {
  const kind = multiKey ? 'multi-key' : 'single-key';

  t.test(`${kind}: a node claims a block, assigns for both versions and releases by handle`, async (t) => {
    const { ipam } = testIpam({ multiKey });
    await ipam.pools.create(pool4);
    await ipam.pools.create(pool6);
    const block = await ipam.claimBlock('node-1', 4);
    t.match(block, { node: 'node-1', state: 'confirmed', size: 64, free: 64, pool: 'default-ipv4' });
    const again = await ipam.claimBlock('node-1', 4);
    t.equal(formatPrefix(again.cidr), formatPrefix(block.cidr), 'claiming again gives the same block');

    const got = await ipam.assign({ node: 'node-1', handle: 'pod-a', count4: 1, count6: 1 });
    t.equal(got.length, 2);
    t.match(got[0], { node: 'node-1', handle: 'pod-a', borrowed: false, pool: 'default-ipv4' });
    t.same(
      got.map(({ address }) => address.version),
      [4, 6],
    );
    const repeated = await ipam.assign({ node: 'node-1', handle: 'pod-a', count4: 1, count6: 1 });
    t.same(addresses(repeated), addresses(got), 'asking again gives the same addresses');
    const more = await ipam.assign({ node: 'node-1', handle: 'pod-a', count4: 2, count6: 1 });
    t.equal(more.length, 3, 'counts are totals');
    t.same((await ipam.check()).findings, []);

    t.equal((await ipam.release({ handle: 'pod-a' })).length, 3);
    t.same(await ipam.release({ handle: 'pod-a' }), [], 'releasing again does nothing');
    t.same(await ipam.assignments(), []);
    t.same((await ipam.check()).findings, []);
  });

  t.test(`${kind}: a released address rests and is reused as late as possible`, async (t) => {
    const { ipam, clock } = testIpam({ multiKey });
    await ipam.pools.create({ name: 'tiny', cidr: parsePrefix('10.0.0.0/30'), blockSize: 30 });
    const first = await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
    await ipam.release({ handle: 'a' });
    const three = await ipam.assign({ node: 'n', handle: 'b', count4: 3 });
    t.notOk(addresses(three).includes(addresses(first)[0]!));
    await t.rejects(ipam.assign({ node: 'n', handle: 'c', count4: 1 }), {
      code: 'ERR_IPAM_POOL_FULL',
      message: 'pool tiny is full: 3 of 4 in use, 1 resting after release (first free in 60 s), 1 of 1 blocks claimed',
    });
    clock.now += 59_999;
    await t.rejects(ipam.assign({ node: 'n', handle: 'c', count4: 1 }), { code: 'ERR_IPAM_POOL_FULL' });
    clock.now += 1;
    t.same(addresses(await ipam.assign({ node: 'n', handle: 'c', count4: 1 })), addresses(first));
    await t.rejects(ipam.assign({ node: 'n', handle: 'd', count4: 1 }), {
      message: 'pool tiny is full: 4 of 4 in use, 1 of 1 blocks claimed',
    });
    t.same((await ipam.check()).findings, []);
  });

  t.test(`${kind}: when no block is left a node borrows, unless affinity is strict`, async (t) => {
    const { ipam } = testIpam({ multiKey });
    await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/29'), blockSize: 30 });
    await ipam.assign({ node: 'n1', handle: 'a', count4: 1 });
    await ipam.assign({ node: 'n2', handle: 'b', count4: 1 });
    await ipam.configure({ strictAffinity: true });
    await t.rejects(ipam.assign({ node: 'n3', handle: 'c', count4: 1 }), {
      code: 'ERR_IPAM_POOL_FULL',
      message:
        'pool p has nothing left for this node: 2 of 8 in use, 2 of 2 blocks claimed; strictAffinity is on: nothing is borrowed from other nodes',
    });
    await ipam.configure({ strictAffinity: false });
    await t.rejects(ipam.assign({ node: 'n3', handle: 'c', count4: 1, use: 'Tunnel' }), {
      message: /addresses of tunnels are not borrowed/,
    });
    const [borrowed] = await ipam.assign({ node: 'n3', handle: 'c', count4: 1 });
    t.match(borrowed, { borrowed: true, node: 'n3' });
    const routes = await ipam.routesOf('n3');
    t.same(routes.blocks, []);
    t.same(
      routes.borrowed.map(({ address, advertise }) => [formatAddress(address), advertise]),
      [[formatAddress(borrowed!.address), true]],
    );
    t.match((await ipam.routesOf('n1')).blocks, [{ state: 'confirmed', advertise: true, blackhole: true }]);
    t.same((await ipam.check()).findings, []);
  });

  t.test(`${kind}: dual stack is all or nothing`, async (t) => {
    const { ipam } = testIpam({ multiKey });
    await ipam.pools.create(pool4);
    await ipam.pools.create({ name: 'six', cidr: parsePrefix('fd00::/127'), blockSize: 127 });
    await ipam.assign({ node: 'n', handle: 'a', count4: 1, count6: 2 });
    await t.rejects(ipam.assign({ node: 'n', handle: 'b', count4: 1, count6: 1 }), { code: 'ERR_IPAM_POOL_FULL' });
    t.same(await ipam.assignments({ handle: 'b' }), []);
    t.equal((await ipam.assignments()).length, 3);
    t.same((await ipam.check()).findings, []);
  });

  t.test(`${kind}: fixed addresses`, async (t) => {
    const { ipam } = testIpam({ multiKey });
    await ipam.pools.create(pool4);
    const address = parseAddress('10.244.0.77');
    const got = await ipam.assignAddress({ node: 'n1', handle: 'a', address });
    t.match(got, { handle: 'a', borrowed: false, pool: 'default-ipv4' });
    t.same(await ipam.assignAddress({ node: 'n1', handle: 'a', address }), got, 'again the same');
    await t.rejects(ipam.assignAddress({ node: 'n2', handle: 'b', address }), {
      code: 'ERR_IPAM_ADDRESS_IN_USE',
      message: '10.244.0.77 is in use by a on n1',
    });
    const neighbour = await ipam.assignAddress({ node: 'n2', handle: 'b', address: parseAddress('10.244.0.78') });
    t.match(neighbour, { borrowed: true });
    await t.rejects(ipam.assignAddress({ node: 'n1', handle: 'a', address: parseAddress('10.9.9.9') }), {
      code: 'ERR_IPAM_ADDRESS_OUTSIDE',
    });
    await t.rejects(ipam.release({ address, handle: 'b' }), { code: 'ERR_IPAM_MISMATCH' });
    await t.rejects(ipam.release({ address, sequence: got.sequence + 1 }), { code: 'ERR_IPAM_MISMATCH' });
    t.equal((await ipam.release({ address, handle: 'a', sequence: got.sequence })).length, 1);
    t.same(await ipam.release({ address }), []);
    const next = await ipam.assignAddress({ node: 'n1', handle: 'c', address });
    t.ok(next.sequence > got.sequence, 'the same address, another sequence');
    await t.rejects(ipam.release({ address, sequence: got.sequence }), { code: 'ERR_IPAM_MISMATCH' });
    t.same((await ipam.check()).findings, []);
  });
}

t.test('errors are IpamErrors with a stable name', async (t) => {
  const { ipam } = testIpam();
  await t.rejects(ipam.assign({ node: 'n', handle: 'a b', count4: 1 }), {
    name: 'IpamError',
    code: 'ERR_IPAM_INVALID',
  });
});
