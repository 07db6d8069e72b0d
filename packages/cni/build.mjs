// Sees to the plugin that container runtimes call. A published package brings it for x64 and arm64 (prebuilt/); where that
// does not run, and in a clone, the C compiler of the machine makes build/tortie, unless that is newer than its sources.
// `--into FILE` builds whatever is there already.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { into } = parseArgs({ options: { into: { type: 'string' } } }).values;
const native = join(here, 'native');
const output = into ?? join(here, 'build', 'tortie');
const prebuilt = join(here, `prebuilt/${process.arch}/tortie`);

/** No C library: the executable is a few kilobytes, and nothing is loaded before it starts. */
const FLAGS = [
  '-std=gnu11',
  '-Wall',
  '-Wextra',
  '-Os',
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fno-pie',
  '-no-pie',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-fno-tree-loop-distribute-patterns',
  '-Wl,--build-id=none',
  '-Wl,-z,noseparate-code',
  '-Wl,-z,noexecstack',
  '-s',
  `-ffile-prefix-map=${here}=.`,
];

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function fail(message) {
  console.error(`@tortie/cni: the CNI plugin was not built: ${message}`);
  process.exitCode = process.env.TORTIE_REQUIRE_ADDON ? 1 : 0;
}

/** Asked for its versions, which it tells by itself. */
function prebuiltRuns() {
  try {
    execFileSync(prebuilt, { input: '{}', env: { CNI_COMMAND: 'VERSION' }, stdio: ['pipe', 'ignore', 'ignore'] });
    return true;
  } catch {
    return false;
  }
}

function build() {
  if (process.platform !== 'linux') return fail(`it is for Linux; this is ${process.platform}`);
  const inputs = [...readdirSync(native).map((name) => join(native, name)), fileURLToPath(import.meta.url)];
  if (!into && modified(output) > Math.max(...inputs.map(modified))) return undefined;
  // What was built here comes first, for install.ts too: hence it is kept up to date where it is.
  if (!into && !existsSync(output) && prebuiltRuns()) return undefined;
  const compiler = process.env.CC || 'cc';
  const partial = `${output}.${process.pid}`;
  mkdirSync(dirname(output), { recursive: true });
  try {
    execFileSync(compiler, [...FLAGS, join(native, 'shim.c'), '-o', partial], { stdio: 'inherit' });
  } catch (error) {
    return error.code === 'ENOENT'
      ? fail(
          `no C compiler "${compiler}"; install one (Debian, Ubuntu: build-essential; Fedora: gcc; Alpine: build-base)`,
        )
      : fail(`"${compiler}" failed; its messages are above`);
  }
  renameSync(partial, output);
  return undefined;
}

build();
