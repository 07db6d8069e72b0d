/** Sessions coming up and going down between two speakers. */
import t from 'tap';
import { SimNetwork, type SimRouter } from '../../testing/index.js';

const A = '10.0.0.1';
const B = '10.0.0.2';

/** Two routers in two ASes that know each other. */
function pairOf(
  network: SimNetwork,
  a: Partial<Parameters<SimRouter['addPeer']>[0]> = {},
  b: Partial<Parameters<SimRouter['addPeer']>[0]> = {},
): readonly [SimRouter, SimRouter] {
  const first = network.router({ address: A, asn: 65001 });
  const second = network.router({ address: B, asn: 65002 });
  first.addPeer({ at: B, remoteAsn: 65002, ...a });
  second.addPeer({ at: A, remoteAsn: 65001, ...b });
  return [first, second];
}

t.test('one side passive', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, {}, { passive: true });
  t.ok(network.until(() => a.isUp(B) && b.isUp(A)));
  t.match(a.speaker.peer(B), {
    state: 'established',
    routerId: 0x0a000002,
    negotiated: {
      holdTimeS: 90,
      keepaliveS: 30,
      families: ['ipv4-unicast', 'ipv6-unicast'],
      fourOctetAs: true,
      extendedMessages: true,
      routeRefresh: true,
      enhancedRouteRefresh: true,
      gracefulRestart: true,
    },
    established: 1,
    dropped: 0,
  });
  const states = b.events.flatMap((event) => (event.type === 'session' ? [event.to] : []));
  t.same(states, ['active', 'open-sent', 'open-confirm', 'established']);
  network.run(600_000);
  t.ok(a.isUp(B) && b.isUp(A), 'stays up for ten minutes');
  t.equal(a.speaker.peer(B)?.established, 1);
  t.end();
});

t.test('a peer that answers nothing: the cause says so, until it answers', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, {}, { passive: true });
  network.cut(A, B);
  network.run(3_700);
  t.equal(a.speaker.peer(B)?.lastCause, undefined, 'the first attempt may still be answered');
  network.run(1_400);
  t.equal(a.state(B), 'connect');
  t.match(a.speaker.peer(B)?.lastCause, /^no answer to our connection/);
  t.same(a.reasons(B), [], 'which is no event each time');
  network.heal(A, B);
  t.ok(network.until(() => a.isUp(B) && b.isUp(A)));
  t.end();
});

t.test('one side waits for the peer: it dials after one retry time, and not before', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { waitForPeer: true }, {});
  t.ok(network.until(() => a.isUp(B) && b.isUp(A), 1000));
  t.equal(b.speaker.peer(A)?.remotePort, 179, 'B dialled');
  t.equal(a.speaker.peer(B)?.established, 1);
  const other = new SimNetwork();
  const [x, y] = pairOf(other, { waitForPeer: true }, { passive: true });
  other.run(3000);
  t.same([x.state(B), y.state(A)], ['active', 'active']);
  t.ok(
    other.until(() => x.isUp(B) && y.isUp(A), 3000),
    'up once the ConnectRetryTimer has expired',
  );
  t.equal(x.speaker.peer(B)?.remotePort, 179, 'A dialled');
  t.end();
});

t.test('both passive never meet', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { passive: true }, { passive: true });
  network.run(600_000);
  t.same([a.state(B), b.state(A)], ['active', 'active']);
  t.end();
});

t.test('both dial at once: one connection stays', (t) => {
  for (const delayMs of [0, 1, 50]) {
    const network = new SimNetwork({ delayMs });
    const [a, b] = pairOf(network);
    t.ok(
      network.until(() => a.isUp(B) && b.isUp(A), 10_000),
      `up with a delay of ${delayMs} ms`,
    );
    network.run(300_000);
    t.same([a.speaker.peer(B)?.dropped, b.speaker.peer(A)?.dropped], [0, 0], 'nothing was dropped');
    // RFC 4271 section 6.8: the connection of the higher BGP Identifier, which is B's.
    t.equal(b.speaker.peer(A)?.remotePort, 179, 'B dialled it');
  }
  t.end();
});

t.test('octets one by one', (t) => {
  const network = new SimNetwork({ splitOctets: 1 });
  const [a, b] = pairOf(network);
  t.ok(network.until(() => a.isUp(B) && b.isUp(A), 10_000));
  t.end();
});

