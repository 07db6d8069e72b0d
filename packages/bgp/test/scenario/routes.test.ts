/** Routes between speakers: reflection, refresh, changes of the configuration while sessions stay up. */
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { type Capability, wireContext } from '../../src/index.js';
import {
  announcement,
  messages,
  octets,
  openMessage,
  SimNetwork,
  type SimRouter,
  type SimSocket,
} from '../../testing/index.js';

const RR = '10.0.0.1';
const CLIENT_1 = '10.0.0.11';
const CLIENT_2 = '10.0.0.12';
const OTHER = '10.0.0.13';

const candidates = (router: SimRouter, prefix: string) => router.speaker.rib.why(parsePrefix(prefix))?.candidates ?? [];
const has = (router: SimRouter, prefix: string): boolean => candidates(router, prefix).length > 0;

/** A reflector with two clients and an ordinary iBGP peer; each originates a prefix of its own. */
function reflection(network: SimNetwork): Record<'rr' | 'one' | 'two' | 'other', SimRouter> {
  const make = (address: string): SimRouter => network.router({ address, asn: 65000 });
  const [rr, one, two, other] = [RR, CLIENT_1, CLIENT_2, OTHER].map(make) as [
    SimRouter,
    SimRouter,
    SimRouter,
    SimRouter,
  ];
  rr.addPeer({ at: CLIENT_1, remoteAsn: 65000, passive: true, routeReflectorClient: true });
  rr.addPeer({ at: CLIENT_2, remoteAsn: 65000, passive: true, routeReflectorClient: true });
  rr.addPeer({ at: OTHER, remoteAsn: 65000, passive: true });
  for (const router of [one, two, other]) router.addPeer({ at: RR, remoteAsn: 65000 });
  one.speaker.originate(parsePrefix('20.0.11.0/24'));
  two.speaker.originate(parsePrefix('20.0.12.0/24'));
  other.speaker.originate(parsePrefix('20.0.13.0/24'));
  network.until(() => [CLIENT_1, CLIENT_2, OTHER].every((peer) => rr.isUp(peer)));
  network.run(1000);
  return { rr, one, two, other };
}

t.test('a reflector with clients', (t) => {
  const network = new SimNetwork();
  const { one, two, other } = reflection(network);
  t.ok(has(one, '20.0.12.0/24') && has(two, '20.0.11.0/24'), 'client to client');
  t.ok(has(one, '20.0.13.0/24') && has(two, '20.0.13.0/24'), 'non-client to clients');
  t.ok(has(other, '20.0.11.0/24') && has(other, '20.0.12.0/24'), 'client to non-client');
  t.match(candidates(two, '20.0.11.0/24')[0], {
    nextHop: parseAddress(CLIENT_1),
    attributes: {
      originatorId: parseAddress(CLIENT_1).a,
      clusterList: [parseAddress(RR).a],
      localPref: 100,
      asPath: [],
    },
  });
  t.end();
});

t.test('becoming and ceasing to be a client keeps the session', (t) => {
  const network = new SimNetwork();
  const { rr, one, other } = reflection(network);
  rr.addPeer({ at: '10.0.0.14', remoteAsn: 65000, passive: true });
  const last = network.router({ address: '10.0.0.14', asn: 65000 });
  last.addPeer({ at: RR, remoteAsn: 65000 });
  network.until(() => rr.isUp('10.0.0.14'));
  network.run(1000);
  t.notOk(has(last, '20.0.13.0/24'), 'non-client to non-client: never');
  t.equal(rr.updatePeer({ at: OTHER, remoteAsn: 65000, passive: true, routeReflectorClient: true }), 'soft-refresh');
  network.run(1000);
  t.ok(has(last, '20.0.13.0/24'), 'a client now');
  t.equal(rr.updatePeer({ at: OTHER, remoteAsn: 65000, passive: true }), 'soft-refresh');
  network.run(1000);
  t.notOk(has(last, '20.0.13.0/24'), 'no longer');
  t.same([rr.speaker.peer(OTHER)?.dropped, one.speaker.peer(RR)?.dropped, other.speaker.peer(RR)?.dropped], [0, 0, 0]);
  t.end();
});

t.test('another cluster ID in place', (t) => {
  const network = new SimNetwork();
  const { rr, two } = reflection(network);
  rr.speaker.setClusterId(77);
  network.run(1000);
  t.match(candidates(two, '20.0.11.0/24')[0], { attributes: { clusterList: [77] } });
  t.equal(two.speaker.peer(RR)?.dropped, 0);
  t.end();
});

