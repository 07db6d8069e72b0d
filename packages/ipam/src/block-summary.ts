/** The little that is remembered of every block of the cluster. */
import { type Prefix, prefixSize } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { type BlockRecord, cidrOf, nodeOf } from './record/block-record.js';
import { BLOCKS, cidrOfSegment } from './record/keys.js';

export interface BlockSummary {
  readonly key: string;
  readonly cidr: Prefix;
  readonly revision: number;
  readonly node: string | undefined;
  readonly claimedAt: number;
  readonly assigned: number;
  readonly unallocated: number;
  /** When each resting ordinal was released. */
  readonly releasedAt: readonly number[];
  /** Nodes other than the owner that have addresses here. */
  readonly guests: readonly string[];
  /** When this process came to know this revision. */
  readonly seenAt: number;
  /** The record cannot be read, or a later version wrote it: its addresses count as used, and nobody touches it. */
  readonly opaque?: true;
}

export function summarize(key: string, block: BlockRecord, revision: number, seenAt: number): BlockSummary {
  const node = nodeOf(block);
  const guests = new Set<string>();
  for (const attribute of block.attributes) if (attribute.node !== node) guests.add(attribute.node);
  return {
    key,
    cidr: cidrOf(block),
    revision,
    node,
    claimedAt: block.affinityClaimTime,
    assigned: block.allocations.length - block.unallocated.length,
    unallocated: block.unallocated.length,
    releasedAt: Object.values(block.released),
    guests: [...guests],
    seenAt,
  };
}

/** Of a record that cannot be used; undefined where not even its key says which block it is. */
export function summarizeOpaque({ key, revision }: Entry, seenAt: number): BlockSummary | undefined {
  try {
    const cidr = cidrOfSegment(key.slice(BLOCKS.length));
    const assigned = Number(prefixSize(cidr));
    return {
      key,
      cidr,
      revision,
      node: undefined,
      claimedAt: 0,
      assigned,
      unallocated: 0,
      releasedAt: [],
      guests: [],
      seenAt,
      opaque: true,
    };
  } catch {
    return undefined;
  }
}
