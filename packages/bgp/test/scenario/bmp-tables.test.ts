/** What collectors of BMP are shown on the virtual clock: sessions and tables, and always the truth in the end. */
import { formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { type Capability, wireContext } from '../../src/index.js';
import { announcement, octets, openMessage, SimNetwork, seededRandom } from '../../testing/index.js';
import { add, FAMILIES, isTrue, ONE, pathOf, Station, scene, TWO, told, types, US, view } from './bmp-scene.js';

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
  const value = (type: number) =>
    report?.type === 'statistics-report' ? report.statistics.find((each) => each.type === type)?.value : undefined;
  t.same([7, 11, 12].map(value), [0n, 1n, 1n]);
  t.end();
});

t.test('a peer that is sent several paths per prefix: they come and go, each with its identifier', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65000 });
  const peers = [ONE, TWO].map((at, i) => {
    const router = network.router({ address: at, asn: 65001 + i });
    us.addPeer({ at, remoteAsn: 65001 + i, passive: true });
    router.addPeer({ at: US, remoteAsn: 65000 });
    router.speaker.originate(parsePrefix('20.1.0.0/24'));
    return router;
  });
  const client = network.router({ address: '10.0.0.13', asn: 65000 });
  us.addPeer({ at: '10.0.0.13', remoteAsn: 65000, passive: true, addPathSendMax: 4 });
  client.addPeer({ at: US, remoteAsn: 65000, addPathReceive: true });
  network.until(() => us.speaker.view().established === 3);
  network.run(1000);
  const station = new Station(network);
  add({ network, us, one: us, two: us }, { monitor: ['adj-rib-out-post'] });
  network.run(1000);
  const collected = () => station.now.table('10.0.0.13', 'out');
  const told = () =>
    us.speaker.rib
      .adjRibOut(us.speaker.ribPeer('10.0.0.13'), 'ipv4-unicast')
      .items.map(({ prefix, pathId, attributes }) => `${formatPrefix(prefix)} ${pathId} via ${pathOf(attributes)}`)
      .sort();
  t.same(collected(), told(), 'as told before the collector came');
  t.same(
    told().map((route) => route.replace(/ \d+ via/, ' via')),
    ['20.1.0.0/24 via 65001', '20.1.0.0/24 via 65002'],
  );
  peers[0]!.speaker.originate(parsePrefix('20.1.0.0/24'), { med: 7, asPath: [{ type: 'sequence', asns: [65100] }] });
  peers[1]!.speaker.originate(parsePrefix('20.2.0.0/24'));
  network.run(1000);
  t.equal(collected().length, 3);
  t.same(collected(), told(), 'changed, and another');
  peers[1]!.shutDown();
  network.run(1000);
  t.same(collected(), told(), 'gone with its source');
  t.equal(collected().length, 1);
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
