/** Peers that stay away longer than a restart takes: long-lived graceful restart, RFC 9494. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import type { GracefulRestartConfig, PeerConfig } from '../../src/index.js';
import { SimNetwork, type SimRouter, type SimRouterOptions } from '../../testing/index.js';

const A = '10.0.0.1';
const B = '10.0.0.2';
/** Knows long-lived graceful restart, does not, is inside A's AS and does not. */
const KNOWS = '10.0.0.3';
const OLD = '10.0.0.4';
const INSIDE = '10.0.0.5';
const PREFIX = '20.0.0.0/24';
const UNWANTED = '20.0.1.0/24';
const LLGR_STALE = 0xffff0006;
const NO_LLGR = 0xffff0007;
const NO_EXPORT = 0xffffff01;

/** Restart time and long-lived stale time of B. */
const B_TIMES = { restartTimeS: 60, longLivedStaleTimeS: 600 };

type PeerChange = Partial<PeerConfig>;

interface Net {
  readonly network: SimNetwork;
  readonly a: SimRouter;
  readonly b: SimRouter;
  readonly knows: SimRouter;
  readonly old: SimRouter;
  readonly inside: SimRouter;
}

function routerB(
  network: SimNetwork,
  gracefulRestart: GracefulRestartConfig | false,
  options: Partial<SimRouterOptions> = {},
  routes: readonly string[] = [PREFIX, UNWANTED],
): SimRouter {
  const router = network.router({ address: B, asn: 65002, ...options });
  for (const route of routes) {
    router.speaker.originate(parsePrefix(route), route === UNWANTED ? { communities: [NO_LLGR] } : {});
  }
  router.addPeer({ at: A, remoteAsn: 65001, gracefulRestart });
  return router;
}

/** B tells A, and A everybody else. All are up. */
function star(
  toB: GracefulRestartConfig = {},
  b: GracefulRestartConfig | false = B_TIMES,
  others: { readonly old?: PeerChange; readonly inside?: PeerChange; readonly toB?: PeerChange } = {},
): Net {
  const network = new SimNetwork();
  const a = network.router({ address: A, asn: 65001 });
  const gracefulRestart = { longLivedStaleTimeS: 0, ...toB };
  a.addPeer({ at: B, remoteAsn: 65002, passive: true, gracefulRestart, ...others.toB });
  a.addPeer({ at: KNOWS, remoteAsn: 65003, passive: true, gracefulRestart: { longLivedStaleTimeS: 0 } });
  a.addPeer({ at: OLD, remoteAsn: 65004, passive: true, ...others.old });
  a.addPeer({ at: INSIDE, remoteAsn: 65001, passive: true, ...others.inside });
  const other = (address: string, asn: number, change: PeerChange): SimRouter => {
    const router = network.router({ address, asn });
    router.addPeer({ at: A, remoteAsn: 65001, ...change });
    return router;
  };
  const knows = other(KNOWS, 65003, { gracefulRestart: { longLivedStaleTimeS: 0 } });
  const old = other(OLD, 65004, {});
  const inside = other(INSIDE, 65001, {});
  const second = routerB(network, b);
  network.until(() => [B, KNOWS, OLD, INSIDE].every((peer) => a.isUp(peer)));
  network.run(1000);
  return { network, a, b: second, knows, old, inside };
}

const candidate = (router: SimRouter, prefix = PREFIX) => router.speaker.rib.why(parsePrefix(prefix))?.candidates[0];
const has = (router: SimRouter, prefix = PREFIX): boolean => candidate(router, prefix) !== undefined;
const communities = (router: SimRouter): readonly number[] => candidate(router)?.attributes.communities ?? [];
const isMarked = (router: SimRouter): boolean => communities(router).includes(LLGR_STALE);
const family = (router: SimRouter, peer = B) => router.speaker.peer(peer)!.families[0]!;

