/** Assigns one address that the caller names. Reservations and cooldown do not stand against it, other handles do. */
import { formatAddress, ordinalOf, prefixOf } from '@tortie/ip';
import { assignOrdinal, attributeAt, newBlock } from './block.js';
import { claimBlock, mayClaim } from './claim.js';
import { type IpamContext, termsFor } from './context.js';
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import { assignmentAt, heldBy } from './held.js';
import { LOAD_BALANCER, nodeOf } from './record/block-record.js';
import { assertHandle, type HandleRecord, withCount } from './record/handle.js';
import { blockKey, handleKey, poolKey } from './record/keys.js';
import type { Assignment, FixedRequest } from './requests.js';
import { firstSequence } from './sequence-floor.js';

export async function planAssignAddress(
  context: IpamContext,
  draft: Draft,
  { node: asking, handle, address, owner = {}, use = 'Workload' }: FixedRequest,
): Promise<Assignment> {
  const { catalogue } = context;
  assertHandle(handle);
  catalogue.assertSettings();
  const node = use === 'LoadBalancer' ? LOAD_BALANCER : asking;
  const text = formatAddress(address);
  const pool = catalogue.blocks.spaceOf(address)?.pool;
  if (!pool) throw new IpamError('ERR_IPAM_ADDRESS_OUTSIDE', `${text} is in no pool`);
  const cidr = catalogue.blocks.containing(address)?.cidr ?? prefixOf(address, pool.blockSize);
  const key = blockKey(cidr);
  const ordinal = Number(ordinalOf(cidr, address));
  const present = await draft.block(key);
  const holder = present && attributeAt(present, ordinal);
  if (present && holder) {
    if (holder.handle === handle) return assignmentAt(context, present, ordinal);
    throw new IpamError('ERR_IPAM_ADDRESS_IN_USE', `${text} is in use by ${holder.handle} on ${holder.node}`);
  }
  if (pool.disabled) throw new IpamError('ERR_IPAM_NO_POOL', `${text} is in pool ${pool.name}, which is disabled`);
  if (!pool.allowedUses.includes(use)) {
    const uses = pool.allowedUses.join(', ');
    throw new IpamError('ERR_IPAM_NO_POOL', `${text} is in pool ${pool.name}, which is for ${uses}, not for ${use}`);
  }
  const { autoAllocateBlocks, strictAffinity } = catalogue.config;
  if (!present && autoAllocateBlocks && mayClaim(context, node, cidr.version)) {
    await claimBlock(context, draft, node, cidr);
  } else if (strictAffinity && (!present || nodeOf(present) !== node)) {
    const owner = present && nodeOf(present);
    throw new IpamError(
      'ERR_IPAM_BLOCK',
      `${text} is in a block of ${owner ?? 'no node'}; strictAffinity lets ${node} use only its own blocks`,
    );
  } else if (!present) {
    draft.guard(poolKey(pool.name), pool.revision);
    draft.put(key, newBlock(cidr, undefined, context.now(), await firstSequence(draft, context.now())));
  }
  const block = (await draft.block(key))!;
  const next = assignOrdinal(block, ordinal, { handle, node, owner }, termsFor(context, key, block));
  const { record, holdings } = await heldBy(draft, handle);
  const counts = Object.fromEntries(holdings.map(({ block, ordinals }) => [block.cidr, ordinals.length]));
  const raised: HandleRecord = { handle, node: record?.node ?? node, blocks: counts };
  draft.putFirst(handleKey(handle), withCount(raised, block.cidr, 1));
  draft.put(key, next);
  return assignmentAt(context, next, ordinal);
}
