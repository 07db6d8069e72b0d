/** Files written anew: what stays reads as before, what was not wanted is gone, bgpdump agrees. */
import { join } from 'node:path';
import { parsePrefix } from '@tortie/ip';
import t from 'tap';
import { decodeMrtMessage } from '../../src/mrt/bgp4mp.js';
import { BgpdumpFormat } from '../../src/mrt/bgpdump-line.js';
import { MrtConverter, type MrtConvertOptions } from '../../src/mrt/convert.js';
import { type MrtFrame, MrtFramer } from '../../src/mrt/mrt-framer.js';
import { readMrt } from '../../src/mrt/read-mrt.js';
import { MrtFilter, type MrtFilterOptions } from '../../src/mrt/route-filter.js';
import { type MrtRoute, MrtRouteWalk } from '../../src/mrt/route-walk.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';

function eachFrame(bytes: Uint8Array, visit: (frame: MrtFrame) => void): void {
  const framer = new MrtFramer();
  framer.push(bytes);
  framer.end();
  for (let frame = framer.next(); frame; frame = framer.next()) visit(frame);
}

function linesOf(bytes: Uint8Array, options: MrtFilterOptions = {}): string[] {
  const format = new BgpdumpFormat();
  const filter = new MrtFilter(options);
  const routes = new MrtRouteWalk();
  const lines: string[] = [];
  const visit = (route: MrtRoute): void => {
    if (filter.admits(route)) lines.push(format.line(route));
  };
  eachFrame(bytes, (frame) => {
    if (filter.admitsTime(frame) || routes.isPeerIndex(frame)) routes.walk(frame, visit);
  });
  return lines;
}

function convert(
  bytes: Uint8Array,
  filter: MrtFilterOptions = {},
  options: Partial<MrtConvertOptions> = {},
): Uint8Array {
  const converter = new MrtConverter({ filter: new MrtFilter(filter), ...options });
  const pieces: Uint8Array[] = [];
  const emit = (octets: Uint8Array): void => void pieces.push(octets.slice());
  eachFrame(bytes, (frame) => converter.collect(frame));
  eachFrame(bytes, (frame) => converter.convert(frame, emit));
  converter.finish(emit);
  return Buffer.concat(pieces);
}

const longer = (text: string): MrtFilterOptions => ({ prefixes: [{ prefix: parsePrefix(text), match: 'longer' }] });

const FIXTURE_FILES = [
  'mrtparse/quagga_bgp',
  'mrtparse/quagga_rib',
  'mrtparse/bird-mrtdump_bgp',
  'mrtparse/bird6-mrtdump_rib',
  'mrtparse/openbgpd_rib_table-v2',
  'bgpdump/test_data/bview.ipv4_unicast_add_path.gz',
  'bgpdump/test_data/bview.ipv6_unicast_add_path.gz',
  'bgpdump/test_data/updates.long_withdrawal.gz',
].map((name) => join(FIXTURES, name));

t.test('without conditions the file stays as it is, octet by octet', (t) => {
  for (const file of FIXTURE_FILES) {
    const bytes = readOctets(file);
    t.ok(Buffer.from(convert(bytes)).equals(bytes), file.slice(file.lastIndexOf('/') + 1));
  }
  t.end();
});

const FILTERS: readonly (readonly [string, MrtFilterOptions])[] = [
  ['IPv4', longer('0.0.0.0/0')],
  ['IPv6', longer('::/0')],
  ['a part of IPv4', longer('172.17.1.0/24')],
  ['a part of IPv6', longer('fd01:1:1::/48')],
  ['announcements', { kinds: ['announce'] }],
  ['withdrawals', { kinds: ['withdraw'] }],
  ['states', { kinds: ['state'] }],
  ['a path', { asPaths: ['^42.* 64512$', '29504'] }],
];

t.test('with conditions the wanted routes are left, and no others', (t) => {
  const files = withoutCorpus
    ? FIXTURE_FILES
    : [...FIXTURE_FILES, join(CORPUS, 'bgpdump', 'test_data', 'updates.20100722.2015.gz')];
  if (withoutCorpus) t.comment(`only the fixtures: ${withoutCorpus}`);
  let routes = 0;
  for (const file of files) {
    const bytes = readOctets(file);
    for (const [name, filter] of FILTERS) {
      const written = convert(bytes, filter, { routesOnly: true });
      const want = linesOf(bytes, filter);
      routes += want.length;
      if (linesOf(written).join('\n') !== want.join('\n')) t.same(linesOf(written), want, `${name} of ${file}`);
    }
  }
  t.ok(routes > 4000, `${routes} routes`);
  t.end();
});

