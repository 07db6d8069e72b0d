/** Pools of the file, this node's blocks, and what they mean for routes. */
import { formatPrefix } from '@tortie/ip';
import type { Store } from '@tortie/store';
import type { PoolSpec } from '../../src/api/ipam.js';
import { type Addressing, NO_ADDRESSING } from '../../src/ipam/addressing.js';
import type { OriginatedPrefix } from '../../src/originated/origin-table.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from '../reconcile-loop.js';

export interface BlocksOptions {
  readonly node: string;
  readonly store: Store;
  readonly pools: readonly PoolSpec[];
  readonly claim: { readonly ipv4: boolean; readonly ipv6: boolean };
  readonly journal: Journal;
  /** The addressing differs from before. */
  readonly onChange: () => void;
}

export class BlocksReconciler implements Reconciler {
  readonly name = 'blocks';
  addressing: Addressing = NO_ADDRESSING;
  problem: string | undefined;
  constructor(_options: BlocksOptions) {}
  async reconcile(): Promise<void> {}
  confirmed(): string[] {
    return this.addressing.blocks.filter(({ confirmed }) => confirmed).map(({ cidr }) => formatPrefix(cidr));
  }
  originated(): { blocks: OriginatedPrefix[]; borrowed: OriginatedPrefix[] } {
    return { blocks: [], borrowed: [] };
  }
  usage() {
    return [];
  }
}
