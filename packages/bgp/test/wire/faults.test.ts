/** RFC 7606, RFC 7607 and the error sections of the attributes' own RFCs, a row each. */
import t from 'tap';
import { decodeAttributes } from '../../src/wire/attribute/attribute-set.js';
import { type Fault, faultToNotification, strongestFault } from '../../src/wire/attribute/faults.js';
import { type WireContext, wireContext } from '../../src/wire/context.js';
import { octets } from '../corpus/hex.js';

const EBGP = wireContext();
const IBGP = wireContext({ peerType: 'ibgp' });
const TWO_OCTET_AS = wireContext({ fourOctetAs: false });
const ORIGIN = '40 01 01 00';
const AS_PATH = '40 02 06 02 01 0000fde8';
const NEXT_HOP = '40 03 04 c0000201';
const PATH_2 = '40 02 04 02 01 fde8';
const GLOBAL = '2001 0db8 0000 0000 0000 0000 0000 0001';
const REACH = `80 0e 16 0002 01 10 ${GLOBAL} 00 00`;

interface Row {
  readonly name: string;
  readonly hex: string;
  readonly context?: WireContext;
  /** No prefixes in the NLRI field. */
  readonly noNlri?: true;
  /** Action and subcode of each fault, in order. */
  readonly faults: readonly (readonly [action: Fault['action'], errorSubcode: number])[];
  /** Names of attributes that must not be in the result. */
  readonly without?: readonly string[];
}

const withdraw = (subcode: number) => ['treat-as-withdraw', subcode] as const;
const discard = (subcode: number) => ['attribute-discard', subcode] as const;
const reset = (subcode: number) => ['session-reset', subcode] as const;
const rest = (attribute: string, type: number): string =>
  [
    ...(type === 1 ? [] : [ORIGIN]),
    ...(type === 2 ? [] : [AS_PATH]),
    ...(type === 3 ? [] : [NEXT_HOP]),
    attribute,
  ].join(' ');

