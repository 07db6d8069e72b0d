/** How full pools are and how many blocks nodes own. */
import { addressAt, type IpVersion, type Prefix, prefixContains, prefixesOverlap, prefixSize } from '@tortie/ip';
import { isResting } from './block.js';
import { type IpamContext, restFor, VERSIONS } from './context.js';
import type { PoolSpace } from './pool-space.js';
import { cidrOf } from './record/block-record.js';
import type { NodeUsage, PoolUsage } from './requests.js';
import { reservedIn, sizeOf } from './reserved.js';
import { readSome } from './views.js';

/** What is known from memory. */
export type PoolFill = Omit<PoolUsage, 'reserved' | 'free'>;

export function fillOfSpace({ catalogue, now: clock }: IpamContext, space: PoolSpace): PoolFill {
  const now = clock();
  const cooldownMs = catalogue.config.cooldownS * 1000;
  let resting = 0;
  for (const key of space.open.from(0)) {
    const { releasedAt, seenAt } = catalogue.blocks.get(key)!;
    for (const at of releasedAt) if (isResting(at, { now, cooldownMs, seenAt })) resting++;
  }
  const { name, cidr } = space.pool;
  const { assigned, blocks, maxBlocks } = space;
  return { pool: name, cidr, size: prefixSize(cidr), assigned, resting, blocks, maxBlocks };
}

/** Reads the blocks in use that are reserved in part, and no others. */
export async function viewPoolUsage(context: IpamContext, space: PoolSpace): Promise<PoolUsage> {
  const fill = fillOfSpace(context, space);
  const parts = reservedIn(space.pool.cidr, context.catalogue.reservations);
  const used = parts.length > 0 ? await usedOf(context, space, parts) : { assigned: 0, resting: 0 };
  const resting = fill.resting - used.resting;
  const reserved = sizeOf(parts) - BigInt(used.assigned);
  return { ...fill, resting, reserved, free: fill.size - BigInt(fill.assigned + resting) - reserved };
}

/** How many reserved addresses are assigned, and how many rest. */
async function usedOf(
  context: IpamContext,
  space: PoolSpace,
  parts: readonly Prefix[],
): Promise<{ assigned: number; resting: number }> {
  const { blocks } = context.catalogue;
  const keys: string[] = [];
  for (const { key, cidr, assigned, releasedAt } of blocks.all()) {
    if (assigned === 0 && releasedAt.length === 0) continue;
    if (blocks.spaceOf(cidr) === space && parts.some((part) => prefixesOverlap(part, cidr))) keys.push(key);
  }
  const used = { assigned: 0, resting: 0 };
  for (const { key, block } of await readSome(context, keys)) {
    const cidr = cidrOf(block);
    const rest = restFor(context, key);
    for (const [ordinal, index] of block.allocations.entries()) {
      const address = addressAt(cidr, ordinal);
      if (!parts.some((part) => prefixContains(part, address))) continue;
      const releasedAt = block.released[ordinal];
      if (index !== null) used.assigned++;
      else if (releasedAt !== undefined && isResting(releasedAt, rest)) used.resting++;
    }
  }
  return used;
}

/** Per IP version. */
export function usageOfNode({ catalogue }: IpamContext, node: string): readonly NodeUsage[] {
  const { maxBlocksPerHost } = catalogue.config;
  const visited = catalogue.blocks.visitedBy(node);
  const of = (version: IpVersion): NodeUsage => ({
    node,
    version,
    blocks: catalogue.blocks.ownedBy(node, version).length,
    maxBlocksPerHost,
    visits: visited.filter(({ cidr }) => cidr.version === version).length,
  });
  return VERSIONS.map(of);
}
