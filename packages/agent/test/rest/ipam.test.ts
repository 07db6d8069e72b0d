/** Address management by the API: usage, maps, settings, damage, leaks, and pools that go in stages. */
import { Ipam } from '@tortie/ipam';
import { MemoryStore } from '@tortie/store';
import t from 'tap';
import type { BlockPage } from '../../src/api/ipam.js';
import type { GarbageReport, IpamCheck, IpamRepair, LeakReleaseResult } from '../../src/api/ipam-care.js';
import type { IpamUsage } from '../../src/api/ipam-usage.js';
import { until } from '../until.js';
import { setUp } from './set-up.js';

const POOLS = 'pools: [{ name: p4, cidr: 10.244.0.0/24, blockSize: 28 }]\n';

async function agentWith(store = new MemoryStore()) {
  const agent = await setUp({ yaml: POOLS, store });
  const assign = (body: object) => agent.call('POST', '/v1/ipam/assignments', body);
  return { ...agent, store, assign, other: new Ipam({ store, now: Date.now }) };
}

t.test('usage adds up, a block is drawn, an address is explained', async (t) => {
  const { call, close, assign, other } = await agentWith();
  t.teardown(close);
  await assign({ handle: 'a', address: '10.244.0.1' });
  await other.assignAddress({
    node: 'n2',
    handle: 'b',
    address: { version: 4, a: 0x0af40002, b: 0, c: 0, d: 0 },
    owner: { pod: 'x' },
  });
  t.equal((await call('PUT', '/v1/ipam/reservations/gw', { cidrs: ['10.244.0.4/31', '10.244.0.128/25'] })).status, 200);
  const { pools } = (await call('GET', '/v1/ipam/usage')).body as IpamUsage;
  t.match(pools, [
    { pool: 'p4', total: 256, inUse: 2, reserved: 130, resting: 0, free: 124, blocks: 1, maxBlocks: 16 },
  ]);
  const { blocks } = (await call('GET', '/v1/ipam/blocks?map=true&node=n1')).body as BlockPage;
  t.match(blocks, [{ node: 'n1', assigned: 2, borrowed: 1, reserved: 2, map: '.#b.rr..........', mapStep: 1 }]);
  t.match((await call('GET', '/v1/ipam/assignments?borrowed=true')).body, { assignments: [{ handle: 'b' }] });
  t.match((await call('GET', '/v1/ipam/addresses/10.244.0.2')).body, {
    state: 'used',
    blockNode: 'n1',
    assignment: { handle: 'b', node: 'n2', borrowed: true },
    facts: [{ name: 'pod', value: 'x' }],
  });
  t.match((await call('GET', '/v1/ipam/addresses/10.244.0.5')).body, { state: 'reserved', reservations: ['gw'] });
  t.match((await call('GET', '/v1/ipam/addresses/10.1.2.3')).body, { state: 'outside', reservations: [] });
  t.equal((await call('GET', '/v1/ipam/addresses/nonsense')).status, 400);
  t.match((await call('GET', '/v1/ipam/nodes')).body, {
    nodes: [
      { node: 'n1', known: true, blocks4: 1, maxBlocksPerHost: 20 },
      { node: 'n2', known: false, blocks4: 0, visits: 1 },
    ],
  });
  t.equal((await call('DELETE', '/v1/ipam/reservations/gw')).status, 204);
  t.equal((await call('DELETE', '/v1/ipam/reservations/gw')).status, 404);
});

t.test('settings are changed, and refused where they cannot be', async (t) => {
  const { call, close } = await agentWith();
  t.teardown(close);
  t.match((await call('PATCH', '/v1/ipam/config', { cooldownS: 5, leakGraceS: 0 })).body, {
    cooldownS: 5,
    leakGraceS: 0,
    strictAffinity: false,
    maxBlocksPerHost: 20,
  });
  t.match((await call('GET', '/v1/ipam/config')).body, { cooldownS: 5 });
  t.match(await call('PATCH', '/v1/ipam/config', { autoAllocateBlocks: false }), {
    status: 400,
    body: { code: 'ERR_IPAM_INVALID', detail: /needs strictAffinity/ },
  });
  t.equal((await call('PATCH', '/v1/ipam/config', { cooldown: 5 })).status, 400);
});

