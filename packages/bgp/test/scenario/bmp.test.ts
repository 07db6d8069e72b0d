/** Collectors of BMP on the virtual clock: late, lost, slow, several, and always with the truth in the end. */
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t, { type Test } from 'tap';
import {
  type BmpCollectorConfig,
  type BmpMessage,
  type Capability,
  type FamilyName,
  wireContext,
} from '../../src/index.js';
import {
  announcement,
  octets,
  openMessage,
  SimCollector,
  SimNetwork,
  type SimRouter,
  type SimSocket,
  seededRandom,
} from '../../testing/index.js';

const US = '10.0.0.1';
const ONE = '10.0.0.11';
const TWO = '10.0.0.12';
const COLLECTOR = '10.9.0.1';

const FAMILIES: readonly FamilyName[] = ['ipv4-unicast', 'ipv6-unicast'];

/** A collector at an address, with each connection it has had. */
class Station {
  readonly collectors: SimCollector[] = [];
  readonly sockets: SimSocket[] = [];
  readonly #network: SimNetwork;
  readonly #address: string;

  constructor(network: SimNetwork, address = COLLECTOR) {
    this.#network = network;
    this.#address = address;
    this.plug();
  }

  plug(): void {
    this.#network.listen(this.#address, (socket) => {
      const collector = new SimCollector();
      this.collectors.push(collector);
      this.sockets.push(socket);
      socket.onData = (bytes) => collector.receive(bytes);
    });
  }

  unplug(): void {
    this.#network.unplug(this.#address);
  }

  get now(): SimCollector {
    return this.collectors.at(-1)!;
  }

  get socket(): SimSocket {
    return this.sockets.at(-1)!;
  }
}

interface Scene {
  readonly network: SimNetwork;
  readonly us: SimRouter;
  readonly one: SimRouter;
  readonly two: SimRouter;
}

/** Two neighbours in other ASes; what the second sends of 20.2.0.0/16 our import policy rejects. */
function scene(): Scene {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65000, wallClockMs: () => 1_700_000_000_000 + network.clock.nowMs });
  const one = network.router({ address: ONE, asn: 65001 });
  const two = network.router({ address: TWO, asn: 65002 });
  const match = { prefixes: [{ prefix: parsePrefix('20.2.0.0/16'), le: 32 }] };
  us.addPeer({ at: ONE, remoteAsn: 65001, passive: true });
  us.addPeer({
    at: TWO,
    remoteAsn: 65002,
    passive: true,
    import: { terms: [{ match, action: 'reject' }], otherwise: 'accept' },
  });
  one.addPeer({ at: US, remoteAsn: 65000, localNextHops: [parseAddress('2001:db8::11')] });
  two.addPeer({ at: US, remoteAsn: 65000, localNextHops: [parseAddress('2001:db8::12')] });
  for (const router of [one, two]) {
    router.speaker.originate(parsePrefix('20.1.0.0/24'));
    router.speaker.originate(parsePrefix('2001:db8:1::/48'));
  }
  two.speaker.originate(parsePrefix('20.2.0.0/24'));
  network.until(() => us.isUp(ONE) && us.isUp(TWO));
  network.run(1000);
  return { network, us, one, two };
}

const ALL = ['adj-rib-in-pre', 'adj-rib-in-post', 'loc-rib', 'adj-rib-out-post'] as const;

function add({ us, network }: Scene, config: Partial<BmpCollectorConfig> = {}): void {
  const collector = { name: 'station', address: parseAddress(COLLECTOR), monitor: ALL, ...config };
  us.speaker.bmp.add(collector, network.clock.nowMs);
  us.turn();
}

const view = ({ us }: Scene, index = 0) => us.speaker.bmp.views()[index]!;

const types = (messages: readonly BmpMessage[]): string[] => messages.map(({ type }) => type);

/** A table of the RIB, in the words of SimCollector. */
function truth(us: SimRouter, peer: string, policy: 'pre' | 'post'): string[] {
  const number = us.speaker.ribPeer(peer);
  return FAMILIES.flatMap((family) => us.speaker.rib.adjRibIn(number, policy, family).items)
    .map(({ prefix, attributes }) => `${formatPrefix(prefix)} via ${pathOf(attributes)}`)
    .sort();
}

