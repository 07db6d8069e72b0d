/** Arbitrary messages that our encoders must take. */
import { type Address, type IpVersion, type Prefix, prefixOf } from '@tortie/ip';
import fc from 'fast-check';
import { attributeByType } from '../src/wire/attribute/attribute.js';
import type { AsPathSegment, PathAttributes } from '../src/wire/attribute/path-attributes.js';
import type { Capability } from '../src/wire/capability/capability.js';
import { CAPABILITIES } from '../src/wire/capability/capability-list.js';
import { type WireContext, wireContext } from '../src/wire/context.js';
import { FAMILIES, type Family } from '../src/wire/family/family.js';
import type { Message } from '../src/wire/message.js';
import type { Nlri } from '../src/wire/nlri.js';

/** With the prototypes that decoders give: fast-check makes records without one now and then. */
const plain = <T>(value: T): T => structuredClone(value);

export const u8 = fc.integer({ min: 0, max: 0xff });
export const u16 = fc.integer({ min: 0, max: 0xffff });
export const u32 = fc.integer({ min: 0, max: 0xffffffff });
const asn = fc.integer({ min: 1, max: 0xffffffff });
const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Uint8Array.from(bytes));
const flag = fc.boolean();

const address = (version: IpVersion): fc.Arbitrary<Address> =>
  fc
    .tuple(u32, u32, u32, u32)
    .map(([a, b, c, d]) => (version === 4 ? { version, a, b: 0, c: 0, d: 0 } : { version, a, b, c, d }));

/** Any that may be a next hop: neither multicast nor unspecified. */
const hostAddress = (version: IpVersion): fc.Arbitrary<Address> =>
  fc.tuple(fc.integer({ min: 0x01000000, max: 0xdfffffff }), address(version)).map(([a, rest]) => ({ ...rest, a }));

export const prefix = (version: IpVersion): fc.Arbitrary<Prefix> =>
  fc.tuple(address(version), fc.nat({ max: version === 4 ? 32 : 128 })).map(([full, length]) => prefixOf(full, length));

const nlriList = (version: IpVersion, addPath: boolean): fc.Arbitrary<readonly Nlri[]> =>
  fc.array(addPath ? fc.record({ prefix: prefix(version), pathId: u32 }) : fc.record({ prefix: prefix(version) }), {
    maxLength: 8,
  });

export const context: fc.Arbitrary<WireContext> = fc.record({
  fourOctetAs: flag,
  extendedMessages: fc.constant(true),
  peerType: fc.constantFrom('ebgp' as const, 'ibgp' as const),
  localAsn: asn,
  addPath: fc.tuple(flag, flag),
  families: fc.constant(FAMILIES.map(() => true)),
  extendedNextHop: fc.tuple(flag, fc.constant(false)),
});

/** Sequences are never side by side: a 2-octet session joins them. */
const asPath = (confederation: boolean): fc.Arbitrary<readonly AsPathSegment[]> => {
  const segment = fc.record({
    type: fc.constantFrom<AsPathSegment['type']>(
      'sequence',
      'set',
      ...(confederation ? (['confed-sequence', 'confed-set'] as const) : []),
    ),
    asns: fc.array(asn, { minLength: 1, maxLength: 5 }),
  });
  return fc
    .array(segment, { maxLength: 4 })
    .map((path) => path.filter(({ type }, index) => !(type === 'sequence' && path[index - 1]?.type === 'sequence')));
};

const mpReach = (family: Family, context: WireContext) => {
  const versions: IpVersion[] = family.version === 6 ? [6] : context.extendedNextHop[family.index] ? [4, 6] : [4];
  const nextHop = fc
    .constantFrom(...versions)
    .chain((version) =>
      fc.record({ nextHop: hostAddress(version), linkLocalNextHop: hostAddress(6) }, { requiredKeys: ['nextHop'] }),
    );
  return fc.tuple(nextHop, nlriList(family.version, context.addPath[family.index]!)).map(([hop, nlri]) => ({
    afi: family.afi,
    safi: family.safi,
    nextHop: hop.nextHop,
    ...(hop.linkLocalNextHop && hop.nextHop.version === 6 ? { linkLocalNextHop: hop.linkLocalNextHop } : {}),
    nlri,
  }));
};

const unknownAttribute = fc.record({
  type: u8.filter((type) => !attributeByType(type)),
  flags: fc.constantFrom(0x80, 0xc0, 0xe0),
  value: octets(300),
});

