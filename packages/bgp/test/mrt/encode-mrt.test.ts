/** MRT records as octets: vectors both ways, arbitrary ones, and what recorded files become when they are written again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { parseAddress, parsePrefix } from '@tortie/ip';
import fc from 'fast-check';
import t from 'tap';
import { attributes, prefix, u16, u32 } from '../../fuzz/arbitraries.js';
import { mrtContext } from '../../src/mrt/attributes.js';
import { encodeMrt } from '../../src/mrt/encode-mrt.js';
import { readMrt } from '../../src/mrt/read-mrt.js';
import type { MrtRecord, RibEntry, RibRecord, WritableMrtRecord } from '../../src/mrt/record.js';
import { FAMILIES, familyByName } from '../../src/wire/family/family.js';
import { u32At } from '../../src/wire/reader.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';
import { hexOf, octets } from '../corpus/hex.js';

const ipv4 = familyByName('ipv4-unicast');
const ipv6 = familyByName('ipv6-unicast');
const session4 = {
  peerAsn: 4200000001,
  localAsn: 64512,
  interfaceIndex: 3,
  peerAddress: parseAddress('192.0.2.1'),
  localAddress: parseAddress('192.0.2.2'),
};
const SESSION4 = 'fa56ea01 0000fc00 0003 0001 c0000201 c0000202';
const keepalive = octets('ffffffffffffffffffffffffffffffff 0013 04');
const KEEPALIVE = hexOf(keepalive);
const asPath = [{ type: 'sequence' as const, asns: [4200000001] }];
const PATH = '400101 00 400206 0201fa56ea01';
const route4: RibEntry = {
  peerIndex: 1,
  originatedS: 5,
  attributes: { origin: 'igp', asPath, nextHop: parseAddress('192.0.2.1') },
  faults: [],
};
const ROUTE4 = `${PATH} 400304 c0000201`;
const rib4: RibRecord = {
  type: 'rib',
  timestampS: 1,
  family: ipv4,
  addPath: false,
  sequence: 7,
  prefix: parsePrefix('10.1.0.0/16'),
  entries: [route4],
};
const rib6: RibRecord = {
  ...rib4,
  family: ipv6,
  prefix: parsePrefix('2001:db8::/32'),
  entries: [
    {
      peerIndex: 0,
      originatedS: 5,
      attributes: {
        origin: 'igp',
        asPath,
        mpReach: {
          afi: 2,
          safi: 1,
          nextHop: parseAddress('2001:db8::1'),
          linkLocalNextHop: parseAddress('fe80::1'),
          nlri: [],
        },
      },
      faults: [],
    },
  ],
};
const NEXT_HOPS = '20010db8000000000000000000000001 fe800000000000000000000000000001';

const VECTORS: readonly (readonly [name: string, record: WritableMrtRecord, hex: string])[] = [
  [
    'PEER_INDEX_TABLE',
    {
      type: 'peer-index-table',
      timestampS: 0x5f000000,
      collectorId: 0x0a000001,
      viewName: 'vü',
      peers: [
        { routerId: 0x0a000002, address: parseAddress('192.0.2.1'), asn: 65001 },
        { routerId: 0x0a000003, address: parseAddress('2001:db8::1'), asn: 4200000001 },
      ],
    },
    `5f000000 000d 0001 00000031 0a000001 0003 76c3bc 0002
     02 0a000002 c0000201 0000fde9  03 0a000003 20010db8000000000000000000000001 fa56ea01`,
  ],
  ['RIB_IPV4_UNICAST', rib4, `00000001 000d 0002 00000025 00000007 10 0a01 0001 0001 00000005 0014 ${ROUTE4}`],
  [
    'RIB_IPV6_UNICAST, with MP_REACH_NLRI cut down to the next hops',
    rib6,
    `00000001 000d 0004 00000044 00000007 20 20010db8 0001 0000 00000005 0031 800e2120 ${NEXT_HOPS} ${PATH}`,
  ],
  [
    'RIB_IPV4_UNICAST_ADDPATH',
    { ...rib4, addPath: true, entries: [{ ...route4, pathId: 9 }] },
    `00000001 000d 0008 00000029 00000007 10 0a01 0001 0001 00000005 00000009 0014 ${ROUTE4}`,
  ],
  [
    'RIB_IPV6_UNICAST_ADDPATH without routes',
    { ...rib6, addPath: true, entries: [] },
    '00000001 000d 000a 0000000b 00000007 20 20010db8 0000',
  ],
  [
    'BGP4MP_STATE_CHANGE_AS4',
    { type: 'state-change', timestampS: 2, ...session4, oldState: 5, newState: 6 },
    `00000002 0010 0005 00000018 ${SESSION4} 0005 0006`,
  ],
  [
    'BGP4MP_STATE_CHANGE_AS4 over IPv6, _ET',
    {
      type: 'state-change',
      timestampS: 2,
      microseconds: 999999,
      ...session4,
      peerAddress: parseAddress('2001:db8::1'),
      localAddress: parseAddress('2001:db8::2'),
      oldState: 6,
      newState: 1,
    },
    `00000002 0011 0005 00000034 000f423f fa56ea01 0000fc00 0003 0002
     20010db8000000000000000000000001 20010db8000000000000000000000002 0006 0001`,
  ],
  ...(
    [
      ['BGP4MP_MESSAGE_AS4', false, false, '0004'],
      ['BGP4MP_MESSAGE_AS4_LOCAL', true, false, '0007'],
      ['BGP4MP_MESSAGE_AS4_ADDPATH', false, true, '0009'],
      ['BGP4MP_MESSAGE_AS4_LOCAL_ADDPATH', true, true, '000b'],
    ] as const
  ).map(
    ([name, local, addPath, subtype]) =>
      [
        name,
        { type: 'message', timestampS: 3, ...session4, message: keepalive, fourOctetAs: true, addPath, local },
        `00000003 0010 ${subtype} 00000027 ${SESSION4} ${KEEPALIVE}`,
      ] as const,
  ),
  [
    'BGP4MP_MESSAGE_AS4, _ET',
    {
      type: 'message',
      timestampS: 3,
      microseconds: 0,
      ...session4,
      message: keepalive,
      fourOctetAs: true,
      addPath: false,
      local: false,
    },
    `00000003 0011 0004 0000002b 00000000 ${SESSION4} ${KEEPALIVE}`,
  ],
  [
    'a record that is not decoded',
    { type: 'opaque', timestampS: 4, mrtType: 48, subtype: 1, value: octets('0102') },
    '00000004 0030 0001 00000002 0102',
  ],
];

for (const [name, record, hex] of VECTORS) {
  t.test(name, (t) => {
    const bytes = octets(hex);
    t.equal(hexOf(encodeMrt(record)), hexOf(bytes), 'is written so');
    t.same([...readMrt(bytes)], [record], 'and read so');
    t.end();
  });
}

const MANY = Array.from({ length: 65536 }, () => route4);
const message = {
  type: 'message',
  timestampS: 1,
  ...session4,
  message: keepalive,
  addPath: false,
  local: false,
} as const;

const REFUSED: readonly (readonly [name: string, record: WritableMrtRecord, message: RegExp])[] = [
  ['a path identifier without ADD-PATH', { ...rib4, entries: [{ ...route4, pathId: 1 }] }, /path identifier 1/],
  ['a prefix of the other IP version', { ...rib6, prefix: rib4.prefix }, /IPv4 prefix in a record of ipv6-unicast/],
  ['a next hop of another family', { ...rib4, entries: rib6.entries }, /AFI 2 SAFI 1 in a route of ipv4-unicast/],
  ['more routes than can be counted', { ...rib4, entries: MANY }, /65536 routes/],
  [
    'attributes that are too long',
    {
      ...rib4,
      entries: [
        { ...route4, attributes: { ...route4.attributes, communities: Array.from({ length: 16383 }, () => 1) } },
      ],
    },
    /attributes of 65556 octets/,
  ],
  [
    'a session of two IP versions',
    { ...message, fourOctetAs: true, peerAddress: parseAddress('2001:db8::1') },
    /IPv6, ours of IPv4/,
  ],
  ['an AS number of four octets in the form of two', { ...message, fourOctetAs: false }, /4200000001 does not fit/],
  ['a million microseconds', { ...message, fourOctetAs: true, microseconds: 1_000_000 }, /microseconds are 1000000/],
  ['microseconds in a table dump', { ...rib4, microseconds: 1 }, /MRT type 13 has no microseconds/],
];

t.test('what no record can carry is an EncodeError', (t) => {
  for (const [name, record, message] of REFUSED) {
    t.throws(() => encodeMrt(record), { name: 'EncodeError', code: 'ERR_BGP_ENCODE', message }, name);
  }
  t.end();
});

/** As it must be read back: MP_REACH_NLRI without routes, and no malformed attributes. */
const reread = (entry: RibEntry): RibEntry => {
  const { mpReach } = entry.attributes;
  return mpReach ? { ...entry, attributes: { ...entry.attributes, mpReach: { ...mpReach, nlri: [] } } } : entry;
};

