import { ipv4 } from '@tortie/ip';
import t from 'tap';
import { warmUp } from '../../node/index.js';
import { OWN_ASN, tableOf } from '../../node/warm-up/traffic.js';
import { type Fault, Rib, wireContext } from '../../src/index.js';

const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => /Pipe|TCP/.test(kind)).length;

t.test('a warm-up ends by itself and leaves no socket behind', async (t) => {
  await warmUp();
  const before = sockets();
  await warmUp();
  t.equal(sockets(), before);
});

t.test('several at once do not disturb each other', async () => {
  await Promise.all([warmUp(), warmUp()]);
});

for (const asn of [OWN_ASN, 64513]) {
  t.test(`the traffic of a peer in AS ${asn} is sound, and comes to an end`, (t) => {
    const { messages, changes } = tableOf({ host: 1, asn, sends: true });
    const type = asn === OWN_ASN ? 'ibgp' : 'ebgp';
    const context = wireContext({ peerType: type, localAsn: OWN_ASN });
    const rib = new Rib({ asn: OWN_ASN, routerId: 1 });
    const peer = rib.addPeer({ name: 'peer', address: ipv4(1) });
    rib.sessionUp(peer, {
      routerId: 2,
      asn,
      type,
      client: false,
      receive: context,
      send: context,
      ownNextHops: {},
      nextHopMode: 'auto',
    });
    const faults: Fault[] = [];
    let most = 0;
    const feed = (bytes: Uint8Array): number => {
      for (let at = 0; at < bytes.length; ) {
        const end = at + ((bytes[at + 16]! << 8) | bytes[at + 17]!);
        faults.push(...rib.receiveUpdate(peer, bytes, at + 19, end).faults);
        most = Math.max(most, routes());
        at = end;
      }
      return routes();
    };
    const routes = (): number => rib.counters().families.reduce((sum, family) => sum + family.routes, 0);
    t.equal(feed(messages), 0, 'all that was announced is withdrawn');
    t.ok(most > 6000, 'the whole table was there');
    for (const [index, change] of changes.entries())
      t.equal(feed(change), index + 1, 'each change is a route of its own');
    t.strictSame(faults, []);
    t.end();
  });
}