function told(us: SimRouter, peer: string): string[] {
  const number = us.speaker.ribPeer(peer);
  return FAMILIES.flatMap((family) => us.speaker.rib.adjRibOut(number, family, { limit: 10_000 }).items)
    .map(({ prefix, attributes }) => `${formatPrefix(prefix)} via ${pathOf(attributes)}`)
    .sort();
}

const pathOf = ({ asPath }: { readonly asPath: readonly { readonly asns: readonly number[] }[] }): string =>
  asPath.flatMap(({ asns }) => asns).join(' ');

const bestOf = (us: SimRouter): string[] =>
  us.speaker.rib
    .locRib()
    .items.flatMap(({ prefix, candidates }) =>
      candidates[0]?.best ? [`${formatPrefix(prefix)} via ${pathOf(candidates[0].attributes)}`] : [],
    )
    .sort();

function isTrue(t: Test, { us }: Scene, collector: SimCollector): void {
  for (const peer of [ONE, TWO]) {
    t.equal(collector.sessions.has(peer), us.isUp(peer), peer);
    if (!us.isUp(peer)) continue;
    t.same(collector.table(peer, 'pre'), truth(us, peer, 'pre'), `${peer} as received`);
    t.same(collector.table(peer, 'post'), truth(us, peer, 'post'), `${peer} as accepted`);
    t.same(collector.table(peer, 'out'), told(us, peer), `${peer} is told`);
  }
  t.same(collector.table('', 'loc-rib'), bestOf(us), 'best routes');
}

t.test('a collector that comes late gets who we are, sessions, tables and their ends', (t) => {
  const scenery = scene();
  const station = new Station(scenery.network);
  add(scenery, { sysName: 'node-1', sysDescr: 'a test' });
  scenery.network.run(1000);
  const { now } = station;
  t.same(types(now.messages).slice(0, 4), ['initiation', 'peer-up', 'peer-up', 'peer-up']);
  t.same(now.table(TWO, 'pre'), ['20.1.0.0/24 via 65002', '20.2.0.0/24 via 65002', '2001:db8:1::/48 via 65002']);
  t.same(now.table(TWO, 'post'), ['20.1.0.0/24 via 65002', '2001:db8:1::/48 via 65002']);
  t.same(now.table('', 'loc-rib'), ['20.1.0.0/24 via 65001', '2001:db8:1::/48 via 65001']);
  for (const family of FAMILIES) {
    for (const peer of [ONE, TWO]) {
      for (const view of ['pre', 'post', 'out'] as const) t.ok(now.hasEnded(peer, view, family), `${peer} ${view}`);
    }
    t.ok(now.hasEnded('', 'loc-rib', family));
  }
  isTrue(t, scenery, now);
  t.match(view(scenery), { state: 'connected', connections: 1, dropped: 0, pending: false, lastError: undefined });
  t.equal(view(scenery).messages, now.messages.length);
  const up = now.messages.find((each) => each.type === 'peer-up' && each.peer.asn === 65001);
  t.match(up, { localAddress: parseAddress(US), peer: { routerId: parseAddress(ONE).a, peerType: 0 } });
  t.end();
});

t.test('routes and sessions that come and go are followed', (t) => {
  const scenery = scene();
  const { network, us, one, two } = scenery;
  const station = new Station(network);
  add(scenery);
  network.run(1000);
  const { now } = station;
  one.speaker.originate(parsePrefix('20.3.0.0/24'));
  two.speaker.withdraw(parsePrefix('20.2.0.0/24'));
  one.speaker.withdraw(parsePrefix('20.1.0.0/24'));
  network.run(1000);
  t.same(now.table('', 'loc-rib').slice(0, 2), ['20.1.0.0/24 via 65002', '20.3.0.0/24 via 65001']);
  isTrue(t, scenery, now);
  const live = now.messages.at(-1)!;
  t.ok(live.type === 'route-monitoring' && live.peer.timestampMs >= 1_700_000_000_000, 'with the time of the change');

  us.resetPeer(ONE, 'hard', 'a walk');
  network.run(1);
  t.match(
    now.messages.findLast(({ type }) => type === 'peer-down'),
    { reason: 1, peer: { asn: 65001 } },
  );
  network.until(() => us.isUp(ONE));
  network.run(1000);
  isTrue(t, scenery, now);
  t.ok(now.hasEnded(ONE, 'pre', 'ipv4-unicast'));

  const reasons = (): number[] => now.messages.flatMap((each) => (each.type === 'peer-down' ? [each.reason] : []));
  one.shutDown({ text: 'bye' });
  network.run(1000);
  two.shutDown({ graceful: true });
  network.run(1000);
  t.same(reasons(), [1, 3, 4], 'the words of each end are known');
  t.end();
});

