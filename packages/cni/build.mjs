// Compiles the plugin that container runtimes call with the C compiler of the machine: build/tortie.
// Does nothing where it is newer than its sources.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const native = join(here, 'native');
const output = join(here, 'build', 'tortie');

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
];

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function fail(message) {
  console.error(`@tortie/cni: the CNI plugin was not built: ${message}`);
  process.exitCode = process.env.TORTIE_REQUIRE_ADDON ? 1 : 0;
}

function build() {
  if (process.platform !== 'linux') return fail(`it is for Linux; this is ${process.platform}`);
  const inputs = [...readdirSync(native).map((name) => join(native, name)), fileURLToPath(import.meta.url)];
  if (modified(output) > Math.max(...inputs.map(modified))) return undefined;
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
