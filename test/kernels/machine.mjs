// A machine that starts a kernel under software emulation, with the host's file system as its own, and runs one command.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { initramfs } from './initramfs.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * Resolves to the command's exit status; 255 where the machine came to an end without one, its last words on stderr.
 * @param {import('./debian-kernel.mjs').Kernel} kernel
 * @param {readonly string[]} argv what to run, as root
 * @param {{ cwd: string, env?: Record<string, string>, onLine: (line: string) => void }} options
 */
export async function runIn(kernel, argv, { cwd, env = {}, onLine }) {
  const scratch = mkdtempSync(join(tmpdir(), 'tortie-kernels-'));
  try {
    writeFileSync(join(scratch, 'initramfs'), initramfs(kernel));
    writeFileSync(join(scratch, 'second'), readFileSync(join(here, 'second.sh')));
    writeFileSync(join(scratch, 'modules'), kernel.modules);
    const variables = Object.entries({ PATH: process.env.PATH, HOME: '/root', ...env });
    const words = [...variables.map(([name, value]) => quoted(`${name}=${value}`)), ...argv.map(quoted)];
    writeFileSync(join(scratch, 'command'), `cd ${quoted(cwd)} && exec /usr/bin/env -i ${words.join(' ')}\n`);
    return await start(kernel, scratch, onLine);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function start({ image }, scratch, onLine) {
  const log = join(scratch, 'console');
  const child = spawn(
    'qemu-system-x86_64',
    [
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-nic', 'none'],
      ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '3G'],
      ...['-kernel', image, '-initrd', join(scratch, 'initramfs')],
      ...['-append', `console=ttyS0 quiet panic=-1 tortie.second=${join(scratch, 'second')}`],
      ...['-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap'],
      ...['-device', 'virtio-9p-pci,fsdev=host,mount_tag=host'],
      ...['-serial', `file:${log}`, '-serial', 'stdio'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const stop = () => child.kill();
  process.once('exit', stop);
  let status;
  for await (const line of createInterface({ input: child.stdout })) {
    const end = /^kernels: exit (\d+)$/.exec(line.trimEnd());
    if (end) status = Number(end[1]);
    else onLine(line.trimEnd());
  }
  process.off('exit', stop);
  if (status === undefined) {
    process.stderr.write(readFileSync(log, 'utf8').split('\n').slice(-30).join('\n'));
    return 255;
  }
  return status;
}
