// `npm test`: installs what is missing, builds, runs the tests with tap and closes with one line of counts.
// `npm test -- FILE…` runs single built test files; `node scripts/test.mjs unit|interop` a suite.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { ensure, privileged, root, TEST_COMMANDS, TEST_FILES } from './ensure.mjs';

const SUITES = { all: ['packages', 'test'], unit: ['packages'], interop: ['test'] };
/** What takes too long for every day runs with the interop suite alone. */
const LONG = '/dist/test/long/';

/** Built test files below a folder. */
function testFiles(folder) {
  const found = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'fixtures') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...testFiles(path));
    else if (path.includes('/dist/test/') && entry.name.endsWith('.test.js')) found.push(path);
  }
  return found;
}

const args = process.argv.slice(2);
const suite = args[0] !== undefined && args[0] in SUITES ? args.shift() : 'all';

ensure({ commands: TEST_COMMANDS, files: TEST_FILES, tap: true });

const files =
  args.length > 0
    ? args
    : SUITES[suite]
        .flatMap((folder) => testFiles(join(root, folder)))
        .map((path) => relative(root, path))
        .filter((path) => suite === 'interop' || !path.includes(LONG))
        .sort();
const scratch = mkdtempSync(join(tmpdir(), 'tortie-test-'));
const output = join(scratch, 'all.tap');
// Test files wait as much as they compute: for daemons, timers, the kernel. So there are more of them at a time than processors.
const jobs = Math.min(6, Math.ceil(availableParallelism() * 1.5));
const tapArgs = ['--disable-coverage', '--timeout=600', '--reporter=tap', `--jobs=${jobs}`, ...files];
const command = [process.execPath, join(root, 'node_modules/tap/dist/esm/run.mjs'), ...tapArgs];
const withRights = privileged(command);
if (!withRights) {
  console.error('tortie: no root and no user namespaces here: tests that need the kernel will say so and be skipped');
}
const [program, ...rest] = withRights ?? command;
const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
const ended = new Promise((done) => child.on('exit', (code, signal) => done(code ?? signal)));
child.stdout.pipe(createWriteStream(output));

// Files are the outer tests; below them everything that holds no other test is counted.
const counts = { pass: 0, fail: 0, skip: 0 };
const failures = [];
const skips = new Map();
let file = '';
for await (const line of createInterface({ input: child.stdout })) {
  const subtest = /^# Subtest: (.*)$/.exec(line);
  if (subtest) file = subtest[1];
  const result = /^(\s*)(not ok|ok) \d+(?: - (.*))?$/.exec(line);
  if (!result || result[3]?.endsWith('{')) continue;
  const [, indent, verdict, name = ''] = result;
  const skip = /# (?:SKIP|TODO)\b ?(.*)$/i.exec(name);
  if (indent === '') {
    if (verdict === 'not ok') failures.push(name);
    console.log(`${verdict === 'ok' ? '  ok' : 'FAIL'} ${name}`);
  } else if (skip) {
    counts.skip++;
    const reason = `${file}: ${skip[1] || name}`;
    skips.set(reason, (skips.get(reason) ?? 0) + 1);
  } else if (verdict === 'ok') counts.pass++;
  else {
    counts.fail++;
    failures.push(`${file}: ${name.trim()}`);
  }
}
const status = await ended;
for (const [reason, times] of skips) console.log(`skipped ${reason}${times > 1 ? ` (${times} times)` : ''}`);
if (failures.length > 0) {
  console.log('\nFailed:');
  for (const failure of failures) console.log(`  ${failure}`);
  console.log(`The whole output: ${output}`);
} else rmSync(scratch, { recursive: true, force: true });
console.log(`\n${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
process.exit(status === 0 && counts.pass > 0 ? 0 : 1);
