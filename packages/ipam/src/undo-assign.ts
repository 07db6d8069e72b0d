/** Takes back what a failed assignment has left in a store without multi-key commits. */
import { releaseOrdinals } from './block.js';
import { type IpamContext, restFor } from './context.js';
import type { Draft } from './draft.js';
import { heldBy, planRecount } from './held.js';

/** Plans that the handle has only the addresses it had before (as `CIDR ordinal`). */
export async function planUndo(
  context: IpamContext,
  draft: Draft,
  who: { readonly handle: string; readonly node: string },
  before: ReadonlySet<string>,
): Promise<void> {
  const { holdings } = await heldBy(draft, who.handle);
  for (const { key, block, ordinals } of holdings) {
    const added = ordinals.filter((ordinal) => !before.has(`${block.cidr} ${ordinal}`));
    if (added.length > 0) draft.put(key, releaseOrdinals(block, added, restFor(context, key)));
  }
  await planRecount(draft, who, []);
}
