/** What a handle has, by its record and the blocks the record names. */
import { addressAt } from '@tortie/ip';
import { attributeAt, ordinalsOf } from './block.js';
import type { IpamContext } from './context.js';
import type { Draft } from './draft.js';
import { type BlockRecord, cidrOf, nodeOf } from './record/block-record.js';
import { type HandleRecord, readHandle } from './record/handle.js';
import { blockKeyOf, handleKey } from './record/keys.js';
import type { Assignment } from './requests.js';

/** One block of a handle. */
interface Holding {
  readonly key: string;
  readonly block: BlockRecord;
  readonly ordinals: readonly number[];
}

export interface Held {
  readonly record: HandleRecord | undefined;
  readonly holdings: readonly Holding[];
}

/** Reads the handle and its blocks. A count without addresses (left by a crash) is passed over. */
export async function heldBy(draft: Draft, handle: string): Promise<Held> {
  const entry = await draft.read(handleKey(handle));
  if (!entry) return { record: undefined, holdings: [] };
  const record = readHandle(entry);
  const holdings: Holding[] = [];
  for (const cidr of Object.keys(record.blocks)) {
    const key = blockKeyOf(cidr);
    const block = await draft.block(key);
    const ordinals = block ? ordinalsOf(block, handle) : [];
    if (block && ordinals.length > 0) holdings.push({ key, block, ordinals });
  }
  return { record, holdings };
}

/**
 * Plans that the handle counts exactly what the blocks say, looking also into `alsoIn`. True where that changes its record.
 * Over a store that commits several keys, no block changes meanwhile.
 */
export async function planRecount(
  draft: Draft,
  { handle, node }: { readonly handle: string; readonly node: string },
  alsoIn: Iterable<string>,
): Promise<boolean> {
  const key = handleKey(handle);
  const entry = await draft.read(key);
  const record = entry ? readHandle(entry) : { handle, node, blocks: {} };
  const blocks: Record<string, number> = {};
  for (const cidr of new Set([...Object.keys(record.blocks), ...alsoIn])) {
    const blockKey = blockKeyOf(cidr);
    const block = await draft.block(blockKey);
    draft.guardRead(blockKey);
    const count = block ? ordinalsOf(block, handle).length : 0;
    if (count > 0) blocks[cidr] = count;
  }
  const counted = Object.entries(blocks);
  if (counted.length === 0) {
    if (entry) draft.delete(key);
    return entry !== undefined;
  }
  const isSame = counted.length === Object.keys(record.blocks).length;
  if (isSame && counted.every(([cidr, count]) => record.blocks[cidr] === count)) return false;
  draft.put(key, { ...record, blocks });
  return true;
}

/** The assignment of an ordinal in use. */
export function assignmentAt(context: IpamContext, block: BlockRecord, ordinal: number): Assignment {
  const cidr = cidrOf(block);
  const { handle, node, owner, since } = attributeAt(block, ordinal)!;
  return {
    address: addressAt(cidr, ordinal),
    handle,
    node,
    owner,
    block: cidr,
    pool: context.catalogue.blocks.spaceOf(cidr)?.pool.name,
    borrowed: nodeOf(block) !== node,
    sequence: block.sequences[ordinal] ?? 0,
    since,
  };
}
