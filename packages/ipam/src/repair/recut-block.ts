/**
 * A block of another size than its pool's, or one that overlaps others: its assignments go, with all that is known of them, into
 * blocks of the pool's size. No address changes, no assignment ends, and the sequence numbers stay.
 */
import { addressAt, ordinalOf, type Prefix, prefixOf } from '@tortie/ip';
import { attributeAt, newBlock } from '../block.js';
import type { IpamContext } from '../context.js';
import type { Draft } from '../draft.js';
import { planRecount } from '../held.js';
import { type BlockRecord, cidrOf, nodeOf } from '../record/block-record.js';
import { affinityKey, blockKey } from '../record/keys.js';
import { firstSequence, raiseFloor } from '../sequence-floor.js';

/** Handles that are counted anew in the same commit; etcd takes 128 operations. The rest is for the repair of handles. */
const MOST_HANDLES = 40;

/** Undefined: done as a plan. Else why it cannot be: nothing is planned then. */
export async function planRecut(
  context: IpamContext,
  draft: Draft,
  key: string,
  blockSize: number,
): Promise<string | undefined> {
  const source = (await draft.block(key))!;
  const cidr = cidrOf(source);
  const targets = new Map<string, BlockRecord>();
  for (const ordinal of source.allocations.keys()) {
    const attribute = attributeAt(source, ordinal);
    if (!attribute) continue;
    const address = addressAt(cidr, ordinal);
    const around = prefixOf(address, blockSize);
    const at = blockKey(around);
    const target = targets.get(at) ?? (await draft.block(at)) ?? (await freshBlock(context, draft, around, source));
    const taken = takeOver(target, Number(ordinalOf(around, address)), source, ordinal);
    if (typeof taken === 'string') return `${taken}; release the one that is not in use`;
    targets.set(at, taken);
  }
  const owner = nodeOf(source);
  for (const [at, target] of targets) {
    draft.put(at, target);
    await plantAffinity(draft, target);
  }
  await raiseFloor(draft, source);
  draft.delete(key);
  if (owner !== undefined && (await draft.read(affinityKey(owner, cidr)))) draft.delete(affinityKey(owner, cidr));
  const handles = new Map(source.attributes.map(({ handle, node }) => [handle, node]));
  if (handles.size > MOST_HANDLES) return undefined;
  const cidrs = [...targets.values()].map((target) => target.cidr);
  for (const [handle, node] of handles) await planRecount(draft, { handle, node }, cidrs);
  return undefined;
}

async function freshBlock(context: IpamContext, draft: Draft, cidr: Prefix, source: BlockRecord): Promise<BlockRecord> {
  const now = context.now();
  return newBlock(cidr, nodeOf(source), now, await firstSequence(draft, now));
}

async function plantAffinity(draft: Draft, target: BlockRecord): Promise<void> {
  const owner = nodeOf(target);
  if (owner === undefined) return;
  const key = affinityKey(owner, cidrOf(target));
  if (!(await draft.read(key))) draft.put(key, { state: 'confirmed' });
}

/** The target with one more assignment; a text where somebody else has the address there. */
function takeOver(target: BlockRecord, to: number, source: BlockRecord, from: number): BlockRecord | string {
  const attribute = attributeAt(source, from)!;
  const present = attributeAt(target, to);
  if (present?.handle === attribute.handle) return target;
  if (present) return `ordinal ${to} of ${target.cidr} is with ${present.handle} and with ${attribute.handle}`;
  const sequence = source.sequences[from] ?? source.sequenceNumber;
  const { [to]: _resting, ...released } = target.released;
  const attributes = [...target.attributes];
  let index = attributes.findIndex((one) => JSON.stringify(one) === JSON.stringify(attribute));
  if (index < 0) index = attributes.push(attribute) - 1;
  return {
    ...target,
    allocations: target.allocations.map((one, ordinal) => (ordinal === to ? index : one)),
    unallocated: target.unallocated.filter((ordinal) => ordinal !== to),
    attributes,
    sequenceNumber: Math.max(target.sequenceNumber, sequence, source.sequenceNumber) + 1,
    sequences: { ...target.sequences, [to]: sequence },
    released,
  };
}
