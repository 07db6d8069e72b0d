/**
 * Assigns addresses to a handle: from the node's own blocks, then from a block it claims, then borrowed from others.
 *
 * Order of the writes: the handle's count is raised, then the blocks are swapped. A crash between leaves a count that is
 * too high, never an address that nobody knows of.
 */
import type { IpVersion } from '@tortie/ip';
import { StoreError } from '@tortie/store';
import { assignFree, type Recipient } from './block.js';
import { claimNext, mayClaim } from './claim.js';
import { type IpamContext, termsFor, VERSIONS } from './context.js';
import type { Draft } from './draft.js';
import { eligiblePools } from './eligible-pools.js';
import { IpamError } from './errors.js';
import { fnv1 } from './fnv.js';
import { fullError } from './full-error.js';
import { assignmentAt, heldBy } from './held.js';
import { cidrOf, LOAD_BALANCER, nodeOf } from './record/block-record.js';
import { assertHandle, type HandleRecord } from './record/handle.js';
import { blockKey, handleKey } from './record/keys.js';
import { BORROWS } from './record/pool.js';
import type { Assignment, AssignRequest } from './requests.js';

/** The addresses taken so far: key of a block -> ordinals. */
type Taken = Map<string, readonly number[]>;

/** Plans the whole request; all or nothing, both versions. */
export async function planAssign(
  context: IpamContext,
  draft: Draft,
  asked: AssignRequest,
): Promise<readonly Assignment[]> {
  assertRequest(asked);
  context.catalogue.assertSettings();
  const request = asked.use === 'LoadBalancer' ? { ...asked, node: LOAD_BALANCER } : asked;
  const { handle } = request;
  if (draft.attempt === 0) {
    // Most handles are new: their absence is tried before it is read. Whatever fails on that guess decides nothing.
    draft.assumeAbsent(handleKey(handle));
    try {
      return await planMissing(context, draft, request);
    } catch (cause) {
      if (!(cause instanceof IpamError)) throw cause;
      throw new StoreError('ERR_STORE_CONFLICT', `it is not known whether ${handle} is there`, { cause });
    }
  }
  return planMissing(context, draft, request);
}

/** Plans what the handle lacks of what it shall have. */
async function planMissing(context: IpamContext, draft: Draft, request: AssignRequest): Promise<readonly Assignment[]> {
  const { node, handle } = request;
  const { record, holdings } = await heldBy(draft, handle);
  const taken: Taken = new Map();
  for (const version of VERSIONS) {
    let wanted = (version === 4 ? request.count4 : request.count6) ?? 0;
    for (const { block, ordinals } of holdings) if (cidrOf(block).version === version) wanted -= ordinals.length;
    if (wanted > 0) await takeAddresses(context, draft, request, version, wanted, taken);
  }
  if (taken.size > 0) {
    const counts = new Map(holdings.map(({ block, ordinals }) => [block.cidr, ordinals.length]));
    for (const [key, ordinals] of taken) {
      const { cidr } = (await draft.block(key))!;
      counts.set(cidr, (counts.get(cidr) ?? 0) + ordinals.length);
    }
    const raised: HandleRecord = { handle, node: record?.node ?? node, blocks: Object.fromEntries(counts) };
    draft.putFirst(handleKey(handle), raised);
  }
  const assignments: Assignment[] = [];
  for (const { key, ordinals } of [...holdings, ...[...taken].map(([key, ordinals]) => ({ key, ordinals }))]) {
    const block = (await draft.block(key))!;
    for (const ordinal of ordinals) assignments.push(assignmentAt(context, block, ordinal));
  }
  return assignments.sort((x, y) => x.address.version - y.address.version);
}

function assertRequest({ handle, node, count4 = 0, count6 = 0 }: AssignRequest): void {
  assertHandle(handle);
  if (node === '') throw new IpamError('ERR_IPAM_INVALID', 'the request names no node');
  for (const count of [count4, count6]) {
    if (!Number.isInteger(count) || count < 0 || count > 4096) {
      throw new IpamError('ERR_IPAM_INVALID', `${count} addresses were asked for; 0 to 4096 are possible`);
    }
  }
  if (count4 + count6 === 0)
    throw new IpamError('ERR_IPAM_INVALID', 'no address was asked for: count4 and count6 are 0');
}

async function takeAddresses(
  context: IpamContext,
  draft: Draft,
  request: AssignRequest,
  version: IpVersion,
  count: number,
  taken: Taken,
): Promise<void> {
  const { catalogue } = context;
  const { node, handle, use = 'Workload' } = request;
  const own = version === 4 ? request.pools4 : request.pools6;
  const names = own ?? request.pools ?? (request.pool === undefined ? undefined : [request.pool]);
  const pools = eligiblePools(catalogue.pools, { ...request, version, names, use });
  const spaces = pools.map(({ name }) => catalogue.blocks.space(name)!);
  const to: Recipient = { handle, node, owner: request.owner ?? {} };
  let wanted = count;

  const take = async (key: string, mustBeOurs: boolean): Promise<void> => {
    const block = await draft.block(key);
    if (!block || (mustBeOurs && nodeOf(block) !== node)) return;
    const { block: next, ordinals } = assignFree(block, wanted, to, termsFor(context, key, block));
    if (ordinals.length === 0) {
      // As drafted it may never be.
      if (!draft.writes(key)) catalogue.rememberFull(key, block, context.now());
      return;
    }
    draft.put(key, next);
    taken.set(key, [...(taken.get(key) ?? []), ...ordinals]);
    wanted -= ordinals.length;
  };

  const owned = catalogue.blocks.ownedBy(node, version);
  for (const space of spaces) {
    for (const summary of owned) {
      if (wanted === 0) return;
      if (catalogue.mayHaveRoom(summary, context.now()) && catalogue.blocks.spaceOf(summary.cidr) === space)
        await take(summary.key, true);
    }
  }
  let claimed = 0;
  const { autoAllocateBlocks, strictAffinity } = catalogue.config;
  const limited = (): boolean => !mayClaim(context, node, version, claimed);
  for (const space of autoAllocateBlocks ? spaces : []) {
    while (wanted > 0 && !limited()) {
      const before = wanted;
      const cidr = await claimNext(context, draft, node, space);
      if (!cidr) break;
      claimed++;
      await take(blockKey(cidr), true);
      if (wanted === before) break;
    }
  }
  if (wanted > 0 && !strictAffinity && BORROWS[use]) {
    for (const space of spaces) {
      for (const key of space.open.from(fnv1(node) + (draft.attempt > 0 ? Math.floor(context.random() * 1e6) : 0))) {
        if (wanted === 0) return;
        const summary = catalogue.blocks.get(key)!;
        if (summary.node !== node && catalogue.mayHaveRoom(summary, context.now())) await take(key, false);
      }
    }
  }
  if (wanted > 0) throw fullError(context, { node, version, spaces, count, missing: wanted, limited: limited(), use });
}