t.test('damage is found, cured in a dry run first, and told', async (t) => {
  const { call, close, assign, store } = await agentWith();
  t.teardown(close);
  await assign({ handle: 'a', ipv4: 2 });
  const key = '/ipam/handles/a';
  await store.delete(key, (await store.get(key))!.revision);
  const check = (await call('GET', '/v1/ipam/check')).body as IpamCheck;
  t.match(check, { ok: false, node: 'n1', findings: [{ code: 'address-without-handle' }], leaks: [] });
  t.match(check.cluster, /^[0-9a-f]{32}$/);
  const dry = (await call('POST', '/v1/ipam/repair', { dryRun: true })).body as IpamRepair;
  t.match(dry, { dryRun: true, repairs: [{ code: 'handle-recounted', subject: key }], remaining: [] });
  t.equal(await store.get(key), undefined);
  const real = (await call('POST', '/v1/ipam/repair', {})).body as IpamRepair;
  t.strictSame(real.repairs, dry.repairs);
  t.match((await call('GET', '/v1/ipam/check')).body, { ok: true, cluster: check.cluster, findings: [] });
});

t.test(
  'what a node had that is gone is leaked: told, and released only where it still is, and only in its own store',
  async (t) => {
    const { call, close, assign, other } = await agentWith();
    t.teardown(close);
    await assign({ handle: 'own', ipv4: 1 });
    await other.assign({ node: 'dead', handle: 'pod-a', count4: 2 });
    await other.assign({ node: 'dead', handle: 'pod-b', count4: 1 });
    const { leaks, cluster, ok } = (await call('GET', '/v1/ipam/check')).body as IpamCheck;
    t.equal(ok, true);
    t.match(leaks, [
      { handle: 'pod-a', node: 'dead', reason: 'node dead is gone' },
      { handle: 'pod-a' },
      { handle: 'pod-b' },
    ]);
    t.match((await call('POST', '/v1/ipam/gc', { dryRun: true })).body, {
      freed: [{ subject: 'pod-a' }, { subject: 'pod-b' }],
    });
    await other.release({ handle: 'pod-b' });
    const told = leaks.map(({ address, handle, sequence }) => ({ address, handle, sequence }));
    const release = (of: string) => call('POST', '/v1/ipam/leaks/release', { cluster: of, leaks: told });
    t.match(await release('0'.repeat(32)), { status: 409, body: { code: 'ERR_AGENT_OTHER_STORE' } });
    t.equal((await other.assignments()).length, 3);
    const { released, kept } = (await release(cluster)).body as LeakReleaseResult;
    t.strictSame(
      released.map(({ handle }) => handle),
      ['pod-a', 'pod-a'],
    );
    t.match(kept, [{ handle: 'pod-b', reason: 'it has no addresses any more' }]);
    t.strictSame(
      (await other.assignments()).map(({ handle }) => handle),
      ['own'],
    );
  },
);

t.test(
  'a node whose record is there is not gone, though its agent is down; its record is taken away by hand',
  async (t) => {
    const { call, close, store, other } = await agentWith();
    t.teardown(close);
    const second = await setUp({ store, node: 'n2' });
    await until('its record', async () => (await store.get('/agent/nodes/n2')) !== undefined);
    await second.close();
    await other.assign({ node: 'n2', handle: 'pod', count4: 1 });
    t.match((await call('POST', '/v1/ipam/gc', {})).body, { freed: [], candidates: [] });
    t.match(await call('DELETE', '/v1/ipam/nodes/n1'), { status: 409, body: { detail: /this node/ } });
    t.equal((await call('DELETE', '/v1/ipam/nodes/n2')).status, 204);
    t.equal((await call('DELETE', '/v1/ipam/nodes/n2')).status, 404);
    const { freed } = (await call('POST', '/v1/ipam/gc', {})).body as GarbageReport;
    t.match(freed, [{ code: 'leaked-address', subject: 'pod', detail: /node n2 is gone/ }]);
    t.strictSame(await other.assignments(), []);
    t.match((await call('GET', '/v1/events?kind=block')).body, {
      events: [{ text: /created pool/ }, { text: /freed the addresses of pod/ }],
    });
  },
);

