/** Peers that flood, dawdle, or read nothing. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import {
  messages,
  octets,
  openMessage,
  SimNetwork,
  type SimRouter,
  type SimSocket,
  seededRandom,
} from '../../testing/index.js';

const US = '10.0.0.1';
const PEER = '10.0.0.2';
const STRANGER = '10.0.0.9';

function victim(network: SimNetwork, peer: Partial<Parameters<SimRouter['addPeer']>[0]> = {}): SimRouter {
  const us = network.router({ address: US, asn: 65001, openHoldTimeS: 30 });
  us.addPeer({ at: PEER, remoteAsn: 65002, passive: true, ...peer });
  return us;
}

function establish(network: SimNetwork): SimSocket {
  const socket = network.connect(PEER, US);
  network.run(2);
  socket.write(octets(openMessage()));
  socket.write(octets({ type: 'keepalive' }));
  network.run(4);
  return socket;
}

t.test('strangers are turned away, however many', (t) => {
  const network = new SimNetwork();
  const us = victim(network);
  const sockets = Array.from({ length: 500 }, () => network.connect(STRANGER, US));
  network.run(10);
  t.ok(sockets.every(({ closed }) => closed));
  t.equal(us.events.filter(({ type }) => type === 'refused').length, 500);
  establish(network);
  t.ok(us.isUp(PEER), 'the peer gets in');
  t.end();
});

t.test('a peer that opens connection after connection holds two at most', (t) => {
  const network = new SimNetwork();
  victim(network);
  const sockets = Array.from({ length: 100 }, () => network.connect(PEER, US));
  network.run(10);
  t.equal(sockets.filter(({ closed }) => !closed).length, 2);
  network.run(31_000);
  t.equal(sockets.filter(({ closed }) => !closed).length, 0, 'and those without an OPEN are closed in time');
  t.end();
});

t.test('an established session survives connections beside it', (t) => {
  const network = new SimNetwork();
  const us = victim(network, { gracefulRestart: false });
  const first = establish(network);
  for (let round = 0; round < 20; round++) {
    const second = network.connect(PEER, US);
    network.run(2);
    second.write(octets(openMessage()));
    network.run(4);
    t.ok(second.closed);
    t.match(messages(second.received).at(-1), { type: 'notification', errorCode: 6, errorSubcode: 7 });
  }
  t.notOk(first.closed);
  t.equal(us.speaker.peer(PEER)?.dropped, 0);
  t.end();
});

t.test('octets one by one, for hours', (t) => {
  const network = new SimNetwork({ splitOctets: 1 });
  const us = victim(network);
  const socket = establish(network);
  t.ok(us.isUp(PEER));
  // A KEEPALIVE, one octet each 4 seconds, takes 76 seconds: in time for the hold timer of 90.
  const keepalive = octets({ type: 'keepalive' });
  for (let index = 0; index < 19 * 5; index++) {
    socket.write(keepalive.subarray(index % 19, (index % 19) + 1));
    network.run(4000);
  }
  t.ok(us.isUp(PEER));
  // At one octet each 6 seconds it takes 114.
  for (let index = 0; index < 19; index++) {
    socket.write(keepalive.subarray(index % 19, (index % 19) + 1));
    network.run(6000);
  }
  t.same(us.reasons(PEER), ['hold timer expired'], 'octets alone keep nothing alive');
  t.end();
});

t.test('a slow reader: KEEPALIVEs and the NOTIFICATION overtake what waits for it', (t) => {
  const network = new SimNetwork();
  const us = victim(network, { holdTimeS: 30, keepaliveS: 3 });
  for (let index = 0; index < 20_000; index++) {
    us.speaker.originate(parsePrefix(`20.${index >> 8}.${index & 255}.0/24`), { med: index });
  }
  const socket = network.connect(PEER, US);
  network.run(2);
  socket.write(octets(openMessage()));
  socket.write(octets({ type: 'keepalive' }));
  network.run(1.5);
  socket.pause();
  for (let second = 0; second < 60; second += 3) {
    network.run(3000);
    socket.write(octets({ type: 'keepalive' }));
  }
  t.ok(us.isUp(PEER));
  t.ok(socket.remote.unread < 256 * 1024, 'what waits stays in the RIB');
  t.ok(us.speaker.peer(PEER)!.pendingOctets > 0);
  us.removePeer(PEER);
  socket.resume();
  network.run(10);
  const received = messages(socket.received);
  const keepalives = received.filter(({ type }) => type === 'keepalive').length;
  const updates = received.filter(({ type }) => type === 'update').length;
  t.ok(keepalives >= 18, `${keepalives} KEEPALIVEs in a minute`);
  t.ok(updates < 5000, `${updates} of 20,000 UPDATEs`);
  t.match(received.at(-1), { type: 'notification', errorCode: 6 });
  t.end();
});

t.test('a peer that takes nothing for ever: the send hold timer ends it (RFC 9687)', (t) => {
  const network = new SimNetwork();
  const us = victim(network);
  establish(network);
  const connection = 1;
  us.speaker.sendStalled(connection, 479, network.clock.nowMs);
  us.turn();
  t.ok(us.isUp(PEER));
  us.speaker.sendStalled(connection, 480, network.clock.nowMs);
  us.turn();
  t.match(us.reasons(PEER), ['send hold timer expired: the peer reads nothing']);
  t.end();
});

t.test('octets that wait for us are not silence', (t) => {
  const network = new SimNetwork();
  const us = victim(network, { holdTimeS: 9, keepaliveS: 3 });
  establish(network);
  // The driver has received something and did not get round to it: the loop was busy for ten seconds.
  us.speaker.advance(network.clock.nowMs + 9_100, () => true);
  us.turn();
  t.ok(us.isUp(PEER));
  us.speaker.advance(network.clock.nowMs + 10_200, () => false);
  us.turn();
  t.same(us.reasons(PEER), ['hold timer expired']);
  t.end();
});

t.test('noise of every length', (t) => {
  const network = new SimNetwork();
  const us = victim(network, { idleHoldMaxS: 0 });
  const random = seededRandom(1);
  for (let length = 1; length < 300; length += 7) {
    const socket = network.connect(PEER, US);
    network.run(2);
    const noise = Uint8Array.from({ length }, () => Math.floor(random() * 256));
    socket.write(length % 2 ? noise : Uint8Array.of(...new Array<number>(16).fill(0xff), ...noise));
    network.run(10);
    socket.close();
    network.run(1000);
  }
  establish(network);
  t.ok(us.isUp(PEER));
  t.notOk(us.events.some(({ type }) => type === 'problem'));
  t.end();
});