t.test('every RIB record decodes to what was encoded', (t) => {
  const context = mrtContext(true, false);
  const record = fc.tuple(fc.constantFrom(...FAMILIES), fc.boolean()).chain(([family, addPath]) => {
    const ofFamily = attributes(context).map(({ mpReach, ...others }) =>
      mpReach?.afi === family.afi ? { ...others, mpReach } : others,
    );
    const entry = fc
      .record({ peerIndex: u16, originatedS: u32, attributes: ofFamily, pathId: u32 })
      .map(({ pathId, ...entry }): RibEntry => ({ ...entry, ...(addPath && { pathId }), faults: [] }));
    return fc
      .record({
        timestampS: u32,
        sequence: u32,
        prefix: prefix(family.version),
        entries: fc.array(entry, { maxLength: 4 }),
      })
      .map((fields): RibRecord => ({ type: 'rib', family, addPath, ...fields }));
  });
  fc.assert(
    fc.property(record, (record) => {
      const read = [...readMrt(encodeMrt(record))];
      assert.deepEqual(structuredClone(read), structuredClone([{ ...record, entries: record.entries.map(reread) }]));
    }),
    { numRuns: 300 },
  );
  t.pass('the law holds');
  t.end();
});

const FIXTURE_FILES = [
  'bgpdump/test_data/bview.64k_stream_overflow.gz',
  'bgpdump/test_data/bview.ipv4_unicast_add_path.gz',
  'bgpdump/test_data/bview.ipv6_unicast_add_path.gz',
  'bgpdump/test_data/updates.long_withdrawal.gz',
  'mrtparse/bird-mrtdump_bgp',
  'mrtparse/bird6-mrtdump_rib',
  'mrtparse/openbgpd_rib_table-v2',
  'mrtparse/quagga_bgp',
  'mrtparse/quagga_rib',
];
const CORPUS_FILES = [
  'bgpdump/test_data/updates.20020722.2238.gz',
  'bgpdump/test_data/updates.20070211.0141.gz',
  'bgpdump/test_data/updates.20071015.1505.gz',
  'bgpdump/test_data/updates.20100722.2015.gz',
  'bgpdump/test_data/updates.20160811.1600.gz',
  'bgpdump/test_data/updates.et-header.2015.gz',
  'bgpstream/ris.rrc06.updates.1427846400.gz',
  'mrtparse/samples/bird-mrtdump_rib',
  'mrtparse/samples/bird6-mrtdump_bgp',
  'mrtparse/samples/bird_bgp',
  'mrtparse/samples/bird6_bgp',
  'mrtparse/samples/openbgpd_bgp',
  'mrtparse/samples/openbgpd_rib_table-mp',
];