/** What a route must have, and any of the rest. */
export function attributes(context: WireContext): fc.Arbitrary<PathAttributes> {
  const ibgp = context.peerType === 'ibgp';
  const aggregator = fc.record({ asn, address: address(4) });
  const family = fc.constantFrom(...FAMILIES);
  return fc
    .record(
      {
        origin: fc.constantFrom('igp', 'egp', 'incomplete'),
        // AS4_PATH has no confederation segments (RFC 6793 section 3), so a 2-octet session may lose them.
        asPath: asPath(ibgp && context.fourOctetAs),
        nextHop: hostAddress(4),
        med: u32,
        atomicAggregate: fc.constant(true),
        aggregator,
        communities: fc.array(u32, { minLength: 1, maxLength: 80 }),
        extendedCommunities: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 5 }),
        largeCommunities: fc.uniqueArray(fc.tuple(u32, u32, u32), { minLength: 1, maxLength: 5, selector: String }),
        onlyToCustomer: u32,
        mpReach: family.chain((family) => mpReach(family, context)),
        mpUnreach: family.chain(({ afi, safi, version, index }) =>
          nlriList(version, context.addPath[index]!).map((nlri) => ({ afi, safi, nlri })),
        ),
        unknown: fc
          .uniqueArray(unknownAttribute, { minLength: 1, maxLength: 3, selector: ({ type }) => type })
          .map((list) => list.sort((x, y) => x.type - y.type)),
        ...(ibgp
          ? { localPref: u32, originatorId: u32, clusterList: fc.array(u32, { minLength: 1, maxLength: 5 }) }
          : {}),
      },
      { requiredKeys: ['origin', 'asPath', 'nextHop'] },
    )
    .map(plain) as fc.Arbitrary<PathAttributes>;
}

const afiSafi = { afi: u16, safi: u8 };
const knownCodes = new Set(CAPABILITIES.map(({ code }) => code));

export const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ type: fc.constant('multiprotocol' as const), ...afiSafi }),
  fc.constantFrom<Capability>(
    { type: 'route-refresh' },
    { type: 'extended-message' },
    { type: 'enhanced-route-refresh' },
  ),
  fc.record({
    type: fc.constant('extended-next-hop' as const),
    entries: fc.array(fc.record({ ...afiSafi, nextHopAfi: u16 }), { maxLength: 4 }),
  }),
  fc.record({ type: fc.constant('role' as const), role: u8 }),
  fc.record({
    type: fc.constant('graceful-restart' as const),
    restarting: flag,
    notification: flag,
    restartTimeS: fc.nat({ max: 0xfff }),
    families: fc.array(fc.record({ ...afiSafi, forwarding: flag }), { maxLength: 4 }),
  }),
  fc.record({
    type: fc.constant('add-path' as const),
    families: fc.array(
      fc.record({ ...afiSafi, send: flag, receive: flag }).filter(({ send, receive }) => send || receive),
      { maxLength: 4 },
    ),
  }),
  fc.record({
    type: fc.constant('long-lived-graceful-restart' as const),
    families: fc.array(fc.record({ ...afiSafi, forwarding: flag, staleTimeS: fc.nat({ max: 0xffffff }) }), {
      maxLength: 4,
    }),
  }),
  fc.record({
    type: fc.constant('fqdn' as const),
    hostname: fc.string({ maxLength: 16, unit: 'grapheme-ascii' }),
    domain: fc.string({ maxLength: 16, unit: 'grapheme' }).filter((text) => Buffer.byteLength(text) <= 64),
  }),
  fc.record({
    type: fc.constant('unknown' as const),
    code: u8.filter((code) => !knownCodes.has(code)),
    value: octets(255),
  }),
);

const open = fc
  .tuple(
    asn,
    u16.filter((time) => time === 0 || time > 2),
    asn,
    fc.array(capability, { maxLength: 8 }),
  )
  .map(([number, holdTimeS, routerId, list]): Message => {
    const capabilities: Capability[] = number > 0xffff ? [...list, { type: 'four-octet-as', asn: number }] : list;
    return { type: 'open', version: 4, asn: number, holdTimeS, routerId, capabilities };
  });

const update = (context: WireContext): fc.Arbitrary<Message> =>
  fc
    .tuple(nlriList(4, context.addPath[0]!), nlriList(4, context.addPath[0]!), attributes(context))
    .map(([withdrawn, nlri, attributes]) => ({ type: 'update', withdrawn, nlri, attributes, faults: [] }));

const notification: fc.Arbitrary<Message> = fc.record({
  type: fc.constant('notification' as const),
  errorCode: u8,
  errorSubcode: u8,
  data: octets(300),
});

const routeRefresh: fc.Arbitrary<Message> = fc.record({
  type: fc.constant('route-refresh' as const),
  ...afiSafi,
  subtype: fc.nat({ max: 2 }),
});

/** Any message, with the context of its session. */
export const message: fc.Arbitrary<{ message: Message; context: WireContext }> = context.chain((context) =>
  fc
    .oneof(open, update(context), notification, routeRefresh, fc.constant<Message>({ type: 'keepalive' }))
    .map((message) => ({ message: plain(message), context })),
);

/** A context that takes whatever may come. */
export const CONTEXTS: readonly WireContext[] = [
  wireContext(),
  wireContext({ peerType: 'ibgp', addPath: [true, true], extendedNextHop: [true, true], extendedMessages: true }),
  wireContext({ fourOctetAs: false, families: [true, false] }),
];
