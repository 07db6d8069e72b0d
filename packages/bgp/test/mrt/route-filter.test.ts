/** Which routes of recorded files the conditions leave, by their bgpdump lines. */
import { join } from 'node:path';
import { parseAddress, parsePrefix } from '@tortie/ip';
import t from 'tap';
import { BgpdumpFormat } from '../../src/mrt/bgpdump-line.js';
import { MrtFramer } from '../../src/mrt/mrt-framer.js';
import { MrtFilter, type MrtFilterOptions } from '../../src/mrt/route-filter.js';
import { MrtRouteWalk } from '../../src/mrt/route-walk.js';
import { FIXTURES, readOctets } from '../corpus/corpus.js';

function linesOf(file: string, options: MrtFilterOptions): string[] {
  const framer = new MrtFramer();
  const routes = new MrtRouteWalk();
  const filter = new MrtFilter(options);
  const format = new BgpdumpFormat();
  framer.push(readOctets(join(FIXTURES, file)));
  const lines: string[] = [];
  for (let frame = framer.next(); frame; frame = framer.next()) {
    if (!filter.admitsTime(frame) && !routes.isPeerIndex(frame)) continue;
    routes.walk(frame, (route) => {
      if (filter.admits(route)) lines.push(format.line(route));
    });
  }
  return lines;
}

const prefix = (text: string, match: 'exact' | 'longer' | 'covering' = 'exact'): MrtFilterOptions => ({
  prefixes: [{ prefix: parsePrefix(text), match }],
});

const BGP = 'mrtparse/quagga_bgp';
const RIB = 'mrtparse/quagga_rib';
const STREAM = 'bgpdump/test_data/bview.64k_stream_overflow.gz';
const ADD_PATH = 'bgpdump/test_data/bview.ipv4_unicast_add_path.gz';

/** Bars apart: type, time, letter, peer, ASN, prefix, … */
const field = (index: number, test: (text: string) => boolean) => (line: string) => test(line.split('|')[index] ?? '');
const letter = (...letters: string[]) => field(2, (text) => letters.includes(text));
const path = (line: string): string => line.split('|')[line.startsWith('TABLE_DUMP2_AP') ? 7 : 6] ?? '';
const both =
  (...tests: ((line: string) => boolean)[]) =>
  (line: string) =>
    tests.every((test) => test(line));
const hasAttributes = letter('A', 'B');

const ROWS: readonly (readonly [string, string, MrtFilterOptions, (line: string) => boolean])[] = [
  ['nothing', BGP, {}, () => true],
  ['announcements', BGP, { kinds: ['announce'] }, letter('A')],
  ['withdrawals and states', BGP, { kinds: ['withdraw', 'state'] }, letter('W', 'STATE')],
  ['table dumps', RIB, { kinds: ['rib'] }, letter('B')],
  ['a peer by address', RIB, { peers: [parseAddress('fd02::10')] }, field(3, (text) => text === 'fd02::10')],
  ['a peer by AS number', STREAM, { peers: [202365] }, field(4, (text) => text === '202365')],
  ['one of two peers', RIB, { peers: [1, parseAddress('192.168.0.10')] }, field(3, (text) => text === '192.168.0.10')],
  ['a prefix', RIB, prefix('172.17.1.0/24'), field(5, (text) => text === '172.17.1.0/24')],
  ['IPv4 as a whole', RIB, prefix('0.0.0.0/0', 'longer'), field(5, (text) => !text.includes(':'))],
  ['IPv6 as a whole', RIB, prefix('::/0', 'longer'), field(5, (text) => text.includes(':'))],
  ['the time from', BGP, { fromS: 1486802200 }, field(1, (text) => Number(text) >= 1486802200)],
  ['the time to', BGP, { toS: 1486802200 }, field(1, (text) => Number(text) < 1486802200)],
  ['the origin', ADD_PATH, { originAsns: [65028] }, (line) => / 65028$/.test(path(line))],
  ['a path', ADD_PATH, { asPaths: ['^65017 65018 .* 65029$'] }, (line) => /^65017 65018 .* 65029$/.test(path(line))],
  ['one of two paths', ADD_PATH, { asPaths: ['65028$', '65029$'] }, (line) => /6502[89]$/.test(path(line))],
  ['a community', BGP, { communities: [[65000, 100]] }, both(hasAttributes, (line) => /\b65000:100\b/.test(line))],
  [
    'a community with a wildcard',
    STREAM,
    { communities: [['*', 2906]] },
    both(hasAttributes, (line) => /:2906\b/.test(line)),
  ],
  [
    'two conditions',
    BGP,
    { kinds: ['announce'], fromS: 1486802200 },
    both(
      letter('A'),
      field(1, (text) => Number(text) >= 1486802200),
    ),
  ],
];

t.test('what is left is what the lines say', (t) => {
  for (const [name, file, options, holds] of ROWS) {
    const all = linesOf(file, {});
    const want = all.filter(holds);
    t.same(linesOf(file, options), want, name);
    t.ok(want.length > 0, `${name}: ${want.length} of ${all.length}`);
    if (name !== 'nothing' && name !== 'table dumps') t.ok(want.length < all.length, `${name}: and not all`);
  }
  t.end();
});

t.test('prefixes: this one, those inside, those around', (t) => {
  const prefixes = (options: MrtFilterOptions): string[] => [
    ...new Set(linesOf(ADD_PATH, options).map((line) => line.split('|')[5]!)),
  ];
  const all = prefixes({});
  t.ok(all.length > 3);
  const one = all[0]!;
  t.same(prefixes(prefix(one)), [one], 'exact');
  t.same(prefixes(prefix(one, 'longer')), [one], 'longer includes it');
  t.equal(
    prefixes(prefix('10.0.16.0/21', 'longer')).length,
    all.filter((text) => /^10\.0\.(1[6-9]|2[0-3])\./.test(text)).length,
    'not on an octet',
  );
  const host = `${one.split('/')[0]}/32`;
  t.same(prefixes(prefix(host)), [], 'a host in it is not it');
  t.same(prefixes(prefix(host, 'covering')), [one], 'but lies in it');
  t.same(prefixes(prefix('0.0.0.0/0', 'covering')), [], 'nothing is around everything');
  t.same(prefixes(prefix('::/0', 'longer')), [], 'the other IP version');
  t.end();
});

t.test('an expression that is none is refused', (t) => {
  t.throws(() => new MrtFilter({ asPaths: ['('] }), { name: 'BgpConfigError' });
  t.end();
});
