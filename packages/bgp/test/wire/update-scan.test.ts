/** The hot path: where everything lies, and what stops it. */
import t from 'tap';
import { wireContext } from '../../src/wire/context.js';
import { endOfRibFamily, scanUpdate, updateScan } from '../../src/wire/update-scan.js';
import { octets } from '../corpus/hex.js';

const CONTEXT = wireContext();
const GLOBAL = '2001 0db8 0000 0000 0000 0000 0000 0001';
const REACH = `80 0e 16 0002 01 10 ${GLOBAL} 00 00`;
const ORIGIN = '40 01 01 00';

/** The body of an UPDATE of these fields. */
function body(withdrawn: string, attributes: string, nlri: string): Uint8Array {
  const length = (hex: string): string => (octets(hex).length + 0x10000).toString(16).slice(1);
  return octets(`${length(withdrawn)} ${withdrawn} ${length(attributes)} ${attributes} ${nlri}`);
}

t.test('every offset, also in the middle of an array', (t) => {
  const bytes = Uint8Array.of(1, 2, 3, ...body('08 0a', `${ORIGIN} ${REACH} 80 0f 04 0002 01 00`, '08 0b'), 4, 5);
  const scan = updateScan();
  t.equal(scanUpdate(bytes, 3, bytes.length - 2, CONTEXT, scan), undefined);
  const reach = 9 + 4;
  const unreach = reach + 25;
  t.strictSame(scan, {
    withdrawnStart: 5,
    withdrawnEnd: 7,
    attributesStart: 9,
    attributesEnd: unreach + 7,
    nlriStart: unreach + 7,
    nlriEnd: unreach + 9,
    otherAttributes: 1,
    mpReach: {
      present: true,
      at: reach,
      end: reach + 25,
      afi: 2,
      safi: 1,
      family: 1,
      nextHopStart: reach + 7,
      nextHopLength: 16,
      nlriStart: reach + 24,
      nlriEnd: reach + 25,
    },
    mpUnreach: {
      present: true,
      at: unreach,
      end: unreach + 7,
      afi: 2,
      safi: 1,
      family: 1,
      nlriStart: unreach + 6,
      nlriEnd: unreach + 7,
    },
  });
  t.end();
});

t.test('a scan that is used again forgets the message before', (t) => {
  const scan = updateScan();
  const rich = body('', `${REACH} 80 0f 03 0002 01`, '');
  scanUpdate(rich, 0, rich.length, CONTEXT, scan);
  const poor = body('', '', '');
  t.equal(scanUpdate(poor, 0, poor.length, CONTEXT, scan), undefined);
  t.match(scan, { mpReach: { present: false }, mpUnreach: { present: false }, otherAttributes: 0 });
  t.end();
});

const FAMILIES: readonly { name: string; hex: string; family: number; families?: readonly boolean[] }[] = [
  { name: 'IPv6 unicast', hex: '0002 01', family: 1 },
  { name: 'IPv4 unicast', hex: '0001 01', family: 0 },
  { name: 'IPv4 multicast', hex: '0001 02', family: -1 },
  { name: 'IPv6 unicast, not negotiated', hex: '0002 01', family: -1, families: [true, false] },
];
for (const { name, hex, family, families = [true, true] } of FAMILIES) {
  t.test(`the family of ${name}`, (t) => {
    const bytes = body('', `80 0f 03 ${hex}`, '');
    const scan = updateScan();
    t.equal(scanUpdate(bytes, 0, bytes.length, wireContext({ families }), scan), undefined);
    t.equal(scan.mpUnreach.family, family);
    t.equal(endOfRibFamily(scan), family);
    t.end();
  });
}

const NEITHER: readonly { name: string; bytes: Uint8Array }[] = [
  { name: 'a withdrawal', bytes: body('08 0a', '', '') },
  { name: 'an MP withdrawal', bytes: body('', '80 0f 05 0002 01 08 20', '') },
  { name: 'attributes beside it', bytes: body('', `${ORIGIN} 80 0f 03 0002 01`, '') },
  { name: 'attributes alone', bytes: body('', ORIGIN, '') },
  { name: 'prefixes', bytes: body('', ORIGIN, '08 0a') },
];
for (const { name, bytes } of NEITHER) {
  t.test(`no End-of-RIB: ${name}`, (t) => {
    const scan = updateScan();
    t.equal(scanUpdate(bytes, 0, bytes.length, CONTEXT, scan), undefined);
    t.equal(endOfRibFamily(scan), -1);
    t.end();
  });
}

