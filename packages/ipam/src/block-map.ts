/** A block as a row of characters: one per address, or per group of neighbouring ones. */
import { attributeAt, isResting, type Terms } from './block.js';
import { type BlockRecord, nodeOf } from './record/block-record.js';

/** What a character of a map says of an address; a group of several kinds shows how full it is, in tenths, as a digit. */
export const MAP_SIGNS = { free: '.', used: '#', borrowed: 'b', reserved: 'r', resting: '~' } as const;

export interface BlockMap {
  /** Addresses per character. */
  readonly step: number;
  readonly cells: string;
}

/** At most so many characters. */
const WIDTH = 64;

export function mapOf(block: BlockRecord, terms: Terms): BlockMap {
  const signs = signsOf(block, terms);
  const step = Math.max(1, Math.ceil(signs.length / WIDTH));
  let cells = '';
  for (let at = 0; at < signs.length; at += step) cells += groupSign(signs.slice(at, at + step));
  return { step, cells };
}

function signsOf(block: BlockRecord, terms: Terms): string[] {
  const owner = nodeOf(block);
  return block.allocations.map((index, ordinal) => {
    if (index !== null) return attributeAt(block, ordinal)?.node === owner ? MAP_SIGNS.used : MAP_SIGNS.borrowed;
    if (terms.isReserved(ordinal)) return MAP_SIGNS.reserved;
    const releasedAt = block.released[ordinal];
    return releasedAt !== undefined && isResting(releasedAt, terms) ? MAP_SIGNS.resting : MAP_SIGNS.free;
  });
}

function groupSign(group: readonly string[]): string {
  if (group.every((sign) => sign === group[0])) return group[0]!;
  const taken = group.filter((sign) => sign !== MAP_SIGNS.free).length;
  return String(Math.min(9, Math.floor((10 * taken) / group.length)));
}
