/** Graceful shutdown on both sides (RFC 8326), and BLACKHOLE (RFC 7999). */
import t from 'tap';
import { prefix, RibFixture } from './rib-fixture.js';

const PREFIX = '10.0.0.0/8';
const GSHUT = 0xffff0000;
const BLACKHOLE = 0xffff029a;
const NO_EXPORT = 0xffffff01;
const NO_ADVERTISE = 0xffffff02;

const candidate = (net: RibFixture) => net.rib.why(prefix(PREFIX))!.candidates[0]!;

t.test('received from another AS: the last choice, unless that is not wanted; changed in place', (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const inside = net.up('inside', { type: 'ibgp' });
  net.announce('a', [PREFIX], { communities: [GSHUT] });
  const pref = () => {
    net.settle();
    return [candidate(net).attributes.localPref, inside.table.get(PREFIX)?.localPref];
  };
  t.same(pref(), [0, 0]);
  const [came] = net.rib.adjRibIn(a.index, 'pre', 'ipv4-unicast').items;
  t.equal(came!.attributes.localPref, undefined, 'shown as it came');
  net.rib.updatePeer(a.index, { acceptGracefulShutdown: false });
  t.same(pref(), [undefined, 100]);
  net.rib.updatePeer(a.index, { acceptGracefulShutdown: true });
  t.same(pref(), [0, 0]);
  net.announce('a', [PREFIX]);
  t.same(pref(), [undefined, 100], 'and back');
  t.end();
});

t.test('from our own AS it changes nothing, and a policy has the last word', (t) => {
  const net = new RibFixture();
  net.up('inside', { type: 'ibgp' });
  net.announce('inside', [PREFIX], { communities: [GSHUT], localPref: 100 });
  t.equal(candidate(net).attributes.localPref, 100);
  net.withdraw('inside', [PREFIX]);
  net.up('a', {
    importPolicy: { terms: [{ match: { localPref: { max: 0 } }, action: 'accept', set: { localPref: 5 } }] },
  });
  net.announce('a', [PREFIX], { communities: [GSHUT] });
  t.equal(candidate(net).attributes.localPref, 5);
  t.end();
});

t.test('drained: our routes say so, and what comes is the last choice; undone in place', (t) => {
  const exportPolicy = { terms: [{ action: 'accept', set: { addCommunities: [7] } }] } as const;
  for (const withPolicy of [false, true]) {
    const net = new RibFixture();
    const a = net.up('a', withPolicy ? { exportPolicy } : {});
    const b = net.up('b');
    const inside = net.up('inside', { type: 'ibgp' });
    net.announce('a', [PREFIX], { communities: [9] });
    net.announce('b', ['20.0.0.0/8', '2001:db8::/32']);
    const policy = withPolicy ? [7] : [];
    const seen = () => {
      net.settle();
      const of = (peer: typeof a, text: string) => [
        [...(peer.table.get(text)?.communities ?? [])].sort((x, y) => x - y),
        peer.table.get(text)?.localPref,
      ];
      return [of(a, '20.0.0.0/8'), of(a, '2001:db8::/32'), of(b, PREFIX), of(inside, PREFIX), of(inside, '20.0.0.0/8')];
    };
    const before = [
      [policy, undefined],
      [policy, undefined],
      [[9], undefined],
      [[9], 100],
      [[], 100],
    ];
    t.same(seen(), before);
    net.rib.updatePeer(a.index, { gracefulShutdown: true });
    t.same(seen(), [
      [[...policy, GSHUT], undefined],
      [[...policy, GSHUT], undefined],
      [[9, GSHUT], undefined],
      [[9, GSHUT], 0],
      [[], 100],
    ]);
    t.equal(net.rib.exports(prefix('20.0.0.0/8'))[0]?.exportPolicy?.verdict, withPolicy ? 'accept' : undefined);
    net.rib.updatePeer(a.index, { gracefulShutdown: false });
    t.same(seen(), before);
    net.rib.updatePeer(inside.index, { gracefulShutdown: true });
    t.same(seen().at(-1), [[GSHUT], 0], 'inside the AS with LOCAL_PREF 0');
  }
  t.end();
});

t.test('a policy that rejects still rejects while draining', (t) => {
  const net = new RibFixture();
  const a = net.up('a', { gracefulShutdown: true, exportPolicy: { terms: [], otherwise: 'reject' } });
  net.up('b');
  net.announce('b', [PREFIX]);
  net.settle();
  t.equal(a.table.size, 0);
  t.end();
});

t.test('BLACKHOLE where it is honoured: told, and it stays in the AS; elsewhere a route like any other', (t) => {
  for (const [setup, came, expected, blackhole] of [
    [{}, [BLACKHOLE], [BLACKHOLE], false],
    [{ blackhole: true }, [BLACKHOLE], [BLACKHOLE, NO_EXPORT], true],
    [{ blackhole: true }, [BLACKHOLE, NO_ADVERTISE], [BLACKHOLE, NO_ADVERTISE], true],
    [{ blackhole: true }, [BLACKHOLE, NO_EXPORT], [BLACKHOLE, NO_EXPORT], true],
    [{ blackhole: true }, [7], [7], false],
    [{ type: 'ibgp', blackhole: true }, [BLACKHOLE], [BLACKHOLE], true],
  ] as const) {
    const net = new RibFixture();
    net.up('a', setup);
    const b = net.up('b');
    const subscription = net.subscribe();
    net.announce('a', [PREFIX], { communities: came, ...('type' in setup && { localPref: 100 }) });
    net.settle();
    const title = `${JSON.stringify(setup)} ${came}`;
    t.same([...candidate(net).attributes.communities!], expected, title);
    t.equal(subscription.take(1)[0]!.paths[0]!.blackhole, blackhole, title);
    const stays = expected.some((each) => each === NO_EXPORT || each === NO_ADVERTISE);
    t.equal(b.table.has(PREFIX), !stays, title);
  }
  t.end();
});
