/**
 * Path attributes as octets and as values: one attribute a row, flags and length included. Numbers are by the attribute's
 * RFC; where a row decodes only, `oneWay` says why.
 */
import { ipv4, parseAddress, parsePrefix } from '@tortie/ip';
import type { PathAttributes } from '../../src/wire/attribute/path-attributes.js';
import { type WireContext, wireContext } from '../../src/wire/context.js';
import { octets } from '../corpus/hex.js';

export interface AttributeVector {
  readonly name: string;
  readonly hex: string;
  readonly value: Partial<PathAttributes>;
  readonly context?: WireContext;
  readonly oneWay?: string;
}

export const IBGP: WireContext = wireContext({ peerType: 'ibgp' });
export const TWO_OCTET_AS: WireContext = wireContext({ fourOctetAs: false });
export const ADD_PATH: WireContext = wireContext({ addPath: [true, true] });
export const EXTENDED_NEXT_HOP: WireContext = wireContext({ extendedNextHop: [true, false] });

const v6 = { afi: 2, safi: 1 } as const;
const global = '2001 0db8 0000 0000 0000 0000 0000 0001';
const linkLocal = 'fe80 0000 0000 0000 0000 0000 0000 0002';
const reachV6 = { ...v6, nextHop: parseAddress('2001:db8::1') };

