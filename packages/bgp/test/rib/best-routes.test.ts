import { formatAddress, formatPrefix, ipv4, parseAddress } from '@tortie/ip';
import t from 'tap';
import type { BestChange } from '../../src/rib/best-routes.js';
import { path, RibFixture } from './rib-fixture.js';

const text = (changes: readonly BestChange[]) =>
  changes.map(({ prefix, paths }) => [formatPrefix(prefix), ...paths.map(({ nextHop }) => formatAddress(nextHop))]);

t.test('a subscription gives the table first, then changes, coalesced', async (t) => {
  const net = new RibFixture();
  let ready = 0;
  net.up('a');
  net.announce('a', ['10.0.0.0/8', '11.0.0.0/8', '2001:db8::/32']);
  const subscription = net.subscribe({ onReady: () => ready++ });
  t.equal(ready, 1);
  t.equal(subscription.pending, true);
  t.same(text(subscription.take(2)), [
    ['10.0.0.0/8', '192.0.2.1'],
    ['11.0.0.0/8', '192.0.2.1'],
  ]);
  t.same(text(subscription.take(10)), [['2001:db8::/32', '2001:db8::1']]);
  t.equal(subscription.pending, false);
  net.settle();
  t.equal(ready, 1);
  net.announce('a', ['10.0.0.0/8'], { nextHop: parseAddress('192.0.2.9') });
  net.withdraw('a', ['10.0.0.0/8', '11.0.0.0/8']);
  net.announce('a', ['11.0.0.0/8'], { asPath: path(65001, 7) });
  net.settle();
  t.equal(ready, 2);
  t.same(text(subscription.take(10)), [['10.0.0.0/8'], ['11.0.0.0/8', '192.0.2.1']]);
  subscription.close();
  net.withdraw('a', ['11.0.0.0/8', '2001:db8::/32']);
  net.settle();
  t.equal(ready, 2);
  t.match(net.rib.counters(), { families: [{ prefixes: 0 }, { prefixes: 0 }] });
});

t.test('changes reach a subscriber of a RIB without sessions', async (t) => {
  const net = new RibFixture();
  let ready = 0;
  const subscription = net.subscribe({ onReady: () => ready++ });
  net.rib.originate({ version: 4, a: 10 << 24, b: 0, c: 0, d: 0, length: 8 });
  net.settle();
  t.equal(ready, 1);
  t.same(text(subscription.take(10)), [['10.0.0.0/8', '0.0.0.0']]);
});

t.test('multipath gives the routes equal up to the IGP metric, best first', async (t) => {
  const net = new RibFixture();
  const subscription = net.subscribe({ multipath: 2 });
  for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) net.up(name, { routerId: 9 - index });
  const hop = (last: number) => ({ nextHop: ipv4(0xc0000200 + last) });
  net.announce('a', ['10.0.0.0/8'], hop(1));
  net.announce('b', ['10.0.0.0/8'], hop(2));
  net.announce('c', ['10.0.0.0/8'], hop(3));
  net.announce('d', ['10.0.0.0/8'], { ...hop(4), asPath: path(1, 2) });
  t.same(text(subscription.take(10)), [['10.0.0.0/8', '192.0.2.3', '192.0.2.2']]);
  net.withdraw('b', ['10.0.0.0/8']);
  t.same(text(subscription.take(10)), [['10.0.0.0/8', '192.0.2.3', '192.0.2.1']], 'although the best stays');
  net.rib.nextHops.set(ipv4(0xc0000201), { reachable: true, metric: 5 });
  net.settle();
  t.same(text(subscription.take(10)), [['10.0.0.0/8', '192.0.2.3']]);
  net.rib.nextHops.set(ipv4(0xc0000203), { reachable: false });
  net.settle();
  t.same(text(subscription.take(10)), [['10.0.0.0/8', '192.0.2.1']]);
});

t.test('a BLACKHOLE community is told where it is honoured', async (t) => {
  const net = new RibFixture();
  const a = net.up('a', { blackhole: true });
  const subscription = net.subscribe();
  net.announce('a', ['10.0.0.0/8'], { communities: [0xffff029a] });
  const [change] = subscription.take(1);
  t.equal(change!.paths[0]!.blackhole, true);
  t.same(change!.paths[0]!.attributes.communities, [0xffff029a, 0xffffff01], 'and stays in our AS');
  net.rib.updatePeer(a.index, { blackhole: false });
  net.settle();
  const [plain] = subscription.take(1);
  t.equal(plain!.paths[0]!.blackhole, false);
  t.same(plain!.paths[0]!.attributes.communities, [0xffff029a]);
});

t.test('views come in pages', async (t) => {
  const net = new RibFixture();
  const a = net.up('a');
  const b = net.up('b');
  const list = Array.from({ length: 25 }, (_, i) => `10.${i}.0.0/16`);
  net.announce('a', [...list, '2001:db8::/32']);
  net.settle();
  const pages = (
    next: (cursor: number | undefined) => { items: readonly { prefix: object }[]; next: number | undefined },
  ) => {
    const sizes: number[] = [];
    let cursor: number | undefined;
    do {
      const page = next(cursor);
      sizes.push(page.items.length);
      cursor = page.next;
    } while (cursor !== undefined);
    return sizes;
  };
  const at = (cursor: number | undefined) => ({ limit: 10, ...(cursor !== undefined && { cursor }) });
  t.equal(
    pages((cursor) => net.rib.adjRibIn(a.index, 'pre', 'ipv4-unicast', at(cursor))).reduce((x, y) => x + y),
    25,
  );
  t.equal(
    pages((cursor) => net.rib.adjRibOut(b.index, 'ipv4-unicast', at(cursor))).reduce((x, y) => x + y),
    25,
  );
  t.equal(
    pages((cursor) => net.rib.locRib(at(cursor))).reduce((x, y) => x + y),
    26,
  );
  t.same(
    net.rib.locRib({ prefix: { version: 4, a: 10 << 24, b: 0, c: 0, d: 0, length: 8 }, longer: true }).items.length,
    25,
  );
  t.same(net.rib.locRib({ family: 'ipv6-unicast' }).items.length, 1);
});
