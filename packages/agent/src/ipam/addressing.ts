/** What address management means for this node's routes: computed from pools, blocks and assignments, compared by value. */

import { formatAddress, formatPrefix, hostPrefix, type Prefix } from '@tortie/ip';
import type { Assignment, BlockView, NodeRoutes, Pool } from '@tortie/ipam';
import type { OriginatedPrefix } from '../originated/origin-table.js';

export interface Addressing {
  readonly pools: readonly Prefix[];
  /** Those of them with disableBGPExport. */
  readonly hiddenPools: readonly Prefix[];
  readonly ownBlocks: readonly Prefix[];
  /** Own blocks that get a blackhole in the kernel. */
  readonly blackholes: readonly Prefix[];
  /** Host prefixes inside own blocks that other nodes use. */
  readonly lent: readonly Prefix[];
  /** What to announce: confirmed blocks as aggregates, and addresses of other nodes' blocks that are used here. */
  readonly blocks: readonly OriginatedPrefix[];
  readonly borrowed: readonly OriginatedPrefix[];
  readonly usage: readonly BlockUsage[];
}

export interface BlockUsage {
  readonly version: 4 | 6;
  readonly blocks: number;
  readonly assigned: number;
  readonly free: number;
}

export const NO_ADDRESSING: Addressing = {
  pools: [],
  hiddenPools: [],
  ownBlocks: [],
  blackholes: [],
  lent: [],
  blocks: [],
  borrowed: [],
  usage: [],
};

export interface AddressingInput {
  readonly node: string;
  readonly pools: readonly Pool[];
  readonly routes: NodeRoutes;
  readonly ownBlocks: readonly BlockView[];
  /** All assignments inside own blocks. */
  readonly inside: readonly Assignment[];
}

export function addressingOf({ node, pools, routes, ownBlocks, inside }: AddressingInput): Addressing {
  return {
    pools: pools.map(({ cidr }) => cidr),
    hiddenPools: pools.filter(({ disableBGPExport }) => disableBGPExport).map(({ cidr }) => cidr),
    ownBlocks: routes.blocks.map(({ cidr }) => cidr),
    blackholes: routes.blocks.filter(({ blackhole }) => blackhole).map(({ cidr }) => cidr),
    lent: inside.filter((one) => one.node !== node).map(({ address }) => hostPrefix(address)),
    blocks: routes.blocks
      .filter(({ advertise }) => advertise)
      .map(({ cidr, pool }) => ({ prefix: cidr, attributes: {}, source: `block of pool ${pool ?? 'unknown'}` })),
    borrowed: routes.borrowed
      .filter(({ advertise }) => advertise)
      .map(({ address, block }) => ({
        prefix: hostPrefix(address),
        attributes: {},
        source: `${formatAddress(address)}, borrowed from block ${formatPrefix(block)}`,
      })),
    usage: ([4, 6] as const).map((version) => {
      const blocks = ownBlocks.filter(({ cidr }) => cidr.version === version);
      return {
        version,
        blocks: blocks.length,
        assigned: blocks.reduce((sum, { assigned }) => sum + assigned, 0),
        free: blocks.reduce((sum, { free }) => sum + free, 0),
      };
    }),
  };
}

/** Whether the two mean the same for routes; usage aside. */
export function sameRoutes(x: Addressing, y: Addressing): boolean {
  const text = ({ usage: _usage, ...rest }: Addressing): string => JSON.stringify(rest);
  return text(x) === text(y);
}
