/** Restarts of a peer seen by the helper, and of our own. RFC 4724, RFC 8538. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { Capability } from '../../src/index.js';
import {
  announcement,
  octets,
  openMessage,
  SimNetwork,
  type SimRouter,
  type SimRouterOptions,
  seededRandom,
} from '../../testing/index.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const ROUTES = ['20.0.0.0/24', '20.0.1.0/24', '20.0.2.0/24'];

type PeerChange = Partial<Parameters<SimRouter['addPeer']>[0]>;

/** B tells A, A tells C. All three in ASes of their own. */
function chain(
  network: SimNetwork,
  a: PeerChange = {},
  b: PeerChange = {},
): { a: SimRouter; b: SimRouter; c: SimRouter } {
  const first = network.router({ address: A, asn: 65001 });
  const third = network.router({ address: C, asn: 65003 });
  first.addPeer({ at: B, remoteAsn: 65002, passive: true, ...a });
  first.addPeer({ at: C, remoteAsn: 65003, passive: true });
  third.addPeer({ at: A, remoteAsn: 65001 });
  const second = routerB(network, {}, b);
  network.until(() => first.isUp(B) && first.isUp(C));
  network.run(1000);
  return { a: first, b: second, c: third };
}

/** B, fresh from its start. */
function routerB(
  network: SimNetwork,
  options: Partial<SimRouterOptions> = {},
  peer: PeerChange = {},
  routes = ROUTES,
): SimRouter {
  const router = network.router({ address: B, asn: 65002, ...options });
  for (const route of routes) router.speaker.originate(parsePrefix(route));
  router.addPeer({ at: A, remoteAsn: 65001, ...peer });
  return router;
}

const has = (router: SimRouter, prefix: string): boolean =>
  (router.speaker.rib.why(parsePrefix(prefix))?.candidates.length ?? 0) > 0;
const count = (router: SimRouter): number => ROUTES.filter((route) => has(router, route)).length;
const stale = (router: SimRouter, peer: string): number => router.speaker.peer(peer)!.families[0]!.stale;

t.test('a peer restarts gracefully: nobody notices', (t) => {
  const network = new SimNetwork();
  const { a, b, c } = chain(network);
  t.equal(count(c), 3);
  const updates = c.speaker.peer(A)!.received.update;
  b.shutDown({ graceful: true });
  network.unplug(B);
  network.run(20_000);
  t.match(a.reasons(B), ['the peer closed the connection']);
  t.equal(stale(a, B), 3, 'kept as stale');
  routerB(network, { restarting: { forwardingKept: true } });
  t.ok(network.until(() => a.isUp(B)));
  network.run(60_000);
  t.equal(stale(a, B), 0, 'confirmed');
  t.equal(count(c), 3);
  t.equal(c.speaker.peer(A)!.received.update, updates, 'C heard nothing of it');
  t.end();
});

t.test('routes that do not come back go with the End-of-RIB', (t) => {
  const network = new SimNetwork();
  const { a, b, c } = chain(network);
  b.shutDown({ graceful: true });
  network.run(1000);
  routerB(network, { restarting: { forwardingKept: true } }, {}, ROUTES.slice(0, 1));
  network.until(() => a.isUp(B));
  network.run(60_000);
  t.same([count(a), count(c)], [1, 1]);
  t.match(
    a.events.filter(({ type }) => type === 'stale-removed'),
    [{ peer: B, family: 'ipv4-unicast', routes: 2 }],
  );
  t.end();
});

t.test('a peer that did not keep its forwarding: stale routes go at once', (t) => {
  const network = new SimNetwork();
  const { a, b } = chain(network);
  b.shutDown({ graceful: true });
  network.run(1000);
  t.equal(count(a), 3);
  routerB(network, { restarting: { forwardingKept: false } }, {}, []);
  network.until(() => a.isUp(B));
  network.run(10);
  t.equal(count(a), 0);
  t.end();
});

t.test('a peer that never returns: its restart time ends it', (t) => {
  const network = new SimNetwork();
  const { a, b, c } = chain(network, {}, { gracefulRestart: { restartTimeS: 50 } });
  b.shutDown({ graceful: true });
  network.unplug(B);
  network.run(49_000);
  t.equal(count(c), 3);
  network.run(2_000);
  t.same([count(a), count(c)], [0, 0]);
  t.end();
});

t.test('our own limit is below what the peer asks for', (t) => {
  const network = new SimNetwork();
  const { a, b } = chain(network, { gracefulRestart: { staleTimeS: 10 } }, { gracefulRestart: { restartTimeS: 4000 } });
  b.shutDown({ graceful: true });
  network.unplug(B);
  network.run(11_000);
  t.equal(count(a), 0);
  t.end();
});

