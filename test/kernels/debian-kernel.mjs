// Debian's kernel package, unpacked into a cache of this user and installed nowhere.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const META = 'linux-image-amd64';

/**
 * @typedef {object} Kernel
 * @property {string} release what `uname -r` says in it
 * @property {string} image
 * @property {string} modules the folder of `release` in lib/modules, with modules.dep and modules.alias
 */

/**
 * The kernel that the package META asks for now; `name` names another package, such as linux-image-6.1.0-40-amd64.
 * @param {string} [name]
 * @returns {Kernel}
 */
export function debianKernel(name = newest()) {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tortie', 'kernels');
  const place = join(cache, name);
  if (!existsSync(place)) unpack(name, cache, place);
  const [release] = readdirSync(join(place, 'lib/modules'));
  return { release, image: join(place, `boot/vmlinuz-${release}`), modules: join(place, 'lib/modules', release) };
}

function newest() {
  const text = execFileSync('apt-cache', ['depends', META], { encoding: 'utf8' });
  const name = /Depends: (linux-image-\S+)/.exec(text)?.[1];
  if (!name) throw new Error(`the package lists have no ${META}: apt-get update brings them`);
  return name;
}

function unpack(name, cache, place) {
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'new-'));
  try {
    console.error(`kernels: fetching ${name} (some 70 MB)`);
    execFileSync('apt-get', ['download', '-q', name], { cwd: scratch, stdio: ['ignore', 2, 'inherit'] });
    const file = readdirSync(scratch).find((one) => one.endsWith('.deb'));
    const root = join(scratch, 'root');
    execFileSync('dpkg-deb', ['-x', join(scratch, file), root]);
    const [release] = readdirSync(join(root, 'lib/modules'));
    // What the package does when it is installed.
    execFileSync('busybox', ['depmod', '-b', root, release]);
    renameSync(root, place);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
