/** The little that is remembered of every block of the cluster. */
import type { Prefix } from '@tortie/ip';
import { type BlockRecord, cidrOf, nodeOf } from './record/block-record.js';

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
}

export function summarize(key: string, block: BlockRecord, revision: number): BlockSummary {
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
  };
}
