/** IPAMHandle: how many addresses of which blocks one workload has. */
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';
import { assertVersion } from './version.js';

export interface HandleRecord {
  readonly handle: string;
  /** The node that asked first. */
  readonly node: string;
  /** CIDR of a block -> number of addresses, never 0. */
  readonly blocks: Readonly<Record<string, number>>;
}

/** The longest handle: its key in the store must fit also when every character is escaped. */
const MAX_LENGTH = 150;

export function assertHandle(handle: string): void {
  if (!/^[\x21-\x7e]+$/.test(handle) || handle.length > MAX_LENGTH) {
    throw new IpamError(
      'ERR_IPAM_INVALID',
      `"${handle}" is no handle; handles are 1 to ${MAX_LENGTH} printable ASCII characters without spaces`,
    );
  }
}

export function readHandle(entry: Entry): HandleRecord {
  assertVersion(entry);
  const record = entry.value as Partial<HandleRecord> | null;
  if (
    typeof record?.handle !== 'string' ||
    typeof record.node !== 'string' ||
    typeof record.blocks !== 'object' ||
    !record.blocks
  ) {
    throw new IpamError('ERR_IPAM_RECORD', `${entry.key} is no handle`);
  }
  return record as HandleRecord;
}

/** The record with `by` more (or fewer) addresses of a block; a block with none left is gone. */
export function withCount(record: HandleRecord, cidr: string, by: number): HandleRecord {
  const { [cidr]: present = 0, ...others } = record.blocks;
  const count = present + by;
  return { ...record, blocks: count > 0 ? { ...others, [cidr]: count } : others };
}
