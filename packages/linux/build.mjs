// Sees to the native addon. A published package brings it for x64 and arm64 with glibc (prebuilt/); where that does not
// load, and in a clone, the C compiler of the machine makes build/tortie-linux.node, unless that is newer than its sources.
// `--asan` builds build/tortie-linux.asan.node with AddressSanitizer, `--into FILE` whatever is there already.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { asan, into } = parseArgs({ options: { asan: { type: 'boolean' }, into: { type: 'string' } } }).values;
const native = join(here, 'native');
const files = readdirSync(native).map((name) => join(native, name));
const sources = files.filter((path) => path.endsWith('.c'));
const output = into ?? join(here, 'build', asan ? 'tortie-linux.asan.node' : 'tortie-linux.node');
const prebuilt = join(here, `prebuilt/${process.arch}/tortie-linux.node`);

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function fail(message) {
  console.error(`@tortie/linux: the native addon was not built: ${message}`);
  console.error('  Everything that needs no kernel access works without it.');
  process.exitCode = process.env.TORTIE_REQUIRE_ADDON ? 1 : 0;
}

/** In a process of its own, which a wrong binary may bring down. */
function prebuiltLoads() {
  const load = 'process.dlopen({ exports: {} }, process.argv[1])';
  try {
    execFileSync(process.execPath, ['-e', load, prebuilt], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function build() {
  if (process.platform !== 'linux') return fail(`it is for Linux; this is ${process.platform}`);
  const inputs = [...files, fileURLToPath(import.meta.url)];
  if (!into && modified(output) > Math.max(...inputs.map(modified))) return undefined;
  // What was built here comes first, for addon.ts too: hence it is kept up to date where it is.
  if (!into && !asan && !existsSync(output) && prebuiltLoads()) return undefined;
  const compiler = process.env.CC || 'cc';
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const optimise = asan ? ['-g', '-O1', '-fsanitize=address', '-fno-omit-frame-pointer'] : ['-O2', '-s'];
  const partial = `${output}.${process.pid}`;
  mkdirSync(dirname(output), { recursive: true });
  try {
    const flags = [
      '-std=gnu11',
      '-Wall',
      '-Wextra',
      '-fPIC',
      '-shared',
      '-pthread',
      '-fvisibility=hidden',
      // What lacks a function does not load: with musl, a binary for glibc would else load and crash when it calls one.
      '-Wl,-z,now',
      '-Wl,--build-id=none',
      `-ffile-prefix-map=${here}=.`,
      ...optimise,
    ];
    execFileSync(compiler, [...flags, '-I', headers, ...sources, '-o', partial], { stdio: 'inherit' });
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
