/** Everything a peer can do wrong before it is established, and the NOTIFICATION it gets. */
import t from 'tap';
import { endOfRib } from '../../src/index.js';
import { messages, octets, openMessage, SimNetwork } from '../../testing/index.js';

const US = '10.0.0.1';
const PEER = '10.0.0.2';

/** A good OPEN with one octet (or two) changed. */
function open(
  change: Readonly<Record<number, number>> = {},
  fields: Parameters<typeof openMessage>[0] = {},
): Uint8Array {
  const bytes = octets(openMessage(fields));
  for (const [at, value] of Object.entries(change)) bytes[Number(at)] = value;
  return bytes;
}

const keepalive = octets({ type: 'keepalive' });
const update = octets(endOfRib({ afi: 1, safi: 1 }));
const refresh = octets({ type: 'route-refresh', afi: 1, safi: 1, subtype: 0 });

const rows: readonly (readonly [string, readonly Uint8Array[], string])[] = [
  ['a marker that is not all ones', [open({ 3: 0 })], '1/1'],
  ['an OPEN longer than 4096 octets', [open({ 16: 0x20 })], '1/2 202d'],
  ['a message shorter than its header', [open({ 16: 0, 17: 18 })], '1/2 0012'],
  ['an unknown message type', [open({ 18: 9 })], '1/3 09'],
  ['BGP version 3', [open({ 19: 3 })], '2/1 0004'],
  ['another AS', [open({}, { asn: 65003 })], '2/2'],
  ['AS 0', [open({ 20: 0, 21: 0 })], '2/2'],
  ['hold time 1', [open({ 22: 0, 23: 1 })], '2/6'],
  ['hold time 2', [open({ 22: 0, 23: 2 })], '2/6'],
  ['router ID 0', [open({ 24: 0, 25: 0, 26: 0, 27: 0 })], '2/3'],
  ['an unknown optional parameter', [open({ 29: 1 })], '2/4'],
  ['optional parameters beyond the end', [open({ 28: 0xf0 })], '2/0'],
  ['a KEEPALIVE before the OPEN', [keepalive], '5/1 04'],
  ['an UPDATE before the OPEN', [update], '5/1 02'],
  ['a ROUTE-REFRESH before the OPEN', [refresh], '5/1 05'],
  ['a second OPEN', [open(), open()], '5/2 01'],
  ['an UPDATE before the KEEPALIVE', [open(), update], '5/2 02'],
  ['an OPEN when established', [open(), keepalive, open()], '5/3 01'],
  ['a broken marker when established', [open(), keepalive, new Uint8Array(19)], '1/1'],
  ['an OPEN cut short, in the message itself', [open({ 16: 0, 17: 29 })], '2/0'],
];

t.test('answered with', (t) => {
  for (const [title, sends, expected] of rows) {
    const network = new SimNetwork();
    const us = network.router({ address: US, asn: 65001 });
    us.addPeer({ at: PEER, remoteAsn: 65002, passive: true });
    const socket = network.connect(PEER, US);
    network.run(2);
    for (const bytes of sends) socket.write(bytes);
    network.run(10);
    const last = messages(socket.received).at(-1);
    if (last?.type !== 'notification') t.fail(`${title}: no NOTIFICATION but ${last?.type}`);
    else {
      const data = Buffer.from(last.data).toString('hex');
      t.equal(`${last.errorCode}/${last.errorSubcode}${data && ` ${data}`}`, expected, title);
    }
    t.ok(socket.closed, `${title}: and the connection is closed`);
  }
  t.end();
});

t.test('a NOTIFICATION is never answered', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65001 });
  us.addPeer({ at: PEER, remoteAsn: 65002, passive: true });
  const socket = network.connect(PEER, US);
  network.run(2);
  socket.write(octets({ type: 'notification', errorCode: 2, errorSubcode: 2, data: new Uint8Array(0) }));
  network.run(10);
  t.same(
    messages(socket.received).map(({ type }) => type),
    ['open'],
  );
  t.ok(socket.closed);
  t.same(us.reasons(PEER), ['peer sent OPEN Message Error/Bad Peer AS']);
  t.end();
});

t.test('no OPEN at all', (t) => {
  const network = new SimNetwork();
  const us = network.router({ address: US, asn: 65001, openHoldTimeS: 20 });
  us.addPeer({ at: PEER, remoteAsn: 65002, passive: true });
  const socket = network.connect(PEER, US);
  network.run(19_000);
  t.notOk(socket.closed);
  network.run(2_000);
  t.ok(socket.closed);
  t.match(messages(socket.received).at(-1), { type: 'notification', errorCode: 4 });
  t.same(us.reasons(PEER), ['hold timer expired']);
  t.end();
});
