/** Addresses of tunnels and load balancers, and blocks whose pool has come to select other nodes. */
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { LOAD_BALANCER } from '../src/index.js';
import { affinityKey } from '../src/record/keys.js';
import { testIpam } from '../testing/index.js';

for (const multiKey of [true, false]) {
  t.test(`each node has one tunnel address, the same however often it asks (multiKey: ${multiKey})`, async (t) => {
    const { ipam, another } = testIpam({ multiKey });
    await ipam.pools.create({
      name: 'pods',
      cidr: parsePrefix('10.0.0.0/29'),
      blockSize: 30,
      allowedUses: ['Workload'],
    });
    await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.1.0.0/29'), blockSize: 30 });
    const ask = (node: string) =>
      another().assign({
        node,
        handle: `vxlan-tunnel-addr-${node}`,
        count4: 1,
        use: 'Tunnel',
        owner: { type: 'vxlanTunnelAddress' },
      });
    const [one] = await ask('n1');
    t.match(one, { pool: 'p', borrowed: false, node: 'n1', owner: { type: 'vxlanTunnelAddress' } });
    t.same((await ask('n1'))[0], one);
    const [other] = await ask('n2');
    t.not(formatAddress(other!.address), formatAddress(one!.address));
    await t.rejects(ask('n3'), { code: 'ERR_IPAM_POOL_FULL', message: /addresses of tunnels are not borrowed/ });
    t.equal((await ipam.release({ handle: 'vxlan-tunnel-addr-n1' })).length, 1);
    t.same((await ipam.check()).findings, []);
  });

  t.test(`addresses of load balancers belong to no node (multiKey: ${multiKey})`, async (t) => {
    const { ipam, another } = testIpam({ multiKey });
    await ipam.pools.create({
      name: 'lb',
      cidr: parsePrefix('192.0.2.0/28'),
      blockSize: 30,
      allowedUses: ['LoadBalancer'],
    });
    await ipam.configure({ maxBlocksPerHost: 1, strictAffinity: true });
    const ask = (node: string, handle: string) => another().assign({ node, handle, count4: 3, use: 'LoadBalancer' });
    const fixed = { node: 'n1', handle: 'lb-c', address: parseAddress('192.0.2.15') };
    await t.rejects(ipam.assignAddress(fixed), { message: /is for LoadBalancer, not for Workload/ });
    t.match(await ipam.assignAddress({ ...fixed, use: 'LoadBalancer' }), { node: LOAD_BALANCER, borrowed: false });
    const first = await ask('n1', 'lb-a');
    t.match(first, [{ node: LOAD_BALANCER, borrowed: false, pool: 'lb' }, {}, {}]);
    t.equal((await ask('n2', 'lb-b')).length, 3, 'another node shares the blocks, and no limit of a host counts');
    t.ok((await ipam.blocks()).every(({ node, state }) => node === LOAD_BALANCER && state === 'confirmed'));
    t.same((await ipam.routesOf('n1')).blocks, [], 'no node announces them as its own');
    t.same((await ipam.repair({ node: LOAD_BALANCER })).repairs, []);
    t.same((await ipam.check()).findings, []);
    for (const handle of ['lb-a', 'lb-b', 'lb-c']) await ipam.release({ handle });
    t.same(await ipam.assignments(), []);
  });
}

t.test('pools of load balancers that could not work are refused', async (t) => {
  const { ipam } = testIpam();
  const pool = { name: 'lb', cidr: parsePrefix('192.0.2.0/26'), allowedUses: ['LoadBalancer'] as const };
  for (const [rest, message] of [
    [{ vxlanMode: 'Always' }, /vxlanMode is Never/],
    [{ ipipMode: 'Always' }, /ipipMode is Never/],
    [{ wireguardMode: 'CrossSubnet' }, /wireguardMode is Never/],
    [{ disableBGPExport: true }, /disableBGPExport is false/],
    [{ nodeSelector: "rack == 'a'" }, /nodeSelector is all\(\)/],
  ] as const) {
    await t.rejects(ipam.pools.create({ ...pool, ...rest }), { code: 'ERR_IPAM_POOL_INVALID', message });
  }
});

