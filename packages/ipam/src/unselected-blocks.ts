/** Blocks a node keeps although their pool has come to select other nodes: it gives up those that are empty when it assigns. */
import { ageOf, isResting } from './block.js';
import type { BlockSummary } from './block-summary.js';
import { RECLAIM_AFTER_MS } from './claim.js';
import type { IpamContext } from './context.js';
import { selects } from './eligible-pools.js';
import type { AssignRequest } from './requests.js';

/** From memory. Who does not say the node's labels cannot know, and gets none. */
export function unselectedBlocks(context: IpamContext, { node, nodeLabels }: AssignRequest): readonly BlockSummary[] {
  if (!nodeLabels) return [];
  const { blocks, config } = context.catalogue;
  const now = context.now();
  const isEmpty = ({ assigned, releasedAt, seenAt }: BlockSummary): boolean =>
    assigned === 0 && !releasedAt.some((at) => isResting(at, { now, seenAt, cooldownMs: config.cooldownS * 1000 }));
  return blocks.ownedBy(node).filter((summary) => {
    const pool = blocks.spaceOf(summary.cidr)?.pool;
    if (!pool || selects(pool.nodeSelector, nodeLabels) || !isEmpty(summary)) return false;
    // One just claimed may be for a request that names the pool.
    return ageOf(summary.claimedAt, { now, seenAt: summary.seenAt }) >= RECLAIM_AFTER_MS;
  });
}
