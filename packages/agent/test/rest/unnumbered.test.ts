/** Peers on interfaces as the API tells of them, where the interface is not there or is switched off. */
import t from 'tap';
import type { Peer, PeerChange, PeerList } from '../../src/api/peer.js';
import type { Status } from '../../src/api/status.js';
import { setUp } from './set-up.js';

const YAML = `
peers:
  - { name: up, interface: nosuch0, remoteAsn: external }
`;

t.test('an interface that is not there: the peer waits, and says for what', async (t) => {
  const { call, speaker, close } = await setUp({ yaml: YAML });
  t.teardown(close);
  const { body } = await call('GET', '/v1/peers/up');
  const { discovery, session, spec, error } = body as Peer;
  t.match(discovery, { state: 'waiting', reason: /there is no interface nosuch0|native addon/ });
  t.strictSame({ session, error }, { session: undefined, error: undefined });
  t.strictSame(spec, { name: 'up', interface: 'nosuch0', remoteAsn: 'external' });
  t.strictSame([...speaker.configs.keys()], [], 'the speaker knows nothing of it');
  const status = (await call('GET', '/v1/status')).body as Status;
  t.match(status.sessions, { configured: 1, established: 0, adminDown: 0 }, 'it is expected all the same');
  t.match((await call('GET', '/metrics')).body, /^tortie_bgp_session_established\{peer="up"\} 0$/m);
});

t.test('add, change to an address and back, remove', async (t) => {
  const { call, speaker, close } = await setUp();
  t.teardown(close);
  const added = await call('POST', '/v1/peers', { name: 'eth9', interface: 'nosuch9', remoteAsn: 'internal' });
  t.match(added, { status: 201, body: { discovery: { state: 'waiting' } } });
  t.match(await call('POST', '/v1/peers', { name: 'other', interface: 'nosuch9', remoteAsn: 1 }), {
    status: 400,
    body: { errors: [{ pointer: '/interface', detail: 'interface nosuch9 is already peer "eth9"' }] },
  });
  const patch = async (change: object): Promise<Peer> => {
    const { status, body } = await call('PATCH', '/v1/peers/eth9', change);
    t.equal(status, 200, JSON.stringify(body));
    return (body as PeerChange).peer;
  };
  const numbered = await patch({ interface: null, remoteAddress: '10.0.0.254' });
  t.equal(numbered.discovery, undefined);
  t.match(speaker.configs.get('eth9'), { remoteAsn: 64513, extendedNextHop: false, adminDown: false });
  const again = await patch({ interface: 'nosuch9', remoteAddress: null });
  t.match(again.discovery, { state: 'waiting' });
  t.match(speaker.configs.get('eth9'), { adminDown: true }, 'what is known of the session stays to be seen');
  t.equal((await call('DELETE', '/v1/peers/eth9')).status, 204);
  t.strictSame((await call('GET', '/v1/peers')).body as PeerList, { peers: [] });
  t.strictSame([...speaker.configs.keys()], []);
});
