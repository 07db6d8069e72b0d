/** Route leaks by ONLY_TO_CUSTOMER, both procedures of RFC 9234 section 5 in every role. */
import t from 'tap';
import type { Role } from '../../src/wire/capability/role.js';
import { wireContext } from '../../src/wire/context.js';
import { ASN, path, prefix, RibFixture } from './rib-fixture.js';

const PREFIX = '10.0.0.0/8';
const LOCAL_AS = 64999;
/** The AS of peer "a" in the fixture, and another one. */
const PEER_AS = 65001;
const OTHER_AS = 3356;

const candidate = (net: RibFixture) => net.rib.why(prefix(PREFIX))!.candidates[0]!;

/** Our role, the mark that came, and the mark that the route has here; false: it is a leak. */
const INGRESS: readonly (readonly [Role | undefined, number | undefined, number | undefined | false])[] = [
  ['customer', undefined, PEER_AS],
  ['customer', OTHER_AS, OTHER_AS],
  ['rs-client', undefined, PEER_AS],
  ['rs-client', OTHER_AS, OTHER_AS],
  ['peer', undefined, PEER_AS],
  ['peer', PEER_AS, PEER_AS],
  ['peer', OTHER_AS, false],
  ['provider', undefined, undefined],
  ['provider', PEER_AS, false],
  ['provider', OTHER_AS, false],
  ['rs', undefined, undefined],
  ['rs', OTHER_AS, false],
  [undefined, undefined, undefined],
  [undefined, OTHER_AS, OTHER_AS],
];

t.test('received', (t) => {
  for (const withPolicy of [false, true]) {
    for (const [role, came, expected] of INGRESS) {
      const net = new RibFixture();
      const importPolicy = withPolicy ? ({ terms: [{ action: 'accept', set: { localPref: 7 } }] } as const) : undefined;
      const a = net.up('a', { role, importPolicy });
      net.announce('a', [PREFIX], came === undefined ? {} : { onlyToCustomer: came });
      const title = `${role}, ${came}${withPolicy ? ', with a policy' : ''}`;
      const { ineligible, attributes } = candidate(net);
      t.equal(ineligible, expected === false ? 'route-leak' : undefined, title);
      if (expected !== false) t.equal(attributes.onlyToCustomer, expected, title);
      t.same(net.best(), expected === false ? {} : { [PREFIX]: 'a' }, title);
      const [before] = net.rib.adjRibIn(a.index, 'pre', 'ipv4-unicast').items;
      t.equal(before!.attributes.onlyToCustomer, came, `${title}: shown as it came`);
      // The import policy over again leaves both as they are.
      net.rib.reapplyImport(a.index);
      net.settle();
      t.same([candidate(net).ineligible, candidate(net).attributes], [ineligible, attributes], title);
    }
  }
  t.end();
});

/** Our role, the mark of the route, and the mark it is sent with; false: it is not sent. */
const EGRESS: readonly (readonly [Role | undefined, number | undefined, number | undefined | false])[] = [
  ['provider', undefined, LOCAL_AS],
  ['provider', OTHER_AS, OTHER_AS],
  ['rs', undefined, LOCAL_AS],
  ['rs', OTHER_AS, OTHER_AS],
  ['peer', undefined, LOCAL_AS],
  ['peer', OTHER_AS, false],
  ['customer', undefined, undefined],
  ['customer', OTHER_AS, false],
  ['rs-client', undefined, undefined],
  ['rs-client', OTHER_AS, false],
  [undefined, undefined, undefined],
  [undefined, OTHER_AS, OTHER_AS],
];

t.test('sent', (t) => {
  // Before and behind ONLY_TO_CUSTOMER: it is written in its place.
  const around = {
    communities: [7],
    unknown: [
      { type: 34, flags: 0xe0, value: Uint8Array.of(1) },
      { type: 99, flags: 0xe0, value: Uint8Array.of(2) },
    ],
  };
  for (const fourOctetAs of [true, false]) {
    for (const [role, mark, expected] of EGRESS) {
      for (const others of [{}, around]) {
        const net = new RibFixture();
        net.up('a');
        const send = wireContext({ localAsn: LOCAL_AS, fourOctetAs });
        const b = net.up('b', { role, send });
        net.announce('a', [PREFIX], { ...others, ...(mark !== undefined && { onlyToCustomer: mark }) });
        net.settle();
        const title = `${role}, ${mark}, ${fourOctetAs ? 4 : 2}-octet AS numbers`;
        const got = b.table.get(PREFIX);
        t.equal(got !== undefined, expected !== false, title);
        if (expected !== false) {
          t.equal(got?.onlyToCustomer, expected, title);
          t.same(got?.communities, 'communities' in others ? [7] : undefined, title);
          t.same(
            got?.unknown?.map(({ type }) => type),
            'unknown' in others ? [34, 99] : undefined,
            title,
          );
        }
        const [view] = net.rib.exports(prefix(PREFIX)).filter(({ peer }) => peer === b.index);
        t.equal(view?.fate, expected === false ? 'route-leak' : 'advertised', title);
        t.equal(net.rib.adjRibOut(b.index, 'ipv4-unicast').items[0]?.attributes.onlyToCustomer, got?.onlyToCustomer);
      }
    }
  }
  t.end();
});

t.test('IPv6 routes too, and inside the AS the mark stays as it is', (t) => {
  const net = new RibFixture();
  net.up('a', { role: 'customer' });
  const provider = net.up('provider', { role: 'customer' });
  const customer = net.up('customer', { role: 'provider' });
  const inside = net.up('inside', { type: 'ibgp' });
  net.announce('a', [PREFIX, '2001:db8::/32']);
  net.settle();
  for (const each of [PREFIX, '2001:db8::/32']) {
    t.equal(inside.table.get(each)?.onlyToCustomer, PEER_AS);
    t.equal(customer.table.get(each)?.onlyToCustomer, PEER_AS);
    t.notOk(provider.table.has(each), 'from one provider to another: the leak that roles are for');
  }
  // What came from a customer goes everywhere.
  net.announce('customer', ['20.0.0.0/8'], { asPath: path(65004) });
  net.settle();
  t.same(provider.table.get('20.0.0.0/8')?.onlyToCustomer, undefined);
  t.ok(provider.table.has('20.0.0.0/8'));
  t.end();
});

t.test('peers of one role share their messages, those of another do not', (t) => {
  const net = new RibFixture();
  net.up('a');
  for (const name of ['b', 'c']) net.up(name, { role: 'provider' });
  for (const name of ['d', 'e']) net.up(name, { role: 'customer' });
  net.settle();
  // "a" without a role, the providers, the customers; in two families.
  t.equal(net.rib.counters().updateGroups, 6);
  t.end();
});

t.test('a malformed mark withdraws the route and leaves the session alone', (t) => {
  const net = new RibFixture();
  net.up('a');
  net.announce('a', [PREFIX]);
  t.same(net.best(), { [PREFIX]: 'a' });
  const attributes = '40010100 4002060201 0000fde9 400304c0000201 c02302fde8'.replaceAll(' ', '');
  const body = Buffer.from(`0000${(attributes.length / 2).toString(16).padStart(4, '0')}${attributes}080a`, 'hex');
  const { faults } = net.rib.receiveUpdate(net.peers.get('a')!.index, body, 0, body.length);
  t.match(faults, [{ action: 'treat-as-withdraw', attributeType: 35 }]);
  t.same(net.best(), {});
  t.end();
});

t.equal(ASN, 65000, 'the AS of the fixture is none of those above');