t.test('the import policy changes: accepted routes follow, received ones stay', (t) => {
  const scenery = scene();
  const { network, us } = scenery;
  const station = new Station(network);
  add(scenery);
  network.run(1000);
  us.updatePeer({ at: TWO, remoteAsn: 65002, passive: true });
  network.run(1000);
  t.same(station.now.table(TWO, 'post').length, 3);
  us.updatePeer({ at: TWO, remoteAsn: 65002, passive: true, import: { terms: [], otherwise: 'reject' } });
  network.run(1000);
  t.same([station.now.table(TWO, 'post').length, station.now.table(TWO, 'pre').length], [0, 3]);
  isTrue(t, scenery, station.now);
  t.end();
});

t.test('the export policy changes, and the update group with it: what is told follows', (t) => {
  const scenery = scene();
  const { network, us } = scenery;
  const station = new Station(network);
  add(scenery);
  us.speaker.originate(parsePrefix('20.9.0.0/24'));
  network.run(1000);
  isTrue(t, scenery, station.now);
  t.same(station.now.table(TWO, 'out'), [
    '20.1.0.0/24 via 65000 65001',
    '20.9.0.0/24 via 65000',
    '2001:db8:1::/48 via 65000 65001',
  ]);
  const match = { prefixes: [{ prefix: parsePrefix('20.9.0.0/24') }] };
  const term = { match, action: 'accept', set: { prependAsns: [65000, 65000] } } as const;
  us.updatePeer({ at: TWO, remoteAsn: 65002, passive: true, export: { terms: [term], otherwise: 'reject' } });
  network.run(1000);
  t.same(station.now.table(TWO, 'out'), ['20.9.0.0/24 via 65000 65000 65000']);
  isTrue(t, scenery, station.now);
  us.updatePeer({ at: TWO, remoteAsn: 65002, passive: true });
  network.run(1000);
  t.equal(station.now.table(TWO, 'out').length, 3);
  isTrue(t, scenery, station.now);
  t.end();
});

t.test('what a slow collector was told before the update group changed is taken back', (t) => {
  const scenery = scene();
  const { network, us } = scenery;
  const station = new Station(network);
  add(scenery, { monitor: ['adj-rib-out-post'] });
  us.speaker.originate(parsePrefix('20.9.0.0/24'));
  network.run(1000);
  station.socket.pause();
  // More than the connection takes: nothing is pulled any more.
  for (let index = 0; index < 2000; index++)
    us.speaker.originate(parsePrefix(`30.${index >> 8}.${index & 255}.0/24`), { med: index });
  network.run(1000);
  t.ok(view(scenery).pending);
  const match = { prefixes: [{ prefix: parsePrefix('20.9.0.0/24') }] };
  us.updatePeer({
    at: TWO,
    remoteAsn: 65002,
    passive: true,
    export: { terms: [{ match, action: 'reject' }], otherwise: 'accept' },
  });
  us.updatePeer({
    at: ONE,
    remoteAsn: 65001,
    passive: true,
    export: { terms: [{ match, action: 'reject' }], otherwise: 'accept' },
  });
  network.run(1000);
  // Its row in the table of prefixes goes to others.
  us.speaker.withdraw(parsePrefix('20.9.0.0/24'));
  network.run(1000);
  for (let index = 0; index < 10; index++) us.speaker.originate(parsePrefix(`31.0.${index}.0/24`));
  network.run(1000);
  station.socket.resume();
  network.run(10_000);
  for (const peer of [ONE, TWO]) t.same(station.now.table(peer, 'out'), told(us, peer));
  t.notMatch(station.now.table(TWO, 'out').join(), '20.9.0.0/24');
  t.end();
});

