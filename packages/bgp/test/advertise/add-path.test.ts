import { parseAddress } from '@tortie/ip';
import t from 'tap';
import { wireContext } from '../../src/wire/context.js';
import { type PeerSetup, path, prefix, RibFixture } from '../rib/rib-fixture.js';

const P = '10.0.0.0/8';

/** A session that is sent up to `maxPaths` paths. */
const addPath = (maxPaths: number, type: 'ebgp' | 'ibgp' = 'ibgp'): PeerSetup => ({
  type,
  maxPaths,
  send: wireContext({ peerType: type, localAsn: 65000, addPath: [true, true] }),
});

/** The AS path behind each NLRI the peer holds. */
const paths = ({ table }: ReturnType<RibFixture['up']>): Record<string, string> =>
  Object.fromEntries([...table].map(([key, { asPath }]) => [key, asPath.flatMap(({ asns }) => asns).join(' ')]));

const ids = (peer: ReturnType<RibFixture['up']>): string[] => [...peer.table.keys()].sort();

/** Three sources, best first: a, b, c. */
function sources(setup: PeerSetup = {}): RibFixture {
  const net = new RibFixture();
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    net.up(name, setup);
    net.announce(name, [P], { asPath: path(...[1, 2, 3].slice(0, index + 1)) });
  }
  net.settle();
  return net;
}

t.test('the best paths go out, each with an identifier of its own that an attribute change keeps', async (t) => {
  const net = sources();
  const member = net.up('member', addPath(2));
  const plain = net.up('plain', { type: 'ibgp' });
  net.settle();
  t.same(Object.values(paths(member)).sort(), ['1', '1 2']);
  t.same(ids(plain), [P]);
  const before = paths(member);
  const [second] = Object.entries(before).find(([, text]) => text === '1 2')!;
  member.events.length = 0;
  net.announce('b', [P], { asPath: path(9, 9) });
  net.settle();
  t.same(member.events, [`+${second}`], 'the identifier of b stays, and nothing else is sent');
  t.equal(paths(member)[second], '9 9');
  t.same(net.told(), net.adjRibsOut());
});

t.test('a path that goes is withdrawn by its identifier, and the next one takes its place', async (t) => {
  const net = sources();
  const member = net.up('member', addPath(2));
  net.settle();
  const [first] = Object.entries(paths(member)).find(([, text]) => text === '1')!;
  member.events.length = 0;
  net.withdraw('a', [P]);
  net.settle();
  t.equal(member.events[0], `-${first}`);
  t.equal(member.events.length, 2, 'the other one is not sent again');
  t.same(Object.values(paths(member)).sort(), ['1 2', '1 2 3']);
  net.down('b');
  net.settle();
  t.same(Object.values(paths(member)), ['1 2 3']);
  net.down('c');
  net.settle();
  t.same(ids(member), []);
  net.down('member');
  net.settle();
  t.equal(net.rib.counters().families[0]!.prefixes, 0, 'nothing is held any more');
});

t.test('several paths of one source go on, also to eBGP peers', async (t) => {
  const net = new RibFixture();
  net.up('a', { receive: wireContext({ localAsn: 65000, addPath: [true, true] }) });
  for (const pathId of [7, 8]) {
    const nextHop = { version: 4, a: 0xc0000200 + pathId, b: 0, c: 0, d: 0 } as const;
    const attributes = { origin: 'igp', asPath: path(65001, pathId), nextHop } as const;
    net.send('a', { attributes, nlri: [{ prefix: prefix(P), pathId }] });
  }
  const member = net.up('member', addPath(4, 'ebgp'));
  net.settle();
  t.same(Object.values(paths(member)).sort(), ['65000 65001 7', '65000 65001 8']);
  net.send('a', { withdrawn: [{ prefix: prefix(P), pathId: 7 }] });
  net.settle();
  t.same(Object.values(paths(member)), ['65000 65001 8']);
});

