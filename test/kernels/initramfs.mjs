// What a kernel needs to find the host's file system: busybox, modules with all they depend on, in order, and init.
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const MODULES = ['virtio_pci', '9pnet_virtio', '9p', 'overlay'];

/**
 * @param {import('./debian-kernel.mjs').Kernel} kernel
 * @returns {Buffer} an archive in the format newc, of cpio(5)
 */
export function initramfs({ modules }) {
  const order = inOrder(readFileSync(join(modules, 'modules.dep'), 'utf8'), MODULES);
  const archive = new Archive();
  for (const folder of ['bin', 'modules', 'proc', 'lower', 'upper', 'root']) archive.folder(folder);
  archive.file('bin/busybox', readFileSync('/bin/busybox'), 0o755);
  archive.file('init', readFileSync(join(here, 'init.sh')), 0o755);
  for (const path of order) archive.file(`modules/${basename(path)}`, readFileSync(join(modules, path)), 0o644);
  archive.file('modules/order', Buffer.from(order.map((path) => `${basename(path)}\n`).join('')), 0o644);
  return archive.end();
}

/** Files of the modules named, each behind those it depends on; what is built in has none. */
function inOrder(dependencies, names) {
  const lines = new Map(
    dependencies.split('\n').flatMap((line) => {
      const [path, rest] = line.split(':');
      return rest === undefined ? [] : [[basename(path, '.ko'), [path, ...rest.trim().split(/\s+/).filter(Boolean)]]];
    }),
  );
  const order = new Set();
  const add = (name) => {
    const [path, ...needed] = lines.get(name) ?? [];
    if (path === undefined || order.has(path)) return;
    for (const one of needed) add(basename(one, '.ko'));
    order.add(path);
  };
  for (const name of names) add(name);
  return [...order];
}

class Archive {
  #parts = [];
  #inode = 1;

  folder(name) {
    this.#entry(name, 0o040755, Buffer.alloc(0));
  }

  file(name, content, mode) {
    this.#entry(name, 0o100000 | mode, content);
  }

  end() {
    this.#entry('TRAILER!!!', 0, Buffer.alloc(0));
    return Buffer.concat(this.#parts);
  }

  #entry(name, mode, content) {
    const fields = [this.#inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
    this.#parts.push(padded(Buffer.from(header)), padded(content));
  }
}

const padded = (octets) => Buffer.concat([octets, Buffer.alloc(-octets.length & 3)]);
