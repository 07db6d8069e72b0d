/** What happens inside one block: pure functions from a record to the next. No address is chosen anywhere else. */
import { addressAt, counted, formatPrefix, type Prefix } from '@tortie/ip';
import { IpamError } from './errors.js';
import { affinityOf, type BlockAttribute, type BlockRecord, changed, cidrOf, nodeOf } from './record/block-record.js';
import type { Owner } from './requests.js';

/** How long released ordinals rest. */
export interface Rest {
  readonly now: number;
  readonly cooldownMs: number;
  /** When this process came to know the block as it is. */
  readonly seenAt: number;
}

/** Which unallocated ordinals may be handed out. */
export interface Terms extends Rest {
  readonly isReserved: (ordinal: number) => boolean;
}

/** Who gets addresses. */
export interface Recipient {
  readonly handle: string;
  readonly node: string;
  readonly owner: Owner;
}

/** An unused block, owned by the node or by nobody. */
export function newBlock(
  cidr: Prefix,
  node: string | undefined,
  now: number,
  sequence = Math.floor(now) * 1000,
): BlockRecord {
  const size = 2 ** ((cidr.version === 4 ? 32 : 128) - cidr.length);
  return {
    cidr: formatPrefix(cidr),
    affinity: node === undefined ? null : affinityOf(node),
    affinityClaimTime: now,
    allocations: Array.from({ length: size }, () => null),
    unallocated: Array.from({ length: size }, (_, ordinal) => ordinal),
    attributes: [],
    sequenceNumber: sequence,
    sequences: {},
    released: {},
  };
}

/** The block with another owner, or none. */
export const withOwner = (block: BlockRecord, node: string | undefined, now: number): BlockRecord =>
  changed(block, {
    affinity: node === undefined ? null : affinityOf(node),
    affinityClaimTime: now,
    sequenceNumber: block.sequenceNumber + 1,
  });

/** How long ago; a stamp from the future (a clock that was set back, or is ahead) counts from when it was seen. */
export const ageOf = (stamp: number, { now, seenAt }: Pick<Rest, 'now' | 'seenAt'>): number =>
  now - Math.min(stamp, seenAt);

export const isResting = (releasedAt: number, rest: Rest): boolean => ageOf(releasedAt, rest) < rest.cooldownMs;

const isFree = (block: BlockRecord, ordinal: number, terms: Terms): boolean => {
  const releasedAt = block.released[ordinal];
  return (releasedAt === undefined || !isResting(releasedAt, terms)) && !terms.isReserved(ordinal);
};

/** Takes up to `count` free ordinals, those released longest ago first. */
export function assignFree(
  block: BlockRecord,
  count: number,
  to: Recipient,
  terms: Terms,
): { readonly block: BlockRecord; readonly ordinals: readonly number[] } {
  const ordinals: number[] = [];
  for (const ordinal of block.unallocated) {
    if (ordinals.length === count) break;
    if (isFree(block, ordinal, terms)) ordinals.push(ordinal);
  }
  return { block: ordinals.length > 0 ? allocate(block, ordinals, to, terms) : block, ordinals };
}

/** Takes one ordinal, reserved or resting or not. The caller knows that it is unallocated. */
export const assignOrdinal = (block: BlockRecord, ordinal: number, to: Recipient, terms: Terms): BlockRecord =>
  allocate(block, [ordinal], to, terms);

function allocate(block: BlockRecord, ordinals: readonly number[], to: Recipient, terms: Terms): BlockRecord {
  const attributes = [...block.attributes];
  let index = attributes.findIndex((attribute) => sameRecipient(attribute, to));
  if (index < 0) {
    index = attributes.length;
    attributes.push({ handle: to.handle, node: to.node, owner: to.owner, since: terms.now });
  }
  const sequenceNumber = block.sequenceNumber + 1;
  const allocations = [...block.allocations];
  const sequences = { ...block.sequences };
  for (const ordinal of ordinals) {
    allocations[ordinal] = index;
    sequences[ordinal] = sequenceNumber;
  }
  const taken = new Set(ordinals);
  return changed(block, {
    allocations,
    unallocated: block.unallocated.filter((ordinal) => !taken.has(ordinal)),
    attributes,
    sequenceNumber,
    sequences,
    released: stillResting(block, terms, taken),
  });
}

/** Gives ordinals back; they rest from `terms.now` on. Ordinals that are not allocated stay as they are. */
export function releaseOrdinals(block: BlockRecord, ordinals: readonly number[], terms: Rest): BlockRecord {
  const allocations = [...block.allocations];
  const sequences = { ...block.sequences };
  const released: Record<string, number> = { ...stillResting(block, terms, new Set()) };
  const unallocated = [...block.unallocated];
  for (const ordinal of ordinals) {
    if (allocations[ordinal] === null || allocations[ordinal] === undefined) continue;
    allocations[ordinal] = null;
    delete sequences[ordinal];
    unallocated.push(ordinal);
    if (terms.cooldownMs > 0) released[ordinal] = terms.now;
  }
  const used = [...new Set(allocations.filter((index) => index !== null))].sort((x, y) => x - y);
  const renumbered = new Map(used.map((index, at) => [index, at]));
  return changed(block, {
    allocations: allocations.map((index) => (index === null ? null : renumbered.get(index)!)),
    unallocated,
    attributes: used.map((index) => block.attributes[index]!),
    sequenceNumber: block.sequenceNumber + 1,
    sequences,
    released,
  });
}

