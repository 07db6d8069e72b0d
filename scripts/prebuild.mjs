// Compiles what a published package brings: prebuilt/ARCH/FILE of the package in the working folder, for x64 and arm64, both
// or none. `npm pack` runs it there (prepack) as `node ../../scripts/prebuild.mjs FILE`.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';

/** The cross compiler, the Debian packages that bring it, and e_machine of the ELF header of what it makes. */
const ARCHITECTURES = {
  x64: { cross: 'x86_64-linux-gnu-gcc', brings: 'gcc-x86-64-linux-gnu libc6-dev-amd64-cross', machine: 62 },
  arm64: { cross: 'aarch64-linux-gnu-gcc', brings: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross', machine: 183 },
};
/** The oldest glibc that Node 20 runs with is 2.28. */
const GLIBC_MINOR = 28;

const [file] = process.argv.slice(2);

function fail(message) {
  rmSync('prebuilt', { recursive: true, force: true });
  console.error(`not packed: ${message}`);
  process.exit(1);
}

rmSync('prebuilt', { recursive: true, force: true });
for (const [arch, { cross, brings, machine }] of Object.entries(ARCHITECTURES)) {
  const own = arch === process.arch;
  const compiler = own ? process.env.CC || 'cc' : cross;
  const needs = `for ${arch} it takes the Debian packages ${own ? 'gcc libc6-dev' : brings}`;
  if (spawnSync(compiler, ['--version']).error) fail(`there is no ${compiler} here: ${needs}`);
  const into = `prebuilt/${arch}/${file}`;
  const env = { ...process.env, CC: compiler, TORTIE_REQUIRE_ADDON: '1' };
  const { status } = spawnSync(process.execPath, ['build.mjs', '--into', into], { stdio: 'inherit', env });
  if (status !== 0) fail(`${into} was not built: ${needs}`);
  const binary = readFileSync(into);
  if (binary.readUInt16LE(18) !== machine) fail(`${compiler} builds for another processor than ${arch}`);
  const minors = [...binary.toString('latin1').matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
  const newest = Math.max(0, ...minors);
  if (newest > GLIBC_MINOR) fail(`${into} asks for glibc 2.${newest}, newer than 2.${GLIBC_MINOR}: see native/addon.h`);
}
