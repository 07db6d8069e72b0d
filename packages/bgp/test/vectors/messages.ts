/** Whole messages as octets and as values. Where a row decodes only, `oneWay` says why. */
import { parseAddress, parsePrefix } from '@tortie/ip';
import { type WireContext, wireContext } from '../../src/wire/context.js';
import type { Message, UpdateMessage } from '../../src/wire/message.js';
import { octets } from '../corpus/hex.js';

export interface MessageVector {
  readonly name: string;
  readonly hex: string;
  readonly value: Message;
  readonly context?: WireContext;
  readonly oneWay?: string;
}

/** A message of this type around the body, its length counted here. */
function message(type: string, body: string): string {
  const length = 19 + body.replaceAll(/\s/g, '').length / 2;
  return `${'ff'.repeat(16)} ${length.toString(16).padStart(4, '0')} ${type} ${body}`;
}

const open = { type: 'open', version: 4, asn: 65000, holdTimeS: 90, routerId: 0xc0000201 } as const;
const update: UpdateMessage = { type: 'update', withdrawn: [], attributes: {}, nlri: [], faults: [] };
const route = {
  origin: 'igp',
  asPath: [{ type: 'sequence', asns: [65000] }],
  nextHop: parseAddress('192.0.2.1'),
} as const;
const ROUTE_HEX = '40 01 01 00 40 02 06 02 01 0000fde8 40 03 04 c0000201';

