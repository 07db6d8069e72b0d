/** Whose part an agent collects, and what it knows of pods and nodes. */
import { parsePrefix } from '@tortie/ip';
import { Ipam } from '@tortie/ipam';
import { MemoryStore, type Store } from '@tortie/store';
import t from 'tap';
import { GarbageCollector } from '../../node/ipam/garbage-collector.js';
import { Journal } from '../../node/journal.js';
import { createLog } from '../../node/process/log.js';
import { handleOf } from '../../src/pods/names.js';

const attachment = (containerId: string) => ({ network: 'net', containerId, ifName: 'eth0' });

/** What CNI keeps with the addresses of a pod. */
const facts = (containerId: string) => ({
  ...attachment(containerId),
  ...{ netns: `/run/netns/${containerId}`, mac: '02:00:00:00:00:01', mtu: '1500' },
});

async function setUp(node: string, { shared = false }: { readonly shared?: boolean } = {}) {
  const memory = new MemoryStore();
  // A store that several hosts share can hold keys.
  const store: Store = shared ? Object.assign(memory, { hold: () => Promise.reject(new Error('not here')) }) : memory;
  const ipam = new Ipam({ store, now: Date.now });
  await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/24'), blockSize: 28 });
  await ipam.configure({ leakGraceS: 1, cooldownS: 0 });
  const pods = new Set<string>();
  const known = { pods: true };
  const journal = new Journal(createLog('silent', node));
  const collector = new GarbageCollector({ node, ipam, store, journal, pods: () => (known.pods ? pods : undefined) });
  const plug = (of: string, containerId: string) =>
    ipam.assign({ node: of, handle: handleOf(attachment(containerId)), count4: 1, owner: facts(containerId) });
  const left = async () => (await ipam.assignments()).map(({ owner, handle }) => owner.containerId ?? handle).sort();
  return { store, ipam, pods, known, journal, collector, plug, left };
}

const grace = () => new Promise((resolve) => setTimeout(resolve, 1100));

t.test(
  'pods of this node that are not plugged in leak after the grace period; others are not its business',
  async (t) => {
    const { store, ipam, pods, collector, plug, left, known } = await setUp('n1');
    await store.create('/agent/nodes/n1', {});
    await store.create('/agent/nodes/n2', {});
    for (const id of ['runs', 'gone']) await plug('n1', id);
    await plug('n2', 'elsewhere');
    await ipam.assign({ node: 'n1', handle: 'by-hand', count4: 1 });
    await ipam.assign({ node: 'n1', handle: 'vxlan-tunnel-addr-n1', count4: 1, use: 'Tunnel' });
    pods.add(handleOf(attachment('runs')));
    known.pods = false;
    t.same((await collector.collect()).candidates, [], 'nothing is known before CNI runs');
    known.pods = true;
    t.equal((await collector.collect()).candidates.length, 1);
    t.equal(collector.candidates, 1);
    await grace();
    const dry = await collector.collect({ dryRun: true });
    t.match(dry.freed, [{ detail: /its workload on n1 is gone/ }]);
    t.equal((await left()).length, 5);
    await collector.collect();
    t.same(await left(), ['by-hand', 'elsewhere', 'runs', 'vxlan-tunnel-addr-n1']);
    t.same([...collector.reclaimed], [['p', 1]]);
  },
);

t.test('over a store of many hosts the first agent alive frees what nodes left that are gone', async (t) => {
  for (const [node, frees] of [
    ['n1', true],
    ['n2', false],
  ] as const) {
    const { store, collector, plug, left } = await setUp(node, { shared: true });
    for (const name of ['n1', 'n2']) await store.create(`/agent/alive/${name}`, {});
    await store.create('/agent/nodes/down', {});
    await plug('dead', 'a');
    await plug('down', 'b');
    await collector.collect();
    t.same(await left(), frees ? ['b'] : ['a', 'b'], node);
  }
});

t.test('two that take themselves for the one do no harm', async (t) => {
  const { store, ipam, journal, collector, plug, left } = await setUp('n1');
  const other = new GarbageCollector({
    node: 'n2',
    ipam: new Ipam({ store, now: Date.now }),
    store,
    journal,
    pods: () => undefined,
  });
  await store.create('/agent/nodes/n1', {});
  await store.create('/agent/nodes/n2', {});
  for (let at = 0; at < 20; at++) await plug('dead', `c${at}`);
  await plug('n2', 'lives');
  await Promise.all([collector.reconcile(), other.reconcile()]);
  t.same(await left(), ['lives']);
  t.equal((collector.reclaimed.get('p') ?? 0) + (other.reclaimed.get('p') ?? 0), 20);
  t.same((await ipam.check()).findings, []);
  t.same([...collector.findings, ...other.findings], []);
});

t.test('a pod that is plugged in while its address is looked at keeps it', async (t) => {
  const { store, pods, collector, plug, left } = await setUp('n1');
  await store.create('/agent/nodes/n1', {});
  await plug('n1', 'late');
  await collector.collect();
  await grace();
  pods.add(handleOf(attachment('late')));
  t.same((await collector.collect()).freed, []);
  pods.clear();
  t.same((await collector.collect()).freed, [], 'and it is a new candidate then');
  t.same(await left(), ['late']);
});
