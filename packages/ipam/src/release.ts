/**
 * Gives addresses back. Order of the writes: the blocks, then the handle: a crash between leaves a count that is too high.
 * Doing it twice is the same as once.
 */
import { formatAddress, ordinalOf } from '@tortie/ip';
import { attributeAt, releaseOrdinals } from './block.js';
import { type IpamContext, restFor } from './context.js';
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import { assignmentAt, heldBy, planRecount } from './held.js';
import { assertHandle } from './record/handle.js';
import { handleKey } from './record/keys.js';
import type { Assignment, ReleaseRequest } from './requests.js';

/**
 * What earlier attempts of the same release have already given back, by address: without multi-key commits an attempt can
 * fail half way.
 */
export type Progress = Map<string, Assignment>;

/** Plans the release and gives everything released, by earlier attempts too. */
export async function planRelease(
  context: IpamContext,
  draft: Draft,
  request: ReleaseRequest,
  progress: Progress,
): Promise<readonly Assignment[]> {
  const released =
    'address' in request
      ? await releaseAddress(context, draft, request, progress)
      : await releaseHandle(context, draft, request.handle);
  if (context.store.multiKey) return released;
  for (const assignment of released) progress.set(formatAddress(assignment.address), assignment);
  return [...progress.values()];
}

async function releaseHandle(context: IpamContext, draft: Draft, handle: string): Promise<readonly Assignment[]> {
  assertHandle(handle);
  const { record, holdings } = await heldBy(draft, handle);
  const released: Assignment[] = [];
  for (const { key, block, ordinals } of holdings) {
    for (const ordinal of ordinals) released.push(assignmentAt(context, block, ordinal));
    draft.put(key, releaseOrdinals(block, ordinals, restFor(context, key)));
  }
  if (record) draft.delete(handleKey(handle));
  return released;
}

async function releaseAddress(
  context: IpamContext,
  draft: Draft,
  request: Extract<ReleaseRequest, { address: unknown }>,
  progress: Progress,
): Promise<readonly Assignment[]> {
  const { address } = request;
  const before = progress.get(formatAddress(address));
  if (before) {
    await planRecount(draft, before, []);
    return [before];
  }
  const summary = context.catalogue.blocks.containing(address);
  const block = summary && (await draft.block(summary.key));
  if (!block) return [];
  const ordinal = Number(ordinalOf(summary.cidr, address));
  const holder = attributeAt(block, ordinal);
  if (!holder) return [];
  const assignment = assignmentAt(context, block, ordinal);
  assertSame(assignment, request);
  draft.put(summary.key, releaseOrdinals(block, [ordinal], restFor(context, summary.key)));
  await planRecount(draft, holder, []);
  return [assignment];
}

/** A late release must not take the address from its next owner. */
function assertSame(assignment: Assignment, { handle, sequence }: { handle?: string; sequence?: number }): void {
  const text = formatAddress(assignment.address);
  if (handle !== undefined && handle !== assignment.handle) {
    throw new IpamError('ERR_IPAM_MISMATCH', `${text} is assigned to ${assignment.handle}, not to ${handle}`);
  }
  if (sequence !== undefined && sequence !== assignment.sequence) {
    throw new IpamError(
      'ERR_IPAM_MISMATCH',
      `${text} was assigned anew since (sequence ${assignment.sequence}, not ${sequence})`,
    );
  }
}
