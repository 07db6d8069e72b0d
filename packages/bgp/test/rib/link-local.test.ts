/** Next hops on sessions between link-local addresses. RFC 2545 section 3, RFC 8950 section 3. */
import { type Address, parseAddress } from '@tortie/ip';
import t from 'tap';
import { wireContext } from '../../src/wire/context.js';
import { attrs, type PeerSetup, prefix, RibFixture } from './rib-fixture.js';

const GLOBAL = parseAddress('2001:db8::7');
const FAR = parseAddress('fe80::7');
const OURS = parseAddress('fe80::1');

function setup(type: 'ebgp' | 'ibgp' = 'ebgp', over: PeerSetup = {}): PeerSetup {
  const context = wireContext({ peerType: type, localAsn: 65000, extendedNextHop: [true, false] });
  const ownNextHops = { ipv4: parseAddress('192.0.2.254'), linkLocal: OURS };
  return { type, linkLocal: true, receive: context, send: context, ownNextHops, ...over };
}

/** A route as MP_REACH_NLRI brings it. */
function reach(net: RibFixture, name: string, text: string, nextHop: Address, linkLocalNextHop?: Address): void {
  const { nextHop: _, ...others } = attrs();
  const nlri = [{ prefix: prefix(text) }];
  const afi = nlri[0]!.prefix.version === 4 ? 1 : 2;
  const hops = { nextHop, ...(linkLocalNextHop && { linkLocalNextHop }) };
  net.send(name, { attributes: { ...others, mpReach: { afi, safi: 1, ...hops, nlri } } });
}

const nextHopOf = (net: RibFixture, text: string) =>
  net.rib.why(prefix(text))!.candidates.map(({ attributes }) => attributes.mpReach);

t.test('of 32 octets the link-local half counts on such a session, and the global one elsewhere', (t) => {
  const net = new RibFixture();
  const both = { nextHop: GLOBAL, linkLocalNextHop: FAR };
  net.up('global', { ...setup(), linkLocal: false });
  net.up('link', setup());
  for (const name of ['global', 'link']) {
    // Twice: the second time the attributes are known, under the kind of this session.
    for (const text of ['2001:db8:1::/48', '2001:db8:2::/48']) {
      reach(net, name, text, GLOBAL, FAR);
    }
  }
  net.settle();
  for (const text of ['2001:db8:1::/48', '2001:db8:2::/48']) {
    const hops = new Map(net.rib.why(prefix(text))!.candidates.map((one) => [one.peer, one.attributes.mpReach]));
    t.match(hops.get(net.peers.get('global')!.index), both, `${text} of a global session`);
    const link = hops.get(net.peers.get('link')!.index)!;
    t.same(link.nextHop, FAR, `${text} of a link-local one`);
    t.equal(link.linkLocalNextHop, undefined);
  }
  t.end();
});

t.test('a global next hop alone stays what it is', (t) => {
  const net = new RibFixture();
  net.up('link', setup());
  reach(net, 'link', '2001:db8:1::/48', GLOBAL);
  net.settle();
  t.match(nextHopOf(net, '2001:db8:1::/48'), [{ nextHop: GLOBAL }]);
  t.end();
});

t.test('we send our link-local address alone, for IPv4 too where the peer understands it', (t) => {
  const net = new RibFixture();
  net.up('source', { type: 'ibgp' });
  const link = net.up('link', setup());
  const plain = wireContext({ peerType: 'ebgp', localAsn: 65000 });
  const old = net.up('old', setup('ebgp', { receive: plain, send: plain }));
  net.announce('source', ['10.0.0.0/8']);
  net.announce('source', ['2001:db8:1::/48']);
  net.settle();
  for (const text of ['10.0.0.0/8', '2001:db8:1::/48']) {
    t.same(link.table.get(text)!.nextHop, OURS, text);
    t.notOk(link.linkLocal.has(text), '16 octets');
  }
  t.match(old.table.get('10.0.0.0/8'), { nextHop: parseAddress('192.0.2.254') }, 'else what IPv4 address there is');
  t.end();
});

t.test('with a global next hop that was configured we send both, also inside the AS', (t) => {
  for (const type of ['ebgp', 'ibgp'] as const) {
    const net = new RibFixture();
    const over = { ownNextHops: { ipv6: GLOBAL, linkLocal: OURS }, nextHopMode: 'self' } as const;
    const link = net.up('link', setup(type, over));
    net.rib.originate(prefix('2001:db8:1::/48'));
    net.settle();
    t.same(link.table.get('2001:db8:1::/48')!.nextHop, GLOBAL, type);
    t.same(link.linkLocal.get('2001:db8:1::/48'), OURS, type);
  }
  t.end();
});

t.test('a link-local next hop goes to nobody else: we stand in for it, reflected or kept', (t) => {
  const net = new RibFixture();
  net.up('link', setup('ibgp', { client: true }));
  const client = net.up('client', { type: 'ibgp', client: true });
  const keep = net.up('keep', { nextHopMode: 'keep' });
  reach(net, 'link', '2001:db8:1::/48', FAR);
  net.settle();
  for (const { table } of [client, keep]) {
    t.same(table.get('2001:db8:1::/48')!.nextHop, parseAddress('2001:db8::fe'));
  }
  t.end();
});

t.test('equal routes over two interfaces with one link-local address are two paths', (t) => {
  const net = new RibFixture();
  const routes = net.rib.subscribe({ multipath: 4 });
  for (const name of ['eth0', 'eth1']) net.up(name, setup('ebgp', { asn: 65001 }));
  for (const name of ['eth0', 'eth1']) {
    reach(net, name, '10.0.0.0/8', FAR);
  }
  net.settle();
  const change = routes.take(10).find(({ prefix: { version } }) => version === 4)!;
  t.same(
    change.paths.map(({ nextHop, peer }) => [nextHop, peer]),
    [
      [FAR, net.peers.get('eth0')!.index],
      [FAR, net.peers.get('eth1')!.index],
    ],
  );
  t.end();
});