t.test('a message with other routes taken out is a sound UPDATE', (t) => {
  const bytes = readOctets(join(FIXTURES, 'mrtparse', 'quagga_bgp'));
  let updates = 0;
  for (const filter of [longer('172.17.1.0/24'), longer('fd01:1:2::/48')]) {
    for (const record of readMrt(convert(bytes, filter, { routesOnly: true }))) {
      if (record.type !== 'message') continue;
      const message = decodeMrtMessage(record);
      if (message.type !== 'update') t.fail(`a ${message.type}`);
      else t.same(message.faults, [], 'without faults');
      updates++;
    }
  }
  t.ok(updates > 0);
  t.end();
});

/** A line of a table dump as the announcement that it becomes. */
const announced = (line: string): string => {
  const fields = line.split('|');
  return ['BGP4MP', fields[1], 'A', ...fields.slice(3)].join('|');
};

t.test('the routes of a table dump as messages of its peers', (t) => {
  for (const name of ['quagga_rib', 'openbgpd_rib_table-v2']) {
    const bytes = readOctets(join(FIXTURES, 'mrtparse', name));
    const want = linesOf(bytes).map(announced);
    const written = convert(bytes, {}, { form: 'updates' });
    t.same(linesOf(written), want, name);
    t.ok(want.length > 0);
    for (const record of readMrt(written)) {
      if (record.type !== 'message') t.fail(`a ${record.type}`);
      else if (decodeMrtMessage(record).type !== 'update') t.fail('no UPDATE');
    }
    const peer = linesOf(bytes)[0]!.split('|')[4]!;
    const one = convert(bytes, { peers: [Number(peer)] }, { form: 'updates' });
    t.same(
      linesOf(one),
      want.filter((line) => line.split('|')[4] === peer),
      `${name}: of AS ${peer} alone`,
    );
  }
  const bytes = readOctets(join(FIXTURES, 'bgpdump', 'test_data', 'bview.ipv4_unicast_add_path.gz'));
  const want = linesOf(bytes).map((line) => announced(line).replace('BGP4MP', 'BGP4MP_AP'));
  t.same(linesOf(convert(bytes, {}, { form: 'updates' })), want, 'with path identifiers');
  t.end();
});

t.test('115,521 routes of TABLE_DUMP become TABLE_DUMP_V2, and messages', { skip: withoutCorpus }, (t) => {
  const bytes = readOctets(join(CORPUS, 'bgpdump', 'test_data', 'bview.20020722.2337.gz'));
  const before = linesOf(bytes);
  const after = linesOf(convert(bytes));
  t.equal(after.length, 115_521);
  const seconds = (line: string): string => line.split('|')[1]!;
  // A prefix has one record, so one time, where several seconds passed while the dump was written.
  const expected = before.map((line, index) =>
    line.replace(/^TABLE_DUMP\|\d+/, `TABLE_DUMP2|${seconds(after[index]!)}`),
  );
  t.same(after.filter((line, index) => line !== expected[index]).slice(0, 3), [], 'every line says the same');
  const messages = linesOf(convert(bytes, {}, { form: 'updates' }));
  t.same(messages.filter((line, index) => line !== announced(before[index]!)).slice(0, 3), [], 'so do the messages');
  t.end();
});

t.test('a peer that the first pass has not seen is damage, not a wrong index', (t) => {
  const bytes = convert(readOctets(join(FIXTURES, 'mrtparse', 'quagga_rib')));
  const converter = new MrtConverter({ filter: new MrtFilter() });
  const body = Buffer.alloc(4 + 4 + 1 + 1 + 4 + 4 + 2 + 2);
  const header = Buffer.from([0, 0, 0, 1, 0, 12, 0, 1, 0, 0, 0, body.length]);
  t.ok(bytes.length > 0);
  t.throws(() => eachFrame(Buffer.concat([header, body]), (frame) => converter.convert(frame, () => {})), {
    name: 'MrtError',
    offset: 0,
    message: /first pass/,
  });
  t.end();
});
