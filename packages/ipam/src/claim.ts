/**
 * How a node comes to own a block, and how it gives one up.
 *
 * Claim: affinity `pending`, then the block (its creation decides who gets it), then affinity `confirmed`. Over a store
 * that commits several keys at once the states between are never seen.
 */
import { addressBits, counted, type Prefix } from '@tortie/ip';
import { StoreError } from '@tortie/store';
import { ageOf, isResting, newBlock, withOwner } from './block.js';
import type { BlockSummary } from './block-summary.js';
import { type IpamContext, restFor } from './context.js';
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import { fnv1 } from './fnv.js';
import type { PoolSpace } from './pool-space.js';
import type { AffinityRecord } from './record/affinity.js';
import { type BlockRecord, LOAD_BALANCER, nodeOf } from './record/block-record.js';
import { affinityKey, blockKey, poolKey } from './record/keys.js';
import { firstSequence, raiseFloor } from './sequence-floor.js';

/** An empty block of another node may be taken over this long after it was claimed. */
export const RECLAIM_AFTER_MS = 60_000;

const state = (name: AffinityRecord['state']): AffinityRecord => ({ state: name });

/** Whether the node may own one more block of this version, besides `more` that are being claimed. */
export function mayClaim(context: IpamContext, node: string, version: 4 | 6, more = 0): boolean {
  const { config, blocks } = context.catalogue;
  if (config.maxBlocksPerHost === 0 || node === LOAD_BALANCER) return true;
  return blocks.ownedBy(node, version).length + more < config.maxBlocksPerHost;
}

/**
 * Plans a further block of the pool for the node and gives its CIDR: one that does not exist, else one that belongs to
 * nobody, else an empty one that another node claimed long ago. Undefined: there is none. Reads nothing per candidate.
 */
export async function claimNext(
  context: IpamContext,
  draft: Draft,
  node: string,
  space: PoolSpace,
): Promise<Prefix | undefined> {
  const { catalogue } = context;
  const single = space.pool.blockSize === addressBits(space.pool.cidr.version);
  const start = single || draft.attempt > 2 ? Math.floor(context.random() * 2 ** 32) : fnv1(node);
  const isSkipped = (cidr: Prefix): boolean => draft.writes(blockKey(cidr));
  const free = space.findFree(start, catalogue.isWhollyReserved, isSkipped);
  if (free) {
    await assertAsKnown(draft, blockKey(free), 0);
    await claimBlock(context, draft, node, free);
    return free;
  }
  const seed = Math.floor(context.random() * 2 ** 32);
  for (const bag of [space.ownerless, space.idle]) {
    for (const key of bag.from(seed)) {
      const summary = catalogue.blocks.get(key)!;
      if (draft.writes(key) || !mayTakeOver(context, summary, node)) continue;
      await assertAsKnown(draft, key, summary.revision);
      await claimBlock(context, draft, node, summary.cidr);
      return summary.cidr;
    }
  }
  return undefined;
}

/**
 * Throws a conflict where the store has moved on since the picture that the plan goes by: a block that was free or empty then
 * may have an owner and addresses by now, and must not be taken from it.
 */
async function assertAsKnown(draft: Draft, key: string, revision: number): Promise<void> {
  const found = (await draft.read(key))?.revision ?? 0;
  if (found === revision) return;
  throw new StoreError('ERR_STORE_CONFLICT', `${key} is at revision ${found}, not ${revision}`, { key });
}

function mayTakeOver({ catalogue, now }: IpamContext, summary: BlockSummary, node: string): boolean {
  if (summary.node === node || catalogue.isWhollyReserved(summary.cidr)) return false;
  if (summary.node === undefined) return summary.unallocated > 0;
  return summary.assigned === 0 && ageOf(summary.claimedAt, { now: now(), seenAt: summary.seenAt }) >= RECLAIM_AFTER_MS;
}

/** Plans that the node owns this block: creates it, or takes it over from whoever owns it now. */
export async function claimBlock(context: IpamContext, draft: Draft, node: string, cidr: Prefix): Promise<void> {
  const key = blockKey(cidr);
  const affinity = affinityKey(node, cidr);
  const block = await draft.block(key);
  const owner = block && nodeOf(block);
  if (owner === node) return;
  const pool = context.catalogue.blocks.spaceOf(cidr)?.pool;
  if (pool) draft.guard(poolKey(pool.name), pool.revision);
  await draft.read(affinity);
  draft.put(affinity, state('pending'));
  const former = owner === undefined ? undefined : affinityKey(owner, cidr);
  if (former !== undefined && (await draft.read(former))) draft.put(former, state('pendingDeletion'));
  const now = context.now();
  draft.put(key, block ? withOwner(block, node, now) : newBlock(cidr, node, now, await firstSequence(draft, now)));
  if (former !== undefined && (await draft.read(former))) draft.delete(former);
  draft.putAgain(affinity, state('confirmed'));
}

/**
 * Plans that the node owns the block no longer: an empty one is deleted, else it belongs to nobody. Resting addresses count
 * as use, for a deleted block would forget them. False: the node does not own it.
 */
export async function giveUpBlock(
  context: IpamContext,
  draft: Draft,
  node: string,
  cidr: Prefix,
  mustBeEmpty: boolean,
): Promise<boolean> {
  const key = blockKey(cidr);
  const affinity = affinityKey(node, cidr);
  const block = await draft.block(key);
  const known = await draft.read(affinity);
  const owned = block !== undefined && nodeOf(block) === node;
  if (owned) {
    const used = block.allocations.length - block.unallocated.length;
    if (used > 0 && mustBeEmpty) {
      throw new IpamError(
        'ERR_IPAM_BLOCK',
        `block ${block.cidr} is not empty: ${counted(used, 'address is', 'addresses are')} assigned`,
      );
    }
    if (known) draft.put(affinity, state('pendingDeletion'));
    if (used > 0 || rests(context, key, block)) draft.put(key, withOwner(block, undefined, context.now()));
    else {
      await raiseFloor(draft, block);
      draft.delete(key);
    }
  }
  if (known) draft.delete(affinity);
  return owned;
}

/** Plans that an empty block of nobody goes. False: it is none, or has addresses that rest. */
export async function dropOwnerless(context: IpamContext, draft: Draft, cidr: Prefix): Promise<boolean> {
  const key = blockKey(cidr);
  const block = await draft.block(key);
  if (!block || nodeOf(block) !== undefined || block.unallocated.length < block.allocations.length) return false;
  if (rests(context, key, block)) return false;
  await raiseFloor(draft, block);
  draft.delete(key);
  return true;
}

function rests(context: IpamContext, key: string, { released }: BlockRecord): boolean {
  const rest = restFor(context, key);
  return Object.values(released).some((at) => isResting(at, rest));
}
