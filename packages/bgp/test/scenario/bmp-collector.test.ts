/** Collectors of BMP on the virtual clock: late, lost, slow, several. */
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { add, bestOf, isTrue, ONE, Station, scene, TWO, types, US, view } from './bmp-scene.js';

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
    // The import policy rejects one of its routes.
    { type: 0, value: 1n },
    ...[1, 2, 3, 4, 5].map((type) => ({ type, value: 0n })),
    { type: 7, value: 3n },
    { type: 9, afi: 1, safi: 1, value: 2n },
    { type: 9, afi: 2, safi: 1, value: 1n },
    ...[11, 12, 13].map((type) => ({ type, value: 0n })),
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
