/** Dynamic peers: a prefix instead of a list of addresses. */
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { BgpConfigError } from '../../src/index.js';
import { SimNetwork, type SimRouter } from '../../testing/index.js';

const HUB = '10.0.0.1';

function hub(network: SimNetwork, limit = 256): SimRouter {
  const router = network.router({ address: HUB, asn: 65000 });
  router.speaker.addRange(
    {
      name: 'nodes',
      prefix: parsePrefix('10.0.1.0/24'),
      limit,
      peer: { remoteAsn: 65000, routeReflectorClient: true, gracefulRestart: { staleTimeS: 60 } },
    },
    0,
  );
  return router;
}

function node(network: SimNetwork, number: number): SimRouter {
  const router = network.router({ address: `10.0.1.${number}`, asn: 65000 });
  router.speaker.originate(parsePrefix(`20.0.${number}.0/24`));
  router.addPeer({ at: HUB, remoteAsn: 65000, gracefulRestart: { restartTimeS: 30 } });
  return router;
}

const has = (router: SimRouter, prefix: string): boolean =>
  (router.speaker.rib.why(parsePrefix(prefix))?.candidates.length ?? 0) > 0;

t.test('nodes come, are reflected, and go', (t) => {
  const network = new SimNetwork();
  const center = hub(network);
  const nodes = [1, 2, 3].map((number) => node(network, number));
  t.ok(network.until(() => center.speaker.view().established === 3, 10_000));
  network.run(1000);
  t.ok(has(nodes[0]!, '20.0.3.0/24'));
  t.same(
    center.speaker.peers().map(({ name }) => name),
    ['nodes/10.0.1.1', 'nodes/10.0.1.2', 'nodes/10.0.1.3'],
  );
  nodes[2]!.shutDown();
  network.unplug('10.0.1.3');
  network.run(100);
  t.notOk(has(nodes[0]!, '20.0.3.0/24'), 'a shutdown takes its routes');
  t.match(center.speaker.peer('nodes/10.0.1.3'), { dropped: 1 }, 'and can still be looked at');
  network.run(11_000);
  t.equal(center.speaker.peer('nodes/10.0.1.3'), undefined);
  t.end();
});

t.test('stale routes of a dynamic peer are flushed, and it with them', (t) => {
  const network = new SimNetwork();
  const center = hub(network);
  const [one, two] = [node(network, 1), node(network, 2)];
  network.until(() => center.speaker.view().established === 2);
  network.run(1000);
  two.shutDown({ graceful: true });
  network.unplug('10.0.1.2');
  network.run(29_000);
  t.ok(has(one, '20.0.2.0/24'), 'kept for its restart time');
  network.run(2_000);
  t.notOk(has(one, '20.0.2.0/24'), 'and no longer');
  network.run(11_000);
  t.equal(center.speaker.peer('nodes/10.0.1.2'), undefined);
  t.end();
});

t.test('a limit', (t) => {
  const network = new SimNetwork();
  const center = hub(network, 2);
  for (const number of [1, 2, 3]) node(network, number);
  network.run(10_000);
  t.equal(center.speaker.view().established, 2);
  t.ok(center.events.some((event) => event.type === 'refused' && event.reason.includes('has its 2 peers already')));
  t.end();
});

t.test('strangers outside are refused; the narrowest range counts; a configured peer goes first', (t) => {
  const network = new SimNetwork();
  const center = hub(network);
  center.speaker.addRange({ name: 'odd', prefix: parsePrefix('10.0.1.7/32'), peer: { remoteAsn: 65007 } }, 0);
  center.addPeer({ at: '10.0.1.9', name: 'nine', remoteAsn: 65009, passive: true });
  network.connect('10.0.2.1', HUB);
  network.connect('10.0.1.7', HUB);
  network.connect('10.0.1.8', HUB);
  network.connect('10.0.1.9', HUB);
  network.run(10);
  t.same(
    center.speaker.peers().map(({ name, config }) => [name, config.remoteAsn]),
    [
      ['nine', 65009],
      ['odd/10.0.1.7', 65007],
      ['nodes/10.0.1.8', 65000],
    ],
  );
  t.match(
    center.events.filter(({ type }) => type === 'refused'),
    [{ remoteAddress: '10.0.2.1' }],
  );
  t.end();
});

