import t from 'tap';
import { WELL_KNOWN_COMMUNITY } from '../../src/iana.js';
import { path, prefix, RibFixture } from './rib-fixture.js';

const LIST = Array.from({ length: 50 }, (_, i) => `10.${i}.0.0/16`);

t.test('a session that ends takes its routes along, a few at a time', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.announce('a', LIST);
  net.settle();
  net.down('a');
  t.equal(net.rib.why(prefix(LIST[0]!))!.candidates[0]!.ineligible, 'session-down');
  t.equal(net.rib.work(5), true, 'more is left');
  net.settle(5);
  t.equal(b.table.size, 0);
  t.match(net.rib.counters(), { attributeSets: 0, families: [{ prefixes: 0, routes: 0 }, {}] });
});

t.test('graceful restart: kept routes stay, what is not announced again is swept', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const b = net.up('b');
  net.announce('a', LIST);
  net.settle();
  b.events.length = 0;
  net.down('a', ['ipv4-unicast']);
  net.settle();
  t.same(b.events, [], 'nobody is told');
  t.match(net.rib.peerCounters(a.index)[0], { received: 50, stale: 50 });
  net.up('a');
  net.announce('a', LIST.slice(0, 30));
  net.announce('a', LIST.slice(30, 35), { asPath: path(65001, 9) });
  net.settle();
  t.match(net.rib.peerCounters(a.index)[0], { received: 50, stale: 15 });
  t.equal(b.events.length, 5, 'only what changed was sent');
  t.equal(net.rib.sweepStale(a.index, 'ipv4-unicast'), 15);
  net.settle();
  t.match(net.rib.peerCounters(a.index)[0], { received: 35, stale: 0 });
  t.equal(b.table.size, 35);
  t.equal(net.rib.sweepStale(a.index, 'ipv4-unicast'), 0);
});

t.test('graceful restart: a second restart before the first is through drops the older routes', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const b = net.up('b');
  net.announce('a', LIST);
  net.down('a', ['ipv4-unicast']);
  net.up('a');
  net.announce('a', LIST.slice(0, 10));
  net.down('a', ['ipv4-unicast']);
  net.settle();
  t.match(net.rib.peerCounters(a.index)[0], { received: 10, stale: 10 });
  t.equal(b.table.size, 10);
});

t.test('enhanced refresh: routes stay while it lasts, and go at its end where not repeated', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const b = net.up('b');
  net.announce('a', LIST);
  net.settle();
  net.rib.markStale(a.index, 'ipv4-unicast');
  net.announce('a', LIST.slice(0, 20));
  net.settle();
  t.equal(b.table.size, 50);
  t.equal(net.rib.adjRibIn(a.index, 'pre', 'ipv4-unicast').items.filter(({ stale }) => stale).length, 30);
  t.equal(net.rib.sweepStale(a.index, 'ipv4-unicast'), 30);
  net.settle();
  t.equal(b.table.size, 20);
});

t.test('a removed peer leaves nothing, and its index is used again only when all is quiet', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  net.up('b');
  net.announce('a', LIST);
  net.settle();
  net.rib.removePeer(a.index);
  t.throws(() => net.rib.refreshOut(a.index, 'ipv4-unicast'), RangeError);
  const other = net.rib.addPeer({ name: 'other', address: prefix('192.0.2.9/32') });
  t.not(other, a.index);
  net.settle();
  t.match(net.rib.counters(), { families: [{ routes: 0 }, {}] });
  t.equal(net.rib.addPeer({ name: 'another', address: prefix('192.0.2.10/32') }), a.index);
});

t.test('a session that comes back while its old routes are still being removed keeps the new ones', async (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b');
  net.announce('a', LIST);
  net.settle();
  net.down('a');
  net.rib.work(3);
  net.up('a');
  net.announce('a', LIST.slice(10, 20));
  net.settle(3);
  t.same([...b.table.keys()].sort(), LIST.slice(10, 20).sort());
});

t.test(
  'long-lived stale: what is not fresh is marked, what says NO_LLGR goes, a repeated route is whole again',
  (t) => {
    const net = new RibFixture();
    const longLived = { sent: true, received: true };
    net.up('a', { longLived });
    const at = (text: string) => net.rib.why(prefix(text))?.candidates[0];
    const state = () =>
      ['10.0.0.0/8', '11.0.0.0/8', '12.0.0.0/8'].map(
        (text) => at(text) && `${at(text)!.stale} ${at(text)!.attributes.communities ?? ''}`,
      );
    net.announce('a', ['10.0.0.0/8', '11.0.0.0/8'], { communities: [7] });
    net.announce('a', ['12.0.0.0/8'], { communities: [WELL_KNOWN_COMMUNITY.noLlgr] });
    const { index } = net.peers.get('a')!;
    const marked = `true 7,${WELL_KNOWN_COMMUNITY.llgrStale}`;
    net.down('a', ['ipv4-unicast']);
    net.settle();
    t.equal(net.rib.beginLongLived(index, 'ipv4-unicast'), 3);
    net.settle();
    t.same(state(), [marked, marked, undefined]);
    t.equal(net.rib.beginLongLived(index, 'ipv6-unicast'), 0);
    net.up('a', { longLived });
    net.announce('a', ['10.0.0.0/8'], { communities: [7] });
    t.same(state(), ['false 7', marked, undefined]);
    // Lost again: the one waits for its restart, the other stays as it is.
    net.rib.sessionDown(index, ['ipv4-unicast'], ['ipv4-unicast']);
    net.settle();
    t.same(state(), ['true 7', marked, undefined]);
    net.rib.beginLongLived(index, 'ipv4-unicast');
    net.settle();
    t.same(state(), [marked, marked, undefined]);
    t.equal(net.rib.sweepStale(index, 'ipv4-unicast'), 2);
    net.settle();
    t.same(state(), [undefined, undefined, undefined]);
    t.equal(net.rib.counters().attributeSets, 0, 'no reference is left');
    t.end();
  },
);

t.test('another import policy leaves stale routes stale', (t) => {
  const net = new RibFixture();
  net.up('a');
  net.announce('a', ['10.0.0.0/8']);
  net.down('a', ['ipv4-unicast']);
  const { index } = net.peers.get('a')!;
  net.rib.reapplyImport(index);
  net.settle();
  t.equal(net.rib.peerCounters(index)[0]!.stale, 1);
  net.rib.sweepStale(index, 'ipv4-unicast');
  net.settle();
  t.same(net.best(), {});
  t.end();
});
