import { parseAddress } from '@tortie/ip';
import t from 'tap';
import { wireContext } from '../../src/wire/context.js';
import { path, prefix, RibFixture } from '../rib/rib-fixture.js';

const many = (count: number, first = 10): string[] =>
  Array.from({ length: count }, (_, i) => `${first}.${(i >> 8) & 255}.${i & 255}.0/24`);

const isEor = (event: string): boolean => event.startsWith('eor');

t.test('members of a group get the same octets, not copies', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  const c = net.up('c');
  net.settle();
  net.announce('a', ['10.0.0.0/8']);
  net.rib.work(100);
  const [toB] = net.rib.take(b.index, 1e6);
  const [toC] = net.rib.take(c.index, 1e6);
  t.ok(toB && toB === toC);
});

t.test('a route is not sent back to its source, also when another source was told before', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const b = net.up('b');
  const c = net.up('c');
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 1, 2) });
  net.settle();
  t.same(
    [a, b, c].map(({ table }) => table.size),
    [0, 1, 1],
  );
  net.announce('b', ['10.0.0.0/8'], { asPath: path(65002) });
  net.settle();
  t.same(
    [a, b, c].map(({ table }) => table.size),
    [1, 0, 1],
  );
  t.same(
    b.events.filter((event) => !isEor(event)),
    ['+10.0.0.0/8', '-10.0.0.0/8'],
  );
  net.withdraw('b', ['10.0.0.0/8']);
  net.settle();
  t.same(
    [a, b, c].map(({ table }) => table.size),
    [0, 1, 1],
  );
});

t.test("routes of a group's only member are there for whoever joins it", async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  net.announce('a', many(3000));
  t.equal(net.rib.peerCounters(a.index)[0]!.queued, 0, 'nor waits anything for it');
  net.settle();
  t.equal(net.rib.peerCounters(a.index)[0]!.advertised, 0, 'nothing is kept for the source alone');
  const b = net.up('b');
  net.rib.work(500);
  net.announce('a', ['99.0.0.0/8']);
  net.withdraw('a', many(10));
  net.settle(100);
  t.equal(b.table.size, 2991);
  t.equal(b.events.filter((event) => event.startsWith('+')).length, 3001, 'each once');
  t.ok(b.events.indexOf('eor ipv4-unicast') >= 2990, 'and End-of-RIB behind them');
  t.same(
    a.events.filter((event) => !isEor(event)),
    [],
    'the source hears nothing',
  );

  net.down('b');
  net.announce('a', many(100, 77));
  net.settle();
  const c = net.up('c');
  net.settle(100);
  t.equal(c.table.size, 3091, 'also of those that came while it was alone again');
});

t.test("the only member is told that another's route is gone where its own has become the best", async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  net.up('b', { type: 'ibgp' });
  net.announce('b', ['10.0.0.0/8'], { asPath: path(1, 2, 3) });
  net.settle();
  t.equal(a.table.size, 1);
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001) });
  net.settle();
  t.equal(a.table.size, 0);
  net.withdraw('a', ['10.0.0.0/8']);
  net.settle();
  t.equal(a.table.size, 1);
});

t.test('End-of-RIB follows the table as it was at the start, for each family, also of an empty one', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  net.settle();
  t.same(a.events.sort(), ['eor ipv4-unicast', 'eor ipv6-unicast']);
  net.announce('a', many(3000));
  net.settle();
  const late = net.up('late', { type: 'ibgp' });
  net.settle(100);
  t.equal(late.events.indexOf('eor ipv4-unicast') > 2990, true, 'in a new group');
  t.equal(late.table.size, 3000);
  const later = net.up('later', { type: 'ibgp' });
  net.settle(100);
  t.equal(later.table.size, 3000);
  const eor = later.events.indexOf('eor ipv4-unicast');
  t.equal(later.events.slice(0, eor).filter((event) => event.startsWith('+')).length, 3000, 'in a group with a table');
  t.equal(later.events.filter(isEor).length, 2, 'once per family');
});

t.test('End-of-RIB that is held follows what has come meanwhile, for early and late members', async (t) => {
  const net = new RibFixture();
  net.rib.holdEndOfRib();
  net.up('a');
  const early = net.up('b');
  net.settle();
  net.announce('a', many(3000));
  const late = net.up('c');
  net.settle();
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  for (const { events } of [early, late]) t.notOk(events.some(isEor), 'the table may not be whole');
  // The last routes come in the same moment as what ends the wait: not even packed.
  net.announce('a', ['11.0.0.0/8']);
  net.rib.releaseEndOfRib();
  net.settle();
  for (const { events } of [early, late]) {
    t.strictSame(events.slice(-3).sort(), ['+11.0.0.0/8', 'eor ipv4-unicast', 'eor ipv6-unicast']);
    t.ok(events.indexOf('+11.0.0.0/8') < events.indexOf('eor ipv4-unicast'));
  }
  const after = net.up('d');
  net.settle();
  t.equal(after.events.filter(isEor).length, 2, 'later ones get it as usual');
});

