/** Images without a registry: busybox, and the container that does nothing but hold a pod's namespaces. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '@tortie/lab';

export const BUSYBOX_IMAGE = 'localhost/busybox:1';
export const PAUSE_IMAGE = 'localhost/pause:1';

const APPLETS = ['sh', 'ip', 'sleep', 'ping', 'nc', 'echo', 'cat'];
const PAUSE = '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n';

/** A tar file to import. */
export async function busyboxRoot(folder: string): Promise<string> {
  const root = join(folder, 'busybox');
  mkdirSync(join(root, 'bin'), { recursive: true });
  for (const name of ['proc', 'sys', 'dev', 'etc', 'tmp']) mkdirSync(join(root, name));
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  return packed(root);
}

export async function pauseRoot(folder: string): Promise<string> {
  const root = join(folder, 'pause');
  mkdirSync(root);
  writeFileSync(`${root}.c`, PAUSE);
  await runCommand('cc', ['-static', '-Os', '-o', join(root, 'pause'), `${root}.c`]);
  return packed(root);
}

async function packed(root: string): Promise<string> {
  await runCommand('tar', ['-C', root, '-cf', `${root}.tar`, '.']);
  return `${root}.tar`;
}
