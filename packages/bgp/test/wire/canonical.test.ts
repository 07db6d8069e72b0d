/** Canonical blocks: equal octets for equal routes. */
import t from 'tap';
import { decodeAttributes } from '../../src/wire/attribute/attribute-set.js';
import { canonicalBlock, canonicalizeAttributes, type ReachableField } from '../../src/wire/attribute/canonical.js';
import { type WireContext, wireContext } from '../../src/wire/context.js';
import { scanUpdate, updateScan } from '../../src/wire/update-scan.js';
import { hexOf, octets } from '../corpus/hex.js';

const EBGP = wireContext();
const IBGP = wireContext({ peerType: 'ibgp' });
const TWO = wireContext({ fourOctetAs: false });
const EXTENDED = wireContext({ extendedNextHop: [true, true] });
const GLOBAL = '20010db8000000000000000000000001';
const ORIGIN = '40 01 01 00';
const AS_PATH = '40 02 06 02 01 0000fde8';
const NEXT_HOP = '40 03 04 c0000201';
const PLAIN = `${ORIGIN} ${AS_PATH} ${NEXT_HOP}`;

interface Row {
  readonly name: string;
  readonly attributes: string;
  readonly field?: ReachableField;
  readonly context?: WireContext;
  /** The canonical block; absent where there is none. */
  readonly block?: string;
  readonly action?: string;
}

const long = (count: number): string => '00000001'.repeat(count);

