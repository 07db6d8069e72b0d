/** Which network namespace is meant, as a path. */
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxError } from '@tortie/linux';

/**
 * A network namespace: `'name'` under /run/netns, a path (anything with a slash), or the one a process is in.
 * Absent always means our own.
 */
export type NetnsRef = string | { readonly pid: number };

/** Where `ip netns` keeps names. */
export const NETNS_FOLDER = '/run/netns';
const NAME = /^[A-Za-z0-9_.+-]{1,200}$/;

/** A path that setns can open; '' for our own namespace. */
export function netnsPath(netns: NetnsRef | undefined): string {
  if (netns === undefined) return '';
  if (typeof netns !== 'string') return `/proc/${netns.pid}/ns/net`;
  return netns.includes('/') ? netns : namedPath(netns);
}

export function namedPath(name: string): string {
  if (!NAME.test(name) || name === '.' || name === '..') {
    throw new LinuxError(
      'ERR_LINUX_NOT_FOUND',
      `"${name}" is no name of a network namespace; use letters, digits, . _ + -`,
    );
  }
  return join(NETNS_FOLDER, name);
}

/** Opens a namespace for IFLA_NET_NS_FD; the caller closes it. */
export function openNetns(netns: NetnsRef | undefined): number {
  const path = netnsPath(netns) || '/proc/self/ns/net';
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new LinuxError('ERR_LINUX_NOT_FOUND', `there is no network namespace at ${path}`, { cause });
  }
}
