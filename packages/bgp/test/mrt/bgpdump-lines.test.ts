/** Our lines and those of Debian's bgpdump for the same files: character by character. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { BgpdumpFormat, bgpdumpIpv6 } from '../../src/mrt/bgpdump-line.js';
import { MrtRouteWalk } from '../../src/mrt/route-walk.js';
import { walkMrt } from '../../src/mrt/walk-mrt.js';
import { CORPUS, FIXTURES, readOctets, withoutCorpus } from '../corpus/corpus.js';

const withoutBgpdump = spawnSync('bgpdump', ['-T']).error ? 'bgpdump is not installed' : false;

/** What our lines differ in, as "theirs -> ours" for the first few, and how many lines there are. */
async function compare(file: string, want: string): Promise<{ lines: number; wrong: string[] }> {
  const expected = want.split('\n');
  expected.pop();
  const format = new BgpdumpFormat();
  const routes = new MrtRouteWalk();
  const wrong: string[] = [];
  let lines = 0;
  const check = (line: string | undefined): void => {
    const theirs = expected[lines++];
    if (line !== theirs && wrong.length < 3) wrong.push(`${theirs} -> ${line}`);
  };
  async function* source() {
    yield readOctets(file);
  }
  await walkMrt(source(), (frame) => routes.walk(frame, (route) => check(format.line(route))));
  if (lines !== expected.length) wrong.push(`${expected.length} lines -> ${lines}`);
  return { lines, wrong };
}

const bgpdump = (file: string): string =>
  spawnSync('bgpdump', ['-m', file], { encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] })
    .stdout;

/** Masking the bits behind a prefix came to bgpdump after the version that Debian has. */
const MASKED = 'updates.nlri_mask_trailing_bits.gz';

/** Messages of an ADD-PATH session under a subtype that says there is no ADD-PATH: what they read as is chance. */
const MEANINGLESS = ['bird_bgp', 'bird6_bgp'];

const filesIn = (...path: string[]): string[] => readdirSync(join(...path)).map((name) => join(...path, name));

const FILES = [
  ...filesIn(FIXTURES, 'bgpdump', 'test_data'),
  ...filesIn(FIXTURES, 'mrtparse'),
  ...(withoutCorpus
    ? []
    : [
        ...filesIn(CORPUS, 'bgpdump', 'test_data'),
        ...filesIn(CORPUS, 'mrtparse', 'samples').filter(
          (file) => !['README.rst', ...MEANINGLESS].some((name) => file.endsWith(`/${name}`)),
        ),
        join(CORPUS, 'bgpstream', 'ris.rrc06.updates.1427846400.gz'),
      ]),
];

t.test('the lines of bgpdump', { skip: withoutBgpdump }, async (t) => {
  if (withoutCorpus) t.comment(`only the fixtures: ${withoutCorpus}`);
  let total = 0;
  for (const file of FILES.filter((name) => !name.endsWith(MASKED))) {
    const { lines, wrong } = await compare(file, bgpdump(file));
    t.same(wrong, [], `${file.split('/').slice(-2).join('/')}: ${lines} lines`);
    total += lines;
  }
  t.ok(total > (withoutCorpus ? 4_000 : 800_000), `${total} lines in all`);
});

t.test('what its own tests expect', async (t) => {
  const folder = withoutCorpus ? FIXTURES : CORPUS;
  const files = filesIn(folder, 'bgpdump', 'test_data');
  t.ok(files.some((name) => name.endsWith(MASKED)));
  for (const file of files) {
    const want = readOctets(`${file.replace('test_data', 'test_expect')}.bgp.gz`);
    const { wrong } = await compare(file, Buffer.from(want).toString());
    t.same(wrong, [], file.slice(file.lastIndexOf('/') + 1));
  }
});

t.test('IPv6 addresses in its own notation', (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ['20010db8000000000000000000000001', '2001:db8::1'],
    ['20010db8000000010000000000000000', '2001:db8:0:1::'],
    // Not RFC 5952: one group of zeros is shortened.
    ['200107f8003000000002000100008447', '2001:7f8:30::2:1:0:8447'],
    ['00000000000000000000000000000000', '::'],
    ['00000000000000000000000000000001', '::1'],
    ['00000000000000000000ffffc0a80201', '::ffff:192.168.2.1'],
    ['000000000000000000000000c0a80102', '::192.168.1.2'],
    ['fe800000000000000000000000000000', 'fe80::'],
    ['00010002000300040005000600070008', '1:2:3:4:5:6:7:8'],
    ['00000002000300040005000600070000', '::2:3:4:5:6:7:0'],
  ];
  for (const [octets, text] of rows) t.equal(bgpdumpIpv6(Buffer.from(octets, 'hex'), 0), text);
  t.end();
});
