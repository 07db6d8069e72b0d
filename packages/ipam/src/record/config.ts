/** IPAMConfig and IPReservation: what holds for every pool. */
import { formatPrefix, type Prefix, parsePrefix } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';
import { type Notes, withNotes } from './notes.js';
import { assertVersion } from './version.js';

/** Settings of the whole cluster. */
export interface IpamConfig {
  /** A node uses only its own blocks. Default false. */
  readonly strictAffinity: boolean;
  /** A node that needs addresses claims blocks by itself. Default true. */
  readonly autoAllocateBlocks: boolean;
  /** Per IP version; 0 for no limit. Default 20. */
  readonly maxBlocksPerHost: number;
  /** How long a released address rests. Default 60, at most 86,400. */
  readonly cooldownS: number;
  /** How long the workload of an address is gone before that counts as leaked; 0: never. Default 900, at most 604,800. */
  readonly leakGraceS: number;
  readonly notes?: Notes;
}

export const DEFAULT_CONFIG: IpamConfig = {
  strictAffinity: false,
  autoAllocateBlocks: true,
  maxBlocksPerHost: 20,
  cooldownS: 60,
  leakGraceS: 900,
};

/** Throws `ERR_IPAM_INVALID` for settings that cannot be. */
export function assertConfig(config: IpamConfig): void {
  const whole = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;
  if (!whole(config.maxBlocksPerHost, 1_000_000)) {
    throw new IpamError(
      'ERR_IPAM_INVALID',
      `maxBlocksPerHost is ${config.maxBlocksPerHost}; it is a whole number, 0 for no limit`,
    );
  }
  if (!whole(config.cooldownS, 86_400)) {
    throw new IpamError('ERR_IPAM_INVALID', `cooldownS is ${config.cooldownS}; it is 0 to 86400 seconds`);
  }
  if (!whole(config.leakGraceS, 604_800)) {
    throw new IpamError('ERR_IPAM_INVALID', `leakGraceS is ${config.leakGraceS}; it is 0 to 604800 seconds`);
  }
  if (!config.autoAllocateBlocks && !config.strictAffinity) {
    throw new IpamError(
      'ERR_IPAM_INVALID',
      'autoAllocateBlocks: false needs strictAffinity: true, else every address would be borrowed',
    );
  }
}

/** Throws `ERR_IPAM_VERSION`, or `ERR_IPAM_RECORD`. */
export function readConfig(entry: Entry | undefined): IpamConfig {
  if (!entry) return DEFAULT_CONFIG;
  assertVersion(entry);
  const config = { ...DEFAULT_CONFIG, ...(entry.value as Partial<IpamConfig> | null) };
  try {
    assertConfig(config);
  } catch (cause) {
    throw new IpamError('ERR_IPAM_RECORD', `${entry.key}: ${(cause as Error).message}`, { cause });
  }
  return config;
}

/** Addresses that are never handed out by themselves; a request for one of them by address is served. */
export interface Reservation {
  readonly name: string;
  readonly cidrs: readonly Prefix[];
  readonly notes?: Notes;
  readonly revision: number;
}

export const writeReservation = ({ name, cidrs, notes }: Omit<Reservation, 'revision'>): unknown => ({
  name,
  cidrs: cidrs.map(formatPrefix),
  ...withNotes(notes),
});

export function readReservation(entry: Entry): Reservation {
  assertVersion(entry);
  const record = entry.value as { name?: unknown; cidrs?: unknown; notes?: unknown } | null;
  if (typeof record?.name !== 'string' || !Array.isArray(record.cidrs)) {
    throw new IpamError('ERR_IPAM_RECORD', `${entry.key} is no reservation`);
  }
  return {
    name: record.name,
    cidrs: record.cidrs.map((cidr) => parsePrefix(String(cidr))),
    ...withNotes(record.notes),
    revision: entry.revision,
  };
}