t.test('a pool in use goes in stages, and its own file does not bring half of it back', async (t) => {
  const { call, close, assign, store } = await agentWith();
  await assign({ handle: 'a', ipv4: 1 });
  t.match(await call('DELETE', '/v1/ipam/pools/p4'), { status: 409, body: { code: 'ERR_IPAM_POOL_IN_USE' } });
  t.match(await call('DELETE', '/v1/ipam/pools/p4?drain=true'), {
    status: 202,
    body: { stage: 'draining', assigned: 1, held: [{ handle: 'a', node: 'n1' }] },
  });
  t.match((await call('GET', '/v1/ipam/pools/p4')).body, { disabled: true, terminating: true });
  t.match((await call('PATCH', '/v1/ipam/pools/p4', { disabled: false })).body, {
    disabled: false,
    terminating: false,
  });
  t.match((await call('POST', '/v1/ipam/pools/p4/split', { parts: 3 })).body, { code: 'ERR_IPAM_INVALID' });
  t.match((await call('POST', '/v1/ipam/pools/p4/split', { parts: 2 })).body, {
    pools: [{ name: 'p4-0', cidr: '10.244.0.0/25' }, { name: 'p4-1' }],
  });
  await close();
  const again = await agentWith(store);
  t.teardown(again.close);
  t.match((await again.call('GET', '/v1/ipam/pools')).body, { pools: [{ name: 'p4-0' }, { name: 'p4-1' }] });
  t.match((await again.call('GET', '/v1/events?kind=block')).body, {
    events: [{ text: /pool p4 of the configuration file is not made/ }],
  });
  t.equal((await again.call('DELETE', '/v1/ipam/assignments/a')).status, 200);
  for (const name of ['p4-0', 'p4-1'])
    t.equal((await again.call('DELETE', `/v1/ipam/pools/${name}?drain=true`)).status, 204);
});

t.test('the collector lets pools that are to go make progress, and tells of damage to this node', async (t) => {
  const { call, close, assign, agent, store } = await agentWith();
  t.teardown(close);
  await assign({ handle: 'a', ipv4: 1 });
  await call('DELETE', '/v1/ipam/pools/p4?drain=true');
  await call('DELETE', '/v1/ipam/assignments/a');
  await assign({ handle: 'nothing', ipv4: 1 });
  await agent.agent.garbageLoop.settle();
  t.match((await call('GET', '/v1/ipam/pools')).body, { pools: [] });
  await call('POST', '/v1/ipam/pools', { name: 'q', cidr: '10.9.0.0/24', blockSize: 28 });
  await assign({ handle: 'b', ipv4: 1 });
  const key = '/ipam/handles/b';
  await store.delete(key, (await store.get(key))!.revision);
  await agent.agent.garbageLoop.settle();
  t.match((await call('GET', '/v1/status')).body, {
    warnings: [/Address management is damaged: address-without-handle/],
  });
  await call('POST', '/v1/ipam/repair', {});
  await agent.agent.garbageLoop.settle();
  t.match((await call('GET', '/v1/status')).body, { warnings: [] });
});

t.test('metrics by pool and this node, under the names that dashboards of Calico know', async (t) => {
  const { call, close, assign, other } = await agentWith();
  t.teardown(close);
  await assign({ handle: 'a', ipv4: 2 });
  await other.claimBlock('n2', 4);
  const [foreign] = await other.blocksOf('n2');
  await other.assignAddress({ node: 'n1', handle: 'b', address: foreign!.cidr });
  await other.assign({ node: 'dead', handle: 'gone', count4: 3 });
  await call('PUT', '/v1/ipam/reservations/gw', { cidrs: ['10.244.0.252/30'] });
  await call('POST', '/v1/ipam/gc', {});
  const text = (await call('GET', '/metrics')).body as string;
  for (const line of [
    'ipam_ippool_size{ippool="p4",cidr="10.244.0.0/24"} 256',
    'ipam_ippool_reserved{ippool="p4"} 4',
    'ipam_blocks{ippool="p4",node="n1"} 1',
    'ipam_allocations_in_use{ippool="p4",node="n1"} 3',
    'ipam_allocations_borrowed{ippool="p4",node="n1"} 1',
    'ipam_allocations_gc_reclamations{ippool="p4",node="n1"} 3',
    'tortie_ipam_blocks_limit{version="4"} 20',
    'tortie_ipam_findings 0',
  ]) {
    t.ok(text.split('\n').includes(line), line);
  }
  t.notMatch(text, /node="(n2|dead)"/, 'other nodes tell of themselves');
});