/** Of the records of a file: how many were written, and those that did not come back as they must. */
function writeAgain(bytes: Uint8Array): { written: number; wrong: string[] } {
  const wrong: string[] = [];
  let written = 0;
  let at = 0;
  for (const record of readMrt(bytes)) {
    const end = at + 12 + u32At(bytes, at + 8);
    const again = encodeMrt(record as WritableMrtRecord);
    // A table dump may hold its attributes in another order, and a change of state AS numbers of two octets.
    const exact = record.type === 'message' || record.type === 'opaque';
    if (exact && !Buffer.from(again).equals(bytes.subarray(at, end))) wrong.push(`octets ${at} to ${end}`);
    const [read] = [...readMrt(again)];
    if (!exact && !same(record, read!)) wrong.push(`record at octet ${at}`);
    written++;
    at = end;
  }
  return { written, wrong: wrong.slice(0, 3) };
}

function same(record: MrtRecord, read: MrtRecord): boolean {
  try {
    if (record.type !== 'rib' || read.type !== 'rib') assert.deepEqual(read, record);
    else {
      // What is missing in a damaged route stays missing; the faults of attributes that were left out are gone.
      const sound = (entry: RibEntry): RibEntry => ({ ...reread(entry), faults: [] });
      assert.deepEqual(
        { ...read, entries: read.entries.map(sound) },
        { ...record, entries: record.entries.map(sound) },
      );
    }
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

t.test('recorded files written again hold what they held', (t) => {
  for (const file of FIXTURE_FILES) {
    const { written, wrong } = writeAgain(readOctets(join(FIXTURES, file)));
    t.ok(written > 0, `${file} has records`);
    t.same(wrong, [], `${file}: all of them come back`);
  }
  t.end();
});

t.test('so do those of the corpus', { skip: withoutCorpus }, (t) => {
  for (const file of CORPUS_FILES) {
    const { written, wrong } = writeAgain(readOctets(join(CORPUS, file)));
    t.ok(written > 0, `${file} has records`);
    t.same(wrong, [], `${file}: all of them come back`);
  }
  t.end();
});