t.test('what is not asked for is not sent', (t) => {
  const scenery = scene();
  const station = new Station(scenery.network);
  add(scenery, { monitor: ['adj-rib-in-post'], families: ['ipv6-unicast'] });
  scenery.network.run(1000);
  const { now } = station;
  t.notOk(now.sessions.has(''), 'no loc-rib');
  t.same([now.table(ONE, 'pre'), now.table(ONE, 'post')], [[], ['2001:db8:1::/48 via 65001']]);
  t.end();
});

t.test('a collector that is not there is tried again with growing pauses', (t) => {
  const scenery = scene();
  const { network, us } = scenery;
  add(scenery);
  network.run(1000);
  t.match(view(scenery), { state: 'waiting', lastError: 'TCP connection refused', connections: 0, dropped: 0 });
  network.run(100_000);
  const events = us.events.filter(({ type }) => type === 'bmp');
  t.match(events, [{ change: 'unreachable', collector: 'station', reason: 'TCP connection refused' }], 'told once');
  const station = new Station(network);
  t.ok(
    network.until(() => view(scenery).state === 'connected', 61_000),
    'a minute at most',
  );
  network.run(1000);
  isTrue(t, scenery, station.now);
  t.end();
});

t.test('a connection that breaks: all over again on the next one', (t) => {
  const scenery = scene();
  const { network, us, one } = scenery;
  const station = new Station(network);
  add(scenery);
  network.run(60_000);
  station.socket.close();
  network.run(10);
  t.match(view(scenery), { state: 'waiting', dropped: 1, lastError: 'the peer closed the connection' });
  one.speaker.originate(parsePrefix('20.4.0.0/24'));
  network.until(() => station.collectors.length === 2);
  network.run(1000);
  t.equal(station.now.messages[0]!.type, 'initiation');
  isTrue(t, scenery, station.now);
  t.match(
    us.events.filter(({ type }) => type === 'bmp'),
    [{ change: 'connected' }, { change: 'lost' }, { change: 'connected' }],
  );
  t.end();
});

t.test('a slow collector: what happens meanwhile coalesces, and BGP does not wait', (t) => {
  const scenery = scene();
  const { network, us, one, two } = scenery;
  const station = new Station(network);
  add(scenery);
  network.run(1000);
  const before = station.now.messages.length;
  station.socket.pause();
  for (let round = 0; round < 50; round++) {
    for (let index = 0; index < 200; index++) {
      const prefix = parsePrefix(`30.0.${index}.0/24`);
      if (round % 2 === 0) one.speaker.originate(prefix, { med: round });
      else one.speaker.withdraw(prefix);
    }
    network.run(100);
  }
  us.resetPeer(TWO, 'hard');
  network.until(() => us.isUp(TWO));
  us.resetPeer(TWO, 'hard');
  network.until(() => us.isUp(TWO));
  network.run(1000);
  t.ok(two.isUp(US) && one.isUp(US));
  t.ok(view(scenery).pending);
  t.ok(station.socket.remote.unread < 256 * 1024, `${station.socket.remote.unread} octets under way`);
  station.socket.resume();
  network.run(10_000);
  t.notOk(view(scenery).pending);
  isTrue(t, scenery, station.now);
  t.equal(station.collectors.length, 1, 'the same connection');
  const news = station.now.messages.slice(before);
  t.equal(types(news).filter((type) => type === 'peer-down').length, 1, 'two flaps, told as one');
  t.end();
});

t.test('a collector that reads nothing is cut off, and tried again', (t) => {
  const scenery = scene();
  const { network, us } = scenery;
  const station = new Station(network);
  add(scenery, { stallS: 30 });
  network.run(1000);
  const connection = 3;
  us.speaker.sendStalled(connection, 29, network.clock.nowMs);
  us.turn();
  t.equal(view(scenery).state, 'connected');
  us.speaker.sendStalled(connection, 30, network.clock.nowMs);
  us.turn();
  t.match(view(scenery), { state: 'waiting', dropped: 1, lastError: 'the collector has read nothing for 30 s' });
  t.ok(us.isUp(ONE) && us.isUp(TWO));
  network.until(() => station.collectors.length === 2);
  network.run(1000);
  isTrue(t, scenery, station.now);
  t.end();
});

