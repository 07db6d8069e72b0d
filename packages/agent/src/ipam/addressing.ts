/** What address management means for this node's routes: computed from blocks and pools, compared by value. */
import type { Prefix } from '@tortie/ip';

export interface OwnBlock {
  readonly cidr: Prefix;
  /** Only a confirmed block is announced; every own one gets a blackhole. */
  readonly confirmed: boolean;
  readonly pool: string | undefined;
  /** The pool lets its blocks be announced. */
  readonly exported: boolean;
  readonly assigned: number;
  readonly free: number;
}

/** An address of another node's block (or of none) that this node uses. */
export interface BorrowedAddress {
  readonly prefix: Prefix;
  readonly handle: string;
}

export interface Addressing {
  readonly pools: readonly Prefix[];
  readonly blocks: readonly OwnBlock[];
  readonly borrowed: readonly BorrowedAddress[];
  /** Host prefixes inside own blocks that other nodes use. */
  readonly lent: readonly Prefix[];
}

export const NO_ADDRESSING: Addressing = { pools: [], blocks: [], borrowed: [], lent: [] };

/** A blackhole at full length would hide the one pod that has the address. */
export const blackholesOf = ({ blocks }: Addressing): Prefix[] =>
  blocks.map(({ cidr }) => cidr).filter(({ version, length }) => length < (version === 4 ? 32 : 128));
