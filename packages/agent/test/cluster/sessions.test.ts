/** Sessions that follow from the cluster's resources, between real speakers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ClusterRig, PORT } from './cluster-rig.js';

const MESH = (...numbers: number[]): string[] => numbers.map((number) => `n${number} node-to-node mesh established`);

async function rigOf(t: Test, nodes: number): Promise<ClusterRig> {
  const rig = new ClusterRig();
  t.teardown(() => rig.close());
  for (let number = 1; number <= nodes; number++) await rig.start(number);
  return rig;
}

t.test('nodes of one store mesh by themselves, and one that leaves is let go', async (t) => {
  const rig = await rigOf(t, 3);
  for (const name of ['n1', 'n2', 'n3']) {
    const others = [1, 2, 3].filter((number) => `n${number}` !== name);
    await rig.until(
      `${name} meshes`,
      () => rig.sessions(name).every((one) => / established$/.test(one)) && rig.sessions(name).length === 2,
    );
    t.strictSame(rig.sessions(name), MESH(...others));
    await rig.until(`${name} has the routes`, () => rig.routes(name).length === 2);
  }
  t.equal(rig.dropped('n1') + rig.dropped('n2') + rig.dropped('n3'), 0, 'without a collision');
  await rig.start(4);
  await rig.until('a fourth joins', () => rig.sessions('n1').length === 3 && rig.routes('n1').length === 3);
  await rig.stop('n4');
  await rig.store.delete('/agent/nodes/n4', (await rig.store.get('/agent/nodes/n4'))!.revision);
  await rig.until('and leaves', () => rig.sessions('n1').length === 2);
});

const REFLECTORS = { nodeSelector: 'all()', peerSelector: 'has(route-reflector)' };
const LABEL = { 'route-reflector': 'true' };

t.test('from mesh to reflectors: sessions with those stay up, the others go once they are replaced', async (t) => {
  const rig = await rigOf(t, 4);
  const names = ['n1', 'n2', 'n3', 'n4'];
  await rig.until('the mesh is up', () => names.every((name) => rig.routes(name).length === 3));
  const gaps: string[] = [];
  const watch = setInterval(() => {
    for (const name of names) if (rig.routes(name).length < 3) gaps.push(`${name}: ${rig.routes(name)}`);
  }, 5);
  for (const name of ['n1', 'n2']) await rig.put('Node', name, { bgp: { routeReflectorClusterID: '1.0.0.1' } }, LABEL);
  await rig.until(
    'the reflectors are held in the mesh',
    () => rig.agents.get('n3')!.agent.cluster!.sessions.pending.length > 0,
  );
  t.match(rig.agents.get('n3')!.agent.status().warnings.join('\n'), /node n1 has left the mesh, and no BGPPeer/);
  await rig.put('BGPPeer', 'reflectors', REFLECTORS);
  await rig.until(
    'n1 has clients',
    () => rig.sessions('n1').filter((one) => / client established/.test(one)).length === 2,
  );
  await rig.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
  await rig.until('the mesh is gone', () => ['n3', 'n4'].every((name) => rig.sessions(name).length === 2));
  t.strictSame(rig.sessions('n3'), ['n1 node peer reflectors established', 'n2 node peer reflectors established']);
  t.strictSame(rig.sessions('n1'), [
    'n2 node peer reflectors established',
    'n3 reverse of reflectors client established',
    'n4 reverse of reflectors client established',
  ]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  clearInterval(watch);
  t.strictSame(gaps, [], 'nobody was without a route at any time');
  t.equal(rig.dropped('n1') + rig.dropped('n2'), 0, 'no session with a reflector was lost');

  // The label goes, as it does when somebody renames it: nothing happens before it is confirmed.
  for (const name of ['n1', 'n2'])
    await rig.put('Node', name, { bgp: { routeReflectorClusterID: '1.0.0.1' } }, { other: 'x' });
  await rig.until('the change is held', () =>
    names.every((name) => rig.agents.get(name)!.agent.cluster!.sessions.pending.length > 0),
  );
  t.equal(rig.routes('n3').length, 3);
  const view = (await rig.call('n3', 'GET', '/v1/cluster')).body as { pending: { id: string; kind: string }[] };
  t.match(view.pending, [{ kind: 'blast-radius' }]);
  t.match(await rig.call('n3', 'POST', '/v1/cluster/confirm', { id: '00000000' }), { status: 404 });
  t.match(await rig.call('n3', 'POST', '/v1/cluster/confirm', { id: view.pending[0]!.id }), { status: 200 });
  await rig.until('the sessions go', () => rig.sessions('n3').length === 0 && rig.routes('n3').length === 0);
});

t.test('what is held is held over a restart, and over a session that goes down, until it is confirmed', async (t) => {
  const rig = await rigOf(t, 3);
  const names = ['n1', 'n2', 'n3'];
  const held = (name: string) => rig.agents.get(name)!.agent.cluster!.sessions.pending;
  const up = (name: string) => rig.sessions(name).filter((one) => one.endsWith('mesh established')).length;
  await rig.until('the mesh is up', () => names.every((name) => rig.routes(name).length === 2));
  await rig.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
  await rig.until('the change is held', () => names.every((name) => held(name).length > 0));
  const { id } = held('n1')[0]!;
  const file = join(rig.folder('n1'), 'sessions-n1.json');
  t.match(JSON.parse(readFileSync(file, 'utf8')), { format: 1, sessions: { length: 2 }, held: { length: 2 } });

  await rig.stop('n1');
  // The others hold a session that is down by now.
  await rig.until('n2 has lost it', () => up('n2') === 1);
  t.match(held('n2'), [{ sessions: { length: 2 } }]);
  await rig.start(1);
  t.match(held('n1'), [{ id, kind: 'blast-radius' }], 'the same change, under the same id');
  await rig.until('all are back', () => names.every((name) => up(name) === 2 && rig.routes(name).length === 2));
  t.match(rig.agents.get('n1')!.agent.status().warnings.join('\n'), new RegExp(`tortie cluster confirm ${id}`));

  t.match(await rig.call('n1', 'POST', '/v1/cluster/confirm', { id }), { status: 200 });
  await rig.until('they go', () => rig.sessions('n1').length === 0);
  await rig.stop('n1');
  t.match(JSON.parse(readFileSync(file, 'utf8')), { sessions: [], held: [] });
  writeFileSync(file, '{"format":2}');
  await rig.start(1);
  t.strictSame(rig.sessions('n1'), [], 'what is confirmed stays gone');
  const { events } = (await rig.call('n1', 'GET', '/v1/events')).body as { events: { text: string; cause?: string }[] };
  const told = events.find(({ text }) => text.includes(file));
  t.match(told, { text: /cannot be read/, cause: /format 2, this program knows format 1/ });
});

t.test('what changes while an agent does not run takes no more away than while it does', async (t) => {
  const rig = await rigOf(t, 3);
  const names = ['n1', 'n2', 'n3'];
  const held = (name: string) => rig.agents.get(name)!.agent.cluster!.sessions.pending;
  const up = (name: string) => rig.sessions(name).filter((one) => one.endsWith('mesh established')).length;
  const allUp = () => names.every((name) => up(name) === 2 && rig.routes(name).length === 2);
  await rig.until('the mesh is up', allUp);
  await rig.stop('n1');
  await rig.put('BGPConfiguration', 'default', { nodeMeshMaxRestartTime: '77s' });
  await rig.start(1);
  t.strictSame(held('n1'), [], 'to change what is down takes nothing down');
  const { speaker } = rig.agents.get('n1')!.agent;
  t.strictSame(
    speaker.peers().map(({ config }) => config.gracefulRestart?.restartTimeS),
    [77, 77],
  );
  await rig.until('the mesh is up again', allUp);

  await rig.stop('n1');
  await rig.put('BGPConfiguration', 'default', { nodeToNodeMeshEnabled: false });
  await rig.start(1);
  t.match(held('n1'), [{ kind: 'blast-radius', reason: /all 2 sessions/ }]);
  await rig.until('all come back, as the others hold theirs', allUp);
  t.match(await rig.call('n1', 'POST', '/v1/cluster/confirm', { id: held('n1')[0]!.id }), { status: 200 });
  await rig.until('until they may go', () => rig.sessions('n1').length === 0);
});

t.test('peers of a range are held, also over a restart', async (t) => {
  const rig = await rigOf(t, 2);
  const held = () => rig.agents.get('n1')!.agent.cluster!.sessions.pending;
  const up = () => rig.sessions('n1').filter((one) => one.endsWith('established')).length;
  await rig.until('the mesh is up', () => up() === 1);
  await rig.put('BGPPeer', 'any', { node: 'n1', range: '127.0.0.8/29', asNumber: 65000 });
  await rig.stop('n2');
  await rig.store.delete('/agent/nodes/n2', (await rig.store.get('/agent/nodes/n2'))!.revision);
  const outside = await rig.start(9, {
    asn: 65000,
    cluster: undefined as never,
    peers: [{ name: 'n1', remoteAddress: '127.0.0.1', remotePort: PORT, remoteAsn: 64512, localAddress: '127.0.0.9' }],
  });
  const session = () => outside.agent.speaker.peer('n1')?.state;
  await rig.until('somebody dials', () => session() === 'established');
  const view = async () => (await rig.call('n1', 'GET', '/v1/cluster')).body;
  await rig.until('it is counted', async () => JSON.stringify(await view()).includes('"established":1'));
  t.match(await view(), {
    sessions: [],
    open: [{ name: 'cluster/any', origin: 'node peer any', range: '127.0.0.8/29', remoteAsn: 65000, established: 1 }],
  });
  t.match(await rig.call('n1', 'POST', '/v1/plan', { delete: [{ kind: 'BGPPeer', name: 'any' }] }), {
    body: {
      sessions: [{ fate: 'removed', name: 'cluster/any', range: '127.0.0.8/29' }],
      counts: { removed: 1 },
      held: [{ kind: 'blast-radius', sessions: ['cluster/any'] }],
    },
  });
  for (const restart of [false, true]) {
    if (restart) {
      await rig.stop('n1');
      await rig.start(1);
      await rig.until('it dials again', () => session() === 'established');
    } else await rig.remove('BGPPeer', 'any');
    await rig.until('the change is held', () => held().length === 1);
    t.match(held(), [{ kind: 'blast-radius', reason: /the last session/, sessions: ['cluster/any'] }]);
  }
  t.match(await rig.call('n1', 'POST', '/v1/cluster/confirm', { id: held()[0]!.id }), { status: 200 });
  await rig.until('it goes', () => session() !== 'established');
});

t.test('passwords come from secrets and are shown to nobody', async (t) => {
  const rig = await rigOf(t, 1);
  const secretKeyRef = { name: 'bgp', key: 'tor' };
  await rig.put('BGPPeer', 'tor', { peerIP: '127.0.0.99', asNumber: 65000, password: { secretKeyRef } });
  const peer = async () =>
    (await rig.call('n1', 'GET', '/v1/peers/cluster%2F127.0.0.99')).body as { error?: string; passwordSet: boolean };
  await rig.until('the peer is there', async () => (await peer()).error !== undefined);
  t.match(await peer(), {
    error: /no secret "bgp" with a key "tor"/,
    passwordSet: false,
    origin: 'cluster',
    source: 'global peer tor',
  });
  t.match(await rig.call('n1', 'PUT', '/v1/secrets/bgp', { data: { tor: 'hush-hush' } }), { status: 204 });
  await rig.until('it has a password', async () => (await peer()).passwordSet);
  t.equal((await peer()).error, undefined);
  t.strictSame((await rig.call('n1', 'GET', '/v1/secrets')).body, { secrets: [{ name: 'bgp', keys: ['tor'] }] });
  for (const path of ['/v1/peers', '/v1/secrets', '/v1/cluster', '/v1/events']) {
    t.notMatch(JSON.stringify((await rig.call('n1', 'GET', path)).body), /hush-hush/, path);
  }
  t.match(await rig.call('n1', 'PATCH', '/v1/peers/cluster%2F127.0.0.99', { holdTimeS: 9 }), {
    status: 409,
    body: { code: 'ERR_AGENT_CLUSTER_ORIGIN' },
  });
  const keys = async () =>
    ((await rig.call('n1', 'GET', '/v1/secrets')).body as { secrets: { keys: string[] }[] }).secrets[0]?.keys;
  const patch = (data: object) => rig.call('n1', 'PATCH', '/v1/secrets/bgp', { data });
  t.match(await patch({ spine: 'sh' }), { status: 204 });
  await rig.until('both keys', async () => (await keys())?.join() === 'spine,tor');
  t.ok((await peer()).passwordSet, 'the other key stays');
  t.match(await patch({ leaf: null }), { status: 404, body: { detail: 'there is no secret "bgp" with a key "leaf"' } });
  t.match(await patch({ '../x': 'y' }), { status: 400 });
  t.match(await patch({ tor: null, spine: null }), { status: 204 });
  await rig.until('one without keys is gone', async () => (await keys()) === undefined);
  t.match(await patch({ tor: 'again' }), { status: 204 }, 'it may be made so as well');
  await rig.until('it has a password again', async () => (await peer()).passwordSet);
  t.match(await rig.call('n1', 'DELETE', '/v1/secrets/bgp'), { status: 204 });
  await rig.until('it is gone again', async () => (await peer()).error !== undefined);
});
