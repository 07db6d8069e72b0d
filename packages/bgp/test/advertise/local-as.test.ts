/** Another AS number towards one peer, and where both numbers show: local-as with its options. RFC 7705 section 3. */
import t from 'tap';
import type { PathAttributes } from '../../src/wire/attribute/path-attributes.js';
import { wireContext } from '../../src/wire/context.js';
import { ASN, path, prefix, RibFixture } from '../rib/rib-fixture.js';

const PREFIX = '10.0.0.0/8';
const LOCAL = 64999;
const numbers = (attributes: Partial<PathAttributes> | undefined) => attributes?.asPath?.flatMap(({ asns }) => asns);
const context = (fourOctetAs = true) => wireContext({ localAsn: LOCAL, fourOctetAs });

/** prependIn, prependOut; what another peer gets of the peer's route, and the peer of another's. */
const MODES: readonly (readonly [string, boolean, boolean, readonly number[], readonly number[]])[] = [
  ['local-as N', true, true, [ASN, LOCAL, 65001], [LOCAL, ASN, 65002]],
  ['local-as N no-prepend', false, true, [ASN, 65001], [LOCAL, ASN, 65002]],
  ['local-as N no-prepend replace-as', false, false, [ASN, 65001], [LOCAL, 65002]],
  ['in alone', true, false, [ASN, LOCAL, 65001], [LOCAL, 65002]],
];

for (const [title, localAsnPrependIn, localAsnPrependOut, toOther, toPeer] of MODES) {
  t.test(title, (t) => {
    for (const fourOctetAs of [true, false]) {
      const net = new RibFixture();
      const options = { localAsnPrependIn, localAsnPrependOut };
      const send = context(fourOctetAs);
      const peer = net.up('peer', { ...options, send, receive: send });
      const other = net.up('other');
      const inside = net.up('inside', { type: 'ibgp' });
      net.announce('peer', [PREFIX, '2001:db8::/32']);
      net.announce('other', ['20.0.0.0/8'], { asPath: path(65002) });
      net.settle();
      for (const each of [PREFIX, '2001:db8::/32']) {
        t.same(numbers(other.table.get(each)), toOther);
        t.same(numbers(inside.table.get(each)), toOther.slice(1));
      }
      t.same(numbers(peer.table.get('20.0.0.0/8')), toPeer);
      const [received] = net.rib.adjRibIn(peer.index, 'pre', 'ipv4-unicast').items;
      t.same(numbers(received!.attributes), [65001], 'shown as it came');
    }
    t.end();
  });
}

t.test('a route of our own', (t) => {
  const net = new RibFixture();
  const peer = net.up('peer', { localAsnPrependOut: true, send: context() });
  net.rib.originate(prefix(PREFIX));
  net.settle();
  t.same(numbers(peer.table.get(PREFIX)), [LOCAL, ASN]);
  t.end();
});

t.test('the import policy sees the number, and a full first segment stays whole', (t) => {
  const net = new RibFixture();
  const long = new Array<number>(255).fill(65001);
  const importPolicy = {
    terms: [{ match: { neighbourAsns: [LOCAL] }, action: 'accept' }],
    otherwise: 'reject',
  } as const;
  net.up('peer', { localAsnPrependIn: true, receive: context(), importPolicy });
  net.announce('peer', [PREFIX], { asPath: path(...long) });
  const { attributes } = net.rib.why(prefix(PREFIX))!.candidates[0]!;
  t.same(attributes.asPath, [
    { type: 'sequence', asns: [LOCAL] },
    { type: 'sequence', asns: long },
  ]);
  t.same(net.best(), { [PREFIX]: 'peer' });
  t.end();
});

t.test('with asOverride and removePrivateAs the other numbers are edited, ours stay', (t) => {
  const net = new RibFixture();
  net.up('other');
  const override = net.up('c', { asn: 65003, asOverride: true, localAsnPrependOut: true, send: context() });
  const strip = net.up('d', { asn: 3356, removePrivateAs: 'all', localAsnPrependOut: true, send: context() });
  net.announce('other', [PREFIX], { asPath: path(65001, 65003, 7) });
  net.settle();
  t.same(numbers(override.table.get(PREFIX)), [LOCAL, ASN, 65001, LOCAL, 7]);
  t.same(numbers(strip.table.get(PREFIX)), [LOCAL, ASN, 7]);
  t.end();
});

t.test('changed in place, both ways', (t) => {
  const net = new RibFixture();
  const peer = net.up('peer', { send: context(), receive: context() });
  const other = net.up('other');
  net.announce('peer', [PREFIX]);
  net.announce('other', ['20.0.0.0/8'], { asPath: path(65002) });
  const seen = () => {
    net.settle();
    return [numbers(other.table.get(PREFIX)), numbers(peer.table.get('20.0.0.0/8'))];
  };
  t.same(seen(), [
    [ASN, 65001],
    [LOCAL, 65002],
  ]);
  net.rib.updatePeer(peer.index, { localAsnPrependIn: true, localAsnPrependOut: true });
  t.same(seen(), [
    [ASN, LOCAL, 65001],
    [LOCAL, ASN, 65002],
  ]);
  net.rib.updatePeer(peer.index, { localAsnPrependIn: false, localAsnPrependOut: false });
  t.same(seen(), [
    [ASN, 65001],
    [LOCAL, 65002],
  ]);
  t.end();
});