t.test('a peer that joins during a load gets everything once it is quiet, and its End-of-RIB before', async (t) => {
  const net = new RibFixture();
  net.up('a');
  net.up('b');
  const batches = Array.from({ length: 20 }, (_, i) => many(200, 20 + i));
  let joiner: ReturnType<RibFixture['up']> | undefined;
  for (const [i, batch] of batches.entries()) {
    net.announce('a', batch, { asPath: path(65001, i + 1) });
    net.rib.work(150);
    net.drain(500);
    if (i === 9) joiner = net.up('joiner');
    if (i === 15) net.withdraw('a', batches[3]!);
  }
  net.settle(150);
  t.equal(joiner!.table.size, 19 * 200);
  t.same(net.told(), net.adjRibsOut());
  t.equal(joiner!.events.filter(isEor).length, 2);
});

t.test('a slow member holds nobody up, is bounded, and ends with the newest state', async (t) => {
  const net = new RibFixture({ maxBacklogOctets: 20_000 });
  net.up('a');
  const fast = net.up('fast');
  const slow = net.up('slow');
  net.settle();
  slow.slow = true;
  const seen: number[] = [];
  for (let round = 0; round < 30; round++) {
    net.announce('a', many(500), { asPath: path(65001, round + 1) });
    net.withdraw('a', many(100, 10));
    net.settle();
    seen.push(net.rib.pendingOctets(slow.index));
  }
  t.equal(fast.table.size, 400, 'the fast one has everything');
  t.ok(Math.max(...seen) <= 150_000, `at most ${Math.max(...seen)} octets wait for the slow one`);
  slow.slow = false;
  slow.events.length = 0;
  net.settle();
  t.same(net.told(), net.adjRibsOut());
  t.equal(slow.table.size, 400);
  t.ok(slow.events.length < 3000, `${slow.events.length} changes instead of 18000`);
  slow.events.length = 0;
  net.announce('a', ['172.16.0.0/12']);
  net.settle();
  t.same(slow.events, ['+172.16.0.0/12'], 'and is back with the others');
});

t.test('a refresh sends everything again, between BoRR and EoRR where both sides know them', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const plain = net.up('plain');
  const enhanced = net.up('enhanced', { enhancedRefresh: true });
  net.announce('a', many(10));
  net.settle();
  for (const peer of [plain, enhanced]) {
    peer.events.length = 0;
    net.rib.refreshOut(peer.index, 'ipv4-unicast');
  }
  net.settle();
  t.equal(plain.events.length, 10);
  t.equal(enhanced.events.length, 12);
  t.equal(enhanced.events[0], 'borr ipv4-unicast');
  t.equal(enhanced.events[11], 'eorr ipv4-unicast');
});

t.test('messages are packed full and never longer than the session allows', async (t) => {
  for (const extendedMessages of [false, true]) {
    const net = new RibFixture();
    net.up('a', { receive: wireContext({ extendedMessages: true, localAsn: 65000 }) });
    const b = net.up('b', { send: wireContext({ extendedMessages, localAsn: 65000 }) });
    net.settle();
    b.messages = 0;
    net.announce('a', many(5000));
    net.settle(10_000);
    t.equal(b.table.size, 5000);
    t.equal(b.messages, extendedMessages ? 1 : 5, 'announcements');
    t.ok(b.longest <= (extendedMessages ? 65535 : 4096), `longest ${b.longest}`);
    b.messages = 0;
    b.longest = 0;
    net.withdraw('a', many(5000));
    net.settle(10_000);
    t.equal(b.table.size, 0);
    t.equal(b.messages, extendedMessages ? 1 : 5, 'withdrawals');
    t.ok(b.longest <= (extendedMessages ? 65535 : 4096), `longest ${b.longest}`);
  }
});

t.test('IPv6 messages are packed full as well', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.settle();
  b.messages = 0;
  const list = Array.from({ length: 2000 }, (_, i) => `2001:db8:${i.toString(16)}::/48`);
  for (let i = 0; i < 2000; i += 400) net.announce('a', list.slice(i, i + 400));
  net.settle(10_000);
  t.equal(b.table.size, 2000);
  t.ok(b.messages <= 4, `${b.messages} messages of up to ${b.longest}`);
  t.ok(b.longest <= 4096 && b.longest > 4000);
});

