/** What we write, read by Debian's bgpdump: its text for our octets is the one for the file they come from. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '@tortie/ip';
import t from 'tap';
import { encodeMrt } from '../../src/mrt/encode-mrt.js';
import { readMrt } from '../../src/mrt/read-mrt.js';
import type { MrtPeer, TableDumpRecord, WritableMrtRecord } from '../../src/mrt/record.js';
import { familyByName } from '../../src/wire/family/family.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';

const withoutBgpdump = spawnSync('bgpdump', ['-T']).error ? 'bgpdump is not installed' : false;

const folder = mkdtempSync(join(tmpdir(), 'tortie-mrt-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** The lines of `bgpdump -m`, and its complaints. */
function bgpdump(octets: Uint8Array): { lines: string[]; complaints: string } {
  const file = join(folder, 'file.mrt');
  writeFileSync(file, octets);
  const { stdout, stderr, status } = spawnSync('bgpdump', ['-v', '-m', file], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`bgpdump ended with ${status}: ${stderr}`);
  const complaints = stderr.split('\n').filter((line) => /\[(warn|err)/.test(line));
  return {
    lines: stdout.trimEnd().split('\n'),
    complaints: complaints.map((line) => line.slice(line.indexOf('['))).join('\n'),
  };
}

const writeAll = (records: Iterable<WritableMrtRecord>): Uint8Array =>
  Buffer.concat(Array.from(records, (record) => encodeMrt(record)));

const FILES = [
  'bgpdump/test_data/bview.64k_stream_overflow.gz',
  'bgpdump/test_data/bview.ipv4_unicast_add_path.gz',
  'bgpdump/test_data/bview.ipv6_unicast_add_path.gz',
  'bgpdump/test_data/updates.long_withdrawal.gz',
  'mrtparse/bird-mrtdump_bgp',
  'mrtparse/bird6-mrtdump_rib',
  'mrtparse/quagga_bgp',
  'mrtparse/quagga_rib',
];

for (const file of FILES) {
  t.test(`bgpdump reads ${file} as we write it`, { skip: withoutBgpdump }, (t) => {
    const octets = readOctets(join(FIXTURES, file));
    const ours = bgpdump(writeAll(readMrt(octets) as Iterable<WritableMrtRecord>));
    t.ok(ours.lines.length > 1, 'it has lines');
    // It complains of what it does not know, such as ROUTE-REFRESH; of nothing more in our file.
    t.same(ours, bgpdump(octets), 'they are those of the file itself, and so are its complaints');
    t.end();
  });
}

/** The peers of a TABLE_DUMP, and its routes as TABLE_DUMP_V2. */
function asVersion2(records: Iterable<TableDumpRecord>): Uint8Array {
  const places = new Map<string, number>();
  const peers: MrtPeer[] = [];
  const octets: Uint8Array[] = [];
  for (const record of records) {
    const { timestampS, prefix, originatedS, peerAddress: address, peerAsn: asn, attributes, faults } = record;
    const key = JSON.stringify([address, asn]);
    const peerIndex = places.get(key) ?? peers.push({ routerId: 0, address, asn }) - 1;
    places.set(key, peerIndex);
    const family = familyByName(prefix.version === 4 ? 'ipv4-unicast' : 'ipv6-unicast');
    const entries = [{ peerIndex, originatedS, attributes, faults }];
    const sequence = octets.length;
    octets.push(encodeMrt({ type: 'rib', timestampS, family, addPath: false, sequence, prefix, entries }));
  }
  const index = { type: 'peer-index-table', timestampS: 0, collectorId: 1, viewName: '', peers } as const;
  return Buffer.concat([encodeMrt(index), ...octets]);
}

t.test('a table of 115,521 routes in the older form, written in TABLE_DUMP_V2', (t) => {
  const skip = withoutBgpdump || withoutCorpus;
  if (skip) {
    t.pass('skipped', { skip });
    t.end();
    return;
  }
  const file = 'bview.20020722.2337.gz';
  const octets = readOctets(join(CORPUS, 'bgpdump', 'test_data', file));
  const text = readOctets(join(CORPUS, 'bgpdump', 'test_expect', `${file}.bgp.gz`));
  const want = Buffer.from(text).toString().trimEnd().split('\n');
  const { lines, complaints } = bgpdump(asVersion2(readMrt(octets) as Iterable<TableDumpRecord>));
  t.equal(lines.length, 115521, 'as many lines');
  // An aggregator of AS 0 is malformed by RFC 7607 section 2, so that those eight routes are written without it.
  const expected = want.map((line) => line.replace(/^TABLE_DUMP\|/, 'TABLE_DUMP2|').replace(/\|0 [\d.]+\|$/, '||'));
  const wrong = lines.filter((line, index) => line !== expected[index]);
  t.same(wrong.slice(0, 3), [], 'all of them agree');
  t.equal(complaints, '', 'and it complains of nothing');
  t.end();
});

t.test('the session, the time and both forms of a change of state', { skip: withoutBgpdump }, (t) => {
  const session = {
    peerAsn: 4200000001,
    localAsn: 64512,
    interfaceIndex: 0,
    peerAddress: parseAddress('2001:db8::1'),
    localAddress: parseAddress('2001:db8::2'),
  };
  const change = { type: 'state-change', timestampS: 1700000000, ...session, oldState: 5, newState: 6 } as const;
  const { lines } = bgpdump(writeAll([change, { ...change, microseconds: 42 }]));
  t.same(lines, [
    'BGP4MP|1700000000|STATE|2001:db8::1|4200000001|5|6',
    'BGP4MP_ET|1700000000.000042|STATE|2001:db8::1|4200000001|5|6',
  ]);
  t.end();
});