t.test('the empty UPDATE is the End-of-RIB of IPv4', (t) => {
  const scan = updateScan();
  t.equal(scanUpdate(body('', '', ''), 0, 4, CONTEXT, scan), undefined);
  t.equal(endOfRibFamily(scan), 0);
  t.end();
});

const FAULTS: readonly { name: string; bytes: Uint8Array; action: string; errorSubcode: number }[] = [
  {
    name: 'withdrawn routes beyond the message',
    bytes: octets('0003 08 0a 0000'),
    action: 'session-reset',
    errorSubcode: 1,
  },
  {
    name: 'attributes beyond the message',
    bytes: octets('0000 0005 40 01 01 00'),
    action: 'session-reset',
    errorSubcode: 1,
  },
  { name: 'three octets', bytes: octets('0000 00'), action: 'session-reset', errorSubcode: 1 },
  {
    name: 'an attribute that overruns, prefixes follow',
    bytes: body('', `${ORIGIN} 40 02 09 02`, '08 0a'),
    action: 'treat-as-withdraw',
    errorSubcode: 1,
  },
  {
    name: 'the same behind MP_REACH_NLRI',
    bytes: body('', `${REACH} 40 02 09 02`, ''),
    action: 'treat-as-withdraw',
    errorSubcode: 1,
  },
  {
    name: 'the same without reachable routes',
    bytes: body('08 0a', `${ORIGIN} 40 02 09 02`, ''),
    action: 'session-reset',
    errorSubcode: 1,
  },
  {
    name: 'MP_UNREACH_NLRI that overruns',
    bytes: body('', `${ORIGIN} 80 0f 09 00`, '08 0a'),
    action: 'session-reset',
    errorSubcode: 1,
  },
  { name: 'MP_REACH_NLRI twice', bytes: body('', `${REACH} ${REACH}`, ''), action: 'session-reset', errorSubcode: 1 },
  {
    name: 'MP_UNREACH_NLRI twice',
    bytes: body('', '80 0f 03 0002 01 80 0f 03 0002 01', ''),
    action: 'session-reset',
    errorSubcode: 1,
  },
  {
    name: 'MP_REACH_NLRI too short',
    bytes: body('', '80 0e 04 0002 01 00', ''),
    action: 'session-reset',
    errorSubcode: 9,
  },
  { name: 'MP_UNREACH_NLRI too short', bytes: body('', '80 0f 02 0002', ''), action: 'session-reset', errorSubcode: 9 },
  {
    name: 'MP_UNREACH_NLRI flagged transitive',
    bytes: body('', 'c0 0f 03 0002 01', ''),
    action: 'session-reset',
    errorSubcode: 4,
  },
  {
    name: 'a next hop of 8 octets',
    bytes: body('', `80 0e 0e 0002 01 08 ${'11'.repeat(8)} 00 00`, ''),
    action: 'session-reset',
    errorSubcode: 9,
  },
];
for (const { name, bytes, action, errorSubcode } of FAULTS) {
  t.test(`${name}: ${action}`, (t) => {
    t.match(scanUpdate(bytes, 0, bytes.length, CONTEXT, updateScan()), { action, errorSubcode });
    t.end();
  });
}

t.test('behind treat-as-withdraw the sound attributes and all routes are located', (t) => {
  const bytes = body('08 0a', `${ORIGIN} 40 02 09 02`, '08 0b');
  const scan = updateScan();
  scanUpdate(bytes, 0, bytes.length, CONTEXT, scan);
  t.match(scan, {
    withdrawnStart: 2,
    withdrawnEnd: 4,
    attributesStart: 6,
    attributesEnd: 10,
    nlriStart: 14,
    nlriEnd: 16,
  });
  t.end();
});
