/** How full pools are and how many blocks nodes own, from memory. */
import { type IpVersion, prefixSize } from '@tortie/ip';
import { isResting } from './block.js';
import { type IpamContext, VERSIONS } from './context.js';
import type { PoolSpace } from './pool-space.js';
import type { NodeUsage, PoolUsage } from './requests.js';

export function usageOfSpace({ catalogue, now: clock }: IpamContext, space: PoolSpace): PoolUsage {
  const now = clock();
  const cooldownMs = catalogue.config.cooldownS * 1000;
  let resting = 0;
  for (const key of space.open.from(0)) {
    for (const at of catalogue.blocks.get(key)!.releasedAt) if (isResting(at, { now, cooldownMs })) resting++;
  }
  const { name, cidr } = space.pool;
  const { assigned, blocks, maxBlocks } = space;
  return { pool: name, cidr, size: prefixSize(cidr), assigned, resting, blocks, maxBlocks };
}

/** Per IP version. */
export function usageOfNode({ catalogue }: IpamContext, node: string): readonly NodeUsage[] {
  const { maxBlocksPerHost } = catalogue.config;
  const of = (version: IpVersion): NodeUsage => ({
    node,
    version,
    blocks: catalogue.blocks.ownedBy(node, version).length,
    maxBlocksPerHost,
  });
  return VERSIONS.map(of);
}