t.test('two collectors, each with its own choice; one that is removed gets a Termination', (t) => {
  const scenery = scene();
  const { network, us } = scenery;
  const station = new Station(network);
  const other = new Station(network, '10.9.0.2');
  add(scenery);
  add(scenery, { name: 'other', address: parseAddress('10.9.0.2'), monitor: ['loc-rib'] });
  network.run(1000);
  isTrue(t, scenery, station.now);
  t.same([...other.now.sessions.keys()], ['', ONE, TWO]);
  t.same(other.now.table('', 'loc-rib'), bestOf(us));
  t.same(other.now.table(ONE, 'pre'), []);
  t.ok(us.speaker.bmp.remove('other', network.clock.nowMs));
  us.turn();
  network.run(1000);
  t.match(other.now.messages.at(-1), { type: 'termination', information: [{ type: 1, value: Uint8Array.of(0, 0) }] });
  t.ok(other.socket.closed);
  t.same(
    us.speaker.bmp.views().map(({ name }) => name),
    ['station'],
  );
  t.notOk(us.speaker.bmp.remove('other', network.clock.nowMs));
  network.run(120_000);
  t.equal(other.collectors.length, 1, 'and is left alone');
  t.throws(() => add(scenery), { code: 'ERR_BGP_CONFIG', field: 'name' });
  t.end();
});

t.test('a peer that sends several paths per prefix, and one UPDATE that counts as a withdrawal', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65000 });
  us.addPeer({ at: TWO, remoteAsn: 65002, passive: true, addPathReceive: true });
  const socket = network.connect(TWO, US);
  network.run(2);
  const offer: Capability = { type: 'add-path', families: [{ afi: 1, safi: 1, send: true, receive: false }] };
  const open = openMessage();
  const sentOpen = octets({ ...open, capabilities: [...open.capabilities, offer] });
  socket.write(sentOpen);
  socket.write(octets({ type: 'keepalive' }));
  const context = wireContext({ addPath: [true, false] });
  const nlri = (pathId: number) => [{ prefix: parsePrefix('20.0.0.0/24'), pathId }];
  socket.write(octets({ ...announcement([], TWO, [65002]), nlri: nlri(1) }, context));
  socket.write(octets({ ...announcement([], TWO, [65002, 65003]), nlri: nlri(7) }, context));
  network.run(10);
  const station = new Station(network);
  const scenery = { network, us, one: us, two: us };
  add(scenery, { statsIntervalS: 10 });
  network.run(1000);
  const { now } = station;
  const both = ['20.0.0.0/24 1 via 65002', '20.0.0.0/24 7 via 65002 65003'];
  t.same([now.table(TWO, 'pre'), now.table(TWO, 'post')], [both, both]);
  t.same(now.table('', 'loc-rib'), ['20.0.0.0/24 via 65002']);
  const up = now.messages.find((each) => each.type === 'peer-up' && each.peer.peerType === 0);
  t.match(up, { receivedOpen: sentOpen, localAddress: parseAddress(US) }, 'the OPEN as it came');
  t.match(up, { peer: { timestampMs: 0 } }, 'without a clock no time is known');
  socket.write(octets({ ...announcement([], TWO, []), attributes: {}, nlri: [], withdrawn: nlri(1) }, context));
  network.run(1000);
  t.same(now.table(TWO, 'pre'), both.slice(1));
  t.same(now.table('', 'loc-rib'), ['20.0.0.0/24 via 65002 65003']);
  // Without ORIGIN the route counts as withdrawn.
  const { origin: _, ...rest } = announcement([], TWO, [65002]).attributes;
  socket.write(octets({ ...announcement([], TWO, []), attributes: rest, nlri: nlri(7) }, context));
  network.run(10_000);
  t.same(now.table(TWO, 'pre'), []);
  const report = now.messages.findLast((each) => each.type === 'statistics-report' && each.peer.peerType === 0);
  t.match(report, { statistics: [{ type: 7, value: 0n }, {}, {}, { type: 11, value: 1n }] });
  t.end();
});