t.test('a path is not sent back, and members share what is built', async (t) => {
  const net = new RibFixture();
  const clients = ['x', 'y', 'z'].map((name) => net.up(name, { ...addPath(3), client: true }));
  for (const [index, name] of ['x', 'y', 'z'].entries()) net.announce(name, [P], { asPath: path(index + 1) });
  net.settle();
  t.same(
    clients.map((client) => Object.values(paths(client)).sort()),
    [
      ['2', '3'],
      ['1', '3'],
      ['1', '2'],
    ],
  );
  t.equal(net.rib.counters().updateGroups, 2, 'one per family');
});

t.test('a refresh, a late joiner and a slow member get the same identifiers', async (t) => {
  const net = sources();
  const member = net.up('member', addPath(3));
  net.settle();
  const held = ids(member);
  t.equal(held.length, 3);
  member.events.length = 0;
  net.rib.refreshOut(member.index, 'ipv4-unicast');
  net.settle();
  t.same(
    member.events.sort(),
    held.map((each) => `+${each}`),
  );
  const late = net.up('late', addPath(3));
  net.settle();
  t.same(ids(late), held);
  t.equal(late.events.filter((event) => event.startsWith('eor')).length, 2);

  const bounded = new RibFixture({ maxBacklogOctets: 200 });
  for (const name of ['a', 'b']) bounded.up(name);
  const slow = bounded.up('slow', addPath(2));
  bounded.settle();
  slow.slow = true;
  for (let round = 1; round < 20; round++) {
    bounded.announce('a', [P], { asPath: path(65001, round) });
    bounded.announce('b', [P], { asPath: path(65002, round) });
    if (round % 3 === 0) bounded.withdraw('a', [P]);
    bounded.settle();
  }
  slow.slow = false;
  bounded.settle();
  t.same(bounded.told(), bounded.adjRibsOut());
  t.equal(slow.table.size, 2);
});

t.test('fewer paths: what is too much is withdrawn, the rest is what it was', async (t) => {
  const net = sources();
  const member = net.up('member', addPath(3));
  net.settle();
  const before = paths(member);
  net.rib.updatePeer(member.index, { maxPaths: 1 });
  net.settle();
  const [kept] = Object.entries(before).find(([, text]) => text === '1')!;
  t.same(paths(member), { [kept]: '1' });
  t.same(net.told(), net.adjRibsOut());
});

t.test('messages with identifiers keep to the size of the session, for both families', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const member = net.up('member', addPath(2));
  const four = Array.from({ length: 2000 }, (_, i) => `10.${i >> 8}.${i & 255}.128/25`);
  const six = Array.from({ length: 600 }, (_, i) => `2001:db8:0:0:0:0:${(i + 1).toString(16)}:1/128`);
  net.announce('a', [...four, ...six]);
  net.settle();
  t.equal(member.table.size, 2600);
  t.ok(member.longest <= 4096 && member.longest > 4000, `${member.longest}`);
  net.down('a');
  net.settle();
  t.equal(member.table.size, 0);
});

t.test('every path is looked at again where its source or its next hop changes, and not only the best', async (t) => {
  const net = sources({ type: 'ibgp' });
  const member = net.up('member', addPath(3));
  net.settle();
  t.same(ids(member), [], 'none is a client');
  for (const [count, name] of ['c', 'b', 'a'].entries()) {
    net.rib.updatePeer(net.peers.get(name)!.index, { client: true });
    net.settle();
    t.equal(member.table.size, count + 1, name);
  }
  net.announce('c', [P], { asPath: path(1, 2, 3), nextHop: parseAddress('192.0.2.77') });
  net.settle();
  net.rib.nextHops.set(parseAddress('192.0.2.77'), { reachable: false, metric: 0 });
  net.settle();
  t.same(Object.values(paths(member)).sort(), ['1', '1 2']);
  net.rib.nextHops.set(parseAddress('192.0.2.77'), { reachable: true, metric: 0 });
  net.settle();
  t.equal(member.table.size, 3);
});
