/** IPAMBlock: a range of addresses that one node serves, and who has each of them. */
import { type Prefix, parsePrefix } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';
import type { Owner } from '../requests.js';
import { assertVersion } from './version.js';

/** Who has addresses; one per handle and node in a block, however many addresses. */
export interface BlockAttribute {
  readonly handle: string;
  readonly node: string;
  readonly owner: Owner;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Ordinals count from the first address of the block. Every ordinal is either allocated or in `unallocated`. */
export interface BlockRecord {
  readonly cidr: string;
  /** `host:NAME` of the owner, `virtual:load-balancer`, or null. */
  readonly affinity: string | null;
  readonly affinityClaimTime: number;
  /** By ordinal: an index into `attributes`, or null. */
  readonly allocations: readonly (number | null)[];
  /** Taken from the head, released to the tail: an address is used again as late as possible. */
  readonly unallocated: readonly number[];
  readonly attributes: readonly BlockAttribute[];
  /** One more with every write; begins with the clock in microseconds, so that a block made anew never repeats one. */
  readonly sequenceNumber: number;
  /** By ordinal in use: the sequence number of the write that assigned it. */
  readonly sequences: Readonly<Record<string, number>>;
  /** By unallocated ordinal: when it was released, while it rests. Milliseconds since 1970. */
  readonly released: Readonly<Record<string, number>>;
}

/** Who owns the blocks and addresses of load balancers: no node, all nodes serve them. No name of a node has a colon. */
export const LOAD_BALANCER = 'virtual:load-balancer';

export const affinityOf = (owner: string): string => (owner === LOAD_BALANCER ? owner : `host:${owner}`);

/** The owner: a node's name, LOAD_BALANCER, or undefined. */
export const nodeOf = ({ affinity }: BlockRecord): string | undefined =>
  affinity === LOAD_BALANCER ? affinity : affinity?.startsWith('host:') ? affinity.slice(5) : undefined;

const parsed = new WeakMap<BlockRecord, Prefix>();

/** Kept beside the record: every address of a block asks for it. */
export function cidrOf(record: BlockRecord): Prefix {
  let cidr = parsed.get(record);
  if (!cidr) {
    cidr = parsePrefix(record.cidr);
    parsed.set(record, cidr);
  }
  return cidr;
}

/** The record with some fields changed. It covers the same addresses, so nothing is parsed again. */
export function changed(record: BlockRecord, fields: Partial<Omit<BlockRecord, 'cidr'>>): BlockRecord {
  const next = { ...record, ...fields };
  const cidr = parsed.get(record);
  if (cidr) parsed.set(next, cidr);
  return next;
}

/** The shape only; what the numbers say is for `check`. Throws `ERR_IPAM_RECORD`. */
export function readBlock(entry: Entry): BlockRecord {
  assertVersion(entry);
  const record = entry.value as Partial<BlockRecord> | null;
  const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
  if (
    !record ||
    typeof record.cidr !== 'string' ||
    (record.affinity !== null && typeof record.affinity !== 'string') ||
    typeof record.affinityClaimTime !== 'number' ||
    typeof record.sequenceNumber !== 'number' ||
    ![record.allocations, record.unallocated, record.attributes].every(Array.isArray) ||
    ![record.sequences, record.released].every(isObject) ||
    !record.attributes?.every(isObject)
  ) {
    throw new IpamError('ERR_IPAM_RECORD', `${entry.key} is no block`);
  }
  return record as BlockRecord;
}

/** Undefined where the record cannot be used: unreadable, or of a later version. */
export function usableBlock(entry: Entry): BlockRecord | undefined {
  try {
    const record = readBlock(entry);
    cidrOf(record);
    return record;
  } catch {
    return undefined;
  }
}
