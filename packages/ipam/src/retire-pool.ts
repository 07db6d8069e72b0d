/**
 * Deletes a pool in stages, without taking an address from anybody: it is disabled and marked, its empty blocks go, and when the
 * last address is released the pool goes too. Blocks in use keep their owners, and with them their routes. Done again and again
 * until it is deleted; enabling the pool ends it.
 */
import type { IpamContext } from './context.js';
import { IpamError } from './errors.js';
import { dropBlock, presentPool } from './pools.js';
import { poolKey } from './record/keys.js';
import { writePool } from './record/pool.js';
import type { PoolRetirement } from './requests.js';
import { swap } from './swap.js';
import { viewAssignments } from './views.js';

/** So many addresses that hold a pool up are shown. */
const SHOWN = 20;

/** Undefined: there is no such pool. */
export async function retirePool(
  context: IpamContext,
  name: string,
  revision?: number,
): Promise<PoolRetirement | undefined> {
  const { catalogue } = context;
  const found = await swap(context, async (draft) => {
    const pool = await presentPool(draft, name, revision);
    if (pool && !(pool.terminating && pool.disabled)) {
      draft.put(poolKey(name), writePool({ ...pool, disabled: true, terminating: true }));
    }
    return pool !== undefined;
  });
  if (!found) return undefined;
  await catalogue.sync();
  for (const { cidr, assigned } of [...catalogue.blocks.all()]) {
    if (assigned === 0 && catalogue.blocks.spaceOf(cidr)?.pool.name === name) {
      await swap(context, (draft) => dropBlock(context, draft, cidr)).catch(passOverUsed);
    }
  }
  const deleted = await swap(context, async (draft) => {
    if ((catalogue.blocks.space(name)?.blocks ?? 0) > 0) return false;
    if (await draft.read(poolKey(name))) draft.delete(poolKey(name));
    return true;
  });
  await catalogue.sync();
  if (deleted) return { pool: name, stage: 'deleted', assigned: 0, blocks: 0, held: [] };
  const { assigned = 0, blocks = 0 } = catalogue.blocks.space(name) ?? {};
  return { pool: name, stage: 'draining', assigned, blocks, held: await heldIn(context, name) };
}

async function heldIn(context: IpamContext, name: string): Promise<PoolRetirement['held']> {
  const { blocks } = context.catalogue;
  const held: PoolRetirement['held'][number][] = [];
  for (const { cidr, assigned } of [...blocks.all()]) {
    if (held.length >= SHOWN) break;
    if (assigned === 0 || blocks.spaceOf(cidr)?.pool.name !== name) continue;
    held.push(...(await viewAssignments(context, { block: cidr })));
  }
  return held.slice(0, SHOWN);
}

/** An address of it was assigned meanwhile. */
function passOverUsed(error: unknown): void {
  if (!(error instanceof IpamError && error.code === 'ERR_IPAM_POOL_IN_USE')) throw error;
}