const ROWS: readonly Row[] = [
  { name: 'a sound block', hex: `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`, faults: [] },
  // RFC 7606 section 3 (c)
  { name: 'ORIGIN flagged optional', hex: rest('c0 01 01 00', 1), faults: [withdraw(4)], without: ['origin'] },
  { name: 'MED flagged transitive', hex: rest('c0 04 04 00000001', 4), faults: [withdraw(4)], without: ['med'] },
  { name: 'COMMUNITIES flagged non-transitive', hex: rest('80 08 04 00000001', 8), faults: [withdraw(4)] },
  // section 3 (d)
  { name: 'ORIGIN missing', hex: `${AS_PATH} ${NEXT_HOP}`, faults: [withdraw(3)] },
  { name: 'AS_PATH missing', hex: `${ORIGIN} ${NEXT_HOP}`, faults: [withdraw(3)] },
  { name: 'NEXT_HOP missing', hex: `${ORIGIN} ${AS_PATH}`, faults: [withdraw(3)] },
  {
    name: 'NEXT_HOP is not missed where only MP_REACH_NLRI announces',
    hex: `${REACH} ${ORIGIN} ${AS_PATH}`,
    noNlri: true,
    faults: [],
  },
  { name: 'ORIGIN missing with MP_REACH_NLRI', hex: `${REACH} ${AS_PATH}`, noNlri: true, faults: [withdraw(3)] },
  { name: 'nothing is missing where nothing is announced', hex: '', noNlri: true, faults: [] },
  // section 3 (g)
  { name: 'MED twice: the first counts', hex: rest('80 04 04 00000001 80 04 04 00000002', 4), faults: [discard(1)] },
  { name: 'an unknown attribute twice', hex: rest('c0 63 00 c0 63 00', 99), faults: [discard(1)] },
  { name: 'MP_REACH_NLRI twice', hex: rest(`${REACH} ${REACH}`, 14), faults: [reset(1)] },
  { name: 'MP_UNREACH_NLRI twice', hex: rest('80 0f 03 0002 01 80 0f 03 0002 01', 15), faults: [reset(1)] },
  // section 4
  { name: 'an attribute that overruns the area', hex: rest('c0 08 08 00000001', 8), faults: [withdraw(1)] },
  { name: 'one octet left over', hex: rest('40', 99), faults: [withdraw(1)] },
  { name: 'two octets left over', hex: rest('40 06', 99), faults: [withdraw(1)] },
  { name: 'three octets left over, extended length', hex: rest('50 06 00', 99), faults: [withdraw(1)] },
  { name: 'MP_REACH_NLRI that overruns the area', hex: rest('80 0e 40 0002 01', 14), faults: [reset(1)] },
  // section 5.2
  { name: 'a fault without reachable NLRI', hex: `${ORIGIN} 80 04 03 000001`, noNlri: true, faults: [reset(5)] },
  { name: 'a fault to discard without reachable NLRI', hex: '40 06 01 00', noNlri: true, faults: [discard(5)] },
  // section 5.3
  { name: 'MP_REACH_NLRI of 4 octets', hex: rest('80 0e 04 0002 01 00', 14), faults: [reset(9)] },
  { name: 'MP_UNREACH_NLRI of 2 octets', hex: rest('80 0f 02 0002', 15), faults: [reset(9)] },
  {
    name: 'MP_REACH_NLRI flagged transitive',
    hex: rest(`c0 0e 16 0002 01 10 ${GLOBAL} 00 00`, 14),
    faults: [reset(4)],
  },
  { name: 'MP_UNREACH_NLRI flagged well-known', hex: rest('00 0f 03 0002 01', 15), faults: [reset(4)] },
  {
    name: 'an IPv6 prefix of 129 bits',
    hex: rest(`80 0e 27 0002 01 10 ${GLOBAL} 00 81 ${'00'.repeat(17)}`, 14),
    faults: [reset(9)],
  },
  { name: 'an IPv6 prefix cut short', hex: rest('80 0f 05 0002 01 20 20', 15), faults: [reset(9)] },
  // section 7
  { name: '7.1 ORIGIN of 2 octets', hex: rest('40 01 02 0000', 1), faults: [withdraw(5)], without: ['origin'] },
  { name: '7.1 ORIGIN empty', hex: rest('40 01 00', 1), faults: [withdraw(5)] },
  { name: '7.1 ORIGIN 3', hex: rest('40 01 01 03', 1), faults: [withdraw(6)], without: ['origin'] },
  {
    name: '7.2 AS_PATH segment overruns',
    hex: rest('40 02 06 02 02 0000fde8', 2),
    faults: [withdraw(11)],
    without: ['asPath'],
  },
  { name: '7.2 AS_PATH ends in one octet', hex: rest('40 02 07 02 01 0000fde8 02', 2), faults: [withdraw(11)] },
  { name: '7.2 AS_PATH segment of length 0', hex: rest('40 02 02 02 00', 2), faults: [withdraw(11)] },
  { name: '7.2 AS_PATH segment type 5', hex: rest('40 02 06 05 01 0000fde8', 2), faults: [withdraw(11)] },
  { name: '7.2 AS_PATH segment type 0', hex: rest('40 02 06 00 01 0000fde8', 2), faults: [withdraw(11)] },
  {
    name: 'RFC 5065 section 5: confederation segments from outside',
    hex: rest('40 02 06 03 01 0000fde8', 2),
    faults: [withdraw(11)],
  },
  { name: 'RFC 7607: AS 0 in AS_PATH', hex: rest('40 02 0a 02 02 0000fde8 00000000', 2), faults: [withdraw(11)] },
  {
    name: 'RFC 7607: AS 0 in AS_PATH of two octets',
    hex: `${ORIGIN} 40 02 06 02 02 fde8 0000 ${NEXT_HOP}`,
    context: TWO_OCTET_AS,
    faults: [withdraw(11)],
  },
  {
    name: '7.3 NEXT_HOP of 5 octets',
    hex: rest('40 03 05 c000020100', 3),
    faults: [withdraw(5)],
    without: ['nextHop'],
  },
  { name: 'NEXT_HOP 0.0.0.0', hex: rest('40 03 04 00000000', 3), faults: [withdraw(8)] },
  { name: 'NEXT_HOP multicast', hex: rest('40 03 04 e0000001', 3), faults: [withdraw(8)] },
  { name: '7.4 MED of 3 octets', hex: rest('80 04 03 000001', 4), faults: [withdraw(5)], without: ['med'] },
  {
    name: '7.5 LOCAL_PREF from outside',
    hex: rest('40 05 04 00000064', 5),
    faults: [discard(1)],
    without: ['localPref'],
  },
  { name: '7.5 LOCAL_PREF malformed from outside', hex: rest('40 05 01 64', 5), faults: [discard(1)] },
  { name: '7.5 LOCAL_PREF of 5 octets', hex: rest('40 05 05 0000000064', 5), context: IBGP, faults: [withdraw(5)] },
  {
    name: '7.6 ATOMIC_AGGREGATE of 1 octet',
    hex: rest('40 06 01 00', 6),
    faults: [discard(5)],
    without: ['atomicAggregate'],
  },
  {
    name: '7.7 AGGREGATOR of 6 octets where AS numbers have four',
    hex: rest('c0 07 06 fde8 c0000201', 7),
    faults: [discard(5)],
    without: ['aggregator'],
  },
  {
    name: '7.7 AGGREGATOR of 8 octets where they have two',
    hex: `${ORIGIN} ${PATH_2} ${NEXT_HOP} c0 07 08 0000fde8 c0000201`,
    context: TWO_OCTET_AS,
    faults: [discard(5)],
  },
  { name: 'RFC 7607: AGGREGATOR of AS 0', hex: rest('c0 07 08 00000000 c0000201', 7), faults: [discard(9)] },
  {
    name: '7.8 COMMUNITIES of 6 octets',
    hex: rest('c0 08 06 000000010002', 8),
    faults: [withdraw(9)],
    without: ['communities'],
  },
  { name: '7.8 COMMUNITIES empty', hex: rest('c0 08 00', 8), faults: [withdraw(9)] },
  {
    name: '7.9 ORIGINATOR_ID from outside',
    hex: rest('80 09 04 c0000201', 9),
    faults: [discard(1)],
    without: ['originatorId'],
  },
  { name: '7.9 ORIGINATOR_ID of 3 octets', hex: rest('80 09 03 c00002', 9), context: IBGP, faults: [withdraw(5)] },
  {
    name: '7.10 CLUSTER_LIST from outside',
    hex: rest('80 0a 04 c0000201', 10),
    faults: [discard(1)],
    without: ['clusterList'],
  },
  { name: '7.10 CLUSTER_LIST empty', hex: rest('80 0a 00', 10), context: IBGP, faults: [withdraw(9)] },
  { name: '7.10 CLUSTER_LIST of 5 octets', hex: rest('80 0a 05 c000020100', 10), context: IBGP, faults: [withdraw(9)] },
  {
    name: '7.11 a next hop of 15 octets',
    hex: rest(`80 0e 15 0002 01 0f ${GLOBAL.slice(2)} 00 00`, 14),
    faults: [reset(9)],
  },
  { name: '7.11 a next hop longer than the attribute', hex: rest('80 0e 05 0002 01 10 00', 14), faults: [reset(9)] },
  { name: '7.11 an IPv4 next hop for IPv6', hex: rest('80 0e 0a 0002 01 04 c0000201 00 00', 14), faults: [reset(9)] },
  {
    name: '7.11 an IPv6 next hop for IPv4, not negotiated',
    hex: rest(`80 0e 16 0001 01 10 ${GLOBAL} 00 00`, 14),
    faults: [reset(9)],
  },
  { name: 'the next hop ::', hex: rest(`80 0e 16 0002 01 10 ${'00'.repeat(16)} 00 00`, 14), faults: [withdraw(8)] },
  {
    name: 'the next hop ff02::1',
    hex: rest(`80 0e 16 0002 01 10 ff02${'00'.repeat(13)}01 00 00`, 14),
    faults: [withdraw(8)],
  },
  { name: '7.14 EXTENDED_COMMUNITIES of 7 octets', hex: rest('c0 10 07 00020000000000', 16), faults: [withdraw(9)] },
  {
    name: 'RFC 9234 section 5: ONLY_TO_CUSTOMER of 2 octets',
    hex: rest('c0 23 02 fde8', 35),
    faults: [withdraw(5)],
    without: ['onlyToCustomer'],
  },
  { name: 'ONLY_TO_CUSTOMER of 8 octets', hex: rest('c0 23 08 0000fde8 0000fde8', 35), faults: [withdraw(5)] },
  { name: 'ONLY_TO_CUSTOMER flagged non-transitive', hex: rest('80 23 04 0000fde8', 35), faults: [withdraw(4)] },
  {
    name: 'RFC 8092 section 6: LARGE_COMMUNITIES of 8 octets',
    hex: rest('c0 20 08 0000000100000002', 32),
    faults: [withdraw(9)],
  },
  // RFC 6793
  {
    name: 'RFC 6793 section 4.1: AS4_PATH between 4-octet speakers',
    hex: rest('c0 11 06 02 01 0000fde8', 17),
    faults: [discard(1)],
  },
  {
    name: 'RFC 6793 section 4.1: AS4_AGGREGATOR between 4-octet speakers',
    hex: rest('c0 12 08 00010001 c0000201', 18),
    faults: [discard(1)],
  },
  {
    name: 'RFC 6793 section 6: AS4_PATH malformed',
    hex: `${ORIGIN} ${PATH_2} ${NEXT_HOP} c0 11 06 02 02 0000fde8`,
    context: TWO_OCTET_AS,
    faults: [discard(9)],
  },
  {
    name: 'RFC 6793 section 6: AS4_PATH empty',
    hex: `${ORIGIN} ${PATH_2} ${NEXT_HOP} c0 11 00`,
    context: TWO_OCTET_AS,
    faults: [discard(9)],
  },
  {
    name: 'RFC 6793 section 6: AS4_AGGREGATOR of 6 octets',
    hex: `${ORIGIN} ${PATH_2} ${NEXT_HOP} c0 12 06 0001 c0000201`,
    context: TWO_OCTET_AS,
    faults: [discard(9)],
  },
  {
    name: 'RFC 7607: AS 0 in AS4_PATH',
    hex: `${ORIGIN} ${PATH_2} ${NEXT_HOP} c0 11 06 02 01 00000000`,
    context: TWO_OCTET_AS,
    faults: [discard(9)],
  },
  // RFC 4271 section 6.3
  { name: 'an unknown attribute that claims to be well-known', hex: rest('40 63 01 00', 99), faults: [reset(2)] },
  { name: 'an unknown optional attribute', hex: rest('80 63 01 00', 99), faults: [] },
];

