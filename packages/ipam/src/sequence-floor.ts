/**
 * The highest sequence number of any block that was deleted. A block that is made anew begins above it, also where the clock
 * was set back since: an assignment's sequence number is never seen twice.
 */
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import type { BlockRecord } from './record/block-record.js';
import { SEQUENCE_FLOOR } from './record/keys.js';
import { assertVersion } from './record/version.js';

/** What a new block begins with. Where the floor is raised meanwhile, the commit conflicts. */
export async function firstSequence(draft: Draft, now: number): Promise<number> {
  const floor = await readFloor(draft);
  draft.guardRead(SEQUENCE_FLOOR);
  return Math.max(Math.floor(now) * 1000, floor + 1);
}

/** To be planned before the deletion of the block. */
export async function raiseFloor(draft: Draft, { sequenceNumber }: BlockRecord): Promise<void> {
  if (sequenceNumber > (await readFloor(draft))) draft.put(SEQUENCE_FLOOR, { sequence: sequenceNumber });
}

async function readFloor(draft: Draft): Promise<number> {
  const entry = await draft.read(SEQUENCE_FLOOR);
  if (!entry) return 0;
  assertVersion(entry);
  const { sequence } = entry.value as { readonly sequence?: unknown };
  if (typeof sequence !== 'number') throw new IpamError('ERR_IPAM_RECORD', `${entry.key} is no sequence number`);
  return sequence;
}
