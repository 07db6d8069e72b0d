/** MRT files of bgpdump's own test suite, compared line by line with what it prints for them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatAddress, tryParseAddress } from '@tortie/ip';
import t from 'tap';
import { readMrt } from '../../src/mrt/read-mrt.js';
import type { MrtPeer } from '../../src/mrt/record.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';
import { type BgpdumpLine, bgpdumpLines } from './bgpdump-text.js';

interface Row {
  readonly file: string;
  readonly lines: number;
  /** Lines whose attributes have a fault by RFC 7606 or 7607; they are compared up to the prefix. */
  readonly faulty: number;
  /** Lines where bgpdump prints another next hop than the file holds. */
  readonly otherNextHop?: number;
  readonly fixture?: true;
}

const ROWS: readonly Row[] = [
  // Eight routes name AS 0 as aggregator.
  { file: 'bview.20020722.2337.gz', lines: 115521, faulty: 8 },
  { file: 'bview.64k_stream_overflow.gz', lines: 23, faulty: 0, fixture: true },
  // Two routes of the collector itself have no attributes at all.
  { file: 'bview.ipv4_unicast_add_path.gz', lines: 62, faulty: 2, fixture: true },
  // The same; and bgpdump prints 255.255.255.255 for every IPv6 next hop of this subtype.
  { file: 'bview.ipv6_unicast_add_path.gz', lines: 62, faulty: 2, otherNextHop: 60, fixture: true },
  { file: 'updates.20020722.2238.gz', lines: 3337, faulty: 0 },
  { file: 'updates.20070211.0141.gz', lines: 53657, faulty: 0 },
  // 21 messages announce routes with the next hop ::.
  { file: 'updates.20071015.1505.gz', lines: 10496, faulty: 21 },
  { file: 'updates.20100722.2015.gz', lines: 5654, faulty: 0 },
  { file: 'updates.20160811.1600.gz', lines: 41234, faulty: 0 },
  // Routes with AS 0 in the path, or as aggregator.
  { file: 'updates.et-header.2015.gz', lines: 577744, faulty: 22 },
  { file: 'updates.long_withdrawal.gz', lines: 4096, faulty: 0, fixture: true },
];

/** Addresses in the notation of RFC 5952, which bgpdump's lines do not all have. */
const normal = (line: string): string =>
  line
    .split('|')
    .map((field) => {
      const address = tryParseAddress(field);
      return address ? formatAddress(address) : field;
    })
    .join('|');

function agree({ head, tail, sound }: BgpdumpLine, want: string): boolean {
  if (head + tail === want) return true;
  return sound ? head + tail === normal(want) : normal(want).startsWith(`${head}|`);
}

/** Without the next hop: the third field behind the path identifier. */
const withoutNextHop = (line: string): string => {
  const fields = line.split('|');
  fields.splice(9, 1);
  return fields.join('|');
};

for (const { file, lines, faulty, otherNextHop = 0, fixture } of ROWS) {
  t.test(`${file} reads as bgpdump reads it`, { skip: fixture ? false : withoutCorpus }, (t) => {
    const folder = existsSync(CORPUS) ? join(CORPUS, 'bgpdump') : join(FIXTURES, 'bgpdump');
    const want = Buffer.from(readOctets(join(folder, 'test_expect', `${file}.bgp.gz`)))
      .toString()
      .trimEnd()
      .split('\n');
    let at = 0;
    let wrong = 0;
    let unsound = 0;
    let nextHops = 0;
    let peers: readonly MrtPeer[] = [];
    for (const record of readMrt(readOctets(join(folder, 'test_data', file)))) {
      if (record.type === 'peer-index-table') peers = record.peers;
      for (const line of bgpdumpLines(record, peers)) {
        const expected = want[at++] ?? '';
        if (!line.sound) unsound++;
        if (agree(line, expected)) continue;
        if (otherNextHop > 0 && withoutNextHop(line.head + line.tail) === withoutNextHop(expected)) nextHops++;
        else if (wrong++ < 3) t.equal(line.head + line.tail, expected, `line ${at}`);
      }
    }
    t.equal(want.length, lines, 'the expected text is whole');
    t.equal(at, lines, 'as many lines');
    t.equal(wrong, 0, 'all of them agree');
    t.equal(unsound, faulty, 'as many have faults as are known');
    t.equal(nextHops, otherNextHop, 'and the next hop of no more than are known differs');
    t.end();
  });
}