t.test('no graceful restart: routes go with the session', (t) => {
  for (const [title, a, b] of [
    ['not configured here', { gracefulRestart: false }, {}],
    ['not configured there', {}, { gracefulRestart: false }],
    ['not a helper', { gracefulRestart: { helper: false } }, {}],
  ] as const) {
    const network = new SimNetwork();
    const { a: first, b: second, c } = chain(network, a, b);
    t.equal(count(c), 3);
    second.shutDown({ graceful: true });
    network.run(100);
    t.equal(count(c), 0, title);
    t.equal(first.speaker.peer(B)?.families[0]?.received, 0);
  }
  t.end();
});

t.test('a shutdown is no restart', (t) => {
  const network = new SimNetwork();
  const { b, c } = chain(network);
  b.shutDown();
  network.run(100);
  t.equal(count(c), 0);
  t.end();
});

t.test('a second restart before the first is over: what was stale goes', (t) => {
  const network = new SimNetwork();
  const { a, b } = chain(network);
  b.shutDown({ graceful: true });
  network.run(1000);
  // It comes back, sends one route, and dies before its End-of-RIB.
  const again = routerB(network, { restarting: { forwardingKept: true, deferralS: 3600 } }, {}, []);
  network.until(() => a.isUp(B));
  t.equal(count(a), 3, 'waits for the End-of-RIB');
  again.shutDown({ graceful: true });
  network.run(100);
  t.equal(count(a), 0, 'RFC 4724 section 4.2: MUST be deleted');
  t.end();
});

t.test('a crashed peer dials while its old session still looks alive', (t) => {
  const network = new SimNetwork();
  const { a, c } = chain(network);
  const updates = c.speaker.peer(A)!.received.update;
  network.cut(A, B);
  network.run(2000);
  t.ok(a.isUp(B), 'nothing noticed yet');
  network.heal(A, B);
  routerB(network, { restarting: { forwardingKept: true } });
  network.run(5000);
  t.ok(a.isUp(B));
  t.equal(a.speaker.peer(B)!.established, 2);
  t.match(a.reasons(B).at(-1), 'the restarted peer opened a new connection');
  network.run(60_000);
  t.same([count(a), stale(a, B), count(c)], [3, 0, 3]);
  t.equal(c.speaker.peer(A)!.received.update, updates, 'C heard nothing of it');
  t.end();
});

t.test('a restarted peer and we dial each other at the same moment: whichever connection stays, no route goes', (t) => {
  let collided = 0;
  for (const notification of [true, false]) {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      // Each connection has a delay of its own, so that what is said on two of them arrives in any order.
      const network = new SimNetwork({
        get delayMs() {
          return 1 + Math.floor(random() * 400);
        },
      });
      const timing = { connectRetryS: 1, gracefulRestart: { notification } };
      const { a, b, c } = chain(network, { ...timing, passive: false }, timing);
      b.shutDown({ graceful: true });
      network.unplug(B);
      network.run(1000 + Math.floor(random() * 3000));
      const [events, updates] = [a.events.length, c.speaker.peer(A)!.received.update];
      const again = routerB(network, { restarting: { forwardingKept: true } }, timing);
      network.run(60_000);
      const since = a.events.slice(events);
      if (since.filter(({ type }) => type === 'session').length > 4) collided++;
      const seen = {
        up: a.isUp(B) && again.isUp(A),
        routes: [count(a), stale(a, B), count(c)],
        swept: since.filter(({ type }) => type === 'stale-removed').length,
        told: c.speaker.peer(A)!.received.update - updates,
      };
      t.same(seen, { up: true, routes: [3, 0, 3], swept: 0, told: 0 }, `N-bit ${notification}, seed ${seed}`);
    }
  }
  t.comment(`${collided} with more than one way up`);
  t.end();
});

t.test('a returned peer gives its new session up for another connection: what was kept is kept on', (t) => {
  for (const said of [false, true]) {
    const network = new SimNetwork();
    const { a, b } = chain(network);
    b.shutDown({ graceful: true });
    network.unplug(B);
    network.run(1000);
    const capabilities: Capability[] = [
      { type: 'multiprotocol', afi: 1, safi: 1 },
      { type: 'four-octet-as', asn: 65002 },
      {
        type: 'graceful-restart',
        restarting: true,
        notification: false,
        restartTimeS: 120,
        families: [{ afi: 1, safi: 1, forwarding: true }],
      },
    ];
    const collide = (): void => {
      const socket = network.connect(B, A);
      network.run(10);
      socket.write(octets(openMessage({ capabilities })));
      socket.write(octets({ type: 'keepalive' }));
      network.run(10);
      t.ok(a.isUp(B));
      if (said) socket.write(octets(announcement(ROUTES.slice(0, 1), B, [65002])));
      socket.write(octets({ type: 'notification', errorCode: 6, errorSubcode: 7, data: new Uint8Array() }));
      network.run(10);
      t.notOk(a.isUp(B));
    };
    collide();
    // Who has announced something was established on both sides, and a session is lost.
    t.equal(count(a), said ? 0 : 3);
    t.equal(a.speaker.peer(B)!.dropped, said ? 2 : 1);
    t.equal(a.speaker.peer(B)!.established, said ? 2 : 1);
    network.run(400_000);
    t.equal(count(a), 0, 'the time they are kept for runs on');
  }
  t.end();
});

