/** Kernel settings under /proc/sys, inside any network namespace. */
import { LinuxError } from '@tortie/linux';
import { addon, checked, checkedOctets } from './addon.js';
import { type NetnsRef, netnsPath } from './netns-path.js';

export interface SysctlOptions {
  readonly netns?: NetnsRef;
}

/** `net.ipv4.ip_forward`, or with slashes where a name has dots: `net/ipv4/conf/eth0.100/rp_filter`. */
function pathOf(key: string): string {
  const parts = key.split(key.includes('/') ? '/' : '.');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new LinuxError('ERR_LINUX_NOT_FOUND', `"${key}" is no sysctl; write it like net.ipv4.ip_forward`);
  }
  return `/proc/sys/${parts.join('/')}`;
}

/** Writes a setting from a thread inside the namespace. Throws LinuxError `ERR_LINUX_SYSCALL`. */
export async function writeSysctl(key: string, value: string | number, options: SysctlOptions = {}): Promise<void> {
  const octets = Buffer.from(`${value}\n`);
  const [netns, path] = [netnsPath(options.netns), pathOf(key)];
  const result = netns ? await addon().writeFileLater(netns, path, octets) : addon().writeFile('', path, octets);
  checked(`set ${key} to ${value}`, result);
}

/**
 * Writes a setting that is not as wanted; gives whether it was. Some settings of interfaces take the kernel's network lock at
 * every write, which may be held for milliseconds, and at none of their reads.
 */
export async function ensureSysctl(key: string, value: string | number, options: SysctlOptions = {}): Promise<boolean> {
  if ((await readSysctl(key, options)) === String(value)) return false;
  await writeSysctl(key, value, options);
  return true;
}

export async function readSysctl(key: string, options: SysctlOptions = {}): Promise<string> {
  const [netns, path] = [netnsPath(options.netns), pathOf(key)];
  const result = netns ? await addon().readFileLater(netns, path) : addon().readFile('', path);
  const octets = checkedOctets(`read ${key}`, result);
  return Buffer.from(octets).toString().trimEnd();
}
