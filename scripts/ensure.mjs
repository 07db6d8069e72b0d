// Brings a fresh Debian or Ubuntu machine to where the project runs: npm packages, Debian packages, a build.
// Every step looks first and does nothing where nothing is missing.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const [major, minor] = process.versions.node.split('.').map(Number);

function fail(message) {
  console.error(`tortie: ${message}`);
  process.exit(1);
}

function run(command, args, options = {}) {
  // Progress of an installation belongs to stderr: stdout may be somebody's JSON.
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.error) fail(`cannot run ${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`${command} ${args.join(' ')} failed (exit ${result.status ?? result.signal})`);
}

const onPath = (command) =>
  [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'].some(
    (dir) => dir !== '' && existsSync(join(dir, command)),
  );

/** Commands the lab and the tests call, each with the Debian package that brings it. */
export const LAB_COMMANDS = { cc: 'gcc', ip: 'iproute2', bird: 'bird2', nft: 'nftables', ping: 'iputils-ping' };

/** What the tests call besides: a real etcd. */
export const TEST_COMMANDS = { ...LAB_COMMANDS, etcd: 'etcd-server', etcdctl: 'etcd-client', faketime: 'faketime' };

/** Files the tests call by their path: the reference CNI plugins. */
export const TEST_FILES = { '/usr/lib/cni/portmap': 'containernetworking-plugins' };

/** C headers: a compiler without them builds nothing. */
const HEADERS = { '/usr/include/stdlib.h': 'libc6-dev' };

function ensureDebianPackages(commands, files) {
  const missing = new Set();
  for (const [path, name] of Object.entries(files)) if (!existsSync(path)) missing.add(name);
  for (const [command, name] of Object.entries(commands)) if (!onPath(command)) missing.add(name);
  if ('cc' in commands) for (const [path, name] of Object.entries(HEADERS)) if (!existsSync(path)) missing.add(name);
  if (missing.size === 0) return;
  const names = [...missing].sort();
  const install = `apt-get install -y --no-install-recommends ${names.join(' ')}`;
  if (process.getuid() !== 0) fail(`missing Debian packages: ${names.join(' ')}\nInstall them with: sudo ${install}`);
  if (!onPath('apt-get'))
    fail(`missing: ${names.join(' ')} (Debian package names), and there is no apt-get to install them`);
  console.error(`tortie: installing ${names.join(' ')}`);
  // Nothing installed here may start as a service: the lab and the tests start their own daemons.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('apt-get', ['update', '-q'], { env });
  run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env });
}

/** npm writes its own copy of the lock file last. */
function isInstalledByHand() {
  const written = join(root, 'node_modules', '.package-lock.json');
  return existsSync(written) && statSync(written).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function ensureNpmPackages() {
  const stamp = join(root, 'node_modules', '.tortie-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
  if (installed === lock || isInstalledByHand()) return;
  console.error('tortie: npm ci');
  run('npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(stamp, lock);
}

function ensureTapRunner() {
  const stamp = join(root, 'node_modules', '.tortie-tap');
  const { tap } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const wanted = JSON.stringify(tap.plugin);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  run('npx', ['tap', 'build']);
  writeFileSync(stamp, wanted);
}

/**
 * Installs what is missing and builds.
 * @param {{ commands?: Record<string, string>, files?: Record<string, string>, tap?: boolean }} options commands, files: command
 *   or path -> Debian package; tap: prepare the test runner too
 */
export function ensure({ commands = LAB_COMMANDS, files = {}, tap = false } = {}) {
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old; Tortie needs 20.19 or newer`);
  ensureDebianPackages(commands, files);
  ensureNpmPackages();
  if (tap) ensureTapRunner();
  run(process.execPath, ['scripts/build.mjs']);
}

/** Resolves a module from the checkout's node_modules, which exist only after ensure(). */
export const resolveInstalled = (name) => createRequire(join(root, 'package.json')).resolve(name);

/** Whether `unshare` gives us a user namespace with a network of its own. */
export function canUnshare() {
  try {
    execFileSync('unshare', ['--user', '--map-root-user', '--net', '--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The command line that runs `argv` with the rights to make network namespaces: as it is for root, else inside a user
 * namespace with a /run of its own; undefined where the host allows neither.
 */
export function privileged(argv) {
  if (process.getuid() === 0) return argv;
  if (!canUnshare()) return undefined;
  const enter = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"';
  return ['unshare', '--user', '--map-root-user', '--net', '--mount', 'sh', '-c', enter, 'sh', ...argv];
}