export const MESSAGE_VECTORS: readonly MessageVector[] = [
  { name: 'KEEPALIVE', hex: message('04', ``), value: { type: 'keepalive' } },
  {
    name: 'OPEN without capabilities',
    hex: message('01', `04 fde8 005a c0000201 00`),
    value: { ...open, capabilities: [] },
  },
  {
    name: 'OPEN with every capability',
    hex: message(
      '01',
      `04 5ba0 005a c0000201 5f 02 5d
      01 04 0002 00 01  02 00  05 06 0001 0001 0002  06 00  09 01 03
      40 0a c078 0001 01 80 0002 01 00  41 04 00010001  45 08 0001 01 03 0002 01 01  46 00
      47 0e 0001 01 80 015180 0002 01 00 ffffff  49 0e 06 726f75746572 06 6c61622e6578  80 02 abcd
      01 04 0001 00 01`,
    ),
    value: {
      ...open,
      asn: 65537,
      capabilities: [
        { type: 'multiprotocol', afi: 2, safi: 1 },
        { type: 'route-refresh' },
        { type: 'extended-next-hop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
        { type: 'extended-message' },
        { type: 'role', role: 3 },
        {
          type: 'graceful-restart',
          restarting: true,
          notification: true,
          restartTimeS: 120,
          families: [
            { afi: 1, safi: 1, forwarding: true },
            { afi: 2, safi: 1, forwarding: false },
          ],
        },
        { type: 'four-octet-as', asn: 65537 },
        {
          type: 'add-path',
          families: [
            { afi: 1, safi: 1, send: true, receive: true },
            { afi: 2, safi: 1, send: false, receive: true },
          ],
        },
        { type: 'enhanced-route-refresh' },
        {
          type: 'long-lived-graceful-restart',
          families: [
            { afi: 1, safi: 1, forwarding: true, staleTimeS: 86400 },
            { afi: 2, safi: 1, forwarding: false, staleTimeS: 0xffffff },
          ],
        },
        { type: 'fqdn', hostname: 'router', domain: 'lab.ex' },
        { type: 'unknown', code: 128, value: octets('abcd') },
        { type: 'multiprotocol', afi: 1, safi: 1 },
      ],
    },
  },
  {
    name: 'OPEN with one parameter per capability',
    hex: message('01', `04 fde8 005a c0000201 10 02 06 01 04 0001 00 01 02 02 02 00 02 02 46 00`),
    value: {
      ...open,
      capabilities: [
        { type: 'multiprotocol', afi: 1, safi: 1 },
        { type: 'route-refresh' },
        { type: 'enhanced-route-refresh' },
      ],
    },
    oneWay: 'all go into one parameter',
  },
  {
    name: 'OPEN with extended optional parameters length',
    hex: message('01', `04 fde8 005a c0000201 ff ff 0106 02 0103 c8 ff ${'11'.repeat(255)} 02 00`),
    value: {
      ...open,
      capabilities: [{ type: 'unknown', code: 200, value: octets('11'.repeat(255)) }, { type: 'route-refresh' }],
    },
  },
  {
    name: 'OPEN with extended length where a short one would do',
    hex: message('01', `04 fde8 005a c0000201 01 ff 0005 02 0002 02 00`),
    value: { ...open, capabilities: [{ type: 'route-refresh' }] },
    oneWay: 'the short form is sent; RFC 9072 section 2 lets the first length be anything but 0',
  },
  {
    name: 'OPEN with an ADD-PATH mode that is not defined',
    hex: message('01', `04 fde8 005a c0000201 08 02 06 45 04 0001 01 04`),
    value: { ...open, capabilities: [{ type: 'unknown', code: 69, value: octets('0001 01 04') }] },
  },
  { name: 'UPDATE, End-of-RIB of IPv4', hex: message('02', `0000 0000`), value: update },
  {
    name: 'UPDATE that announces and withdraws',
    hex: message('02', `0004 18 c63364 0014 ${ROUTE_HEX} 18 cb0071`),
    value: {
      ...update,
      withdrawn: [{ prefix: parsePrefix('198.51.100.0/24') }],
      attributes: route,
      nlri: [{ prefix: parsePrefix('203.0.113.0/24') }],
    },
  },
  {
    name: 'UPDATE with path identifiers',
    hex: message('02', `0008 00000001 18 c63364 0014 ${ROUTE_HEX} 00000002 18 cb0071`),
    value: {
      ...update,
      withdrawn: [{ prefix: parsePrefix('198.51.100.0/24'), pathId: 1 }],
      attributes: route,
      nlri: [{ prefix: parsePrefix('203.0.113.0/24'), pathId: 2 }],
    },
    context: wireContext({ addPath: [true, false] }),
  },
  {
    name: 'UPDATE with bits set behind the prefix length',
    hex: message('02', `0000 0014 ${ROUTE_HEX} 0d 0b0d 00 11 c0ffff`),
    value: {
      ...update,
      attributes: route,
      nlri: [
        { prefix: parsePrefix('11.8.0.0/13') },
        { prefix: parsePrefix('0.0.0.0/0') },
        { prefix: parsePrefix('192.255.128.0/17') },
      ],
    },
    oneWay: 'they are sent as 0',
  },
  {
    name: 'UPDATE with MP_REACH_NLRI first',
    hex: message(
      '02',
      `0000 002a
      80 0e 1a 0002 01 10 20010db8000000000000000000000001 00 20 20010db8 40 01 01 02 40 02 06 02 01 0000fde8`,
    ).replace('0041', '0041'),
    value: {
      ...update,
      attributes: {
        origin: 'incomplete',
        asPath: route.asPath,
        mpReach: {
          afi: 2,
          safi: 1,
          nextHop: parseAddress('2001:db8::1'),
          nlri: [{ prefix: parsePrefix('2001:db8::/32') }],
        },
      },
    },
  },
  {
    name: 'NOTIFICATION with data',
    hex: message('03', `01 02 0013`),
    value: { type: 'notification', errorCode: 1, errorSubcode: 2, data: octets('0013') },
  },
  {
    name: 'NOTIFICATION without data',
    hex: message('03', `06 04`),
    value: { type: 'notification', errorCode: 6, errorSubcode: 4, data: octets('') },
  },
  {
    name: 'ROUTE-REFRESH',
    hex: message('05', `0002 00 01`),
    value: { type: 'route-refresh', afi: 2, safi: 1, subtype: 0 },
  },
  {
    name: 'ROUTE-REFRESH, begin',
    hex: message('05', `0001 01 01`),
    value: { type: 'route-refresh', afi: 1, safi: 1, subtype: 1 },
  },
  {
    name: 'ROUTE-REFRESH, end',
    hex: message('05', `0001 02 01`),
    value: { type: 'route-refresh', afi: 1, safi: 1, subtype: 2 },
  },
  {
    name: 'ROUTE-REFRESH with outbound route filters',
    hex: message('05', `0001 00 01 01 80 0002 00`),
    value: { type: 'route-refresh', afi: 1, safi: 1, subtype: 0, filters: octets('01 80 0002 00') },
  },
];
