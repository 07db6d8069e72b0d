import t from 'tap';
import { mayAdvertise } from '../../src/reflection/reflect.js';
import { ATTRIBUTE_FACT } from '../../src/rib/attribute-keys.js';
import { PEER_KIND } from '../../src/rib/peer-table.js';
import { path, RibFixture, ROUTER_ID } from '../rib/rib-fixture.js';

const { ebgp, client, local } = PEER_KIND;
const NON_CLIENT = 0;
const { noExport, noAdvertise, noExportSubconfed } = ATTRIBUTE_FACT;

/** RFC 4456 section 6 and RFC 1997: source kind, facts, to eBGP, to client, client-to-client; result. */
const ROWS: readonly (readonly [string, number, number, boolean, boolean, boolean, boolean])[] = [
  ['non-client to non-client', NON_CLIENT, 0, false, false, true, false],
  ['non-client to client', NON_CLIENT, 0, false, true, true, true],
  ['non-client to eBGP', NON_CLIENT, 0, true, false, true, true],
  ['client to non-client', client, 0, false, false, true, true],
  ['client to client', client, 0, false, true, true, true],
  ['client to client, switched off', client, 0, false, true, false, false],
  ['client to non-client, switched off', client, 0, false, false, false, true],
  ['client to eBGP', client, 0, true, false, true, true],
  ['eBGP to non-client', ebgp, 0, false, false, true, true],
  ['eBGP to client', ebgp, 0, false, true, true, true],
  ['eBGP to eBGP', ebgp, 0, true, false, true, true],
  ['own to non-client', local, 0, false, false, true, true],
  ['own to eBGP', local, 0, true, false, true, true],
  ['NO_EXPORT to eBGP', ebgp, noExport, true, false, true, false],
  ['NO_EXPORT to iBGP', ebgp, noExport, false, false, true, true],
  ['NO_EXPORT_SUBCONFED to eBGP', ebgp, noExportSubconfed, true, false, true, false],
  ['NO_ADVERTISE to iBGP', local, noAdvertise, false, true, true, false],
];

for (const [name, kind, facts, toEbgp, toClient, clientToClient, expected] of ROWS) {
  t.test(name, async (t) => {
    t.equal(mayAdvertise(kind, facts, toEbgp, toClient, clientToClient), expected);
  });
}

t.test('reflecting adds ORIGINATOR_ID and CLUSTER_LIST and touches nothing else', async (t) => {
  const net = new RibFixture({ clusterId: 0x01020304 });
  const from = net.up('client', { type: 'ibgp', client: true });
  const other = net.up('other', { type: 'ibgp', client: true, nextHopMode: 'self' });
  const plain = net.up('plain', { type: 'ibgp' });
  const sent = { localPref: 150, med: 7, asPath: path(65009), communities: [5] };
  net.announce('client', ['10.0.0.0/8'], sent);
  net.announce('client', ['11.0.0.0/8'], { ...sent, originatorId: 77, clusterList: [88, 99] });
  net.announce('plain', ['12.0.0.0/8'], sent);
  net.settle();
  for (const peer of [other, plain]) {
    const table = peer.table;
    t.match(table.get('10.0.0.0/8'), {
      ...sent,
      nextHop: { a: 0xc0000201 },
      originatorId: from.session.routerId,
      clusterList: [0x01020304],
    });
    t.match(table.get('11.0.0.0/8'), { ...sent, originatorId: 77, clusterList: [0x01020304, 88, 99] });
  }
  t.same([...from.table.keys()], ['12.0.0.0/8'], 'nothing comes back to the sender');
  t.notOk(plain.table.has('12.0.0.0/8'));
});

t.test('ORIGINATOR_ID and CLUSTER_LIST stay inside the AS', async (t) => {
  const net = new RibFixture();
  net.up('client', { type: 'ibgp', client: true });
  const outside = net.up('outside');
  net.announce('client', ['10.0.0.0/8'], { localPref: 150, originatorId: 77, clusterList: [88] });
  net.settle();
  const { originatorId, clusterList, localPref } = outside.table.get('10.0.0.0/8')!;
  t.same([originatorId, clusterList, localPref], [undefined, undefined, undefined]);
});

t.test('becoming and ceasing to be a client is done in place', async (t) => {
  const net = new RibFixture();
  const a = net.up('a', { type: 'ibgp' });
  const b = net.up('b', { type: 'ibgp' });
  net.announce('a', ['10.0.0.0/8'], { localPref: 100 });
  net.settle();
  t.equal(b.table.size, 0);
  net.rib.updatePeer(a.index, { client: true });
  net.settle();
  t.match(b.table.get('10.0.0.0/8'), { clusterList: [ROUTER_ID] });
  net.rib.setClusterId(42);
  net.settle();
  t.match(b.table.get('10.0.0.0/8'), { clusterList: [42] });
  net.rib.updatePeer(a.index, { client: false });
  net.settle();
  t.equal(b.table.size, 0);
  net.rib.updatePeer(b.index, { client: true });
  net.settle();
  t.equal(b.table.size, 1);
});

t.test('a peer that comes back with another router ID is reflected with that one', async (t) => {
  const net = new RibFixture();
  net.up('a', { type: 'ibgp', client: true, routerId: 1 });
  const b = net.up('b', { type: 'ibgp', client: true });
  net.announce('a', ['10.0.0.0/8'], { localPref: 100 });
  net.settle();
  net.down('a', ['ipv4-unicast']);
  net.up('a', { type: 'ibgp', client: true, routerId: 2 });
  net.announce('a', ['10.0.0.0/8'], { localPref: 100 });
  net.settle();
  t.match(b.table.get('10.0.0.0/8'), { originatorId: 2 });
});