t.test('a session over IPv6, and IPv4 routes with IPv6 next hops (RFC 8950)', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: '2001:db8::1', asn: 65000, routerId: 1 });
  const six = network.router({ address: '2001:db8::2', asn: 65002, routerId: 2 });
  us.addPeer({ at: '2001:db8::2', remoteAsn: 65002, passive: true, extendedNextHop: true });
  six.addPeer({ at: '2001:db8::1', remoteAsn: 65000, extendedNextHop: true });
  six.speaker.originate(parsePrefix('20.0.0.0/24'));
  us.speaker.originate(parsePrefix('20.1.0.0/24'));
  network.until(() => us.isUp('2001:db8::2'));
  network.run(1000);
  const station = new Station(network);
  add({ network, us, one: us, two: six });
  network.run(1000);
  const { now } = station;
  for (const view of ['pre', 'post'] as const) t.same(now.table('2001:db8::2', view), ['20.0.0.0/24 via 65002']);
  t.same(now.table('2001:db8::2', 'out'), ['20.1.0.0/24 via 65000']);
  // Behind the header and both length fields: flags, type, two octets of length, AFI.
  const first = now.messages.flatMap((each) =>
    each.type === 'route-monitoring' ? [[...each.update.subarray(23, 29)]] : [],
  );
  const reach = first.filter(([, type, , , , afi]) => type === 14 && afi === 1);
  t.equal(reach.length, 4, 'MP_REACH_NLRI of IPv4 comes first: received, accepted, best, and told');
  t.end();
});

t.test('statistics at their interval', (t) => {
  const scenery = scene();
  const { network } = scenery;
  const station = new Station(network);
  add(scenery, { statsIntervalS: 10 });
  network.run(9_000);
  const reports = () => station.now.messages.flatMap((each) => (each.type === 'statistics-report' ? [each] : []));
  t.equal(reports().length, 0);
  network.run(2_000);
  t.equal(reports().length, 3);
  const two = reports().find(({ peer }) => peer.asn === 65002)!;
  t.match(two.statistics, [
    { type: 7, value: 3n },
    { type: 9, afi: 1, safi: 1, value: 2n },
    { type: 9, afi: 2, safi: 1, value: 1n },
    { type: 11, value: 0n },
    { type: 15, value: 2n },
    { type: 17, afi: 1, safi: 1, value: 1n },
    { type: 17, afi: 2, safi: 1, value: 1n },
  ]);
  t.same(station.now.table(TWO, 'out').length, 2, 'what it sent itself is not among them');
  const loc = reports().find(({ peer }) => peer.peerType === 3)!;
  t.match(loc.statistics, [
    { type: 8, value: 2n },
    { type: 10, afi: 1, safi: 1, value: 1n },
    { type: 10, afi: 2, safi: 1, value: 1n },
  ]);
  t.end();
});

t.test('whatever happens in whatever order, the collector has the truth in the end', (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    const scenery = scene();
    const { network, us, one, two } = scenery;
    const station = new Station(network);
    add(scenery);
    for (let step = 0; step < 120; step++) {
      const router = pick(2) === 0 ? one : two;
      const number = pick(30);
      const prefix = parsePrefix(number % 3 === 0 ? `2001:db8:${number}::/48` : `20.${number % 4}.${number}.0/24`);
      switch (pick(14)) {
        case 12:
        case 13: {
          const [at, remoteAsn] = pick(2) === 0 ? [ONE, 65001] : [TWO, 65002];
          const reject = {
            match: { prefixes: [{ prefix: parsePrefix(`20.${pick(4)}.0.0/16`), le: 32 }] },
            action: 'reject',
          } as const;
          const policy = { terms: pick(2) === 0 ? [reject] : [] };
          us.updatePeer({
            at: at as string,
            remoteAsn: remoteAsn as number,
            passive: true,
            [pick(2) === 0 ? 'import' : 'export']: policy,
          });
          break;
        }
        case 0:
          us.resetPeer(pick(2) === 0 ? ONE : TWO, 'hard');
          break;
        case 1:
          station.socket?.pause();
          break;
        case 2:
          station.socket?.resume();
          break;
        case 3:
          if (pick(6) === 0) station.socket?.close();
          break;
        case 4:
          if (pick(4) === 0) router.resetPeer(US, 'hard');
          break;
        case 5:
        case 6:
        case 7:
          router.speaker.withdraw(prefix);
          break;
        default:
          router.speaker.originate(prefix, { asPath: [{ type: 'sequence', asns: [65100 + pick(5)] }] });
      }
      if (pick(3) === 0) network.run(pick(400));
    }
    station.socket.resume();
    network.until(() => us.isUp(ONE) && us.isUp(TWO) && view(scenery).state === 'connected');
    network.run(90_000);
    isTrue(t, scenery, station.now);
  }
  t.end();
});
