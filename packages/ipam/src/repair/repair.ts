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
import type { Entry } from '@tortie/store';
import { newBlock } from '../block.js';
import { giveUpBlock } from '../claim.js';
import type { IpamContext } from '../context.js';
import type { Draft } from '../draft.js';
import { planRecount } from '../held.js';
import { readAffinity } from '../record/affinity.js';
import { nodeOf, usableBlock } from '../record/block-record.js';
import { type HandleRecord, readHandle } from '../record/handle.js';
import {
  AFFINITIES,
  affinitiesKey,
  affinityKey,
  BLOCKS,
  blockKey,
  cidrOfSegment,
  HANDLES,
  handleKey,
} from '../record/keys.js';
import { assertVersion } from '../record/version.js';
import type { Finding } from '../requests.js';
import { firstSequence } from '../sequence-floor.js';
import { swap } from '../swap.js';
import { repairBlocks } from './repair-blocks.js';
import { passOverUnreadable } from './unreadable.js';

/** Of one node: what a crash of it can leave, at the start of its agent. Of all (undefined): every kind of damage. */
export async function repair(context: IpamContext, node: string | undefined): Promise<readonly Finding[]> {
  await context.catalogue.sync();
  return [
    ...(node === undefined ? await dropUnreadable(context) : []),
    ...(node === undefined ? await repairBlocks(context) : []),
    ...(await repairAffinities(context, node)),
    ...(await restoreAffinities(context, node)),
    // Where several keys are written at once a crash leaves no wrong count, and a node that starts need not read all handles.
    ...(node === undefined || !context.store.multiKey ? await repairHandles(context, node) : []),
  ];
}

/** Affinities and handles that cannot be read, or lie under the key of another: the blocks say all that they said. */
async function dropUnreadable(context: IpamContext): Promise<readonly Finding[]> {
  const repairs: Finding[] = [];
  for (const prefix of [AFFINITIES, HANDLES]) {
    for (const { key } of (await context.store.list(prefix)).entries) {
      const dropped = await swap(context, async (draft) => {
        const entry = await draft.read(key);
        const reason = entry && whyUseless(entry);
        if (reason === undefined) return undefined;
        draft.delete(key);
        return reason;
      });
      if (dropped !== undefined) repairs.push({ code: 'record-dropped', key, detail: dropped });
    }
  }
  return repairs;
}

/** Undefined for records that are fine, and for those of a later version. */
function whyUseless(entry: Entry): string | undefined {
  try {
    assertVersion(entry);
  } catch {
    return undefined;
  }
  try {
    if (entry.key.startsWith(AFFINITIES)) {
      readAffinity(entry);
      cidrOfSegment(entry.key.slice(AFFINITIES.length).split('/')[1] ?? '');
      return undefined;
    }
    const { handle } = readHandle(entry);
    return entry.key === handleKey(handle) ? undefined : `it is the record of ${handle}`;
  } catch (error) {
    return (error as Error).message;
  }
}

async function repairAffinities(context: IpamContext, node: string | undefined): Promise<readonly Finding[]> {
  const { entries } = await context.store.list(node === undefined ? AFFINITIES : affinitiesKey(node));
  const repairs: Finding[] = [];
  for (const { key } of entries) {
    const repaired = await swap(context, (draft) => repairAffinity(context, draft, key)).catch(passOverUnreadable);
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
  const { blocks, hasUnreadablePools } = context.catalogue;
  const pool = blocks.spaceOf(cidr)?.pool;
  if (!pool && hasUnreadablePools) return undefined;
  if (pool?.blockSize !== cidr.length) {
    draft.delete(key);
    return { code: 'affinity-dropped', key, detail: `no pool has a block ${formatPrefix(cidr)}` };
  }
  const now = context.now();
  draft.put(blockKey(cidr), newBlock(cidr, node, now, await firstSequence(draft, now)));
  draft.put(key, { state: 'confirmed' });
  return { code: 'block-rebuilt', key, detail: `block ${formatPrefix(cidr)} was missing` };
}

async function restoreAffinities(context: IpamContext, node: string | undefined): Promise<readonly Finding[]> {
  const { blocks } = context.catalogue;
  const owned = node === undefined ? [...blocks.all()] : blocks.ownedBy(node);
  const repairs: Finding[] = [];
  for (const { key, cidr, opaque } of owned) {
    if (opaque) continue;
    const restored = await swap(context, async (draft) => {
      const block = await draft.block(key);
      const owner = block && nodeOf(block);
      if (owner === undefined || (await draft.read(affinityKey(owner, cidr)))) return false;
      draft.guardRead(key);
      draft.put(affinityKey(owner, cidr), { state: 'confirmed' });
      return true;
    }).catch(passOverUnreadable);
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
    const record = usableHandle(entry);
    if (record && (node === undefined || record.node === node))
      note(record.handle, record.node, Object.keys(record.blocks));
  }
  for (const entry of (await store.list(BLOCKS)).entries) {
    const block = usableBlock(entry);
    if (!block) continue;
    for (const { handle, node: at } of block.attributes) {
      if (node === undefined || at === node || found.has(handle)) note(handle, at, [block.cidr]);
    }
  }
  const repairs: Finding[] = [];
  for (const { cidrs, ...who } of found.values()) {
    const recounted = await swap(context, (draft) => planRecount(draft, who, cidrs)).catch(passOverUnreadable);
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

function usableHandle(entry: Entry): HandleRecord | undefined {
  try {
    return readHandle(entry);
  } catch {
    return undefined;
  }
}
