/** Network namespaces, named under /run/netns so that `ip netns` sees them too. */
import { closeSync, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { LinuxError } from '@tortie/linux';
import { addon, checked, syscallError } from './addon.js';
import { NETNS_FOLDER, namedPath } from './netns-path.js';
import { openRtnetlink } from './rtnetlink.js';

const MS = { BIND: 0x1000, REC: 0x4000, SHARED: 0x100000 } as const;
const MNT_DETACH = 2;
const EINVAL = 22;

/** Creates /run/netns/NAME as `ip netns add` does, and switches its loopback on. */
export async function createNetns(name: string): Promise<void> {
  const path = namedPath(name);
  mkdirSync(NETNS_FOLDER, { recursive: true });
  shareFolder();
  let fd: number;
  try {
    fd = openSync(path, 'ax', 0o000);
  } catch (cause) {
    throw new LinuxError('ERR_LINUX_SYSCALL', `create namespace ${name}: ${(cause as Error).message}`, { cause });
  }
  closeSync(fd);
  const result = addon().createNetns(path);
  if (result < 0) {
    rmSync(path, { force: true });
    throw syscallError(`create namespace ${name}`, -result);
  }
  const rtnetlink = await openRtnetlink({ netns: name });
  try {
    await rtnetlink.changeLink('lo', { up: true });
  } finally {
    rtnetlink.close();
  }
}

/** Makes /run/netns a shared mount, so that other mount namespaces see namespaces come and go. */
function shareFolder(): void {
  let result = addon().mount('', NETNS_FOLDER, 'none', MS.SHARED | MS.REC);
  if (result === -EINVAL) {
    checked(`mount ${NETNS_FOLDER}`, addon().mount(NETNS_FOLDER, NETNS_FOLDER, 'none', MS.BIND | MS.REC));
    result = addon().mount('', NETNS_FOLDER, 'none', MS.SHARED | MS.REC);
  }
  checked(`share ${NETNS_FOLDER}`, result);
}

/** Removes the name; the namespace itself goes with its last process and socket. Unknown names are fine. */
export async function deleteNetns(name: string): Promise<void> {
  const path = namedPath(name);
  addon().unmount(path, MNT_DETACH);
  rmSync(path, { force: true });
}

/** Names under /run/netns. */
export async function listNetns(): Promise<string[]> {
  try {
    return readdirSync(NETNS_FOLDER).sort();
  } catch {
    return [];
  }
}
