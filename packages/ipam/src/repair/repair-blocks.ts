/** Blocks that contradict themselves, each other or their pools, made whole. Full repairs only. */
import { formatPrefix } from '@tortie/ip';
import { blockFaults } from '../block.js';
import { type Records, readRecords } from '../check/read-records.js';
import type { IpamContext } from '../context.js';
import type { Draft } from '../draft.js';
import { type BlockAttribute, type BlockRecord, cidrOf, nodeOf } from '../record/block-record.js';
import { affinityKey, blockKey, ROOT } from '../record/keys.js';
import type { Finding } from '../requests.js';
import { raiseFloor } from '../sequence-floor.js';
import { swap } from '../swap.js';
import { type Heir, mendBlock } from './mend-block.js';
import { planRecut } from './recut-block.js';
import { passOverUnreadable } from './unreadable.js';

type Cure = (draft: Draft) => Promise<Finding | undefined>;

export async function repairBlocks(context: IpamContext): Promise<readonly Finding[]> {
  const { entries } = await context.store.list(ROOT);
  const records = readRecords(entries, () => {});
  const repairs: Finding[] = [];
  const run = async (cure: Cure): Promise<void> => {
    const repaired = await swap(context, cure).catch(passOverUnreadable);
    if (repaired) repairs.push(repaired);
  };
  for (const { key } of records.blocks) await run((draft) => mend(draft, key, heirIn(records, context.now())));
  for (const { key } of records.blocks) await run((draft) => place(draft, key));
  for (const { key } of records.blocks) await run((draft) => fit(context, draft, key));
  return repairs;
}

async function mend(draft: Draft, key: string, heirOf: (block: BlockRecord) => Heir): Promise<Finding | undefined> {
  const block = await draft.block(key);
  const faults = block ? blockFaults(block) : [];
  const mended = block && mendBlock(block, heirOf(block));
  if (!mended || faults.length === 0) return undefined;
  draft.put(key, mended);
  return { code: 'block-mended', key, detail: faults.join('; ') };
}

/** Addresses without an attribute go to the one handle that lacks as many in this block, else to one that says so. */
const heirIn =
  ({ handles }: Records, now: number) =>
  (block: BlockRecord): Heir =>
  (count) => {
    const has = (handle: string): number =>
      block.allocations.filter((index) => index !== null && block.attributes[index]?.handle === handle).length;
    const lacking = handles.filter(({ handle, blocks }) => (blocks[block.cidr] ?? 0) - has(handle) === count);
    const [one] = lacking;
    const node = nodeOf(block) ?? 'unknown';
    const heir: Pick<BlockAttribute, 'handle' | 'node'> =
      one && lacking.length === 1 ? one : { handle: `unknown.${block.cidr.replace('/', '-')}`, node };
    return { handle: heir.handle, node: heir.node, owner: {}, since: now };
  };

/** A block under the key of another goes to its own; where that is taken, an empty one goes altogether. */
async function place(draft: Draft, key: string): Promise<Finding | undefined> {
  const block = await draft.block(key);
  if (!block || key === blockKey(cidrOf(block))) return undefined;
  const right = blockKey(cidrOf(block));
  const detail = `it is the block ${block.cidr}`;
  if (!(await draft.read(right))) {
    draft.put(right, block);
    draft.delete(key);
    return { code: 'block-moved', key, detail };
  }
  if (!isEmpty(block)) return undefined;
  await raiseFloor(draft, block);
  draft.delete(key);
  return { code: 'block-dropped', key, detail };
}

/** A block that is not cut like its pool, or has none. */
async function fit(context: IpamContext, draft: Draft, key: string): Promise<Finding | undefined> {
  const { blocks, hasUnreadablePools } = context.catalogue;
  const block = await draft.block(key);
  if (!block || key !== blockKey(cidrOf(block)) || blockFaults(block).length > 0) return undefined;
  const cidr = cidrOf(block);
  const pool = blocks.spaceOf(cidr)?.pool;
  if (pool?.blockSize === cidr.length || (!pool && hasUnreadablePools)) return undefined;
  const detail = pool ? `pool ${pool.name} has blocks of /${pool.blockSize}` : `no pool covers ${block.cidr}`;
  if (isEmpty(block)) {
    await raiseFloor(draft, block);
    draft.delete(key);
    const owner = nodeOf(block);
    const affinity = owner === undefined ? undefined : affinityKey(owner, cidr);
    if (affinity !== undefined && (await draft.read(affinity))) draft.delete(affinity);
    return { code: 'block-dropped', key, detail };
  }
  if (!pool || (await planRecut(context, draft, key, pool.blockSize)) !== undefined) return undefined;
  return { code: 'block-recut', key, detail: `${formatPrefix(cidr)}: ${detail}; no address changed` };
}

const isEmpty = (block: BlockRecord): boolean => block.allocations.every((index) => index === null);
