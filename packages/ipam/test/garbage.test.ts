import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { Garbage, type Liveness } from '../src/index.js';
import { testIpam } from '../testing/index.js';

const GRACE = 900_000;

async function setUp() {
  const all = testIpam();
  await all.ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 30 });
  await all.ipam.configure({ cooldownS: 0 });
  const gone = { nodes: new Set<string>(), workloads: new Set<string>() };
  const asked: string[] = [];
  const askedNodes: string[] = [];
  const liveness: Liveness = {
    node: async (name) => {
      askedNodes.push(name);
      return gone.nodes.has(name) ? 'gone' : 'alive';
    },
    workload: async (handle) => {
      asked.push(handle);
      return gone.workloads.has(handle) ? 'gone' : handle.startsWith('?') ? 'unknown' : 'alive';
    },
  };
  const garbage = new Garbage({ ipam: all.ipam, liveness, now: () => all.clock.now, graceMs: GRACE });
  return { ...all, gone, asked, askedNodes, garbage };
}

const keys = (findings: readonly { key: string }[]): string[] => findings.map(({ key }) => key);

t.test('a workload that is gone keeps its addresses for the grace period', async (t) => {
  const { ipam, clock, gone, garbage } = await setUp();
  for (const handle of ['a', 'b', '?c']) await ipam.assign({ node: 'n', handle, count4: 2 });
  t.same(await garbage.collect(), { freed: [], candidates: [] });
  gone.workloads.add('a');
  t.same(keys((await garbage.collect()).candidates), ['a']);
  clock.now += GRACE - 1;
  t.same(keys((await garbage.collect()).candidates), ['a']);
  clock.now += 1;
  const dry = await garbage.collect({ dryRun: true });
  t.match(dry.freed, [{ code: 'leaked-address', key: 'a', detail: /its workload on n is gone/ }]);
  t.equal((await ipam.assignments()).length, 6, 'a dry run frees nothing');
  t.same(keys((await garbage.collect()).freed), ['a']);
  t.equal((await ipam.assignments()).length, 4);
  t.same((await ipam.check()).findings, []);
});

t.test('a workload that comes back starts anew', async (t) => {
  const { ipam, clock, gone, garbage } = await setUp();
  await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
  gone.workloads.add('a');
  await garbage.collect();
  clock.now += GRACE;
  gone.workloads.delete('a');
  await garbage.collect();
  gone.workloads.add('a');
  t.same(await garbage.collect().then(({ freed, candidates }) => [keys(freed), keys(candidates)]), [[], ['a']]);
});

t.test('the workload is asked for once more just before', async (t) => {
  const { ipam, clock, gone, asked, garbage } = await setUp();
  await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
  gone.workloads.add('a');
  await garbage.collect();
  clock.now += GRACE;
  asked.length = 0;
  await garbage.collect();
  t.same(asked, ['a', 'a']);
});

t.test('a node is asked about once in a look at everything, and once more just before', async (t) => {
  const { ipam, gone, askedNodes, garbage } = await setUp();
  for (const node of ['m', 'n'])
    for (let at = 0; at < 3; at++) await ipam.assign({ node, handle: `${node}${at}`, count4: 1 });
  await garbage.collect();
  t.same(askedNodes.toSorted(), ['m', 'n']);
  askedNodes.length = 0;
  t.same(await garbage.leaks(), []);
  t.same(askedNodes.toSorted(), ['m', 'n']);
  askedNodes.length = 0;
  gone.nodes.add('n');
  await garbage.collect();
  t.same(askedNodes.filter((name) => name === 'n').length, 1 + 3 + 1, 'before each of its handles, and for its block');
});

t.test('the addresses of a node that is gone are freed at once, its blocks after the grace period', async (t) => {
  const { ipam, clock, gone, garbage } = await setUp();
  await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
  await ipam.assign({ node: 'm', handle: 'b', count4: 1 });
  gone.nodes.add('n');
  const first = await garbage.collect();
  t.match(first.freed, [{ key: 'a', detail: /node n is gone/ }]);
  t.equal(first.candidates.length, 1, 'the block, empty now');
  clock.now += GRACE;
  t.equal((await garbage.collect()).freed.length, 1);
  t.same(
    (await ipam.blocks()).map(({ node }) => node),
    ['m'],
  );
  t.same((await ipam.check()).findings, []);
});