t.test('tunnels that could not work are refused', async (t) => {
  const { ipam } = testIpam();
  const [four, six] = [
    { name: 'four', cidr: parsePrefix('192.0.2.0/26') },
    { name: 'six', cidr: parsePrefix('2001:db8::/64') },
  ];
  for (const [spec, message] of [
    [{ ...six, ipipMode: 'Always' }, /ipipMode is Always, and IPIP carries IPv4 alone/],
    [{ ...four, ipipMode: 'CrossSubnet', vxlanMode: 'Always' }, /ipipMode is CrossSubnet beside vxlanMode Always/],
    [{ ...six, wireguardMode: 'Always', vxlanMode: 'Always' }, /wireguardMode is Always beside vxlanMode Always/],
  ] as const) {
    await t.rejects(ipam.pools.create(spec), { code: 'ERR_IPAM_POOL_INVALID', message });
  }
  await ipam.pools.create({ ...four, ipipMode: 'Always' });
  await t.rejects(ipam.pools.update('four', { vxlanMode: 'Always' }), { code: 'ERR_IPAM_POOL_INVALID' });
  t.match(await ipam.pools.update('four', { vxlanMode: 'CrossSubnet', ipipMode: 'Never' }), { ipipMode: 'Never' });
});

t.test('a node gives up empty blocks of pools that select it no longer, when it assigns', async (t) => {
  const { ipam, clock } = testIpam();
  const rack = (name: string) => ({ nodeSelector: `rack == '${name}'`, blockSize: 30 });
  await ipam.pools.create({ name: 'a', cidr: parsePrefix('10.0.0.0/28'), ...rack('a') });
  await ipam.pools.create({ name: 'b', cidr: parsePrefix('10.1.0.0/28'), ...rack('b') });
  await ipam.configure({ cooldownS: 10 });
  const ask = (handle: string, name: string | undefined, count4 = 1) =>
    ipam.assign({ node: 'n', handle, count4, ...(name ? { nodeLabels: { rack: name } } : { pool: 'b' }) });
  const pools = async () => (await ipam.blocksOf('n')).map(({ pool }) => pool);
  await ask('one', 'a', 5);
  t.same(await pools(), ['a', 'a']);
  await ask('two', undefined);
  t.same(await pools(), ['a', 'a', 'b'], 'a pool that was named keeps its block');
  await ipam.release({ handle: 'one' });
  const [stays] = await ask('three', 'a');
  clock.now += 60_000;
  await ask('four', 'b');
  const left = await ipam.blocksOf('n');
  t.same(
    left.map(({ cidr, pool }) => [pool, pool === 'a' && formatPrefix(cidr)]),
    [
      ['a', formatPrefix(stays!.block)],
      ['b', false],
    ],
    'the empty one went, the one in use stays',
  );
  t.same((await ipam.check()).findings, []);
});

t.test('a block that was just claimed, or that rests, is not given up', async (t) => {
  const { ipam, clock } = testIpam();
  await ipam.pools.create({ name: 'a', cidr: parsePrefix('10.0.0.0/28'), blockSize: 30, nodeSelector: "rack == 'a'" });
  await ipam.pools.create({ name: 'b', cidr: parsePrefix('10.1.0.0/28'), blockSize: 30 });
  await ipam.configure({ cooldownS: 300 });
  await ipam.claimBlock('n', 4, { pool: 'a' });
  const ask = (handle: string) => ipam.assign({ node: 'n', handle, count4: 1, nodeLabels: { rack: 'b' } });
  await ask('one');
  t.ok(await ipam.blocksOf('n').then((blocks) => blocks.some(({ pool }) => pool === 'a')), 'just claimed');
  await ipam.assign({ node: 'n', handle: 'x', count4: 1, pool: 'a' });
  await ipam.release({ handle: 'x' });
  clock.now += 61_000;
  await ask('two');
  t.ok(await ipam.blocksOf('n').then((blocks) => blocks.some(({ pool }) => pool === 'a')), 'an address of it rests');
  clock.now += 300_000;
  await ask('three');
  t.notOk(await ipam.blocksOf('n').then((blocks) => blocks.some(({ pool }) => pool === 'a')));
  t.same((await ipam.check()).findings, []);
});

t.test('an affinity of load balancers has a key of its own', async (t) => {
  t.equal(
    affinityKey(LOAD_BALANCER, parsePrefix('192.0.2.0/26')),
    '/ipam/affinities/virtual%3Aload-balancer/192.0.2.0-26',
  );
});
