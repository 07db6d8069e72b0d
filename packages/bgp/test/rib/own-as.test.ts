/** Our own AS number in the AS_PATH of what peers send: allowAsIn. RFC 4271 section 9.1.2. */
import t from 'tap';
import { wireContext } from '../../src/wire/context.js';
import { ASN, path, prefix, RibFixture } from './rib-fixture.js';

const PREFIX = '10.0.0.0/8';
const reason = (net: RibFixture): string | undefined => net.rib.why(prefix(PREFIX))!.candidates[0]!.ineligible;

t.test('as often as allowed, and no more', (t) => {
  for (const [allowAsIn, times, expected] of [
    [undefined, 1, 'as-loop'],
    [1, 0, undefined],
    [1, 1, undefined],
    [1, 2, 'as-loop'],
    [10, 10, undefined],
    [10, 11, 'as-loop'],
  ] as const) {
    const net = new RibFixture();
    net.up('a', { allowAsIn });
    net.announce('a', [PREFIX], { asPath: path(65001, ...new Array<number>(times).fill(ASN), 3) });
    t.equal(reason(net), expected, `allowAsIn ${allowAsIn}, there ${times} times`);
    t.same(net.best(), expected ? {} : { [PREFIX]: 'a' });
  }
  t.end();
});

t.test('a set counts, and other loops stay loops', (t) => {
  const net = new RibFixture();
  net.up('a', { allowAsIn: 1 });
  net.up('i', { type: 'ibgp', allowAsIn: 1 });
  net.announce('a', [PREFIX], { asPath: [...path(65001, ASN)!, { type: 'set', asns: [ASN, 4] }] });
  t.equal(reason(net), 'as-loop');
  net.withdraw('a', [PREFIX]);
  net.announce('i', [PREFIX], { asPath: path(65001, ASN), localPref: 100 });
  t.same(net.best(), { [PREFIX]: 'i' });
  net.announce('i', [PREFIX], { asPath: path(65001, ASN), localPref: 100, clusterList: [0x0a0000fe] });
  t.equal(reason(net), 'cluster-loop');
  t.end();
});

t.test('the same attributes from two peers: each by its own setting', (t) => {
  const net = new RibFixture();
  net.up('strict');
  net.up('lax', { allowAsIn: 1 });
  for (const name of ['strict', 'lax']) net.announce(name, [PREFIX], { asPath: path(65009, ASN) });
  t.same(net.best(), { [PREFIX]: 'lax' });
  t.end();
});

t.test('with another number towards the peer, both are counted', (t) => {
  for (const [allowAsIn, asPath, expected] of [
    [undefined, path(65001, 64999), 'as-loop'],
    [1, path(65001, 64999, ASN), undefined],
    [1, path(65001, 64999, 64999), 'as-loop'],
    [1, path(65001, ASN, ASN), 'as-loop'],
  ] as const) {
    const net = new RibFixture();
    net.up('a', { allowAsIn, receive: wireContext({ localAsn: 64999 }) });
    net.announce('a', [PREFIX], { asPath });
    t.equal(reason(net), expected, JSON.stringify(asPath));
  }
  t.end();
});

t.test('changed in place, with and without an import policy', (t) => {
  for (const importPolicy of [undefined, { terms: [{ action: 'accept', set: { localPref: 7 } }] }] as const) {
    const net = new RibFixture();
    const a = net.up('a', { importPolicy });
    const b = net.up('b');
    net.announce('a', [PREFIX], { asPath: path(65001, ASN) });
    net.settle();
    t.same(net.best(), {});
    net.rib.updatePeer(a.index, { allowAsIn: 1 });
    net.settle();
    t.same(net.best(), { [PREFIX]: 'a' });
    t.same([...b.table.keys()], [PREFIX]);
    net.rib.updatePeer(a.index, { allowAsIn: undefined });
    net.settle();
    t.same(net.best(), {});
    t.equal(reason(net), 'as-loop');
    t.equal(b.table.size, 0);
  }
  t.end();
});
