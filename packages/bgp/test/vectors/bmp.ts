/** BMP messages in hexadecimal, put together by hand from the figures of the RFCs. */
import { parseAddress } from '@tortie/ip';
import type { BmpMessage, BmpPeer } from '../../src/index.js';
import { octets } from '../corpus/hex.js';

interface BmpVector {
  readonly name: string;
  readonly hex: string;
  readonly value: BmpMessage;
}

const PEER: BmpPeer = {
  peerType: 0,
  postPolicy: false,
  adjRibOut: false,
  twoOctetAs: false,
  filtered: false,
  distinguisher: 0n,
  address: parseAddress('192.0.2.1'),
  asn: 65001,
  routerId: 0xc0000201,
  timestampMs: 0,
};

const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));

const MARKER = 'ffffffffffffffffffffffffffffffff';
const OPEN = `${MARKER} 001d 01 04 fde9 005a c0000201 00`;
const NO_RD = '0000000000000000';
const IPV4_PEER = `${NO_RD} 000000000000000000000000 c0000201 0000fde9 c0000201 00000000 00000000`;
const IPV6_PEER = `${NO_RD} 20010db8000000000000000000000001 0000fde9 c0000201`;

export const BMP_VECTORS: readonly BmpVector[] = [
  {
    name: 'Initiation, RFC 7854 section 4.3',
    hex: '03 00000018 04  0002 0006 6e6f64652d31  0001 0004 74657374',
    value: {
      type: 'initiation',
      information: [
        { type: 2, value: text('node-1') },
        { type: 1, value: text('test') },
      ],
    },
  },
  {
    name: 'Termination, section 4.5',
    hex: '03 0000000c 05  0001 0002 0000',
    value: { type: 'termination', information: [{ type: 1, value: Uint8Array.of(0, 0) }] },
  },
  {
    name: 'Peer Up, section 4.10',
    hex: `03 0000007e 03  00 00 ${IPV4_PEER}  000000000000000000000000 c0000202 00b3 8235 ${OPEN} ${OPEN}`,
    value: {
      type: 'peer-up',
      peer: PEER,
      localAddress: parseAddress('192.0.2.2'),
      localPort: 179,
      remotePort: 0x8235,
      sentOpen: octets(OPEN),
      receivedOpen: octets(OPEN),
      information: [],
    },
  },
  {
    name: 'Peer Up of a loc-rib, RFC 9069 section 5.2',
    hex: `03 00000088 03  03 00 ${NO_RD} 00000000000000000000000000000000 0000fde9 c0000201 6553f100 0007a120
          00000000000000000000000000000000 0000 0000 ${OPEN} ${OPEN} 0003 0006 676c6f62616c`,
    value: {
      type: 'peer-up',
      peer: { ...PEER, peerType: 3, address: undefined, timestampMs: 1_700_000_000_500 },
      localAddress: undefined,
      localPort: 0,
      remotePort: 0,
      sentOpen: octets(OPEN),
      receivedOpen: octets(OPEN),
      information: [{ type: 3, value: text('global') }],
    },
  },
  {
    name: 'Peer Down, reason 1: our NOTIFICATION',
    hex: `03 00000046 02  00 00 ${IPV4_PEER}  01 ${MARKER} 0015 03 06 02`,
    value: { type: 'peer-down', peer: PEER, reason: 1, data: octets(`${MARKER} 0015 03 06 02`) },
  },
  {
    name: 'Peer Down, reason 2: the event, no NOTIFICATION',
    hex: `03 00000033 02  00 00 ${IPV4_PEER}  02 0002`,
    value: { type: 'peer-down', peer: PEER, reason: 2, data: Uint8Array.of(0, 2) },
  },
  {
    name: 'Peer Down, reason 3: their NOTIFICATION',
    hex: `03 00000046 02  00 00 ${IPV4_PEER}  03 ${MARKER} 0015 03 06 03`,
    value: { type: 'peer-down', peer: PEER, reason: 3, data: octets(`${MARKER} 0015 03 06 03`) },
  },
  {
    name: 'Peer Down, reason 4',
    hex: `03 00000031 02  00 00 ${IPV4_PEER}  04`,
    value: { type: 'peer-down', peer: PEER, reason: 4, data: new Uint8Array(0) },
  },
  {
    name: 'Peer Down, reason 5',
    hex: `03 00000031 02  00 00 ${IPV4_PEER}  05`,
    value: { type: 'peer-down', peer: PEER, reason: 5, data: new Uint8Array(0) },
  },
  {
    name: 'Peer Down of a loc-rib, RFC 9069 section 5.3',
    hex: `03 0000003b 02  03 00 ${NO_RD} 00000000000000000000000000000000 0000fde9 c0000201 00000000 00000000
          06 0003 0006 676c6f62616c`,
    value: {
      type: 'peer-down',
      peer: { ...PEER, peerType: 3, address: undefined },
      reason: 6,
      data: octets('0003 0006 676c6f62616c'),
    },
  },
  {
    name: 'Route Monitoring, as received, AS numbers of two octets: flag A',
    hex: `03 00000047 00  00 20 ${IPV4_PEER}  ${MARKER} 0017 02 0000 0000`,
    value: {
      type: 'route-monitoring',
      peer: { ...PEER, twoOctetAs: true },
      update: octets(`${MARKER} 0017 02 0000 0000`),
    },
  },
  {
    name: 'Route Monitoring of an IPv6 peer, as accepted: flags V and L',
    hex: `03 00000047 00  00 c0 ${IPV6_PEER} 6553f100 000003e8  ${MARKER} 0017 02 0000 0000`,
    value: {
      type: 'route-monitoring',
      peer: { ...PEER, address: parseAddress('2001:db8::1'), postPolicy: true, timestampMs: 1_700_000_000_001 },
      update: octets(`${MARKER} 0017 02 0000 0000`),
    },
  },
  {
    name: 'Route Monitoring of an adj-rib-out: flags L and O, RFC 8671 section 5',
    hex: `03 00000047 00  00 50 ${IPV4_PEER}  ${MARKER} 0017 02 0000 0000`,
    value: {
      type: 'route-monitoring',
      peer: { ...PEER, postPolicy: true, adjRibOut: true },
      update: octets(`${MARKER} 0017 02 0000 0000`),
    },
  },
  {
    name: 'Route Monitoring of a part of a loc-rib in a VPN: flag F, RFC 9069 section 4.2',
    hex: `03 00000047 00  03 80 0000fde900000001 00000000000000000000000000000000 0000fde9 c0000201 00000000 00000000
          ${MARKER} 0017 02 0000 0000`,
    value: {
      type: 'route-monitoring',
      peer: { ...PEER, peerType: 3, address: undefined, filtered: true, distinguisher: 0xfde900000001n },
      update: octets(`${MARKER} 0017 02 0000 0000`),
    },
  },
  {
    name: 'Statistics, section 4.8: a counter, a gauge, and one of a family',
    hex: `03 00000057 01  00 00 ${IPV4_PEER}  00000003
          000b 0004 00000007  0007 0008 0000000100000002  000a 000b 0002 01 0000000000000003`,
    value: {
      type: 'statistics-report',
      peer: PEER,
      statistics: [
        { type: 11, value: 7n },
        { type: 7, value: 0x100000002n },
        { type: 10, afi: 2, safi: 1, value: 3n },
      ],
    },
  },
  {
    name: 'Route Mirroring, section 4.7: kept as it is',
    hex: '03 00000008 06 0102',
    value: { type: 'other', messageType: 6, body: Uint8Array.of(1, 2) },
  },
];
