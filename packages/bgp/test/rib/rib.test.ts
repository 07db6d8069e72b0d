import { parseAddress } from '@tortie/ip';
import t from 'tap';
import { attrs, path, prefix, RibFixture, ROUTER_ID } from './rib-fixture.js';

t.test('a route goes from one eBGP peer to another, prepended and with our next hop', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.settle();
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 7), med: 5, communities: [0x00010002] });
  net.settle();
  t.match(b.table.get('10.0.0.0/8'), {
    origin: 'igp',
    asPath: path(65000, 65001, 7),
    nextHop: parseAddress('192.0.2.254'),
    communities: [0x00010002],
  });
  t.equal(b.table.get('10.0.0.0/8')!.med, undefined, 'MED is not passed to another AS');
  t.equal(b.table.get('10.0.0.0/8')!.localPref, undefined);
  t.same(net.told(), net.adjRibsOut());
  net.withdraw('a', ['10.0.0.0/8']);
  net.settle();
  t.equal(b.table.size, 0);
  t.match(net.rib.counters(), { attributeSets: 0, nextHops: 0, families: [{ prefixes: 0, routes: 0 }, {}] });
});

t.test('IPv6 routes travel in MP attributes', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b', { type: 'ibgp' });
  net.announce('a', ['2001:db8:1::/48', '::/0']);
  net.settle();
  t.match(b.table.get('2001:db8:1::/48'), { nextHop: parseAddress('2001:db8::1'), localPref: 100 });
  t.same(b.events.slice().sort(), ['+2001:db8:1::/48', '+::/0', 'eor ipv4-unicast', 'eor ipv6-unicast'].sort());
  net.withdraw('a', ['2001:db8:1::/48', '::/0']);
  net.settle();
  t.equal(b.table.size, 0);
  t.equal(net.rib.counters().attributeSets, 0);
});

t.test('an unchanged announcement is not sent on, a changed one is', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  b.events.length = 0;
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  t.same(b.events, []);
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 9) });
  net.settle();
  t.same(b.events, ['+10.0.0.0/8']);
});

t.test('a route of our own goes to everyone and is taken back', async (t) => {
  const net = new RibFixture();
  const e = net.up('e');
  const i = net.up('i', { type: 'ibgp' });
  net.rib.originate(prefix('203.0.113.0/24'), { communities: [1], med: 7 });
  net.rib.originate(prefix('2001:db8:5::/48'));
  net.settle();
  t.match(e.table.get('203.0.113.0/24'), { asPath: path(65000), nextHop: parseAddress('192.0.2.254'), med: 7 });
  t.match(i.table.get('203.0.113.0/24'), { asPath: [], nextHop: parseAddress('192.0.2.254'), localPref: 100, med: 7 });
  t.match(i.table.get('2001:db8:5::/48'), { nextHop: parseAddress('2001:db8::fe') });
  t.equal(net.rib.withdraw(prefix('203.0.113.0/24')), true);
  t.equal(net.rib.withdraw(prefix('203.0.113.0/24')), false);
  net.settle();
  t.same([...e.table.keys()], ['2001:db8:5::/48']);
});

t.test('well-known communities are honoured', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const e = net.up('e');
  const i = net.up('i', { type: 'ibgp' });
  net.announce('a', ['10.0.0.0/8'], { communities: [0xffffff01] });
  net.announce('a', ['11.0.0.0/8'], { communities: [0xffffff02] });
  net.announce('a', ['12.0.0.0/8'], { communities: [0xffffff03] });
  net.announce('a', ['13.0.0.0/8'], { communities: [0xffff0000] });
  net.settle();
  t.same([...e.table.keys()], ['13.0.0.0/8']);
  t.same([...i.table.keys()].sort(), ['10.0.0.0/8', '12.0.0.0/8', '13.0.0.0/8']);
  t.equal(i.table.get('13.0.0.0/8')!.localPref, 0, 'GRACEFUL_SHUTDOWN lowers LOCAL_PREF, RFC 8326');
});

t.test('routes that have been here before are kept and not chosen', async (t) => {
  const net = new RibFixture();
  net.up('a');
  net.up('i', { type: 'ibgp' });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 65000) });
  net.announce('i', ['11.0.0.0/8'], { localPref: 100, originatorId: ROUTER_ID, clusterList: [1] });
  net.announce('i', ['12.0.0.0/8'], { localPref: 100, originatorId: 5, clusterList: [1, ROUTER_ID] });
  net.settle();
  const reason = (text: string) => net.rib.why(prefix(text))!.candidates[0]!.ineligible;
  t.equal(reason('10.0.0.0/8'), 'as-loop');
  t.equal(reason('11.0.0.0/8'), 'originator-loop');
  t.equal(reason('12.0.0.0/8'), 'cluster-loop');
  t.same(net.best(), {});
  net.rib.setClusterId(99);
  net.settle();
  t.same(net.best(), { '12.0.0.0/8': 'i' }, 'another cluster ID frees it');
});

