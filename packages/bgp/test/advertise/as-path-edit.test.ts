/** AS_PATH on its way to eBGP peers with asOverride and removePrivateAs. */
import fc from 'fast-check';
import t from 'tap';
import { type AsPathEdit, editAsPath, isPrivateAsn } from '../../src/advertise/as-path-edit.js';
import { asPathValue, CANONICAL_CONTEXT } from '../../src/rib/block-edit.js';
import { asPath } from '../../src/wire/attribute/as-path.js';
import type { AsPathSegment } from '../../src/wire/attribute/path-attributes.js';
import { wireContext } from '../../src/wire/context.js';
import { ASN, path, RibFixture } from '../rib/rib-fixture.js';

const PEER = 65002;

function edited(segments: readonly AsPathSegment[], change: Partial<AsPathEdit>): readonly AsPathSegment[] {
  const edit: AsPathEdit = { localAsn: 7018, peerAsn: PEER, override: false, privateAs: undefined, ...change };
  // Other octets around the value, so that a wrong offset shows.
  const value = asPathValue(segments);
  const bytes = Uint8Array.of(2, 9, ...value, 2, 9);
  const result = editAsPath(bytes, 2, 2 + value.length, edit);
  return result.length === 0 ? [] : asPath.decode(result, 0, result.length, CANONICAL_CONTEXT);
}

t.test('the limits of private AS numbers', (t) => {
  const limits = [64511, 64512, 65534, 65535, 4199999999, 4200000000, 4294967294, 4294967295];
  t.same(limits.map(isPrivateAsn), [false, true, true, false, false, true, true, false]);
  t.end();
});

t.test('what each option makes of a path', (t) => {
  const route = path(64512, 3356, PEER, 4200000001, PEER)!;
  t.same(edited(route, {}), route);
  t.same(edited(route, { override: true }), path(64512, 3356, 7018, 4200000001, 7018));
  t.same(edited(route, { privateAs: 'all' }), path(3356, PEER, PEER), "the peer's own stays, though private");
  t.same(edited(route, { privateAs: 'replace' }), path(7018, 3356, PEER, 7018, PEER));
  t.same(edited(route, { privateAs: 'all', override: true }), path(3356, 7018, 7018));
  t.same(edited(path(64512, 64513)!, { privateAs: 'all' }), [], 'nothing left');
  t.same(edited([], { privateAs: 'all', override: true }), []);
  t.end();
});

t.test('sets are edited like sequences, and go when they are empty', (t) => {
  const set = (...asns: number[]): AsPathSegment => ({ type: 'set', asns });
  const sequence = (...asns: number[]): AsPathSegment => ({ type: 'sequence', asns });
  t.same(edited([sequence(1), set(64512, 2), sequence(3)], { privateAs: 'all' }), [sequence(1), set(2), sequence(3)]);
  t.same(edited([sequence(1), set(64512), sequence(3)], { privateAs: 'all' }), [sequence(1), sequence(3)]);
  t.end();
});

t.test('laws: the same as on a list of numbers', (t) => {
  const asn = fc.oneof(
    fc.constantFrom(PEER, 64512, 65534, 65535, 4200000000, 7018, 1),
    fc.integer({ min: 1, max: 2 ** 32 - 1 }),
  );
  const segment = fc.record({
    type: fc.constantFrom('sequence' as const, 'set' as const),
    asns: fc.array(asn, { minLength: 1, maxLength: 20 }),
  });
  const change = fc.record({
    override: fc.boolean(),
    privateAs: fc.constantFrom(undefined, 'all' as const, 'replace' as const),
  });
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), change, (segments, { override, privateAs }) => {
      const expected = segments
        .map(({ type, asns }) => ({
          type,
          asns: asns.flatMap((each) => {
            if (each === PEER) return override ? [7018] : [each];
            if (!privateAs || !isPrivateAsn(each)) return [each];
            return privateAs === 'replace' ? [7018] : [];
          }),
        }))
        .filter(({ asns }) => asns.length > 0);
      t.strictSame(JSON.stringify(edited(segments, { override, privateAs })), JSON.stringify(expected));
    }),
    { numRuns: 300 },
  );
  t.end();
});

t.test('peers with an edit get their own messages; the others stay one group whatever their AS', (t) => {
  const net = new RibFixture();
  net.up('a', { asn: 65001 });
  const plain = net.up('b', { asn: PEER });
  const other = net.up('c', { asn: 65003 });
  const override = net.up('d', { asn: PEER, asOverride: true });
  const strip = net.up('e', { asn: 65005, removePrivateAs: 'all' });
  net.settle();
  net.announce('a', ['10.0.0.0/8', '2001:db8::/32'], { asPath: path(65001, PEER, 3356) });
  net.rib.work(100);
  const [toPlain] = net.rib.take(plain.index, 1e6);
  const [toOther] = net.rib.take(other.index, 1e6);
  t.ok(toPlain && toPlain === toOther, 'the same octets');
  net.settle();
  for (const each of ['10.0.0.0/8', '2001:db8::/32']) {
    t.same(override.table.get(each)?.asPath, path(ASN, 65001, ASN, 3356));
    t.same(strip.table.get(each)?.asPath, path(ASN, 3356));
  }
  t.end();
});

t.test('changed in place, and not on iBGP', (t) => {
  const net = new RibFixture();
  net.up('a');
  const b = net.up('b', { asn: PEER });
  const inside = net.up('i', { type: 'ibgp', asOverride: true, removePrivateAs: 'all' });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(65001, PEER) });
  net.settle();
  t.same(b.table.get('10.0.0.0/8')?.asPath, path(ASN, 65001, PEER));
  t.same(inside.table.get('10.0.0.0/8')?.asPath, path(65001, PEER));
  net.rib.updatePeer(b.index, { asOverride: true, removePrivateAs: 'all' });
  net.settle();
  t.same(b.table.get('10.0.0.0/8')?.asPath, path(ASN, ASN));
  net.rib.updatePeer(b.index, { asOverride: false, removePrivateAs: undefined });
  net.settle();
  t.same(b.table.get('10.0.0.0/8')?.asPath, path(ASN, 65001, PEER));
  t.equal(b.events.filter((event) => event.startsWith('eor')).length, 2, 'on the same session');
  t.same(net.told(), net.adjRibsOut());
  t.end();
});

t.test('towards a peer without 4-octet AS numbers', (t) => {
  const net = new RibFixture();
  net.up('a');
  const old = net.up('old', {
    asn: PEER,
    send: wireContext({ fourOctetAs: false, localAsn: ASN }),
    removePrivateAs: 'all',
    asOverride: true,
  });
  net.announce('a', ['10.0.0.0/8'], { asPath: path(4200000001, 400000, PEER) });
  net.settle();
  t.same(old.table.get('10.0.0.0/8')?.asPath, path(ASN, 400000, ASN));
  t.end();
});
