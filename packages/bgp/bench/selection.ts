/**
 * What a new path costs where a prefix has many already: N peers announce the same prefixes with MEDs, in turn.
 *     node packages/bgp/dist/bench/selection.js [peers=50] [prefixes=2000]
 */
import { ipv4 } from '@tortie/ip';
import { Rib } from '../src/rib/rib.js';
import { wireContext } from '../src/wire/context.js';

const [peers = 50, prefixes = 2000] = process.argv.slice(2).map(Number);
const rib = new Rib({ asn: 65000, routerId: 0x0a0000fe });
const context = wireContext({ localAsn: 65000 });
const indexes: number[] = [];
for (let i = 0; i < peers; i++) {
  const peer = rib.addPeer({ name: `${i}`, address: ipv4(0x7f000101 + i) });
  rib.sessionUp(peer, {
    routerId: 100 + i,
    asn: 65001,
    type: 'ebgp',
    client: false,
    receive: context,
    send: { ...context, families: [false, false] },
    ownNextHops: {},
    nextHopMode: 'auto',
  });
  indexes.push(peer);
}

function update(prefix: number, asn: number, med: number): Uint8Array {
  return Uint8Array.of(
    ...[0, 0, 0, 27, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 1, asn, 0x40, 3, 4, 192, 0, 2, 1, 0x80, 4, 4, 0, 0, 0, med],
    ...[24, 10, prefix >> 8, prefix & 255],
  );
}

for (let round = 0; round < 3; round++) {
  const begin = performance.now();
  for (let prefix = 0; prefix < prefixes; prefix++) {
    for (const [i, peer] of indexes.entries()) {
      const bytes = update(prefix, i % 4, (i * 7 + round) % 5);
      rib.receiveUpdate(peer, bytes, 0, bytes.length);
    }
  }
  const ns = ((performance.now() - begin) * 1e6) / (peers * prefixes);
  console.log(`round ${round}: ${ns.toFixed(0)} ns per path, ${peers} paths per prefix`);
}