t.test('a changed range changes its peers in place, and lets go of those outside', (t) => {
  const network = new SimNetwork();
  const center = hub(network);
  const nodes = [1, 2, 200].map((number) => node(network, number));
  t.ok(network.until(() => center.speaker.view().established === 3, 10_000));
  network.run(1000);
  const range = {
    name: 'nodes',
    prefix: parsePrefix('10.0.1.0/24'),
    limit: 256,
    peer: { remoteAsn: 65000, routeReflectorClient: true, gracefulRestart: { staleTimeS: 60 } },
  };
  const update = (change: object) => center.speaker.updateRange({ ...range, ...change }, network.clock.nowMs);
  t.equal(update({}), 'none');
  t.equal(update({ limit: 3 }), 'applied');
  t.equal(update({ peer: { ...range.peer, description: 'rack 7' } }), 'applied');
  t.equal(center.speaker.peer('nodes/10.0.1.2')?.config.description, 'rack 7');
  const terms = [{ match: { prefixes: [{ prefix: parsePrefix('20.0.2.0/24') }] }, action: 'reject' as const }];
  t.equal(update({ peer: { ...range.peer, import: { terms } } }), 'soft-refresh');
  network.run(1000);
  t.notOk(has(nodes[0]!, '20.0.2.0/24'), 'the new policy holds for the peers that are there');
  t.ok(has(nodes[0]!, '20.0.200.0/24'));
  t.equal(center.speaker.peer('nodes/10.0.1.1')?.dropped, 0, 'no session was lost');
  t.equal(update({ prefix: parsePrefix('10.0.1.0/25') }), 'session-reset');
  network.run(1000);
  t.same(
    center.speaker.peers().map(({ name }) => name),
    ['nodes/10.0.1.1', 'nodes/10.0.1.2'],
  );
  t.notOk(has(nodes[0]!, '20.0.200.0/24'));
  t.ok(center.events.some((event) => event.type === 'refused' && event.remoteAddress === '10.0.1.200'));
  t.throws(() => update({ limit: 0 }), BgpConfigError);
  t.throws(() => update({ name: 'others' }), BgpConfigError);
  t.equal(center.speaker.peers().length, 2, 'what is refused changes nothing');
  t.end();
});

t.test('a removed range', (t) => {
  const network = new SimNetwork();
  const center = hub(network);
  const one = node(network, 1);
  network.until(() => center.speaker.view().established === 1);
  t.notOk(center.speaker.removeRange('others', network.clock.nowMs));
  t.ok(center.speaker.removeRange('nodes', network.clock.nowMs));
  network.run(1000);
  t.same(center.speaker.peers(), []);
  t.match(one.reasons(HUB)[0], /Peer Deconfigured/);
  t.throws(() => center.speaker.addRange({ name: 'x', prefix: parsePrefix('10.0.0.0/8'), peer: { remoteAsn: 0 } }, 0), {
    code: 'ERR_BGP_CONFIG',
  });
  t.end();
});

t.test('the key of a range: set for its prefix, changed, moved and taken away with it', (t) => {
  const network = new SimNetwork();
  const center = network.router({ address: HUB, asn: 65000 });
  const range = (prefix: string, password?: string) => ({
    name: 'nodes',
    prefix: parsePrefix(prefix),
    peer: { remoteAsn: 65000 },
    ...(password !== undefined && { password }),
  });
  const keys = (): unknown[] => {
    network.run(1);
    return center.rangeKeys.splice(0);
  };
  center.speaker.addRange(range('10.0.1.0/24', 'one'), 0);
  t.same(keys(), [[24, 'one']]);
  const one = node(network, 1);
  t.ok(network.until(() => center.speaker.view().established === 1, 10_000));
  t.equal(center.speaker.peer('nodes/10.0.1.1')!.config.password, '(set)', 'and is not shown');
  t.same([keys(), center.passwords.size], [[], 0], 'its peers have none of their own');
  t.equal(center.speaker.updateRange(range('10.0.1.0/24', 'one'), network.clock.nowMs), 'none');
  t.equal(center.speaker.updateRange(range('10.0.1.0/24', 'two'), network.clock.nowMs), 'session-reset');
  t.same(keys(), [[24, 'two']]);
  t.ok(
    network.until(() => center.speaker.view().established === 1, 20_000),
    'it comes back',
  );
  center.speaker.updateRange(range('10.0.0.0/16', 'two'), network.clock.nowMs);
  t.same(keys(), [
    [24, undefined],
    [16, 'two'],
  ]);
  center.speaker.updateRange(range('10.0.0.0/16'), network.clock.nowMs);
  t.same(keys(), [[16, undefined]]);
  center.speaker.updateRange(range('10.0.0.0/16', 'three'), network.clock.nowMs);
  center.speaker.removeRange('nodes', network.clock.nowMs);
  t.same(keys(), [
    [16, 'three'],
    [16, undefined],
  ]);
  one.shutDown();
  t.throws(() => center.speaker.addRange(range('10.0.1.0/24', 'x'.repeat(81)), network.clock.nowMs), {
    field: 'password',
  } as never);
  t.same(keys(), []);
  t.end();
});
