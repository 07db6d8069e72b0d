/** What the peers of a warm-up send: a table of some thousand routes, changes of it, and its end; some of everything. */
import { ipv4, parseAddress } from '@tortie/ip';
import {
  encodeMessage,
  type Nlri,
  type OpenMessage,
  type PathAttributes,
  type UpdateMessage,
  wireContext,
} from '../../src/index.js';

export const OWN_ASN = 64512;

export interface WarmPeer {
  readonly host: number;
  readonly asn: number;
  readonly sends: boolean;
}

/** Enough that the tables grow by a segment. */
const UPDATES = 1400;
const CHANGES = 60;
/** RFC 8326. */
const GRACEFUL_SHUTDOWN = 0xffff0000;
const NEXT_HOP = ipv4(0xc0000201);
/** Its words are beyond 31 bits: the compiler treats those otherwise. */
const NEXT_HOP6 = parseAddress('2001:db8:ffff:ffff:ffff:ffff:ffff:1');

export const greeting = (host: number, asn: number): OpenMessage => ({
  type: 'open',
  version: 4,
  asn,
  holdTimeS: 90,
  routerId: 1 + host,
  capabilities: [
    { type: 'multiprotocol', afi: 1, safi: 1 },
    { type: 'multiprotocol', afi: 2, safi: 1 },
    { type: 'four-octet-as', asn },
  ],
});

export interface Table {
  /** Some thousand routes announced, changed, and withdrawn. */
  readonly messages: Uint8Array;
  /** Messages of one route each, new to everybody. */
  readonly changes: readonly Uint8Array[];
}

export function tableOf({ host, asn }: WarmPeer): Table {
  const context = wireContext({ peerType: asn === OWN_ASN ? 'ibgp' : 'ebgp', localAsn: asn });
  const messages: Uint8Array[] = [];
  for (const action of ['announce', 'change', 'withdraw'] as const) {
    for (let number = 0; number < UPDATES; number++)
      messages.push(encodeMessage(update(action, number, host), context));
  }
  const changes = Array.from({ length: CHANGES }, (_, number) => {
    const prefix = { version: 4, a: 0x0c000000 + number * 512 + host * 256, b: 0, c: 0, d: 0, length: 24 } as const;
    const attributes = { ...attributesOf(number, false, host), nextHop: NEXT_HOP };
    return encodeMessage({ type: 'update', withdrawn: [], attributes, nlri: [{ prefix }], faults: [] }, context);
  });
  return { messages: Buffer.concat(messages), changes };
}

/** An UPDATE of four to six prefixes; every fourth is about IPv6 routes, and two share their attributes. */
function update(action: 'announce' | 'change' | 'withdraw', number: number, host: number): UpdateMessage {
  const six = number % 4 === 3;
  const nlri = Array.from({ length: 4 + (number % 3) }, (_, index) => nlriOf(six, host, number * 6 + index));
  const none = { type: 'update', withdrawn: [], attributes: {}, nlri: [], faults: [] } as const;
  const mp = { afi: 2, safi: 1, nlri };
  if (action === 'withdraw') return six ? { ...none, attributes: { mpUnreach: mp } } : { ...none, withdrawn: nlri };
  const path = attributesOf(number >>> 1, action === 'change', host);
  if (six) return { ...none, attributes: { ...path, mpReach: { ...mp, nextHop: NEXT_HOP6 } } };
  return { ...none, attributes: { ...path, nextHop: NEXT_HOP }, nlri };
}

/** Every second prefix comes from both senders. */
function nlriOf(six: boolean, host: number, number: number): Nlri {
  const place = number * 4 + (number % 2) * host;
  if (six) return { prefix: { version: 6, a: 0x20010db8, b: place * 256, c: 0, d: 0, length: 56 } };
  return { prefix: { version: 4, a: 0x0b000000 + place * 256, b: 0, c: 0, d: 0, length: 24 } };
}

function attributesOf(set: number, changed: boolean, host: number): PathAttributes {
  const asns = Array.from({ length: 2 + (set % 5) }, (_, hop) => 64600 + ((set * 7 + hop * 13) % 900));
  if (host === 1) asns.unshift(64513);
  if (set % 100 === 99) asns.push(OWN_ASN);
  const communities = Array.from({ length: 1 + (set % 7) }, (_, index) => 64513 * 65536 + index);
  if (set % 50 === 0) communities.push(GRACEFUL_SHUTDOWN);
  return {
    origin: set % 8 === 0 ? 'incomplete' : 'igp',
    asPath: [{ type: 'sequence', asns }],
    ...(host === 2 && { localPref: 100 }),
    ...((set % 3 === 0 || changed) && { med: set + (changed ? 1000 : 0) }),
    ...(set % 25 === 0 && { aggregator: { asn: 64600, address: NEXT_HOP }, atomicAggregate: true as const }),
    ...(set % 2 === 0 && { communities }),
  };
}