t.test("a node's last block stays, further empty ones go after two looks", async (t) => {
  const { ipam, clock, garbage } = await setUp();
  await ipam.assign({ node: 'n', handle: 'a', count4: 12 });
  await ipam.release({ handle: 'a' });
  t.equal((await garbage.collect()).candidates.length, 2);
  clock.now += GRACE;
  t.equal((await garbage.collect()).freed.length, 2);
  clock.now += GRACE;
  t.same(await garbage.collect(), { freed: [], candidates: [] });
  t.equal((await ipam.blocksOf('n')).length, 1);
  t.same((await ipam.check()).findings, []);
});

t.test('an empty block of nobody goes after the grace period, one that rests does not', async (t) => {
  const { ipam, clock, garbage } = await setUp();
  await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
  const [{ cidr } = { cidr: parsePrefix('0.0.0.0/0') }] = await ipam.blocksOf('n');
  await ipam.releaseBlock('n', cidr);
  t.same(await garbage.collect(), { freed: [], candidates: [] }, 'in use');
  await ipam.configure({ cooldownS: 1800 });
  await ipam.release({ handle: 'a' });
  t.same(await garbage.collect(), { freed: [], candidates: [] }, 'an address of it rests');
  clock.now += 1_800_000;
  t.match((await garbage.collect()).candidates, [{ detail: 'it belongs to nobody and no address of it is used' }]);
  clock.now += GRACE;
  t.equal((await garbage.collect()).freed.length, 1);
  t.same(await ipam.blocks(), []);
  t.same((await ipam.check()).findings, []);
});

t.test('only what some nodes own and use', async (t) => {
  const { ipam, gone, asked, garbage } = await setUp();
  for (const node of ['n', 'm']) await ipam.assign({ node, handle: `of-${node}`, count4: 1 });
  gone.nodes.add('n').add('m');
  t.same(keys((await garbage.collect({ nodes: ['n'] })).freed), ['of-n']);
  t.same(
    (await ipam.assignments()).map(({ handle }) => handle),
    ['of-m'],
  );
  t.same(asked, []);
});

t.test('a grace period of 0 switches it off, and that of the settings counts where none is given', async (t) => {
  const { ipam, clock, gone } = await setUp();
  const liveness: Liveness = {
    node: async (name) => (gone.nodes.has(name) ? 'gone' : 'alive'),
    workload: async (handle) => (gone.workloads.has(handle) ? 'gone' : 'alive'),
  };
  const garbage = new Garbage({ ipam, liveness, now: () => clock.now });
  await ipam.assign({ node: 'n', handle: 'a', count4: 1 });
  gone.workloads.add('a');
  await ipam.configure({ leakGraceS: 0 });
  t.same(await garbage.collect(), { freed: [], candidates: [] });
  await ipam.configure({ leakGraceS: 10 });
  t.equal((await garbage.collect()).candidates.length, 1);
  clock.now += 10_000;
  t.equal((await garbage.collect()).freed.length, 1);
  t.same([...garbage.reclaimed], [['p', 1]]);
});

t.test('of what was told to be leaked only what still is leaked is released', async (t) => {
  const { ipam, clock, gone, garbage } = await setUp();
  for (const handle of ['back', 'more', 'anew', 'leaked', 'free']) await ipam.assign({ node: 'n', handle, count4: 2 });
  for (const handle of ['back', 'more', 'anew', 'leaked', 'free']) gone.workloads.add(handle);
  const told = await garbage.leaks();
  t.equal(told.length, 10);
  gone.workloads.delete('back');
  await ipam.assign({ node: 'n', handle: 'more', count4: 3 });
  await ipam.release({ handle: 'anew' });
  clock.now += 1;
  await ipam.assign({ node: 'n', handle: 'anew', count4: 2 });
  await ipam.release({ handle: 'free' });
  const { released, kept } = await garbage.release(told);
  t.same(
    released.map(({ handle }) => handle),
    ['leaked', 'leaked'],
  );
  const reasons = Object.fromEntries(kept.map(({ handle, reason }) => [handle, reason]));
  t.match(reasons, {
    back: 'its workload is not known to be gone',
    more: /^it has .* since$/,
    anew: /^it has .* since$/,
    free: 'it has no addresses any more',
  });
  t.equal(Object.keys(reasons).length, 4);
  t.same((await ipam.check()).findings, []);
});