/** B is gone without a word, and stays away. Gives the time when A has noticed. */
function vanish({ network, a, b }: Net): number {
  b.shutDown({ graceful: true });
  network.unplug(B);
  network.until(() => !a.isUp(B));
  return network.clock.nowMs;
}

t.test('first as after any restart, then as the last choice, then not at all', (t) => {
  const net = star();
  const { network, a, knows, old, inside } = net;
  t.ok(a.speaker.peer(B)?.negotiated?.longLivedGracefulRestart);
  t.notOk(a.speaker.peer(OLD)?.negotiated?.longLivedGracefulRestart);
  t.same(
    [knows, old, inside].map((router) => has(router)),
    [true, true, true],
  );
  const lostMs = vanish(net);
  network.run(59_000);
  t.same([isMarked(a), has(old), has(a, UNWANTED)], [false, true, true], 'restarting: nobody notices');
  t.match(family(a), { stale: 2, longLived: false, staleUntilMs: lostMs + 60_000 });
  network.run(2_000);
  t.ok(isMarked(a), 'LLGR_STALE is put on');
  t.equal(candidate(a)?.stale, true);
  t.ok(isMarked(knows), 'and goes to who knows it');
  t.same([has(old), has(inside)], [false, false], 'not to others');
  t.same([has(a, UNWANTED), has(knows, UNWANTED)], [false, false], 'NO_LLGR is honoured');
  t.match(family(a), { stale: 1, longLived: true, staleUntilMs: lostMs + 660_000 });
  t.match(
    a.events.filter(({ type }) => type === 'long-lived-stale'),
    [{ peer: B, family: 'ipv4-unicast', routes: 2, seconds: 600 }],
  );
  const fates = a.speaker.rib.exports(parsePrefix(PREFIX)).map(({ peer, fate }) => [a.speaker.peerName(peer), fate]);
  t.same(fates, [
    [KNOWS, 'advertised'],
    [OLD, 'long-lived-stale'],
    [INSIDE, 'long-lived-stale'],
  ]);
  network.run(598_000);
  t.same([has(a), has(knows)], [true, true]);
  network.run(2_000);
  t.same([has(a), has(knows)], [false, false], 'the time is up');
  t.match(family(a), { stale: 0, received: 0, longLived: false, staleUntilMs: undefined });
  t.end();
});

t.test('a restart time of 0: the last choice at once', (t) => {
  const net = star({}, { restartTimeS: 0, longLivedStaleTimeS: 100 });
  vanish(net);
  net.network.run(500);
  t.same([isMarked(net.a), isMarked(net.knows), has(net.old), has(net.a, UNWANTED)], [true, true, false, false]);
  net.network.run(99_000);
  t.ok(has(net.a));
  net.network.run(1_000);
  t.notOk(has(net.a));
  t.end();
});

t.test('our own limit is below what the peer asks for', (t) => {
  const net = star({ longLivedStaleTimeMaxS: 30 });
  vanish(net);
  net.network.run(89_000);
  t.ok(isMarked(net.a));
  net.network.run(2_000);
  t.notOk(has(net.a));
  t.end();
});

t.test('without the capability of either side it is graceful restart alone', (t) => {
  for (const [title, toB, b] of [
    ['not there', {}, { restartTimeS: 60 }],
    ['there for no time', {}, { restartTimeS: 60, longLivedStaleTimeS: 0 }],
    ['not here', { longLivedStaleTimeS: undefined } as unknown as GracefulRestartConfig, B_TIMES],
    ['not a helper', { helper: false }, B_TIMES],
  ] as const) {
    const net = star(toB, b);
    vanish(net);
    net.network.run(100);
    t.equal(has(net.a), title !== 'not a helper', title);
    net.network.run(61_000);
    t.notOk(has(net.a), title);
  }
  t.end();
});

t.test('the hold timer with the N-bit begins it, a shutdown does not', (t) => {
  const net = star({}, B_TIMES, { toB: { holdTimeS: 9 } });
  net.network.cut(A, B);
  net.network.run(75_000);
  t.ok(isMarked(net.a));
  const other = star();
  other.b.shutDown();
  other.network.run(100);
  t.notOk(has(other.a));
  t.end();
});