for (const { name, hex, context = EBGP, noNlri, faults, without = [] } of ROWS) {
  t.test(name, (t) => {
    const bytes = octets(hex);
    const decoded = decodeAttributes(bytes, 0, bytes.length, context, { nlri: !noNlri });
    const found = decoded.faults.map(({ action, errorSubcode }) => [action, errorSubcode]);
    t.strictSame(found, faults);
    for (const key of without) t.notOk(key in decoded.attributes, `${key} is left out`);
    t.end();
  });
}

t.test('of an attribute that comes twice the first counts', (t) => {
  const bytes = octets(`${ORIGIN} 40 01 01 02 80 04 04 00000001 80 04 04 00000002`);
  t.match(decodeAttributes(bytes, 0, bytes.length, EBGP, { nlri: false }).attributes, { origin: 'igp', med: 1 });
  t.end();
});

t.test('the Data field is the attribute as it came', (t) => {
  const bytes = octets(`${ORIGIN} 80 04 03 000001`);
  const [fault] = decodeAttributes(bytes, 0, bytes.length, EBGP, { nlri: true }).faults;
  t.strictSame(fault?.data, octets('80 04 03 000001'));
  t.equal(fault?.attributeType, 4);
  t.end();
});

t.test('the strongest action wins, the first of equals', (t) => {
  const fault = (action: Fault['action'], errorSubcode: number): Fault => {
    return { action, errorSubcode, data: octets(''), reason: 'for the test' };
  };
  t.equal(strongestFault([]), undefined);
  const faults = [fault('attribute-discard', 1), fault('treat-as-withdraw', 2), fault('treat-as-withdraw', 3)];
  t.equal(strongestFault(faults)?.errorSubcode, 2);
  t.equal(strongestFault([...faults, fault('session-reset', 4)])?.errorSubcode, 4);
  const { errorCode, errorSubcode, message } = faultToNotification(fault('session-reset', 9));
  t.strictSame([errorCode, errorSubcode, message], [3, 9, 'for the test']);
  t.end();
});
