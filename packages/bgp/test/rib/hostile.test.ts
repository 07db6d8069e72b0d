import fc from 'fast-check';
import t from 'tap';
import { NotificationError } from '../../src/errors.js';
import { encodeMessage } from '../../src/wire/codec.js';
import { wireContext } from '../../src/wire/context.js';
import { attrs, prefix, RibFixture } from './rib-fixture.js';

const CONTEXTS = [
  wireContext({ localAsn: 65000 }),
  wireContext({ localAsn: 65000, peerType: 'ibgp' }),
  wireContext({ localAsn: 65000, fourOctetAs: false }),
  wireContext({ localAsn: 65000, addPath: [true, true] }),
];

/** A sound UPDATE with some octets overwritten. */
const damaged = (): Uint8Array[] => {
  const context = wireContext({ localAsn: 65000 });
  const common = { type: 'update' as const, faults: [], withdrawn: [], nlri: [] };
  const nlri = [{ prefix: prefix('10.0.0.0/8') }, { prefix: prefix('192.0.2.0/24') }];
  const six = { afi: 2, safi: 1, nlri: [{ prefix: prefix('2001:db8::/32') }] };
  const { nextHop: _, ...others } = attrs({ communities: [1, 2], med: 5, largeCommunities: [[1, 2, 3]] });
  return [
    encodeMessage({ ...common, attributes: attrs({ communities: [1], med: 7 }), nlri, withdrawn: nlri }, context),
    encodeMessage(
      { ...common, attributes: { ...others, mpReach: { ...six, nextHop: prefix('2001:db8::1/128') } } },
      context,
    ),
    encodeMessage({ ...common, attributes: { mpUnreach: six } }, context),
  ];
};
const SOUND = damaged();

t.test('whatever comes, only NotificationError is thrown, and all is released in the end', async (t) => {
  const messageArb = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.nat(SOUND.length - 1), fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }))
      .map(([index, changes]) => {
        const bytes = SOUND[index]!.slice(19);
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        return bytes;
      }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(CONTEXTS.length - 1), messageArb), { maxLength: 30 }), (messages) => {
      const net = new RibFixture();
      for (const [index, receive] of CONTEXTS.entries()) net.up(`p${index}`, { receive, type: receive.peerType });
      for (const [index, bytes] of messages) {
        try {
          net.rib.receiveUpdate(net.peers.get(`p${index}`)!.index, bytes, 0, bytes.length);
        } catch (error) {
          if (!(error instanceof NotificationError)) throw error;
        }
        net.rib.work(3);
      }
      net.settle();
      if (JSON.stringify(net.told()) !== JSON.stringify(net.adjRibsOut())) throw new Error('told is not advertised');
      for (const name of net.peers.keys()) net.down(name);
      net.settle();
      const { attributeSets, families, nextHops } = net.rib.counters();
      return attributeSets === 0 && nextHops === 0 && families.every(({ prefixes, routes }) => prefixes + routes === 0);
    }),
    { numRuns: 500 },
  );
  t.pass();
});
