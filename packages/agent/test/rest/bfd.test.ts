import t from 'tap';
import type { Peer, PeerChange } from '../../src/api/peer.js';
import type { EventList } from '../../src/api/status.js';
import { until } from '../until.js';
import { type SetUp, setUp } from './set-up.js';

const PEERS = `
peers:
  - name: tor
    remoteAddress: 10.0.0.254
    remoteAsn: 64512
    bfd: { minTxMs: 100 }
  - { name: plain, remoteAddress: 10.0.0.253, remoteAsn: 64512 }
  - { name: off, remoteAddress: 10.0.0.252, remoteAsn: 64512, bfd: { enabled: false } }
`;

const peerOf = async ({ call }: SetUp, name: string): Promise<Peer> =>
  (await call('GET', `/v1/peers/${name}`)).body as Peer;

const bfdEvents = async ({ call }: SetUp) => ((await call('GET', '/v1/events?kind=bfd')).body as EventList).events;

t.test('the file: sessions for the peers that want one', async (t) => {
  const set = await setUp({ yaml: PEERS });
  t.teardown(() => set.close());
  t.same(set.bfd.names(), ['tor']);
  t.match(set.bfd.specs.get('tor'), { minTxMs: 100, minRxMs: 300, multiplier: 3, multihop: false, adminDown: false });
  set.bfd.become('tor', 'up');
  const { bfd } = await peerOf(set, 'tor');
  t.match(bfd, { state: 'up', remoteState: 'up', txIntervalMs: 300, packetsIn: 5, packetsOut: 6, holdsSession: false });
  t.equal((await peerOf(set, 'plain')).bfd, undefined);
  const { body: metrics } = await set.call('GET', '/metrics');
  t.match(metrics, /^tortie_bfd_session_up\{peer="tor"\} 1$/m);
  t.match(metrics, /^tortie_bfd_packets_total\{peer="tor",direction="in"\} 5$/m);
  t.match(metrics, /^tortie_bfd_dropped_packets_total\{reason="ttl"\} 3$/m);
});

t.test('a lost path ends the BGP session; a peer that shut BFD down does not', async (t) => {
  const set = await setUp({ yaml: PEERS });
  t.teardown(() => set.close());
  set.speaker.states.set('tor', 'established');
  set.bfd.become('tor', 'init');
  set.bfd.become('tor', 'up');
  set.bfd.become('tor', 'down');
  t.same(set.speaker.resets, []);
  set.bfd.become('tor', 'up');
  set.bfd.become('tor', 'down', true);
  t.same(set.speaker.resets, ['tor bfd-down']);
  t.match(await bfdEvents(set), [
    { subject: 'tor', text: 'BFD with tor: init -> up' },
    { text: 'BFD with tor: up -> down', cause: /the peer is/ },
    { text: 'BFD with tor: down -> up' },
    { text: 'BFD with tor: up -> down', cause: 'control detection time expired' },
  ]);
  set.bfd.problem('tor', 'no such thing');
  t.match((await bfdEvents(set)).at(-1), { text: 'no BFD with tor', cause: 'no such thing' });
});

t.test('the API: on, changed in place, shut down, off', async (t) => {
  const set = await setUp();
  t.teardown(() => set.close());
  const { call, bfd } = set;
  const body = { name: 'tor', remoteAddress: '10.0.0.254', remoteAsn: 64512, localAddress: '10.0.0.1', device: 'eth0' };
  t.equal((await call('POST', '/v1/peers', body)).status, 201);
  t.same(bfd.names(), []);
  const patch = async (change: object): Promise<string> => {
    const { status, body } = await call('PATCH', '/v1/peers/tor', change);
    t.equal(status, 200, JSON.stringify(body));
    return (body as PeerChange).impact;
  };
  t.equal(await patch({ bfd: {} }), 'applied');
  t.match(bfd.specs.get('tor'), { device: 'eth0', multihop: false, minTxMs: 300 });
  t.equal(await patch({ bfd: { multiplier: 5 } }), 'applied');
  t.equal(bfd.specs.get('tor')?.multiplier, 5);
  await patch({ multihopTtl: 3, device: null });
  t.equal(bfd.specs.get('tor')?.multihop, true, 'follows from the session');
  await patch({ adminDown: true });
  t.equal(bfd.specs.get('tor')?.adminDown, true);
  t.equal(await patch({ bfd: { enabled: false } }), 'applied');
  t.same(bfd.names(), []);
  await patch({ bfd: null });
  t.equal((await call('DELETE', '/v1/peers/tor')).status, 204);
});

for (const [what, bfd, pointer] of [
  ['an interval too short', { minTxMs: 1 }, '/bfd/minTxMs'],
  ['a multiplier of 0', { multiplier: 0 }, '/bfd/multiplier'],
  ['an unknown field', { minTx: 100 }, '/bfd/minTx'],
] as const) {
  t.test(`refused: ${what}`, async (t) => {
    const set = await setUp();
    t.teardown(() => set.close());
    const answer = await set.call('POST', '/v1/peers', { name: 'x', remoteAddress: '10.0.0.9', remoteAsn: 1, bfd });
    t.equal(answer.status, 400);
    t.match(answer.body, { errors: [{ pointer }] });
  });
}

t.test('strict: BGP waits for BFD, stays when BFD is shut down, and waits again after a lost path', async (t) => {
  const set = await setUp({
    yaml: 'peers: [{ name: tor, remoteAddress: 10.0.0.254, remoteAsn: 64512, bfd: { strict: true } }]',
  });
  t.teardown(() => set.close());
  const { bfd, speaker } = set;
  const held = () => speaker.configs.get('tor')!.adminDown;
  t.equal(held(), true);
  t.equal((await peerOf(set, 'tor')).bfd?.holdsSession, true);
  t.match((await set.call('GET', '/v1/status')).body, { sessions: { configured: 1, adminDown: 0 } });
  bfd.become('tor', 'up');
  await until('BGP no longer to wait', async () => !held());
  speaker.states.set('tor', 'established');
  bfd.become('tor', 'down');
  await set.agent.agent.peersLoop.settle();
  t.equal(held(), false, 'AdminDown of the peer holds nothing');
  bfd.become('tor', 'up');
  speaker.states.set('tor', 'idle');
  bfd.become('tor', 'down', true);
  await until('BGP to wait again', async () => held());
});
