/** Messages with octets changed at random, sent into an established session: no exception, no harm to others. */
import { parsePrefix } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import { encodeMessage, endOfRib, wireContext } from '../../src/index.js';
import { announcement, octets, openMessage, SimNetwork } from '../../testing/index.js';

const US = '10.0.0.1';
const PEER = '10.0.0.2';
const OTHER = '10.0.0.3';

const context = wireContext();
const samples: readonly Uint8Array[] = [
  octets(openMessage({ families: ['ipv4-unicast', 'ipv6-unicast'] })),
  octets({ type: 'keepalive' }),
  octets({ type: 'notification', errorCode: 6, errorSubcode: 2, data: Uint8Array.of(2, 104, 105) }),
  octets({ type: 'route-refresh', afi: 1, safi: 1, subtype: 0 }),
  octets({ type: 'route-refresh', afi: 1, safi: 1, subtype: 1 }),
  octets({ type: 'route-refresh', afi: 1, safi: 1, subtype: 2 }),
  octets(endOfRib({ afi: 2, safi: 1 })),
  octets(announcement(['20.0.0.0/24', '20.0.1.0/25', '0.0.0.0/0'], PEER, [65002, 65003])),
  encodeMessage(
    { ...announcement([], PEER, []), withdrawn: [{ prefix: parsePrefix('20.0.0.0/24') }], attributes: {} },
    context,
  ),
  encodeMessage(
    {
      ...announcement(['20.0.2.0/24'], PEER, [65002]),
      attributes: {
        ...announcement([], PEER, [65002]).attributes,
        med: 7,
        communities: [1, 2],
        largeCommunities: [[1, 2, 3]],
        aggregator: { asn: 65002, address: parsePrefix('10.0.0.2/32') },
        unknown: [{ type: 99, flags: 0xc0, value: Uint8Array.of(1, 2, 3) }],
      },
    },
    context,
  ),
];

const change = fc.record({ at: fc.nat(200), to: fc.nat(255) });
const message = fc.record({
  sample: fc.nat(samples.length - 1),
  changes: fc.array(change, { maxLength: 4 }),
  cut: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40) }),
});

t.test('noise', (t) => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 1, maxLength: 12 }), (script) => {
      const network = new SimNetwork();
      const us = network.router({ address: US, asn: 65001 });
      us.addPeer({ at: PEER, remoteAsn: 65002, passive: true });
      us.addPeer({ at: OTHER, remoteAsn: 65003, passive: true });
      const other = network.router({ address: OTHER, asn: 65003 });
      other.speaker.originate(parsePrefix('30.0.0.0/24'));
      other.addPeer({ at: US, remoteAsn: 65001 });
      const socket = network.connect(PEER, US);
      network.run(2);
      socket.write(octets(openMessage({ families: ['ipv4-unicast', 'ipv6-unicast'] })));
      socket.write(octets({ type: 'keepalive' }));
      network.until(() => us.isUp(PEER) && us.isUp(OTHER), 1000);
      for (const { sample, changes, cut } of script) {
        const bytes = samples[sample]!.slice(0, samples[sample]!.length - cut);
        // The marker and the length mostly stay, so that the inside is reached.
        for (const { at, to } of changes) if (bytes.length > 0) bytes[Math.max(18, at) % bytes.length] = to;
        socket.write(bytes);
      }
      network.run(5000);
      const problem = us.events.find(({ type }) => type === 'problem');
      if (problem?.type === 'problem') throw problem.error;
      const [route] = us.speaker.rib.why(parsePrefix('30.0.0.0/24'))?.candidates ?? [];
      return us.isUp(OTHER) && route?.best === true && other.speaker.peer(US)?.dropped === 0;
    }),
    { numRuns: 300 },
  );
  t.end();
});