t.test('any other route is better, whatever its attributes; among themselves they are as ever', (t) => {
  const net = star();
  const { network, a, knows, old } = net;
  vanish(net);
  network.run(61_000);
  old.speaker.originate(parsePrefix(PREFIX), { asPath: [{ type: 'sequence', asns: [7, 7, 7, 7, 7] }] });
  network.run(1000);
  const why = () => a.speaker.rib.why(parsePrefix(PREFIX))!.candidates;
  const from = () => why().map(({ peer, lostBy }) => [a.speaker.peerName(peer), lostBy]);
  t.same(from(), [
    [OLD, undefined],
    [B, 'long-lived-stale'],
  ]);
  t.notOk(isMarked(knows));
  // One that arrives with the community is as stale as one of our own making.
  knows.speaker.originate(parsePrefix(PREFIX), { communities: [LLGR_STALE] });
  network.run(1000);
  t.same(from(), [
    [OLD, undefined],
    [B, 'long-lived-stale'],
    [KNOWS, 'long-lived-stale'],
  ]);
  old.speaker.withdraw(parsePrefix(PREFIX));
  network.run(1000);
  t.same(from(), [
    [B, undefined],
    [KNOWS, 'router-id'],
  ]);
  t.end();
});

t.test('from a peer to whom we have not said that we know it, the community means nothing', (t) => {
  const { network, a, old, inside } = star();
  old.speaker.originate(parsePrefix('30.0.0.0/24'), { communities: [LLGR_STALE] });
  network.run(1000);
  const at = (router: SimRouter) => router.speaker.rib.why(parsePrefix('30.0.0.0/24'))?.candidates[0];
  t.same(at(a)?.attributes.communities, [LLGR_STALE]);
  t.same(at(inside)?.attributes.communities, [LLGR_STALE], 'passed on to whoever it may be');
  t.end();
});

t.test('an iBGP peer that does not know it gets the last choice of the AS, where that is wanted', (t) => {
  const net = star({}, B_TIMES, {
    inside: { gracefulRestart: { longLivedPartial: true } },
    old: { gracefulRestart: { longLivedPartial: true } },
  });
  const { network, a, inside, old } = net;
  t.same(communities(inside), []);
  t.equal(candidate(inside)?.attributes.localPref, 100);
  vanish(net);
  network.run(61_000);
  t.same([...communities(inside)].sort(), [LLGR_STALE, NO_EXPORT]);
  t.equal(candidate(inside)?.attributes.localPref, 0);
  t.notOk(has(old), 'eBGP peers do not');
  const impact = a.updatePeer({ at: INSIDE, remoteAsn: 65001, passive: true });
  t.equal(impact, 'soft-refresh');
  network.run(1000);
  t.notOk(has(inside));
  t.end();
});

t.test('the peer returns with its forwarding kept: routes stay until its End-of-RIB', (t) => {
  const net = star();
  const { network, a, knows } = net;
  vanish(net);
  network.run(100_000);
  t.ok(isMarked(a));
  routerB(network, B_TIMES, { restarting: { forwardingKept: true } }, [PREFIX]);
  t.ok(network.until(() => a.isUp(B)));
  t.ok(has(a), 'kept while it is back and has said nothing');
  network.run(40_000);
  t.same([isMarked(a), isMarked(knows), has(knows)], [false, false, true], 'as good as before');
  t.match(family(a), { stale: 0, longLived: false });
  network.run(700_000);
  t.ok(has(a), 'no timer is left');
  t.end();
});

t.test('the peer returns without: stale routes go at once', (t) => {
  const net = star();
  vanish(net);
  net.network.run(100_000);
  routerB(net.network, B_TIMES, { restarting: { forwardingKept: false, deferralS: 3600 } }, []);
  net.network.until(() => net.a.isUp(B));
  net.network.run(10);
  t.notOk(has(net.a));
  t.end();
});

