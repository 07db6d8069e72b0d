/** The packages that bring binaries, as `npm pack` makes them, installed where there is no compiler. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import t from 'tap';

const ROOT = new URL('../../../../../', import.meta.url).pathname;
const BINARIES = { linux: 'tortie-linux.node', cni: 'tortie' };
/** As readelf calls them. */
const MACHINES = { arm64: 'AArch64', x64: 'Advanced Micro Devices X86-64' };
const CROSS =
  process.arch === 'x64'
    ? { arch: 'arm64', compiler: 'aarch64-linux-gnu-gcc', packages: 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross' }
    : { arch: 'x64', compiler: 'x86_64-linux-gnu-gcc', packages: 'gcc-x86-64-linux-gnu libc6-dev-amd64-cross' };

const folder = mkdtempSync(join(tmpdir(), 'tortie-packed-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const which = (command: string): string =>
  realpathSync(execFileSync('sh', ['-c', 'command -v "$0"', command], { encoding: 'utf8' }).trim());
const npmScript = which('npm');

/** A folder for PATH with these commands alone. */
function pathOf(name: string, ...commands: string[]): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const command of commands) symlinkSync(which(command), join(path, command));
  return path;
}
const withoutCompiler = pathOf('without-compiler', 'node', 'sh');
const withoutCross = pathOf('without-cross', 'cc', 'as', 'ld');

interface Ran {
  readonly status: number | null;
  /** Both streams. */
  readonly text: string;
}
/** Runs Node with nothing of our environment but PATH. */
function node(cwd: string, path: string, ...args: string[]): Ran {
  const env = { PATH: path, HOME: folder, npm_config_offline: 'true', npm_config_audit: 'false' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

/** The packages, and what packing reads besides, elsewhere: packing writes beside what it packs, where other tests look. */
function checkout(place: string): string {
  const copy = join(folder, place);
  for (const file of ['LICENSE', 'scripts/prebuild.mjs']) cpSync(join(ROOT, file), join(copy, file));
  for (const name of ['ip', ...Object.keys(BINARIES)]) {
    cpSync(join(ROOT, 'packages', name), join(copy, 'packages', name), {
      recursive: true,
      filter: (path) => !['build', 'prebuilt', 'node_modules', 'test'].includes(basename(path)),
    });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return join(copy, 'packages');
}

const PROBE = `
  import { execFileSync } from 'node:child_process';
  import { pluginFile } from '@tortie/cni/node';
  import { openRtnetlink } from '@tortie/linux/node';
  const rtnetlink = await openRtnetlink();
  console.log((await rtnetlink.links()).map(({ name }) => name).includes('lo'));
  await rtnetlink.close();
  console.log(execFileSync(pluginFile(), { input: '{}', env: { CNI_COMMAND: 'VERSION' }, encoding: 'utf8' }));`;

const skip = process.platform === 'linux' ? false : `the binaries are for Linux; this is ${process.platform}`;
const own = (name: string, file: string): string => join(name, 'prebuilt', process.arch, file);

t.test('where there is no compiler the packages work by the binaries they brought', { skip }, async (t) => {
  const packages = checkout('one');
  for (const [name, file] of Object.entries(BINARIES)) {
    const cwd = join(packages, name);
    const { status, text } = node(cwd, process.env.PATH!, 'build.mjs', '--into', `prebuilt/${process.arch}/${file}`);
    t.equal(status, 0, text);
  }
  const project = join(folder, 'project');
  mkdirSync(project);
  const packed = ['ip', 'linux', 'cni'].map((name) => join(packages, name));
  const others = ['ipaddr.js', 'node-api-headers'].map((name) => join(ROOT, 'node_modules', name));
  const pack = node(project, withoutCompiler, npmScript, 'pack', '--ignore-scripts', ...packed, ...others);
  t.equal(pack.status, 0, pack.text);
  const tarballs = readdirSync(project).map((name) => `./${name}`);
  const install = node(project, withoutCompiler, npmScript, 'install', '--foreground-scripts', ...tarballs);
  t.equal(install.status, 0, install.text);
  t.notMatch(install.text, /not built/);

  const installed = join(project, 'node_modules/@tortie');
  const probe = () => node(project, withoutCompiler, '--input-type=module', '-e', PROBE);
  t.match(probe(), { status: 0, text: /^true\n.*supportedVersions/ });
  for (const name of Object.keys(BINARIES)) t.notOk(existsSync(join(installed, name, 'build')), 'nothing was built');

  // Cut off, they load no more: loading the addon may even kill the process.
  for (const [name, file] of Object.entries(BINARIES)) {
    const cwd = join(installed, name);
    truncateSync(own(cwd, file), 3000);
    t.match(node(cwd, withoutCompiler, 'build.mjs'), { status: 0, text: /not built: no C compiler "cc"; install one/ });
    t.match(node(cwd, process.env.PATH!, 'build.mjs'), { status: 0, text: '' });
    t.ok(existsSync(join(cwd, 'build', file)), 'the compiler built it');
  }
  t.match(probe(), { status: 0, text: /^true\n.*supportedVersions/ }, 'what was built comes first');
});

t.test('without the cross compiler nothing is packed, and the error names its package', { skip }, async (t) => {
  const cwd = join(checkout('two'), 'cni');
  // As prepack runs it: npm packs nothing where that fails.
  const { status, text } = node(cwd, withoutCross, '../../scripts/prebuild.mjs', 'tortie');
  t.equal(status, 1);
  t.match(text, `there is no ${CROSS.compiler} here: for ${CROSS.arch} it takes the Debian packages ${CROSS.packages}`);
  t.notOk(existsSync(join(cwd, 'prebuilt')), 'not even the one that could be built stays');
});

const crosses = spawnSync(CROSS.compiler, ['-E', '-include', 'pthread.h', '-'], { input: '' }).status === 0;
const skipCross = skip || (crosses ? false : `no ${CROSS.compiler} with its headers: install ${CROSS.packages}`);
t.test('npm pack builds the binaries for both processors', { skip: skipCross }, async (t) => {
  const packages = join(folder, 'two/packages');
  const names = Object.keys(BINARIES).map((name) => `./${name}`);
  const { status, text } = node(packages, process.env.PATH!, npmScript, 'pack', ...names);
  t.equal(status, 0, text);
  for (const [name, file] of Object.entries(BINARIES)) {
    t.notOk(existsSync(join(packages, name, 'prebuilt')), 'none stays behind');
    const tarball = readdirSync(packages).find((entry) => entry.startsWith(`tortie-${name}-`))!;
    const unpacked = join(folder, 'unpacked', name);
    mkdirSync(unpacked, { recursive: true });
    execFileSync('tar', ['xzf', join(packages, tarball), '-C', unpacked, '--strip-components=1']);
    for (const expected of ['LICENSE', 'README.md', 'build.mjs', 'src/index.ts', 'dist/src/index.js', 'native'])
      t.ok(existsSync(join(unpacked, expected)), expected);
    t.same(readdirSync(join(unpacked, 'prebuilt')).sort(), Object.keys(MACHINES));
    for (const [arch, machine] of Object.entries(MACHINES)) {
      const binary = join(unpacked, 'prebuilt', arch, file);
      const header = execFileSync('readelf', ['-hSV', binary], { encoding: 'utf8' });
      t.match(header, new RegExp(`Machine: +${machine}\n`));
      t.notMatch(header, /\.symtab|\.debug/);
      t.notOk(readFileSync(binary).includes(folder), 'nothing tells where it was built');
      const versions = [...header.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
      t.equal(versions.length > 0, name === 'linux', 'the shim links no C library');
      t.same(
        versions.filter((minor) => minor > 28),
        [],
        'no function that is newer than glibc 2.28',
      );
    }
    const before = readFileSync(own(join(folder, 'one/packages', name), file));
    t.ok(readFileSync(own(unpacked, file)).equals(before), 'it is what was built in another folder');
  }
});