t.test('attributes too long for a session are not advertised there, and withdrawn where they had fitted', async (t) => {
  const net = new RibFixture();
  net.up('a', { receive: wireContext({ extendedMessages: true, localAsn: 65000 }) });
  const b = net.up('b');
  const c = net.up('c', { send: wireContext({ extendedMessages: true, localAsn: 65000 }) });
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  t.same([b.table.size, c.table.size], [1, 1]);
  net.announce('a', ['10.0.0.0/8'], { communities: Array.from({ length: 1100 }, (_, i) => i) });
  net.settle();
  t.same([b.table.size, c.table.size], [0, 1]);
});

t.test('withdrawals of a batch go before its announcements', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  b.events.length = 0;
  net.announce('a', ['11.0.0.0/8']);
  net.withdraw('a', ['10.0.0.0/8']);
  net.settle();
  t.same(b.events, ['-10.0.0.0/8', '+11.0.0.0/8']);
});

t.test('a change and its reversal before anything is sent cost nothing', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.settle();
  b.events.length = 0;
  net.announce('a', ['10.0.0.0/8']);
  net.withdraw('a', ['10.0.0.0/8']);
  net.settle();
  t.same(b.events, []);
  t.match(net.rib.counters(), { families: [{ prefixes: 0 }, {}] });
});

t.test('settings change in place: next hop, export policy, without a new session', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b', { type: 'ibgp' });
  net.announce('a', ['10.0.0.0/8', '11.0.0.0/8']);
  net.settle();
  t.equal(b.table.get('10.0.0.0/8')!.nextHop!.a, parseAddress('192.0.2.1').a);
  net.rib.updatePeer(b.index, { nextHopMode: 'self' });
  net.settle();
  t.equal(b.table.get('10.0.0.0/8')!.nextHop!.a, parseAddress('192.0.2.254').a);
  net.rib.updatePeer(b.index, {
    exportPolicy: { terms: [{ match: { prefixes: [{ prefix: prefix('10.0.0.0/8') }] }, action: 'reject' }] },
  });
  net.settle();
  t.same([...b.table.keys()], ['11.0.0.0/8']);
  net.rib.updatePeer(b.index, { exportPolicy: undefined });
  net.settle();
  t.equal(b.table.size, 2);
  t.equal(b.events.filter(isEor).length, 2, 'End-of-RIB is not repeated');
});

t.test('work in steps of one, takes of one octet: the same end', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  const c = net.up('c', { type: 'ibgp', client: true });
  net.announce('a', many(50));
  while (net.rib.work(1) || net.drain(1) > 0);
  t.same([b.table.size, c.table.size], [50, 50]);
  t.equal(net.rib.pendingOctets(b.index), 0);
});

t.test('IPv4 routes with an IPv6 next hop go only to sessions that negotiated it, RFC 8950', async (t) => {
  const extended = wireContext({ localAsn: 65000, peerType: 'ibgp', extendedNextHop: [true, false] });
  const net = new RibFixture();
  net.up('a', { type: 'ibgp', client: true, receive: extended, send: extended });
  const able = net.up('able', { type: 'ibgp', client: true, receive: extended, send: extended });
  const unable = net.up('unable', { type: 'ibgp', client: true });
  const { nextHop: _, ...others } = { origin: 'igp' as const, asPath: [], localPref: 100, nextHop: undefined };
  const nextHop = parseAddress('2001:db8::7');
  net.send('a', {
    attributes: { ...others, mpReach: { afi: 1, safi: 1, nextHop, nlri: [{ prefix: prefix('10.0.0.0/8') }] } },
  });
  net.settle();
  t.match(able.table.get('10.0.0.0/8'), { nextHop });
  t.equal(unable.table.size, 0);
});

t.test(
  'what we do not know is passed on with Partial if transitive; non-transitive communities stay inside',
  async (t) => {
    const net = new RibFixture();
    net.up('a');
    const e = net.up('e');
    const i = net.up('i', { type: 'ibgp' });
    net.announce('a', ['10.0.0.0/8'], {
      extendedCommunities: [0x0002_0001_0000_0001n, 0x4002_0001_0000_0001n],
      unknown: [
        { type: 200, flags: 0xc0, value: Uint8Array.of(1, 2) },
        { type: 201, flags: 0x80, value: Uint8Array.of(3) },
      ],
    });
    net.settle();
    t.same(e.table.get('10.0.0.0/8')!.unknown, [{ type: 200, flags: 0xe0, value: Uint8Array.of(1, 2) }]);
    t.same(e.table.get('10.0.0.0/8')!.extendedCommunities, [0x0002_0001_0000_0001n]);
    t.equal(i.table.get('10.0.0.0/8')!.extendedCommunities!.length, 2);
  },
);
