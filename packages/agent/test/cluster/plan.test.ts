/** What `tortie plan` says, against what then happens, between real speakers. */

import { formatPrefix, parsePrefix } from '@tortie/ip';
import t, { type Test } from 'tap';
import type { Plan } from '../../src/api/index.js';
import { ClusterRig } from './cluster-rig.js';

const MESH_OFF = { nodeToNodeMeshEnabled: false };
const REFLECTORS = { nodeSelector: 'all()', peerSelector: 'has(rr)' };
const document = (kind: string, name: string, spec: object, labels?: object) => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: { name, ...(labels && { labels }) },
  spec,
});
const RR = (name: string) => document('Node', name, { bgp: { routeReflectorClusterID: '1.0.0.1' } }, { rr: 'true' });

class Planned {
  readonly rig = new ClusterRig();
  readonly names: string[] = [];

  static async of(t: Test, nodes: number, resources: readonly ReturnType<typeof document>[] = []): Promise<Planned> {
    const planned = new Planned();
    t.teardown(() => planned.rig.close());
    await planned.apply(resources);
    for (let number = 1; number <= nodes; number++) {
      await planned.rig.start(number);
      planned.names.push(`n${number}`);
    }
    const { ipam } = planned.rig.agents.get('n1')!.agent;
    await ipam.pools.create({ name: 'p', cidr: parsePrefix('10.0.0.0/16') });
    for (const name of planned.names) await ipam.claimBlock(name, 4);
    return planned;
  }

  async apply(resources: readonly ReturnType<typeof document>[]): Promise<void> {
    for (const { kind, metadata, spec } of resources)
      await this.rig.put(kind, metadata.name, spec, metadata.labels as Record<string, string> | undefined);
  }

  async plan(name: string, resources: readonly unknown[], deleted: readonly object[] = []): Promise<Plan> {
    const { status, body } = await this.rig.call(name, 'POST', '/v1/plan', { resources, delete: deleted });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body as Plan;
  }

  /** Every prefix that came from other nodes. */
  routes(name: string): string[] {
    const { speaker } = this.rig.agents.get(name)!.agent;
    return speaker
      .locRib({ family: 'ipv4-unicast', limit: 1000 })
      .items.filter(({ candidates }) => candidates.some(({ best, peer }) => best && peer !== 0))
      .map(({ prefix }) => formatPrefix(prefix))
      .sort();
  }

  sessions(name: string): string[] {
    return [...this.rig.agents.get(name)!.agent.cluster!.sessions.sessions.keys()].sort();
  }

  /** Sessions, and routes of `each` prefixes of every other node. */
  settled(each = 2): Promise<unknown> {
    return this.rig.until('everybody has the routes of all others', () =>
      this.names.every((name) => this.routes(name).length === (this.names.length - 1) * each),
    );
  }

  async confirmAll(): Promise<void> {
    for (const name of this.names) {
      const { pending } = this.rig.agents.get(name)!.agent.cluster!.sessions;
      for (const { id } of pending) await this.rig.call(name, 'POST', '/v1/cluster/confirm', { id });
    }
  }
}

const without = (all: readonly string[], gone: readonly string[]): string[] => all.filter((one) => !gone.includes(one));

t.test('a mesh that is switched off: exactly the routes are lost that the plan names', async (t) => {
  const net = await Planned.of(t, 3);
  await net.settled();
  const before = net.routes('n3');
  const change = [document('BGPConfiguration', 'default', MESH_OFF)];
  const plan = await net.plan('n3', change);
  t.match(plan, {
    counts: { removed: 2, added: 0, kept: 0 },
    held: [{ kind: 'blast-radius', sessions: net.sessions('n3') }],
    routes: { gained: [], truncated: false },
    others: [{ node: 'n1', counts: { removed: 2 } }, { node: 'n2' }],
    total: { removed: 6 },
  });
  t.strictSame(net.routes('n3'), before, 'a plan does nothing');
  await net.apply(change);
  await net.rig.until('it is held as was said', () => {
    const { pending } = net.rig.agents.get('n3')!.agent.cluster!.sessions;
    return pending[0]?.id === plan.held[0]?.id;
  });
  await net.rig.until('everybody holds', () =>
    net.names.every((name) => net.rig.agents.get(name)!.agent.cluster!.sessions.pending.length > 0),
  );
  await net.confirmAll();
  await net.rig.until('the sessions go', () => net.sessions('n3').length === 0 && net.routes('n3').length === 0);
  t.strictSame([...plan.routes.lost].sort(), before);
});

t.test('from mesh to reflectors: no route is lost, and none is', async (t) => {
  const net = await Planned.of(t, 4);
  await net.settled();
  const change = [
    RR('n1'),
    RR('n2'),
    document('BGPPeer', 'rr', REFLECTORS),
    document('BGPConfiguration', 'default', MESH_OFF),
  ];
  const plan = await net.plan('n3', change);
  t.match(plan, { counts: { removed: 1, added: 0, reset: 0 }, routes: { lost: [], gained: [] } });
  const of = (fate: string) => plan.sessions.filter((one) => one.fate === fate).map(({ node }) => node);
  t.strictSame(of('removed'), ['n4']);
  const before = net.routes('n3');
  const gaps: string[][] = [];
  const watch = setInterval(() => {
    if (net.routes('n3').length < before.length) gaps.push(without(before, net.routes('n3')));
  }, 5);
  await net.apply(change);
  await net.rig.until('the mesh is gone', () => net.sessions('n3').length === 2 && net.sessions('n4').length === 2);
  await net.settled();
  clearInterval(watch);
  t.strictSame(gaps, []);
  t.equal(net.rig.dropped('n1'), 0, 'sessions that are kept or refreshed stay up');
});

