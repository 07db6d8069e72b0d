// Compiles the native addon with the C compiler of the machine: build/tortie-linux.node.
// Does nothing where it is newer than its sources. `--asan` builds build/tortie-linux.asan.node with AddressSanitizer.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const asan = process.argv.includes('--asan');
const native = join(here, 'native');
const files = readdirSync(native).map((name) => join(native, name));
const sources = files.filter((path) => path.endsWith('.c'));
const output = join(here, 'build', asan ? 'tortie-linux.asan.node' : 'tortie-linux.node');

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function fail(message) {
  console.error(`@tortie/linux: the native addon was not built: ${message}`);
  console.error('  Everything that needs no kernel access works without it.');
  process.exitCode = process.env.TORTIE_REQUIRE_ADDON ? 1 : 0;
}

function build() {
  if (process.platform !== 'linux') return fail(`it is for Linux; this is ${process.platform}`);
  const inputs = [...files, fileURLToPath(import.meta.url)];
  if (modified(output) > Math.max(...inputs.map(modified))) return undefined;
  const compiler = process.env.CC || 'cc';
  const headers = createRequire(import.meta.url)('node-api-headers').include_dir;
  const optimise = asan ? ['-g', '-O1', '-fsanitize=address', '-fno-omit-frame-pointer'] : ['-O2'];
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