t.test('a route that points at ourselves is ignored', async (t) => {
  const net = new RibFixture();
  net.up('a');
  net.announce('a', ['10.0.0.0/8'], { nextHop: parseAddress('192.0.2.254') });
  net.announce('a', ['2001:db8:1::/48'], { nextHop: parseAddress('2001:db8::fe') });
  net.settle();
  t.same(net.best(), {});
  t.equal(net.rib.why(prefix('10.0.0.0/8'))!.candidates[0]!.ineligible, 'own-next-hop');
});

t.test('an AS number of ours towards one peer alone is a loop there', async (t) => {
  const { wireContext } = await import('../../src/wire/context.js');
  const net = new RibFixture();
  net.up('a', { receive: wireContext({ localAsn: 64999 }) });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 64999) });
  t.equal(net.rib.why(prefix('10.0.0.0/8'))!.candidates[0]!.ineligible, 'as-loop');
});

t.test('next hops that become unreachable take their routes out', async (t) => {
  const net = new RibFixture();
  const asked: string[] = [];
  net.rib.nextHops.onUnresolved = ({ a }) => asked.push(a.toString(16));
  net.up('a');
  const b = net.up('b');
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  t.same(asked, ['c0000201']);
  net.rib.nextHops.set(parseAddress('192.0.2.1'), { reachable: false });
  net.settle();
  t.equal(b.table.size, 0);
  t.equal(net.rib.why(prefix('10.0.0.0/8'))!.candidates[0]!.ineligible, 'next-hop-unreachable');
  net.rib.nextHops.set(parseAddress('192.0.2.1'), { reachable: true, metric: 10 });
  net.settle();
  t.equal(b.table.size, 1);
});

t.test('a next hop that comes into use again is asked for again, when its going was heard', async (t) => {
  const net = new RibFixture();
  const heard: string[] = [];
  net.rib.nextHops.onUnresolved = () => heard.push('used');
  net.rib.nextHops.onUnused = () => heard.push('unused');
  net.up('a');
  for (let round = 0; round < 2; round++) {
    net.announce('a', ['10.0.0.0/8']);
    net.rib.nextHops.set(parseAddress('192.0.2.1'), { reachable: true, metric: 10 });
    net.settle();
    net.withdraw('a', ['10.0.0.0/8']);
    net.settle();
  }
  t.same(heard, ['used', 'unused', 'used', 'unused']);
});

t.test('treat-as-withdraw takes the routes out and says why', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.announce('a', ['10.0.0.0/8']);
  net.settle();
  const { asPath: _, ...pathless } = attrs();
  const outcome = net.send('a', { attributes: pathless, nlri: [{ prefix: prefix('10.0.0.0/8') }] });
  t.equal(outcome.withdrawn, 1);
  t.equal(outcome.faults[0]!.action, 'treat-as-withdraw');
  net.settle();
  t.equal(b.table.size, 0);
});

t.test('malformed prefixes reset the session before anything is applied', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const body = Uint8Array.of(0, 2, 8, 10, 0, 0, 33, 1, 2, 3, 4, 5);
  t.throws(() => net.rib.receiveUpdate(a.index, body, 0, body.length), { name: 'NotificationError', errorCode: 3 });
  t.equal(net.rib.counters().families[0]!.prefixes, 0);
});

t.test('End-of-RIB in, for each family', async (t) => {
  const net = new RibFixture();
  net.up('a');
  t.equal(net.send('a', {}).endOfRib, 'ipv4-unicast');
  t.equal(net.send('a', { attributes: { mpUnreach: { afi: 2, safi: 1, nlri: [] } } }).endOfRib, 'ipv6-unicast');
  t.equal(net.send('a', { withdrawn: [{ prefix: prefix('10.0.0.0/8') }] }).endOfRib, undefined);
});

t.test('blocks in another order or of a 2-octet session share the canonical attributes', async (t) => {
  const { wireContext } = await import('../../src/wire/context.js');
  const net = new RibFixture();
  net.up('a');
  net.up('old', { receive: wireContext({ fourOctetAs: false, localAsn: 65000 }) });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 4200000000) });
  net.announce('old', ['11.0.0.0/8'], { asPath: path(65001, 4200000000) });
  net.settle();
  t.equal(net.rib.counters().attributeSets, 2, 'one canonical block and one alias');
  t.same(net.rib.why(prefix('11.0.0.0/8'))!.candidates[0]!.attributes.asPath, path(65001, 4200000000));
  net.withdraw('a', ['10.0.0.0/8']);
  net.withdraw('old', ['11.0.0.0/8']);
  net.settle();
  t.equal(net.rib.counters().attributeSets, 0);
});

t.test('a 2-octet member gets AS4_PATH', async (t) => {
  const { wireContext } = await import('../../src/wire/context.js');
  const net = new RibFixture();
  net.up('a');
  const b = net.up('old', { send: wireContext({ fourOctetAs: false, localAsn: 65000 }) });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, 4200000000) });
  net.settle();
  t.same(b.table.get('10.0.0.0/8')!.asPath, path(65000, 65001, 4200000000));
});