/** Stamps from the future are brought down to now. */
function stillResting(block: BlockRecord, terms: Rest, except: ReadonlySet<number>): Readonly<Record<string, number>> {
  const kept: Record<string, number> = {};
  for (const [ordinal, releasedAt] of Object.entries(block.released)) {
    if (isResting(releasedAt, terms) && !except.has(Number(ordinal))) kept[ordinal] = Math.min(releasedAt, terms.now);
  }
  return kept;
}

const sameRecipient = (attribute: BlockAttribute, to: Recipient): boolean =>
  attribute.handle === to.handle && attribute.node === to.node && sortedText(attribute.owner) === sortedText(to.owner);

const sortedText = (owner: Owner): string => JSON.stringify(Object.entries(owner).sort(([x], [y]) => (x < y ? -1 : 1)));

/** The ordinals a handle has in this block. */
export function ordinalsOf(block: BlockRecord, handle: string): readonly number[] {
  const wanted = new Set<number>();
  for (const [index, attribute] of block.attributes.entries()) if (attribute.handle === handle) wanted.add(index);
  const ordinals: number[] = [];
  if (wanted.size === 0) return ordinals;
  for (const [ordinal, index] of block.allocations.entries()) {
    if (index !== null && wanted.has(index)) ordinals.push(ordinal);
  }
  return ordinals;
}

/** Who has the ordinal. Throws `ERR_IPAM_RECORD` where the record contradicts itself. */
export function attributeAt(block: BlockRecord, ordinal: number): BlockAttribute | undefined {
  const index = block.allocations[ordinal];
  if (index === null || index === undefined) return undefined;
  const attribute = block.attributes[index];
  if (!attribute) throw new IpamError('ERR_IPAM_RECORD', `block ${block.cidr}: ordinal ${ordinal} has no attribute`);
  return attribute;
}

/** How many ordinals are in each state. */
export function usageOf(
  block: BlockRecord,
  terms: Terms,
): { assigned: number; borrowed: number; resting: number; reserved: number; free: number } {
  const usage = { assigned: 0, borrowed: 0, resting: 0, reserved: 0, free: 0 };
  const owner = nodeOf(block);
  for (const index of block.allocations) {
    if (index === null) continue;
    usage.assigned++;
    if (block.attributes[index]?.node !== owner) usage.borrowed++;
  }
  for (const ordinal of block.unallocated) {
    const releasedAt = block.released[ordinal];
    if (terms.isReserved(ordinal)) usage.reserved++;
    else if (releasedAt !== undefined && isResting(releasedAt, terms)) usage.resting++;
    else usage.free++;
  }
  return usage;
}

/** Whether a reservation covers an ordinal of this block. */
export function reservedIn(block: BlockRecord, reserved: (address: ReturnType<typeof addressAt>) => boolean) {
  const cidr = cidrOf(block);
  return (ordinal: number): boolean => reserved(addressAt(cidr, ordinal));
}

/** What is wrong with the record by itself: one text per fault. */
export function blockFaults(block: BlockRecord): readonly string[] {
  const faults: string[] = [];
  let size = 0;
  try {
    const cidr = cidrOf(block);
    size = 2 ** ((cidr.version === 4 ? 32 : 128) - cidr.length);
  } catch {
    return [`"${block.cidr}" is no prefix`];
  }
  if (block.allocations.length !== size)
    faults.push(`${counted(block.allocations.length, 'ordinal')} instead of ${size}`);
  const listed = new Map<number, number>();
  for (const ordinal of block.unallocated) listed.set(ordinal, (listed.get(ordinal) ?? 0) + 1);
  const used = new Set<number>();
  for (const [ordinal, index] of block.allocations.entries()) {
    const times = listed.get(ordinal) ?? 0;
    listed.delete(ordinal);
    if (index !== null) {
      used.add(index);
      if (times > 0) faults.push(`ordinal ${ordinal} is allocated and in the list of unallocated`);
      if (!block.attributes[index]) faults.push(`ordinal ${ordinal} points at attribute ${index}, which is not there`);
      if (block.sequences[ordinal] === undefined) faults.push(`ordinal ${ordinal} has no sequence number`);
    } else if (times === 0) faults.push(`ordinal ${ordinal} is neither allocated nor in the list of unallocated`);
    else if (times > 1) faults.push(`ordinal ${ordinal} is ${times} times in the list of unallocated`);
  }
  for (const ordinal of listed.keys()) faults.push(`ordinal ${ordinal} does not exist but is listed as unallocated`);
  const highest = Math.max(0, ...Object.values(block.sequences));
  if (highest > block.sequenceNumber) {
    faults.push(`its sequence number ${block.sequenceNumber} lies below ${highest}, which an assignment of it has`);
  }
  for (const index of block.attributes.keys())
    if (!used.has(index)) faults.push(`attribute ${index} is used by no ordinal`);
  return faults;
}
