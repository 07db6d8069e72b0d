/** `tortie mrt` on recorded files: what it prints, what it refuses, what it does about damage. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { run } from './stub.js';

const FIXTURES = new URL('../../../bgp/test/fixtures/', import.meta.url).pathname;
const RIB = join(FIXTURES, 'mrtparse', 'quagga_rib');
const BGP = join(FIXTURES, 'mrtparse', 'quagga_bgp');
const ADD_PATH = join(FIXTURES, 'bgpdump', 'test_data', 'bview.ipv4_unicast_add_path.gz');
const BIN = new URL('../../bin/tortie.js', import.meta.url).pathname;

const folder = mkdtempSync(join(tmpdir(), 'tortie-mrt-cli-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const there = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

t.test('lines for people, for scripts, and as JSON', async (t) => {
  const people = await run(['mrt', 'print', BGP]);
  t.equal(people.code, 0);
  const lines = people.stdout.trimEnd().split('\n');
  t.equal(lines.length, 38);
  t.equal(lines[0], '2017-02-11 08:36:03  state     192.168.0.10 AS65000      Idle -> Connect');
  t.equal(
    lines[9],
    '2017-02-11 08:36:03  announce  192.168.0.10 AS65000      fd01:1:2::/64       via ::ffff:c0a8:a  ' +
      'path 4200000000 4200000000 4200000000 64512 64512 64512  origin igp  local-pref 100  med 10  ' +
      'communities 65000:100 65000:200 65000:300  originator 172.16.0.1  clusters 172.16.0.10',
  );
  const scripts = await run(['mrt', 'print', '--bgpdump', RIB, BGP]);
  t.equal(scripts.stdout.trimEnd().split('\n').length, 9 + 38, 'of both files');
  t.match(scripts.stdout, /^TABLE_DUMP2\|1486802400\|B\|192\.168\.0\.10\|65000\|172\.17\.0\.0\/24\|42.*\|IGP\|/);
  const json = await run(['mrt', 'print', '--json', ADD_PATH]);
  const values = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.equal(values.length, 62);
  t.match(values[0], {
    kind: 'rib',
    timestamp: 1452168107,
    peer: { address: '10.0.15.1', asn: 65015 },
    prefix: /^10\.0\.\d+\.0\/24$/,
    pathId: Number,
    originated: Number,
    attributes: { origin: 'igp', asPath: '65015 65014 65013 65012 65011', nextHop: '10.0.15.1', localPref: 100 },
  });
});

t.test('conditions', async (t) => {
  const count = async (...args: string[]): Promise<number> => {
    const { stdout, code, stderr } = await run(['mrt', 'print', '--count', ...args]);
    t.equal(code, 0, args.join(' '));
    t.equal(stderr, '');
    return Number(stdout);
  };
  t.equal(await count(BGP), 38);
  t.equal(await count(BGP, '--type', 'announce'), 18);
  t.equal(await count(BGP, '--type', 'state', '--type', 'withdraw'), 20);
  t.equal(await count(BGP, '--prefix', '172.17.0.0/16'), 0, 'exactly that one');
  t.equal(await count(BGP, '--prefix', '172.17.0.0/16', '--longer'), 6);
  t.equal(await count(BGP, '--prefix', '172.17.1.9', '--covering'), 2, 'an address');
  t.equal(await count(BGP, '--peer', 'fd02::10'), 16);
  t.equal(await count(BGP, '--peer', 'AS65000', '--prefix', '172.17.1.0/24'), 2);
  t.equal(await count(BGP, '--origin-as', '64512'), 18);
  t.equal(await count(BGP, '--as-path', '^4200000000'), 18);
  t.equal(await count(BGP, '--as-path', '^64512'), 0);
  t.equal(await count(BGP, '--community', '65000:*'), 18);
  t.equal(await count(BGP, '--community', 'no-export'), 0);
  t.equal(await count(BGP, '--from', '2017-02-11T08:36:06', '--to', '1486802229'), 7);
  t.equal(await count(RIB, '--from', '2030-01-01'), 0);
  const json = await run(['mrt', 'print', '--count', '--json', RIB]);
  t.same(JSON.parse(json.stdout), { count: 9 });
});

t.test('a wrong command line says what would be right', async (t) => {
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['--prefix', '10.0.0.1/8'], /--prefix: .*10\.0\.0\.0\/8/],
    [['--longer'], /need --prefix/],
    [['--prefix', '10.0.0.0/8', '--longer', '--exact'], /one of --exact, --longer, --covering/],
    [['--peer', 'router'], /--peer: "router" is not an address or an AS number/],
    [['--origin-as', '4294967296'], /--origin-as: .* is not an AS number/],
    [['--as-path', '('], /--as-path: /],
    [['--community', '65000'], /--community: "65000" is no community; write 65000:1/],
    [['--from', 'yesterday'], /--from: "yesterday" is no time; write/],
    [['--type', 'nothing'], /--type: "nothing" is none of rib, announce, withdraw, state/],
    [['--json', '--bgpdump'], /one of --bgpdump, --json/],
  ];
  for (const [args, message] of rows) {
    const { code, stderr, stdout } = await run(['mrt', 'print', RIB, ...args]);
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.equal(stdout, '');
  }
  const none = await run(['mrt', 'print', join(folder, 'none')]);
  t.equal(none.code, 2);
  t.match(none.stderr, /none: there is no such file/);
});

t.test('what a file holds', async (t) => {
  const { stdout, code } = await run(['mrt', 'info', RIB]);
  t.equal(code, 0);
  for (const line of [
    /^octets: +1111 \(uncompressed\)$/m,
    /^time: +2017-02-11 08:40:00 to 2017-02-11 08:40:00 UTC$/m,
    /^table: +9 routes, 3 IPv4 and 3 IPv6 prefixes$/m,
    /^TABLE_DUMP_V2\/RIB_IPV4_UNICAST +3$/m,
    /^192\.168\.0\.10 +65000 +6 +0 +0 +0$/m,
  ]) {
    t.match(stdout, line);
  }
  const json = JSON.parse((await run(['mrt', 'info', '--json', RIB, BGP])).stdout);
  t.match(json, {
    files: [
      { file: RIB, routes: { rib: 9 }, damaged: 0 },
      { file: BGP, routes: { announce: 18, withdraw: 0, state: 20 }, fromS: 1486802163 },
    ],
  });
});

t.test('compressed files, by what is in them and not by name', async (t) => {
  const plain = await run(['mrt', 'print', '--bgpdump', RIB]);
  const octets = readFileSync(RIB);
  const put = (name: string, content: Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const files: string[] = [put('gzip.mrt', gzipSync(octets))];
  for (const program of ['bzip2', 'xz', 'zstd']) {
    if (there(program)) files.push(put(`${program}.mrt`, spawnSync(program, ['-c'], { input: octets }).stdout));
    else t.comment(`${program} is not installed, so its files are left out`);
  }
  for (const file of files) {
    const { stdout, code } = await run(['mrt', 'print', '--bgpdump', file]);
    t.equal(code, 0, file);
    t.equal(stdout, plain.stdout);
  }
  const cut = put('cut.gz', gzipSync(octets).subarray(0, 200));
  const { code, stderr } = await run(['mrt', 'print', cut]);
  t.equal(code, 1);
  t.match(stderr, /cut\.gz: the gzip data ends too early/);
});

t.test('a compression whose program is missing names the package', async (t) => {
  const file = join(folder, 'file.bz2');
  writeFileSync(file, Buffer.from('BZh91AY&SY'));
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'mrt', 'print', file], {
    encoding: 'utf8',
    env: { PATH: folder },
  });
  t.equal(status, 2);
  t.match(
    stderr,
    /file\.bz2 is compressed with bzip2, and there is no program "bzip2" here; install it \(Debian: apt-get install bzip2\)/,
  );
});

t.test('damage is told, passed over, and in the exit status', async (t) => {
  const bytes = Uint8Array.from(readFileSync(BGP));
  // The type of the third record, an OPEN, behind two STATE_CHANGE of 12 + 24 octets.
  bytes[2 * 36 + 4] = 0xff;
  const file = join(folder, 'damaged');
  writeFileSync(file, bytes);
  const { code, stdout, stderr } = await run(['mrt', 'print', file]);
  t.equal(code, 1);
  t.equal(stdout.trimEnd().split('\n').length, 38, 'the others');
  t.match(stderr, /^tortie: .*damaged: record at octet 72: \d+ is no MRT type$/m);
});

t.test('files are converted', async (t) => {
  const output = join(folder, 'out.mrt.gz');
  const { code, stdout } = await run(['mrt', 'convert', RIB, output, '--peer', 'fd02::10']);
  t.equal(code, 0);
  t.match(stdout, /out\.mrt\.gz: 4 records, 3 routes/);
  t.ok(gunzipSync(readFileSync(output)).length > 100, 'compressed by its name');
  t.equal(Number((await run(['mrt', 'print', '--count', output])).stdout), 3);
  const updates = join(folder, 'updates.mrt');
  const made = await run(['mrt', 'convert', '--json', '--updates', RIB, updates]);
  t.match(JSON.parse(made.stdout), { file: updates, records: 9, routes: 9 });
  t.equal(Number((await run(['mrt', 'print', '--count', '--type', 'announce', updates])).stdout), 9);
  t.equal((await run(['mrt', 'convert', updates, updates])).code, 2, 'not onto itself');
  t.match((await run(['mrt', 'convert', updates, join(folder, 'x.bz2')])).stderr, /only \.gz is written/);
  const nowhere = await run(['mrt', 'convert', updates, join(folder, 'none', 'x')]);
  t.equal(nowhere.code, 2);
  t.match(nowhere.stderr, /ENOENT/);
});

t.test('a reader that has seen enough, and standard input', async (t) => {
  const big = join(folder, 'big.mrt');
  writeFileSync(big, Buffer.concat(Array.from({ length: 3000 }, () => readFileSync(RIB))));
  const child = spawn(process.execPath, [BIN, 'mrt', 'print', big], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const status = await new Promise((resolve) => child.on('close', resolve));
  t.equal(status, 0, 'like head');
  t.equal(stderr, '');
  const piped = spawnSync(process.execPath, [BIN, 'mrt', 'print', '--count', '-'], { input: readFileSync(big) });
  t.equal(piped.stdout.toString(), '27000\n');
});
