/** Peers at link-local addresses: the interface is a part of the address. And peers whose AS number is not said. */
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { type PeerConfig, Speaker, type SpeakerOutput } from '../../src/index.js';
import { SimNetwork } from '../../testing/index.js';

const FAR = parseAddress('fe80::1');

function speaker(): Speaker {
  return new Speaker({ asn: 65000, routerId: 1, random: () => 0.5, nowMs: 0 });
}

const peer = (name: string, over: Partial<PeerConfig> = {}): PeerConfig => ({
  name,
  remoteAddress: FAR,
  remoteAsn: 'external',
  device: name,
  ...over,
});

const dials = (outputs: readonly SpeakerOutput[]) => outputs.filter((output) => output.type === 'dial');

t.test('one link-local address on two interfaces is two peers', (t) => {
  const router = speaker();
  for (const name of ['eth0', 'eth1']) router.addPeer(peer(name), 0);
  t.match(
    dials(router.drain()).map(({ options }) => options.device),
    ['eth0', 'eth1'],
  );
  t.match(router.accept(FAR, { device: 'eth1' }, 0), { peer: 'eth1' });
  t.match(router.accept(FAR, { device: 'eth0' }, 0), { peer: 'eth0' });
  t.match(router.accept(FAR, { device: 'eth2' }, 0), { known: false }, 'a third interface has none');
  const refused = router.drain().flatMap((output) => (output.type === 'event' ? [output.event] : []));
  t.match(
    refused.find(({ type }) => type === 'refused'),
    { remoteAddress: 'fe80::1%eth2' },
  );
  t.throws(() => router.addPeer(peer('again', { device: 'eth0' }), 0), {
    message: 'peer "eth0" has the address fe80::1%eth0 already',
    field: 'remoteAddress',
  });
  t.end();
});

t.test('a peer without an interface is there on all of them', (t) => {
  const router = speaker();
  const { device: _, ...anywhere } = peer('anywhere');
  router.addPeer(anywhere, 0);
  router.addPeer(peer('eth0'), 0);
  t.match(router.accept(FAR, { device: 'eth0' }, 0), { peer: 'eth0' }, 'the one that names it goes first');
  t.match(router.accept(FAR, { device: 'eth7' }, 0), { peer: 'anywhere' });
  t.end();
});

t.test('another interface is another place: the peer is dialled there', (t) => {
  const router = speaker();
  router.addPeer(peer('uplink', { device: 'eth0' }), 0);
  router.drain();
  t.equal(router.updatePeer('uplink', peer('uplink', { device: 'eth1' }), 1), 'session-reset');
  t.match(dials(router.drain()), [{ options: { device: 'eth1' } }]);
  t.match(router.accept(FAR, { device: 'eth0' }, 2), { known: false });
  t.match(router.accept(FAR, { device: 'eth1' }, 2), { peer: 'uplink' });
  t.end();
});

t.test('TCP-MD5 keys go by address alone, so one address has one key', (t) => {
  const router = speaker();
  const keys = () => router.drain().flatMap((output) => (output.type === 'password' ? [output.password] : []));
  router.addPeer(peer('eth0', { password: 'one' }), 0);
  t.throws(() => router.addPeer(peer('eth1', { password: 'two' }), 0), {
    field: 'password',
    message: /another TCP-MD5 key for fe80::1/,
  });
  router.addPeer(peer('eth1', { password: 'one' }), 0);
  t.same(keys(), ['one', 'one']);
  router.removePeer('eth0', 1);
  t.same(keys(), ['one'], 'the other one still needs it');
  router.removePeer('eth1', 2);
  t.same(keys(), [undefined]);
  t.end();
});

t.test('a range of link-local addresses: the interface is a part of the name', (t) => {
  const router = speaker();
  router.addRange({ name: 'any', prefix: parsePrefix('fe80::/10'), limit: 2, peer: { remoteAsn: 'external' } }, 0);
  t.match(router.accept(FAR, { device: 'eth0' }, 0), { peer: 'any/fe80::1%eth0' });
  t.match(router.accept(FAR, { device: 'eth1' }, 0), { peer: 'any/fe80::1%eth1' });
  t.match(router.peer('any/fe80::1%eth1'), { config: { device: 'eth1' } });
  t.match(router.accept(FAR, { device: 'eth2' }, 0), { known: false }, 'both count towards the limit');
  const range = { name: 'any', prefix: parsePrefix('fe80::/10'), peer: { remoteAsn: 'external' as const } };
  t.equal(router.updateRange({ ...range, peer: { ...range.peer, description: 'x' } }, 1), 'applied');
  t.match(router.peer('any/fe80::1%eth1'), { config: { device: 'eth1', description: 'x' } }, 'each stays where it is');
  t.equal(router.updateRange({ ...range, peer: { ...range.peer, device: 'eth0' } }, 1), 'session-reset');
  t.same(
    router.peers().map(({ name }) => name),
    ['any/fe80::1%eth0'],
    'of another interface now',
  );
  router.removeRange('any', 1);
  t.same(router.peers(), []);
  t.end();
});

t.test('a range that names an interface takes peers of no other', (t) => {
  const router = speaker();
  router.addRange(
    { name: 'any', prefix: parsePrefix('fe80::/10'), peer: { remoteAsn: 'external', device: 'eth0' } },
    0,
  );
  t.match(router.accept(FAR, { device: 'eth1' }, 0), { known: false });
  t.match(router.accept(FAR, { device: 'eth0' }, 0), { peer: 'any/fe80::1%eth0' });
  t.end();
});

for (const [remoteAsn, theirs, expected] of [
  ['external', 65001, 'up'],
  ['external', 65000, /the peer says AS 65000, which is ours/],
  ['internal', 65000, 'up'],
  ['internal', 65001, /the peer says AS 65001; configured is AS 65000/],
] as const) {
  t.test(`remoteAsn ${remoteAsn} and a peer of AS ${theirs}`, (t) => {
    const network = new SimNetwork();
    const ours = network.router({ address: '10.0.0.1', asn: 65000 });
    const other = network.router({ address: '10.0.0.2', asn: theirs });
    other.addPeer({ at: '10.0.0.1', remoteAsn: 65000 });
    ours.addPeer({ at: '10.0.0.2', remoteAsn });
    network.run(5000);
    if (expected === 'up') {
      t.ok(ours.isUp('10.0.0.2'));
      t.equal(ours.speaker.peer('10.0.0.2')!.negotiated?.remoteAsn, theirs);
    } else {
      t.notOk(ours.isUp('10.0.0.2'));
      t.ok(
        ours.reasons('10.0.0.2').some((reason) => expected.test(reason)),
        ours.reasons('10.0.0.2').join('; '),
      );
    }
    t.end();
  });
}

t.test('an external peer is no client of a reflector', (t) => {
  t.throws(() => speaker().addPeer(peer('eth0', { routeReflectorClient: true }), 0), {
    field: 'routeReflectorClient',
    message: /this one is in another AS/,
  });
  t.throws(() => speaker().addPeer(peer('eth0', { remoteAsn: 0 }), 0), { field: 'remoteAsn', message: /is 0/ });
  t.end();
});
