import { formatAddress, formatPrefix, parseAddress } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { MemoryStore } from '@tortie/store';
import t from 'tap';
import type { AssignmentResult, BlockPage } from '../../src/api/ipam.js';
import type { Status } from '../../src/api/status.js';
import { type SetUp, setUp } from '../rest/set-up.js';
import { until } from '../until.js';

const POOLS = 'pools: [{ name: p4, cidr: 10.244.0.0/22, blockSize: 24 }, { name: p6, cidr: "fd00:10::/112" }]\n';
const PEER = 'peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512 }]\n';

const announced = ({ speaker }: SetUp): string[] => [...speaker.originated.keys()].sort();

/** Prefixes that the peer's import policy accepts, and refuses, in order. */
const imports = ({ speaker }: SetUp): string[] =>
  (speaker.configs.get('tor')?.import?.terms ?? []).map(
    ({ match, action }) => `${action} ${(match?.prefixes ?? []).map(({ prefix }) => formatPrefix(prefix)).join(' ')}`,
  );

t.test('pools are made, blocks claimed and announced, and the import policy follows', async (t) => {
  const agent = await setUp({ yaml: POOLS + PEER, claim: true });
  t.teardown(agent.close);
  const { blocks } = (await agent.call('GET', '/v1/ipam/blocks')).body as BlockPage;
  t.match(blocks, [
    { node: 'n1', state: 'confirmed', pool: 'p4' },
    { node: 'n1', state: 'confirmed', pool: 'p6' },
  ]);
  const cidrs = blocks.map(({ cidr }) => cidr);
  t.strictSame(announced(agent), [...cidrs].sort());
  await until('the policy', async () => imports(agent).length === 4);
  t.strictSame(imports(agent), [
    `reject ${cidrs.join(' ')}`,
    'accept 10.244.0.0/22 fd00:10::/112',
    'accept 0.0.0.0/0 ::/0',
    'reject ',
  ]);
  t.match((await agent.call('GET', '/v1/originated')).body, { originated: [{ origin: 'block' }, { origin: 'block' }] });
  t.match((await agent.call('DELETE', `/v1/originated/${encodeURIComponent(cidrs[0]!)}`)).body, {
    code: 'ERR_AGENT_FILE_ORIGIN',
    detail: /block of pool p4/,
  });
  t.match((await agent.call('GET', '/v1/status')).body, { blocks: cidrs });
});

t.test('the same blocks again after a restart, and no second ones', async (t) => {
  const store = new MemoryStore();
  const first = await setUp({ yaml: POOLS, claim: true, store });
  const before = announced(first);
  await first.close();
  const second = await setUp({ yaml: POOLS, claim: true, store });
  t.teardown(second.close);
  t.strictSame(announced(second), before);
});

t.test('a lent address is let in from peers, and a borrowed one is announced, for as long as that lasts', async (t) => {
  const store = new MemoryStore();
  const owner = await setUp({ yaml: POOLS + PEER, claim: true, store });
  t.teardown(owner.close);
  const user = await setUp({ yaml: PEER, claim: true, store, node: 'n2' });
  t.teardown(user.close);
  const block = announced(owner).find((text) => text.endsWith('/24'))!;
  const address = formatAddress(parseAddress(block.replace('.0/24', '.77')));
  const { status, body } = await user.call('POST', '/v1/ipam/assignments', { handle: 'fixed-pod', address });
  t.equal(status, 201);
  t.match((body as AssignmentResult).assignments, [{ address, borrowed: true, node: 'n2' }]);
  t.ok(announced(user).includes(`${address}/32`), 'announced before the answer came');
  await until('the owner to let it in', async () => imports(owner)[0] === `accept ${address}/32`);
  t.match(imports(owner)[1], /^reject /, 'and nothing else of the block');
  t.equal((await user.call('DELETE', '/v1/ipam/assignments/fixed-pod')).status, 200);
  await until('the withdrawal', async () => !announced(user).includes(`${address}/32`));
  await until('the owner to close again', async () => imports(owner)[0]?.startsWith('reject') === true);
});

t.test('a full pool is a sentence for the operator, not a failed start', async (t) => {
  const store = new MemoryStore();
  const yaml = 'pools: [{ name: p4, cidr: 10.244.0.0/24, blockSize: 24 }]\n';
  const first = await setUp({ yaml, claim: true, store });
  t.teardown(first.close);
  const second = await setUp({ yaml, claim: true, store, node: 'n2' });
  t.teardown(second.close);
  const status = (await second.call('GET', '/v1/status')).body as Status;
  t.strictSame(status.blocks, []);
  t.match(status.warnings.join('; '), /No IPv4 block could be claimed: .*1 of 1 blocks claimed/);
  t.match((await second.call('GET', '/v1/health/ready')).body, {
    status: 503,
    conditions: [{}, {}, {}, { name: 'blocks', ok: false }],
  });
  await new Ipam({ store, now: Date.now }).pools.create({
    name: 'more',
    cidr: { ...parseAddress('10.245.0.0'), length: 16 },
  });
  await until('a block of the new pool', async () => announced(second).length === 1);
  await until('readiness', async () => (await second.call('GET', '/v1/health/ready')).status === 200);
});

t.test('two nodes with one router ID are told', async (t) => {
  const store = new MemoryStore();
  const first = await setUp({ store });
  t.teardown(first.close);
  const second = await setUp({ store, node: 'n2' });
  t.teardown(second.close);
  for (const agent of [first, second]) {
    await until('the warning', async () =>
      JSON.stringify((await agent.call('GET', '/v1/status')).body).includes('router ID 10.0.0.1 is also that of node'),
    );
  }
});

t.test('pools select nodes by the labels of their Node resource, which may change while the agent runs', async (t) => {
  const store = new MemoryStore();
  const yaml =
    'pools: [{ name: a, cidr: 10.1.0.0/22, blockSize: 24, nodeSelector: "rack == \'a\'" }, { name: b, cidr: 10.2.0.0/22, blockSize: 24, nodeSelector: "rack == \'b\'" }]\n';
  const agent = await setUp({ yaml, claim: true, store });
  t.teardown(agent.close);
  t.match(((await agent.call('GET', '/v1/status')).body as Status).warnings, [
    /No IPv4 block could be claimed.*rack == 'a'/,
  ]);
  const label = (rack: string) =>
    agent.call('PUT', '/v1/resources/nodes/n1', {
      ...{ apiVersion: 'projectcalico.org/v3', kind: 'Node', metadata: { name: 'n1', labels: { rack } }, spec: {} },
    });
  const put = await label('a');
  t.ok(put.status < 300, JSON.stringify(put.body));
  await until('a block of rack a', async () => announced(agent).some((cidr) => cidr.startsWith('10.1.')));
  await label('b');
  await until('a block of rack b', async () => announced(agent).some((cidr) => cidr.startsWith('10.2.')));
  t.match((await agent.call('POST', '/v1/ipam/assignments', { handle: 'x', ipv4: 1 })).body, {
    assignments: [{ pool: 'b' }],
  });
});