const ROWS: readonly Row[] = [
  { name: 'a block in order stays', attributes: PLAIN, block: PLAIN },
  {
    name: 'attributes are sorted',
    attributes: `c0 08 04 00000001 ${NEXT_HOP} ${AS_PATH} ${ORIGIN}`,
    block: `${PLAIN} c0 08 04 00000001`,
  },
  {
    name: 'needless extended lengths and unused flag bits go',
    attributes: `5f 01 0001 00 ${AS_PATH} ${NEXT_HOP}`,
    block: PLAIN,
  },
  {
    name: 'Partial goes where it means nothing, and stays where it does',
    attributes: `60 01 01 00 ${AS_PATH} ${NEXT_HOP} e0 08 04 00000001`,
    block: `${PLAIN} e0 08 04 00000001`,
  },
  {
    name: 'more than 255 octets take an extended length',
    attributes: `${PLAIN} d0 08 0100 ${long(64)}`,
    block: `${PLAIN} d0 08 0100 ${long(64)}`,
  },
  {
    name: 'a malformed attribute beside routes of a family that was not negotiated hides none',
    attributes: `80 0e 16 0002 01 10 ${GLOBAL} 00 00 40 01 01 07 ${AS_PATH}`,
    field: 'none',
    context: wireContext({ families: [true, false] }),
    action: 'treat-as-withdraw',
  },
  { name: 'MP_UNREACH_NLRI goes', attributes: `80 0f 03 0002 01 ${PLAIN}`, block: PLAIN },
  {
    name: 'MP_REACH_NLRI goes where the NLRI field is asked for',
    attributes: `80 0e 15 0002 01 10 ${GLOBAL} 00 ${PLAIN}`,
    block: PLAIN,
  },
  {
    name: 'MP_REACH_NLRI loses its routes, NEXT_HOP goes',
    attributes: `80 0e 1a 0002 01 10 ${GLOBAL} 00 20 20010db8 ${PLAIN} c0 10 08 0002fde800000064`,
    field: 'mp-reach',
    block: `${ORIGIN} ${AS_PATH} 80 0e 15 0002 01 10 ${GLOBAL} 00 c0 10 08 0002fde800000064`,
  },
  {
    name: 'MP_REACH_NLRI last',
    attributes: `80 0e 16 0002 01 10 ${GLOBAL} 77 00 ${ORIGIN} ${AS_PATH}`,
    field: 'mp-reach',
    block: `${ORIGIN} ${AS_PATH} 80 0e 15 0002 01 10 ${GLOBAL} 00`,
  },
  {
    name: 'an IPv4 next hop in MP_REACH_NLRI becomes NEXT_HOP',
    attributes: `80 0e 0d 0001 01 04 c0000201 00 18 cb0071 ${ORIGIN} ${AS_PATH} 80 04 04 00000001`,
    field: 'mp-reach',
    block: `${PLAIN} 80 04 04 00000001`,
  },
  {
    name: 'an IPv6 next hop of IPv4 routes stays in MP_REACH_NLRI',
    attributes: `80 0e 19 0001 01 10 ${GLOBAL} 00 18 cb0071 ${ORIGIN} ${AS_PATH}`,
    field: 'mp-reach',
    context: EXTENDED,
    block: `${ORIGIN} ${AS_PATH} 80 0e 15 0001 01 10 ${GLOBAL} 00`,
  },
  {
    name: 'what does not belong on an external session goes',
    attributes: `${PLAIN} 40 05 04 00000064 80 09 04 00000001 80 0a 04 00000001`,
    block: PLAIN,
    action: 'attribute-discard',
  },
  {
    name: 'on an internal one it stays',
    attributes: `${PLAIN} 40 05 04 00000064 80 09 04 00000001 80 0a 04 00000001`,
    context: IBGP,
    block: `${PLAIN} 40 05 04 00000064 80 09 04 00000001 80 0a 04 00000001`,
  },
  {
    name: 'an unknown transitive attribute stays as it is, a non-transitive one goes',
    attributes: `${PLAIN} 80 62 01 00 c0 63 01 00`,
    block: `${PLAIN} c0 63 01 00`,
  },
  {
    name: 'the second of two goes',
    attributes: `${PLAIN} 80 04 04 00000001 80 04 04 00000002`,
    block: `${PLAIN} 80 04 04 00000001`,
    action: 'attribute-discard',
  },
  {
    name: 'AS numbers of two octets get four',
    attributes: `${ORIGIN} 40 02 0a 02 02 fde8 fde9 01 01 0001 ${NEXT_HOP} c0 07 06 0001 c0000201`,
    context: TWO,
    block: `${ORIGIN} 40 02 10 02 02 0000fde8 0000fde9 01 01 00000001 ${NEXT_HOP} c0 07 08 00000001 c0000201`,
  },
  {
    name: 'AS4 attributes are merged',
    attributes: `${ORIGIN} 40 02 06 02 02 fde8 5ba0 ${NEXT_HOP} c0 07 06 5ba0 c0000201 c0 11 06 02 01 00010001 c0 12 08 00010001 c0000202`,
    context: TWO,
    block: `${ORIGIN} 40 02 0a 02 02 0000fde8 00010001 ${NEXT_HOP} c0 07 08 00010001 c0000202`,
  },
  {
    name: 'a path of two octets that takes more than 255 in four',
    attributes: `${ORIGIN} 40 02 82 02 40 ${'0001'.repeat(64)} ${NEXT_HOP}`,
    context: TWO,
    block: `${ORIGIN} 50 02 0102 02 40 ${'00000001'.repeat(64)} ${NEXT_HOP}`,
  },
  {
    name: 'repeated LARGE_COMMUNITIES go',
    attributes: `${PLAIN} c0 20 18 ${'000000010000000200000003'.repeat(2)}`,
    block: `${PLAIN} c0 20 0c 000000010000000200000003`,
  },
  {
    name: 'LARGE_COMMUNITIES in falling order stay',
    attributes: `${PLAIN} c0 20 18 ${long(3)}${'00000000'.repeat(3)}`,
    block: `${PLAIN} c0 20 18 ${long(3)}${'00000000'.repeat(3)}`,
  },
  { name: 'a fault to withdraw for', attributes: `${PLAIN} 80 04 01 00`, action: 'treat-as-withdraw' },
  {
    name: 'the next hop of MP_REACH_NLRI ::',
    attributes: `80 0e 16 0002 01 10 ${'00'.repeat(16)} 00 00 ${ORIGIN} ${AS_PATH}`,
    field: 'mp-reach',
    action: 'treat-as-withdraw',
  },
  {
    name: 'the next hop of MP_REACH_NLRI 0.0.0.0',
    attributes: `80 0e 0a 0001 01 04 00000000 00 00 ${ORIGIN} ${AS_PATH}`,
    field: 'mp-reach',
    action: 'treat-as-withdraw',
  },
  { name: 'an unknown well-known attribute', attributes: `${PLAIN} 40 63 00`, action: 'session-reset' },
  { name: 'nothing announced, nothing wrong', attributes: `80 0f 03 0002 01 ${ORIGIN}`, field: 'none' },
  { name: 'nothing announced, something wrong', attributes: '80 04 01 00', field: 'none', action: 'session-reset' },
  {
    name: 'a path too long for four octets each',
    attributes: `${ORIGIN} 50 02 8c00 ${`02ff${'0001'.repeat(255)}`.repeat(70)} ${NEXT_HOP}`,
    context: TWO,
    action: 'treat-as-withdraw',
  },
];

/** One block for all, so that a row sees what the one before left behind. */
const into = canonicalBlock();

for (const { name, attributes, field = 'nlri', context = EBGP, block = '', action } of ROWS) {
  t.test(name, (t) => {
    const area = octets(attributes);
    const nlri = field === 'nlri' ? [8, 10] : [];
    const bytes = Uint8Array.of(0, 0, area.length >>> 8, area.length & 255, ...area, ...nlri);
    const scan = updateScan();
    t.equal(scanUpdate(bytes, 0, bytes.length, context, scan), undefined, 'it scans');
    canonicalizeAttributes(bytes, scan, context, field, into);
    t.equal(hexOf(into.bytes.subarray(0, into.length)), hexOf(octets(block)));
    t.equal(into.action, action);
    const again = decodeAttributes(
      into.bytes,
      0,
      into.length,
      wireContext({ peerType: 'ibgp', extendedNextHop: [true, true] }),
      { nlri: false },
    );
    t.strictSame(again.faults, [], 'it reads as a block of a 4-octet session');
    t.end();
  });
}
