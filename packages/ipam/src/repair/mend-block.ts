/** Makes one block sound again by itself. Pure; an allocation is the truth, and none is ever dropped. */
import { prefixSize } from '@tortie/ip';
import { blockFaults } from '../block.js';
import { type BlockAttribute, type BlockRecord, cidrOf } from '../record/block-record.js';

/** Who gets the addresses whose attribute is missing: `count` of them. */
export type Heir = (count: number) => BlockAttribute;

/** The same block where nothing is wrong; undefined where that cannot be cured. */
export function mendBlock(block: BlockRecord, heir: Heir): BlockRecord | undefined {
  if (blockFaults(block).length === 0) return block;
  const size = Number(prefixSize(cidrOf(block)));
  if (block.allocations.slice(size).some((index) => index !== null)) return undefined;
  const orphans: number[] = [];
  const attributes: BlockAttribute[] = [];
  const renumbered = new Map<number, number>();
  const allocations: (number | null)[] = [];
  for (let ordinal = 0; ordinal < size; ordinal++) {
    const index = block.allocations[ordinal] ?? null;
    const attribute = index === null ? undefined : block.attributes[index];
    if (index !== null && !attribute) orphans.push(ordinal);
    if (index === null || !attribute) {
      allocations.push(null);
      continue;
    }
    if (!renumbered.has(index)) renumbered.set(index, attributes.push(attribute) - 1);
    allocations.push(renumbered.get(index)!);
  }
  if (orphans.length > 0) {
    const index = attributes.push(heir(orphans.length)) - 1;
    for (const ordinal of orphans) allocations[ordinal] = index;
  }
  const isFree = (ordinal: number): boolean => allocations[ordinal] === null;
  const listed = new Set(block.unallocated.filter((ordinal) => ordinal >= 0 && ordinal < size && isFree(ordinal)));
  for (let ordinal = 0; ordinal < size; ordinal++) if (isFree(ordinal)) listed.add(ordinal);
  const sequenceNumber = Math.max(block.sequenceNumber, ...Object.values(block.sequences)) + 1;
  const sequences: Record<string, number> = {};
  const released: Record<string, number> = {};
  for (let ordinal = 0; ordinal < size; ordinal++) {
    const releasedAt = block.released[ordinal];
    if (!isFree(ordinal)) sequences[ordinal] = block.sequences[ordinal] ?? sequenceNumber;
    else if (releasedAt !== undefined) released[ordinal] = releasedAt;
  }
  return { ...block, allocations, unallocated: [...listed], attributes, sequenceNumber, sequences, released };
}