t.test('nobody there, then somebody', (t) => {
  const network = new SimNetwork();
  const a = network.router({ address: A, asn: 65001 });
  a.addPeer({ at: B, remoteAsn: 65002 });
  network.run(21_000);
  t.equal(a.state(B), 'active');
  t.match(a.reasons(B), ['TCP connection refused', 'TCP connection refused', 'TCP connection refused']);
  t.ok(a.reasons(B).length <= 7, 'every 3.75 to 5 seconds');
  const b = network.router({ address: B, asn: 65002 });
  b.addPeer({ at: A, remoteAsn: 65001, passive: true });
  t.ok(network.until(() => a.isUp(B), 5_100));
  t.end();
});

t.test('a dead peer: the hold timer finds it', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { holdTimeS: 9, gracefulRestart: false }, { passive: true });
  network.until(() => a.isUp(B) && b.isUp(A));
  network.run(2_000);
  network.cut(A, B);
  network.run(9_100);
  t.same(a.reasons(B), ['hold timer expired']);
  t.same(b.reasons(A), ['hold timer expired']);
  network.heal(A, B);
  t.ok(
    network.until(() => a.isUp(B) && b.isUp(A), 30_000),
    'and comes back',
  );
  t.end();
});

t.test('hold time 0: nothing is sent, nothing expires', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { holdTimeS: 0 }, { passive: true });
  network.until(() => a.isUp(B) && b.isUp(A));
  network.run(1000);
  const sent = a.speaker.peer(B)?.sent.keepalive;
  network.cut(A, B);
  network.run(3_600_000);
  t.ok(a.isUp(B));
  t.equal(a.speaker.peer(B)?.sent.keepalive, sent);
  t.end();
});

t.test('a wrong AS number: refused again and again, more and more slowly', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { remoteAsn: 65009 }, { passive: true });
  network.run(600_000);
  const reasons = a.reasons(B);
  t.equal(reasons[0], 'we sent OPEN Message Error/Bad Peer AS: the peer says AS 65002; configured is AS 65009');
  t.match(b.reasons(A)[0], 'peer sent OPEN Message Error/Bad Peer AS');
  const opens = reasons.filter((reason) => reason.startsWith('we sent'));
  t.ok(opens.length >= 6 && opens.length <= 20, `${opens.length} OPENs answered in ten minutes`);
  t.equal(a.updatePeer({ at: B, remoteAsn: 65002 }), 'session-reset');
  t.ok(
    network.until(() => a.isUp(B) && b.isUp(A), 70_000),
    'up once it is put right',
  );
  t.end();
});

t.test('DelayOpen: the peer speaks first', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { delayOpenS: 30 }, { passive: true });
  t.ok(
    network.until(() => a.isUp(B) && b.isUp(A), 1000),
    'up at once',
  );
  t.end();
});

t.test('DelayOpen on both sides: after the delay', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, { delayOpenS: 10 }, { passive: true, delayOpenS: 20 });
  network.run(9_000);
  t.same([a.state(B), b.state(A)], ['connect', 'active']);
  t.ok(network.until(() => a.isUp(B) && b.isUp(A), 2000));
  t.end();
});

t.test('a shutdown tells why', (t) => {
  const network = new SimNetwork();
  const [a, b] = pairOf(network, {}, { passive: true });
  network.until(() => a.isUp(B) && b.isUp(A));
  b.shutDown({ text: 'maintenance until 6' });
  network.run(100);
  // Both sides have the N-bit: a Hard Reset carries the Cease (RFC 8538).
  t.same(a.reasons(B), ['peer sent Cease/Administrative Shutdown (Hard Reset): maintenance until 6']);
  t.end();
});

t.test('a peer that closes right after its OPEN is not dialled in a loop', (t) => {
  const network = new SimNetwork();
  const a = network.router({ address: A, asn: 65001 });
  let connections = 0;
  network.listen(B, (socket) => {
    connections++;
    socket.close();
  });
  a.addPeer({ at: B, remoteAsn: 65002 });
  network.run(60_000);
  t.ok(connections >= 10 && connections <= 20, `${connections} connections in a minute`);
  t.end();
});