t.test('nodes that get sessions: exactly the blocks come that the plan names', async (t) => {
  const net = await Planned.of(t, 4, [document('BGPConfiguration', 'default', MESH_OFF), RR('n1')]);
  t.strictSame(net.routes('n3'), []);
  const one = document('BGPPeer', 'rr', { ...REFLECTORS, nodeSelector: "has(rr) || kubernetes == 'x'" });
  // A reflector without clients leads to its own block alone.
  t.match(await net.plan('n3', [one]), { routes: { gained: [] } });
  const alone = await net.plan('n3', [document('BGPPeer', 'three', { node: 'n3', peerSelector: 'has(rr)' })]);
  t.match(alone, { counts: { added: 1 }, routes: { lost: [], gained: { length: 1 } } });
  const change = [document('BGPPeer', 'rr', REFLECTORS)];
  const plan = await net.plan('n3', change);
  t.equal(plan.routes.gained.length, 3, 'of the reflector and of both other clients');
  await net.apply(change);
  await net.settled();
  const blocks = net.routes('n3').filter((prefix) => prefix.startsWith('10.0.'));
  t.strictSame([...plan.routes.gained].sort(), blocks);

  t.match(
    await net.plan('n3', change),
    { counts: { added: 0, removed: 0 }, routes: { gained: [], lost: [] } },
    'what is so already changes nothing',
  );
  const gone = await net.plan('n3', [], [{ kind: 'BGPPeer', name: 'rr' }]);
  t.strictSame([...gone.routes.lost].sort(), net.routes('n3'), 'and without it all of them go');
});

t.test('what another session has as well is not lost with one of the two', async (t) => {
  const to = (name: string) => document('BGPPeer', name, { node: 'n3', peerSelector: `side == '${name}'` });
  const side = (node: string, name: string) => document('Node', node, {}, { side: name });
  const resources = [
    side('n1', 'a'),
    side('n2', 'b'),
    to('a'),
    to('b'),
    document('BGPConfiguration', 'default', MESH_OFF),
  ];
  const net = await Planned.of(t, 3, resources);
  for (const name of ['n1', 'n2']) await net.rig.call(name, 'POST', '/v1/originated', { prefix: '10.244.9.0/24' });
  const { speaker } = net.rig.agents.get('n3')!.agent;
  await net.rig.until('both have told it, and their own', () => {
    const candidates = speaker.locRib({ prefix: parsePrefix('10.244.9.0/24') }).items[0]?.candidates.length;
    return candidates === 2 && net.routes('n3').length === 5;
  });
  const before = net.routes('n3');
  const plan = await net.plan('n3', [], [{ kind: 'BGPPeer', name: 'a' }]);
  t.match(plan, { counts: { removed: 1 }, routes: { lost: { length: 2 } } });
  t.notOk(plan.routes.lost.includes('10.244.9.0/24'));
  await net.rig.remove('BGPPeer', 'a');
  await net.rig.until('it has gone', async () => {
    await net.confirmAll();
    return net.routes('n3').length === 3;
  });
  t.strictSame([...plan.routes.lost].sort(), without(before, net.routes('n3')));
});

t.test('what is refreshed stays up, what is reset goes down, as the plan says', async (t) => {
  const net = await Planned.of(t, 3);
  await net.settled();
  const filter = document('BGPFilter', 'none-of-1', {
    importV4: [{ cidr: '10.244.1.0/24', matchOperator: 'Equal', action: 'Reject' }],
  });
  const refresh = [filter, document('BGPPeer', 'two', { node: 'n3', peerSelector: 'all()', filters: ['none-of-1'] })];
  t.match((await net.plan('n3', refresh)).counts, { refreshed: 2, reset: 0, added: 0, removed: 0 });
  await net.apply(refresh);
  await net.rig.until('the filter is in force', () => !net.routes('n3').includes('10.244.1.0/24'));
  t.equal(net.rig.dropped('n3'), 0);
  const reset = [
    document('BGPPeer', 'two', { node: 'n3', peerSelector: "kubernetes == 'x' || all()", holdTime: '30s' }),
  ];
  const plan = await net.plan('n3', reset);
  t.match(plan, { counts: { reset: 2 }, held: [{ kind: 'blast-radius' }], routes: { lost: [] } });
  await net.apply(reset);
  // Of the other two it is one session of two each: they reset it, and this node's are back before or after its own hold ends.
  await net.rig.until('it is held', () => net.rig.agents.get('n3')!.agent.cluster!.sessions.pending.length > 0);
  await net.confirmAll();
  await net.rig.until('they are down and up again', () => net.rig.dropped('n3') >= 2 && net.routes('n3').length === 4);
});
