/** Rights of the process, capabilities(7). Imported by itself, as it is wanted before anything else is loaded. */
import { readFileSync } from 'node:fs';
import { addon, checked } from './addon.js';

/** linux/capability.h, of what Tortie uses and asks for. */
const BITS = {
  CAP_SETPCAP: 8,
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
} as const;

export type CapabilityName = Exclude<keyof typeof BITS, 'CAP_SETPCAP'>;

/**
 * Starts this program anew, in this very process, with these capabilities at most and without a way to others (no_new_privs); what it
 * starts has no more either. Does nothing where it has no others, or may not give them up: it is not root, or has no CAP_SETPCAP.
 * Nothing before it counts: call it first. Throws LinuxError `ERR_LINUX_ADDON`, `ERR_LINUX_SYSCALL`.
 */
export function keepCapabilities(names: readonly CapabilityName[]): void {
  const status = readFileSync('/proc/self/status', 'utf8');
  const set = (field: string): bigint =>
    BigInt(`0x${new RegExp(`^${field}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  const wanted = names.reduce((sum, name) => sum | (1n << BigInt(BITS[name])), 0n);
  const maySet = (set('CapEff') >> BigInt(BITS.CAP_SETPCAP)) & 1n;
  if (process.geteuid?.() !== 0 || !maySet || (set('CapBnd') & ~wanted) === 0n) return;
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  checked('start anew with fewer capabilities', addon().execWith(Number(wanted), ...(words as [string, ...string[]])));
}