t.test('route refresh', (t) => {
  const network = new SimNetwork();
  const { rr, one } = reflection(network);
  const before = rr.speaker.peer(CLIENT_1)!.sent.update;
  t.ok(one.resetPeer(RR, 'soft-in'));
  network.run(1000);
  t.equal(rr.speaker.peer(CLIENT_1)!.received.routeRefresh, 2, 'asked for both families');
  t.ok(rr.speaker.peer(CLIENT_1)!.sent.update > before, 'and answered');
  // BoRR and EoRR for both families, RFC 7313.
  t.equal(one.speaker.peer(RR)!.received.routeRefresh, 4);
  t.match(one.speaker.peer(RR)!.families[0], { received: 2, stale: 0 });
  t.ok(rr.resetPeer(CLIENT_1, 'soft-out'));
  t.ok(rr.resetPeer(CLIENT_1, 'soft'));
  t.notOk(rr.resetPeer('nobody', 'soft'));
  network.run(1000);
  t.equal(one.speaker.peer(RR)?.dropped, 0);
  t.end();
});

t.test('policies change in place', (t) => {
  const network = new SimNetwork();
  const { rr, one } = reflection(network);
  const client = { at: CLIENT_1, remoteAsn: 65000, passive: true, routeReflectorClient: true } as const;
  const reject = {
    terms: [{ match: { prefixes: [{ prefix: parsePrefix('20.0.12.0/24') }] }, action: 'reject' }],
  } as const;
  t.equal(rr.updatePeer({ ...client, export: reject }), 'soft-refresh');
  network.run(1000);
  t.notOk(has(one, '20.0.12.0/24'), 'withdrawn by an export policy');
  t.ok(has(one, '20.0.13.0/24'));
  t.equal(rr.updatePeer({ ...client, export: reject }), 'none', 'the same again');
  t.equal(rr.updatePeer(client), 'soft-refresh');
  network.run(1000);
  t.ok(has(one, '20.0.12.0/24'));
  t.equal(rr.updatePeer({ ...client, import: { terms: [], otherwise: 'reject' } }), 'soft-refresh');
  network.run(1000);
  t.notOk(
    candidates(rr, '20.0.11.0/24').some(({ best }) => best),
    'an import policy',
  );
  t.equal(one.speaker.peer(RR)?.dropped, 0);
  t.end();
});

t.test('what each change of a peer costs', (t) => {
  const network = new SimNetwork();
  const { rr, one } = reflection(network);
  const client = { at: CLIENT_1, remoteAsn: 65000, passive: true, routeReflectorClient: true } as const;
  t.equal(rr.updatePeer({ ...client, description: 'rack 7' }), 'applied');
  t.equal(rr.updatePeer({ ...client, description: 'rack 7', keepaliveS: 5 }), 'applied');
  network.run(20_000);
  t.equal(rr.speaker.peer(CLIENT_1)?.negotiated?.keepaliveS, 5);
  t.ok(one.speaker.peer(RR)!.received.keepalive >= 4, 'KEEPALIVEs come every five seconds');
  t.equal(one.speaker.peer(RR)?.dropped, 0);
  t.equal(rr.updatePeer({ ...client, holdTimeS: 30 }), 'session-reset');
  t.ok(network.until(() => rr.speaker.peer(CLIENT_1)?.negotiated?.holdTimeS === 30, 10_000));
  t.match(one.reasons(RR), ['peer sent Cease/Other Configuration Change']);
  t.equal(rr.updatePeer({ ...client, password: 'new' }), 'session-reset', 'a new key must show that it works');
  t.match([...rr.passwords.values()], ['new']);
  network.run(10_000);
  t.equal(rr.updatePeer({ ...client, password: 'new', adminDown: true, adminDownText: 'later' }), 'session-reset');
  network.run(60_000);
  t.equal(rr.state(CLIENT_1), 'idle');
  t.ok(one.reasons(RR).includes('peer sent Cease/Administrative Shutdown (Hard Reset): later'));
  t.equal(rr.updatePeer({ ...client, password: 'new' }), 'session-reset');
  t.ok(
    network.until(() => rr.isUp(CLIENT_1), 70_000),
    'and up again',
  );
  t.end();
});

