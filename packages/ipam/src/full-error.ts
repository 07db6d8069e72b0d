/** Why there was no address: which pools, how full, and what stood in the way. */

import type { IpVersion } from '@tortie/ip';
import { counted } from '@tortie/ip';
import { ageOf, isResting } from './block.js';
import type { IpamContext } from './context.js';
import { IpamError } from './errors.js';
import type { PoolSpace } from './pool-space.js';
import { fillOfSpace } from './pool-usage.js';
import { BORROWS, type PoolUse } from './record/pool.js';

export interface Shortage {
  readonly node: string;
  readonly version: IpVersion;
  readonly spaces: readonly PoolSpace[];
  readonly count: number;
  readonly missing: number;
  /** The node owns as many blocks as it may. */
  readonly limited: boolean;
  readonly use: PoolUse;
}

export function fullError(context: IpamContext, shortage: Shortage): IpamError {
  const { node, version, spaces, limited, use } = shortage;
  const { config, blocks } = context.catalogue;
  const texts = spaces.map((space) => fullText(context, space));
  const reasons: string[] = [];
  const noBorrowing = config.strictAffinity || !BORROWS[use];
  const full = spaces.every((space) => isExhausted(context, space));
  if (limited && (noBorrowing || !full)) {
    const owned = blocks.ownedBy(node, version).length;
    reasons.push(
      `${node} owns ${owned} of at most ${config.maxBlocksPerHost} IPv${version} ${config.maxBlocksPerHost === 1 ? 'block' : 'blocks'} (maxBlocksPerHost)`,
    );
  }
  if (!config.autoAllocateBlocks) reasons.push('autoAllocateBlocks is off: nodes claim no blocks by themselves');
  if (config.strictAffinity) reasons.push('strictAffinity is on: nothing is borrowed from other nodes');
  else if (use === 'Tunnel') reasons.push('addresses of tunnels are not borrowed');
  const detail = [...texts, ...reasons].join('; ');
  const missing =
    shortage.missing < shortage.count
      ? ` (${shortage.missing} of ${counted(shortage.count, 'address is', 'addresses are')} missing)`
      : '';
  return new IpamError(
    limited && noBorrowing && !full ? 'ERR_IPAM_BLOCK_LIMIT' : 'ERR_IPAM_POOL_FULL',
    detail + missing,
  );
}

function isExhausted(context: IpamContext, space: PoolSpace): boolean {
  const { assigned, size } = fillOfSpace(context, space);
  return BigInt(assigned) >= size;
}

function fullText(context: IpamContext, space: PoolSpace): string {
  const { name } = space.pool;
  const { assigned, size, resting, blocks, maxBlocks } = fillOfSpace(context, space);
  const parts = [`${assigned} of ${size} in use`];
  if (resting > 0) parts.push(`${resting} resting after release (first free in ${firstFree(context, space)} s)`);
  parts.push(`${blocks} of ${maxBlocks} blocks claimed`);
  return `pool ${name} ${BigInt(assigned + resting) >= size ? 'is full' : 'has nothing left for this node'}: ${parts.join(', ')}`;
}

function firstFree(context: IpamContext, space: PoolSpace): number {
  const now = context.now();
  const cooldownMs = context.catalogue.config.cooldownS * 1000;
  let first = cooldownMs;
  for (const key of space.open.from(0)) {
    const { releasedAt, seenAt } = context.catalogue.blocks.get(key)!;
    for (const at of releasedAt) {
      const rest = { now, cooldownMs, seenAt };
      if (isResting(at, rest)) first = Math.min(first, cooldownMs - ageOf(at, rest));
    }
  }
  return Math.max(1, Math.ceil(first / 1000));
}