export const ATTRIBUTE_VECTORS: readonly AttributeVector[] = [
  { name: 'ORIGIN IGP', hex: '40 01 01 00', value: { origin: 'igp' } },
  { name: 'ORIGIN EGP', hex: '40 01 01 01', value: { origin: 'egp' } },
  { name: 'ORIGIN INCOMPLETE', hex: '40 01 01 02', value: { origin: 'incomplete' } },
  {
    name: 'the Partial bit and the unused bits of the flags are no conflict',
    hex: '6f 01 01 00',
    value: { origin: 'igp' },
    oneWay: 'they are sent as 0',
  },
  {
    name: 'an extended length that was not needed',
    hex: '50 01 0001 00',
    value: { origin: 'igp' },
    oneWay: 'a short length is sent',
  },
  { name: 'AS_PATH empty', hex: '40 02 00', value: { asPath: [] } },
  {
    name: 'AS_PATH of four octets',
    hex: '40 02 0a 02 02 0000fde8 00010001',
    value: { asPath: [{ type: 'sequence', asns: [65000, 65537] }] },
  },
  {
    name: 'AS_PATH of two octets',
    hex: '40 02 06 02 02 fde8 fde9',
    value: { asPath: [{ type: 'sequence', asns: [65000, 65001] }] },
    context: TWO_OCTET_AS,
  },
  {
    name: 'AS_PATH with a set',
    hex: '40 02 10 02 01 0000fde8 01 02 0000fde9 0000fdea',
    value: {
      asPath: [
        { type: 'sequence', asns: [65000] },
        { type: 'set', asns: [65001, 65002] },
      ],
    },
  },
  {
    name: 'AS_PATH with confederation segments',
    hex: '40 02 0c 03 01 0000fde8 04 01 0000fde9',
    value: {
      asPath: [
        { type: 'confed-sequence', asns: [65000] },
        { type: 'confed-set', asns: [65001] },
      ],
    },
    context: IBGP,
  },
  {
    name: 'AS_PATH and AS4_PATH of a 2-octet session',
    hex: '40 02 06 02 02 5ba0 fde8 c0 11 0a 02 02 00010001 0000fde8',
    value: { asPath: [{ type: 'sequence', asns: [65537, 65000] }] },
    context: TWO_OCTET_AS,
  },
  { name: 'NEXT_HOP', hex: '40 03 04 c0000201', value: { nextHop: parseAddress('192.0.2.1') } },
  { name: 'MULTI_EXIT_DISC', hex: '80 04 04 ffffffff', value: { med: 0xffffffff } },
  { name: 'LOCAL_PREF', hex: '40 05 04 00000064', value: { localPref: 100 }, context: IBGP },
  { name: 'ATOMIC_AGGREGATE', hex: '40 06 00', value: { atomicAggregate: true } },
  {
    name: 'AGGREGATOR of four octets',
    hex: 'c0 07 08 00010001 c0000201',
    value: { aggregator: { asn: 65537, address: parseAddress('192.0.2.1') } },
  },
  {
    name: 'AGGREGATOR of two octets',
    hex: 'c0 07 06 fde8 c0000201',
    value: { aggregator: { asn: 65000, address: parseAddress('192.0.2.1') } },
    context: TWO_OCTET_AS,
  },
  {
    name: 'AGGREGATOR and AS4_AGGREGATOR of a 2-octet session',
    hex: '40 02 00 c0 07 06 5ba0 c0000201 c0 12 08 00010001 c0000201',
    value: { asPath: [], aggregator: { asn: 65537, address: parseAddress('192.0.2.1') } },
    context: TWO_OCTET_AS,
  },
  { name: 'COMMUNITIES', hex: 'c0 08 08 fde80064 ffffff01', value: { communities: [0xfde80064, 0xffffff01] } },
  { name: 'ORIGINATOR_ID', hex: '80 09 04 c0000201', value: { originatorId: 0xc0000201 }, context: IBGP },
  { name: 'CLUSTER_LIST', hex: '80 0a 08 00000001 ffffffff', value: { clusterList: [1, 0xffffffff] }, context: IBGP },
  {
    name: 'MP_REACH_NLRI with a global next hop',
    hex: `80 0e 1a 0002 01 10 ${global} 00 20 20010db8`,
    value: { mpReach: { ...reachV6, nlri: [{ prefix: parsePrefix('2001:db8::/32') }] } },
  },
  {
    name: 'MP_REACH_NLRI with a global and a link-local next hop',
    hex: `80 0e 26 0002 01 20 ${global} ${linkLocal} 00 00`,
    value: {
      mpReach: { ...reachV6, linkLocalNextHop: parseAddress('fe80::2'), nlri: [{ prefix: parsePrefix('::/0') }] },
    },
  },
  {
    name: 'MP_REACH_NLRI with a link-local next hop alone',
    hex: `80 0e 16 0002 01 10 ${linkLocal} 00 00`,
    value: { mpReach: { ...v6, nextHop: parseAddress('fe80::2'), nlri: [{ prefix: parsePrefix('::/0') }] } },
  },
  {
    name: 'MP_REACH_NLRI whose global half is ::',
    hex: `80 0e 26 0002 01 20 ${'00'.repeat(16)} ${linkLocal} 00 00`,
    value: { mpReach: { ...v6, nextHop: parseAddress('fe80::2'), nlri: [{ prefix: parsePrefix('::/0') }] } },
    oneWay: 'the link-local address alone is sent',
  },
  {
    name: 'MP_REACH_NLRI with a reserved octet that is not 0',
    hex: `80 0e 16 0002 01 10 ${global} ff 00`,
    value: { mpReach: { ...reachV6, nlri: [{ prefix: parsePrefix('::/0') }] } },
    oneWay: 'it is sent as 0',
  },
  {
    name: 'MP_REACH_NLRI for IPv4',
    hex: '80 0e 0d 0001 01 04 c0000201 00 18 cb0071',
    value: {
      mpReach: { afi: 1, safi: 1, nextHop: ipv4(0xc0000201), nlri: [{ prefix: parsePrefix('203.0.113.0/24') }] },
    },
  },
  {
    name: 'MP_REACH_NLRI for IPv4 with an IPv6 next hop',
    hex: `80 0e 19 0001 01 10 ${global} 00 18 cb0071`,
    value: {
      mpReach: {
        afi: 1,
        safi: 1,
        nextHop: parseAddress('2001:db8::1'),
        nlri: [{ prefix: parsePrefix('203.0.113.0/24') }],
      },
    },
    context: EXTENDED_NEXT_HOP,
  },
  {
    name: 'MP_REACH_NLRI with path identifiers',
    hex: `80 0e 20 0002 01 10 ${global} 00 00000007 08 20 ffffffff 00`,
    value: {
      mpReach: {
        ...reachV6,
        nlri: [
          { prefix: parsePrefix('2000::/8'), pathId: 7 },
          { prefix: parsePrefix('::/0'), pathId: 0xffffffff },
        ],
      },
    },
    context: ADD_PATH,
  },
  {
    name: 'MP_UNREACH_NLRI',
    hex: '80 0f 08 0002 01 20 20010db8',
    value: { mpUnreach: { ...v6, nlri: [{ prefix: parsePrefix('2001:db8::/32') }] } },
  },
  { name: 'MP_UNREACH_NLRI, End-of-RIB', hex: '80 0f 03 0002 01', value: { mpUnreach: { ...v6, nlri: [] } } },
  {
    name: 'EXTENDED_COMMUNITIES',
    hex: 'c0 10 10 0002fde800000064 ffffffffffffffff',
    value: { extendedCommunities: [0x0002fde800000064n, 0xffffffffffffffffn] },
  },
  {
    name: 'LARGE_COMMUNITIES',
    hex: 'c0 20 18 0000fde8 00000001 00000002 ffffffff 00000000 00000003',
    value: {
      largeCommunities: [
        [65000, 1, 2],
        [0xffffffff, 0, 3],
      ],
    },
  },
  {
    name: 'LARGE_COMMUNITIES that repeat',
    hex: 'c0 20 24 0000fde8 00000001 00000002 00000007 00000007 00000007 0000fde8 00000001 00000002',
    value: {
      largeCommunities: [
        [65000, 1, 2],
        [7, 7, 7],
      ],
    },
    oneWay: 'RFC 8092 section 3: they are removed',
  },
  { name: 'ONLY_TO_CUSTOMER', hex: 'c0 23 04 00010001', value: { onlyToCustomer: 65537 } },
  {
    name: 'an unknown transitive attribute',
    hex: 'e0 63 03 010203',
    value: { unknown: [{ type: 99, flags: 0xe0, value: octets('010203') }] },
  },
  {
    name: 'an unknown non-transitive attribute of more than 255 octets',
    hex: `90 63 0100 ${'ab'.repeat(256)}`,
    value: { unknown: [{ type: 99, flags: 0x80, value: octets('ab'.repeat(256)) }] },
  },
  {
    name: 'MP_REACH_NLRI of a family that is not ours',
    hex: '80 0e 0b 0001 80 04 c0000201 00 aabb',
    value: { unknown: [{ type: 14, flags: 0x80, value: octets('0001 80 04 c0000201 00 aabb') }] },
  },
];