t.test('peers come and go', (t) => {
  const network = new SimNetwork();
  const { rr, two } = reflection(network);
  rr.removePeer(CLIENT_1);
  network.run(1000);
  t.notOk(has(two, '20.0.11.0/24'));
  t.equal(rr.speaker.peer(CLIENT_1), undefined);
  t.throws(() => rr.addPeer({ at: CLIENT_2, remoteAsn: 65000 }), { code: 'ERR_BGP_CONFIG' });
  rr.addPeer({ at: CLIENT_1, remoteAsn: 65000, passive: true, routeReflectorClient: true });
  t.ok(network.until(() => has(two, '20.0.11.0/24'), 70_000));
  t.end();
});

t.test('another address is another session under the same name', (t) => {
  const network = new SimNetwork();
  const { rr } = reflection(network);
  const impact = rr.updatePeer({
    name: CLIENT_1,
    at: '10.0.0.99',
    remoteAsn: 65000,
    passive: true,
    routeReflectorClient: true,
  });
  t.equal(impact, 'session-reset');
  const moved = network.router({ address: '10.0.0.99', asn: 65000 });
  moved.addPeer({ at: RR, remoteAsn: 65000 });
  t.ok(network.until(() => rr.isUp(CLIENT_1), 10_000));
  t.throws(() => rr.updatePeer({ name: CLIENT_1, at: CLIENT_2, remoteAsn: 65000 }), {
    message: /"10.0.0.12" has the address 10.0.0.12 already/,
  });
  t.end();
});

t.test('too many prefixes', (t) => {
  for (const maxPrefixesAction of ['restart', 'idle', 'warn'] as const) {
    const network = new SimNetwork();
    const us = network.router({ address: RR, asn: 65000 });
    us.addPeer({ at: OTHER, remoteAsn: 65002, passive: true, maxPrefixes: 2, maxPrefixesAction });
    const connect = (): SimSocket => {
      const socket = network.connect(OTHER, RR);
      network.run(2);
      socket.write(octets(openMessage()));
      socket.write(octets({ type: 'keepalive' }));
      socket.write(octets(announcement(['20.0.0.0/24', '20.0.1.0/24'], OTHER, [65002])));
      network.run(10);
      return socket;
    };
    const socket = connect();
    t.ok(us.isUp(OTHER));
    socket.write(octets(announcement(['20.0.2.0/24'], OTHER, [65002])));
    network.run(10);
    const warnings = us.events.filter(({ type }) => type === 'prefix-limit');
    if (maxPrefixesAction === 'warn') {
      socket.write(octets(announcement(['20.0.3.0/24'], OTHER, [65002])));
      network.run(10);
      t.match(warnings, [{ family: 'ipv4-unicast', received: 3, limit: 2 }], 'warned once');
      t.ok(us.isUp(OTHER));
      continue;
    }
    t.same(warnings, []);
    t.match(messages(socket.received).at(-1), { type: 'notification', errorCode: 6, errorSubcode: 1 });
    t.match(us.reasons(OTHER), [/Maximum Prefixes: 3 ipv4-unicast prefixes; the limit is 2/]);
    network.run(5000);
    connect();
    t.equal(us.isUp(OTHER), maxPrefixesAction === 'restart', `${maxPrefixesAction}, some seconds later`);
    us.resetPeer(OTHER, 'hard');
    network.run(5000);
    connect();
    t.ok(us.isUp(OTHER), 'up after a reset');
  }
  t.end();
});

t.test('no policy, no routes (RFC 8212)', (t) => {
  const network = new SimNetwork();
  const strict = network.router({ address: RR, asn: 65001, ebgpRequiresPolicy: true });
  const other = network.router({ address: OTHER, asn: 65002 });
  strict.addPeer({ at: OTHER, remoteAsn: 65002 });
  other.addPeer({ at: RR, remoteAsn: 65001 });
  strict.speaker.originate(parsePrefix('20.1.0.0/24'));
  other.speaker.originate(parsePrefix('20.2.0.0/24'));
  network.until(() => strict.isUp(OTHER) && other.isUp(RR));
  network.run(1000);
  t.notOk(has(other, '20.1.0.0/24'));
  t.notOk(candidates(strict, '20.2.0.0/24').some(({ best }) => best));
  strict.updatePeer({ at: OTHER, remoteAsn: 65002, import: { terms: [] }, export: { terms: [] } });
  network.run(1000);
  t.ok(has(other, '20.1.0.0/24'));
  t.ok(candidates(strict, '20.2.0.0/24').some(({ best }) => best));
  t.end();
});

