/**
 * Finishes or undoes what a crash left half done. What can be left, by the order of the writes:
 *
 *     claim      affinity pending without block, or with a block of ours         -> build the block, confirm
 *                affinity of a node whose block went to another                  -> drop it
 *     give up    affinity pendingDeletion                                        -> go on giving up
 *     assign     handle counts more than the blocks have                         -> lower it
 *     release    the same                                                        -> lower it
 *
 * The block is the truth in all of them. Over a store with multi-key commits nothing is ever left.
 */
import { formatPrefix } from '@tortie/ip';
import { newBlock } from './block.js';
import { giveUpBlock } from './claim.js';
import type { IpamContext } from './context.js';
import type { Draft } from './draft.js';
import { planRecount } from './held.js';
import { readAffinity } from './record/affinity.js';
import { nodeOf, readBlock } from './record/block-record.js';
import { readHandle } from './record/handle.js';
import {
  AFFINITIES,
  affinitiesKey,
  affinityKey,
  BLOCKS,
  blockKey,
  cidrOfSegment,
  HANDLES,
  handleKey,
} from './record/keys.js';
import type { Finding, RepairReport } from './requests.js';
import { swap } from './swap.js';

export async function repair(context: IpamContext, node: string | undefined): Promise<RepairReport> {
  await context.catalogue.sync();
  const repairs = [
    ...(await repairAffinities(context, node)),
    ...(await restoreAffinities(context, node)),
    ...(await repairHandles(context, node)),
  ];
  return { repairs };
}

async function repairAffinities(context: IpamContext, node: string | undefined): Promise<readonly Finding[]> {
  const { entries } = await context.store.list(node === undefined ? AFFINITIES : affinitiesKey(node));
  const repairs: Finding[] = [];
  for (const { key } of entries) {
    const repaired = await swap(context, (draft) => repairAffinity(context, draft, key));
    if (repaired) repairs.push(repaired);
  }
  return repairs;
}

async function repairAffinity(context: IpamContext, draft: Draft, key: string): Promise<Finding | undefined> {
  const entry = await draft.read(key);
  if (!entry) return undefined;
  const [segment = '', cidrText = ''] = key.slice(AFFINITIES.length).split('/');
  const node = decodeURIComponent(segment);
  const cidr = cidrOfSegment(cidrText);
  const { state } = readAffinity(entry);
  const block = await draft.block(blockKey(cidr));
  const owner = block && nodeOf(block);
  if (block && owner !== node) {
    draft.delete(key);
    return { code: 'affinity-dropped', key, detail: `block ${block.cidr} belongs to ${owner ?? 'no node'}` };
  }
  if (state === 'pendingDeletion') {
    await giveUpBlock(context, draft, node, cidr, false);
    return { code: 'block-given-up', key, detail: `${formatPrefix(cidr)} was being given up` };
  }
  if (block) {
    if (state === 'confirmed') return undefined;
    draft.put(key, { state: 'confirmed' });
    return { code: 'affinity-confirmed', key, detail: `block ${block.cidr} is there` };
  }
  if (context.catalogue.blocks.spaceOf(cidr)?.pool.blockSize !== cidr.length) {
    draft.delete(key);
    return { code: 'affinity-dropped', key, detail: `no pool has a block ${formatPrefix(cidr)}` };
  }
  draft.put(blockKey(cidr), newBlock(cidr, node, context.now()));
  draft.put(key, { state: 'confirmed' });
  return { code: 'block-rebuilt', key, detail: `block ${formatPrefix(cidr)} was missing` };
}

async function restoreAffinities(context: IpamContext, node: string | undefined): Promise<readonly Finding[]> {
  const { blocks } = context.catalogue;
  const owned = node === undefined ? [...blocks.all()] : blocks.ownedBy(node);
  const repairs: Finding[] = [];
  for (const { key, cidr } of owned) {
    const restored = await swap(context, async (draft) => {
      const block = await draft.block(key);
      const owner = block && nodeOf(block);
      if (owner === undefined || (await draft.read(affinityKey(owner, cidr)))) return false;
      draft.guardRead(key);
      draft.put(affinityKey(owner, cidr), { state: 'confirmed' });
      return true;
    });
    if (restored) repairs.push({ code: 'affinity-restored', key, detail: 'its owner had no affinity for it' });
  }
  return repairs;
}

async function repairHandles(context: IpamContext, node: string | undefined): Promise<readonly Finding[]> {
  const { store } = context;
  const found = new Map<string, { handle: string; node: string; cidrs: Set<string> }>();
  const note = (handle: string, at: string, cidrs: Iterable<string>): void => {
    const known = found.get(handle) ?? { handle, node: at, cidrs: new Set<string>() };
    for (const cidr of cidrs) known.cidrs.add(cidr);
    found.set(handle, known);
  };
  for (const entry of (await store.list(HANDLES)).entries) {
    const record = readHandle(entry);
    if (node === undefined || record.node === node) note(record.handle, record.node, Object.keys(record.blocks));
  }
  for (const entry of (await store.list(BLOCKS)).entries) {
    const block = readBlock(entry);
    for (const { handle, node: at } of block.attributes) {
      if (node === undefined || at === node || found.has(handle)) note(handle, at, [block.cidr]);
    }
  }
  const repairs: Finding[] = [];
  for (const { cidrs, ...who } of found.values()) {
    const recounted = await swap(context, (draft) => planRecount(draft, who, cidrs));
    if (recounted) {
      repairs.push({
        code: 'handle-recounted',
        key: handleKey(who.handle),
        detail: 'it did not count what the blocks have',
      });
    }
  }
  return repairs;
}