t.test('the peer returns without the capability: stale routes go at once', (t) => {
  const net = star();
  vanish(net);
  net.network.run(100_000);
  routerB(net.network, { restartTimeS: 60 }, { restarting: { forwardingKept: true, deferralS: 3600 } }, []);
  net.network.until(() => net.a.isUp(B));
  net.network.run(10);
  t.notOk(has(net.a));
  t.end();
});

/** Comes back, and says nothing: it waits for a neighbour that listens and does not speak. */
function silent(network: SimNetwork): SimRouter {
  const router = routerB(network, B_TIMES, { restarting: { forwardingKept: true, deferralS: 3600 } }, []);
  network.listen('10.0.0.9', () => undefined);
  router.addPeer({ at: '10.0.0.9', remoteAsn: 65009 });
  return router;
}

t.test('the time runs on while the peer is back and silent', (t) => {
  const net = star();
  const { network, a } = net;
  vanish(net);
  network.run(400_000);
  silent(network);
  network.until(() => a.isUp(B));
  network.run(200_000);
  t.ok(isMarked(a));
  network.run(70_000);
  t.ok(a.isUp(B));
  t.notOk(has(a), '60 s and 600 s after the loss, not after the return');
  t.end();
});

t.test('lost again before the End-of-RIB: kept on, and no longer than before', (t) => {
  const net = star();
  const { network, a } = net;
  const lostMs = vanish(net);
  network.run(300_000);
  const again = silent(network);
  network.until(() => a.isUp(B));
  network.run(1000);
  again.shutDown({ graceful: true });
  network.unplug(B);
  network.run(50_000);
  t.ok(isMarked(a), 'RFC 9494: not deleted as RFC 4724 would have it');
  network.run(20_000);
  t.match(family(a), { longLived: true, staleUntilMs: lostMs + 660_000 });
  network.run(lostMs + 659_000 - network.clock.nowMs);
  t.ok(has(a));
  network.run(2_000);
  t.notOk(has(a));
  t.end();
});

t.test('only the session was lost, not our forwarding: it is told, and nothing flaps', (t) => {
  const net = star({}, B_TIMES, { toB: { holdTimeS: 9 } });
  const { network, a, b, knows } = net;
  network.cut(A, B);
  network.run(100_000);
  t.ok(isMarked(a));
  network.heal(A, B);
  t.ok(network.until(() => a.isUp(B) && b.isUp(A), 200_000));
  network.run(20_000);
  t.same([isMarked(a), has(knows), isMarked(knows)], [false, true, false]);
  const gone = a.events.filter(({ type }) => type === 'stale-removed');
  t.same(gone, [], 'no stale route was ever removed (RFC 8538 section 4: the F-bit)');
  t.end();
});

t.test('another import policy while the peer is away: routes stay stale, and marked', (t) => {
  const net = star();
  const { network, a } = net;
  vanish(net);
  network.run(30_000);
  const change = (localPref: number): void => {
    a.updatePeer({
      at: B,
      remoteAsn: 65002,
      passive: true,
      gracefulRestart: { longLivedStaleTimeS: 0 },
      import: { terms: [{ action: 'accept', set: { localPref } }] },
    });
    a.speaker.rib.reapplyImport(1);
    network.run(1000);
  };
  change(7);
  t.equal(family(a).stale, 2, 'another policy makes nothing fresh');
  network.run(40_000);
  t.ok(isMarked(a));
  change(8);
  t.match(family(a), { stale: 1, longLived: true });
  t.ok(isMarked(a));
  network.run(660_000);
  t.notOk(has(a));
  t.end();
});

t.test('a removed peer takes its routes with it', (t) => {
  const net = star();
  vanish(net);
  net.network.run(100_000);
  net.a.removePeer(B);
  net.network.run(100);
  t.same([has(net.a), has(net.knows)], [false, false]);
  t.end();
});