t.test('an UPDATE that is wrong but usable is dealt with and reported', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: RR, asn: 65000 });
  us.addPeer({ at: OTHER, remoteAsn: 65002, passive: true });
  const socket = network.connect(OTHER, RR);
  network.run(2);
  socket.write(octets(openMessage()));
  socket.write(octets({ type: 'keepalive' }));
  const update = octets(announcement(['20.0.0.0/24'], OTHER, [65002]));
  // ORIGIN is the first attribute: its value becomes 9.
  update[26] = 9;
  socket.write(update);
  network.run(10);
  t.ok(us.isUp(OTHER));
  t.match(
    us.events.filter(({ type }) => type === 'fault'),
    [{ peer: OTHER, action: 'treat-as-withdraw', attributeType: 1 }],
  );
  t.notOk(has(us, '20.0.0.0/24'));
  t.end();
});

t.test('IPv6 routes over an IPv4 session', (t) => {
  const network = new SimNetwork();
  const one = network.router({ address: RR, asn: 65001 });
  const two = network.router({ address: OTHER, asn: 65002 });
  one.addPeer({ at: OTHER, remoteAsn: 65002, localNextHops: [parseAddress('2001:db8::1')] });
  two.addPeer({ at: RR, remoteAsn: 65001 });
  one.speaker.originate(parsePrefix('2001:db8:7::/48'));
  t.ok(network.until(() => has(two, '2001:db8:7::/48'), 10_000));
  t.match(candidates(two, '2001:db8:7::/48')[0]?.nextHop, parseAddress('2001:db8::1'));
  t.same(
    two.speaker.rib.locRib({ family: 'ipv6-unicast' }).items.map(({ prefix }) => formatPrefix(prefix)),
    ['2001:db8:7::/48'],
  );
  t.end();
});

t.test('several routes per prefix (RFC 7911)', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: RR, asn: 65000 });
  us.addPeer({ at: OTHER, remoteAsn: 65002, passive: true, addPathReceive: true });
  const socket = network.connect(OTHER, RR);
  network.run(2);
  const offer: Capability = { type: 'add-path', families: [{ afi: 1, safi: 1, send: true, receive: true }] };
  const open = openMessage();
  socket.write(octets({ ...open, capabilities: [...open.capabilities, offer] }));
  socket.write(octets({ type: 'keepalive' }));
  const context = wireContext({ addPath: [true, false] });
  const nlri = (pathId: number) => ({ nlri: [{ prefix: parsePrefix('20.0.0.0/24'), pathId }] });
  socket.write(octets({ ...announcement([], OTHER, [65002]), ...nlri(1) }, context));
  socket.write(octets({ ...announcement([], OTHER, [65002, 65003]), ...nlri(2) }, context));
  network.run(10);
  t.match(
    candidates(us, '20.0.0.0/24').map(({ pathId, best }) => [pathId, best]),
    [
      [1, true],
      [2, false],
    ],
  );
  // We offered to receive, not to send: what we send has no path identifiers.
  us.speaker.originate(parsePrefix('20.1.0.0/24'));
  network.run(10);
  const sent = messages(socket.received).filter(({ type }) => type === 'update');
  t.match(sent.at(-1), { nlri: [{ prefix: parsePrefix('20.1.0.0/24') }] });
  t.end();
});

t.test('IPv4 routes with IPv6 next hops (RFC 8950)', (t) => {
  const network = new SimNetwork();
  const one = network.router({ address: '2001:db8::1', asn: 65001, routerId: 1 });
  const two = network.router({ address: '2001:db8::2', asn: 65002, routerId: 2 });
  one.addPeer({ at: '2001:db8::2', remoteAsn: 65002, extendedNextHop: true });
  two.addPeer({ at: '2001:db8::1', remoteAsn: 65001, extendedNextHop: true });
  one.speaker.originate(parsePrefix('20.0.0.0/24'));
  t.ok(network.until(() => has(two, '20.0.0.0/24'), 10_000));
  t.match(candidates(two, '20.0.0.0/24')[0]?.nextHop, parseAddress('2001:db8::1'));
  t.end();
});