t.test('the hold timer with the N-bit keeps routes, without it does not', (t) => {
  for (const notification of [true, false]) {
    const network = new SimNetwork();
    const { a } = chain(network, { holdTimeS: 9, gracefulRestart: { notification } });
    network.cut(A, B);
    network.run(10_000);
    t.same(a.reasons(B), ['hold timer expired']);
    t.equal(count(a), notification ? 3 : 0);
  }
  t.end();
});

t.test('a removed peer takes its stale routes with it', (t) => {
  const network = new SimNetwork();
  const { a, b, c } = chain(network);
  b.shutDown({ graceful: true });
  network.unplug(B);
  network.run(100);
  t.equal(count(c), 3);
  a.removePeer(B);
  network.run(100);
  t.equal(count(c), 0);
  t.end();
});

t.test('a peer that removes us gracefully leaves its routes for the restart time', (t) => {
  for (const graceful of [true, false]) {
    const network = new SimNetwork();
    const { a, b, c } = chain(network);
    b.removePeer(A, graceful);
    network.run(60_000);
    t.equal(a.isUp(B), false);
    t.equal(count(c), graceful ? 3 : 0, `after a minute, ${graceful ? 'without' : 'with'} a Cease`);
    network.run(120_000);
    t.equal(count(c), 0, 'the restart time is over');
  }
  t.end();
});

t.test('our own restart: nothing is said before the peers have spoken', (t) => {
  const network = new SimNetwork();
  const b = routerB(network, {}, { passive: true });
  const c = network.router({ address: C, asn: 65003 });
  c.addPeer({ at: A, remoteAsn: 65001, passive: true });
  const a = network.router({ address: A, asn: 65001, restarting: { forwardingKept: true, deferralS: 30 } });
  a.addPeer({ at: B, remoteAsn: 65002 });
  a.addPeer({ at: C, remoteAsn: 65003 });
  const best = a.speaker.subscribe();
  network.until(() => b.isUp(A) && c.isUp(A));
  t.match(c.speaker.peer(A)?.negotiated, { gracefulRestart: true });
  network.until(() => a.events.some(({ type }) => type === 'restart-done'));
  t.ok(network.clock.nowMs < 1000, 'over as soon as both have sent their End-of-RIB');
  network.run(1000);
  t.equal(count(c), 3);
  t.ok(c.events.some((event) => event.type === 'end-of-rib' && event.family === 'ipv4-unicast'));
  t.equal(best.take(100).length, 3);
  t.end();
});

t.test('our own restart: a silent peer is waited for, but not for ever; a dead one is not', (t) => {
  for (const [title, alive, limitMs] of [
    ['silent', true, 31_000],
    ['dead', false, 500],
  ] as const) {
    const network = new SimNetwork();
    const c = network.router({ address: C, asn: 65003 });
    c.addPeer({ at: A, remoteAsn: 65001, passive: true });
    // Listens, and says nothing.
    if (alive) network.listen(B, () => undefined);
    const a = network.router({ address: A, asn: 65001, restarting: { forwardingKept: true } });
    a.speaker.originate(parsePrefix('20.9.0.0/24'));
    a.addPeer({ at: B, remoteAsn: 65002 });
    a.addPeer({ at: C, remoteAsn: 65003 });
    t.ok(
      network.until(() => has(c, '20.9.0.0/24'), limitMs),
      title,
    );
    t.equal(network.clock.nowMs > 29_000, alive);
  }
  t.end();
});

t.test('a cold start waits for nobody', (t) => {
  const network = new SimNetwork();
  const c = network.router({ address: C, asn: 65003 });
  c.addPeer({ at: A, remoteAsn: 65001, passive: true });
  network.listen(B, () => undefined);
  const a = network.router({ address: A, asn: 65001 });
  a.speaker.originate(parsePrefix('20.9.0.0/24'));
  a.addPeer({ at: B, remoteAsn: 65002 });
  a.addPeer({ at: C, remoteAsn: 65003 });
  t.ok(network.until(() => has(c, '20.9.0.0/24'), 500));
  t.end();
});
