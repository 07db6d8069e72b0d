/** Pools: made, changed and deleted so that no two ever overlap and none goes while it is in use. */
import { counted, formatPrefix, parsePrefix, prefixesOverlap } from '@tortie/ip';
import { isConflict } from '@tortie/store';
import { giveUpBlock } from './claim.js';
import type { IpamContext } from './context.js';
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import { nodeOf } from './record/block-record.js';
import { blockKey, POOL_GUARD, poolKey } from './record/keys.js';
import {
  BLOCK_SIZES,
  type Pool,
  type PoolSettings,
  type PoolSpec,
  poolSettings,
  readPool,
  writePool,
} from './record/pool.js';
import { parseSelector } from './selector.js';
import { raiseFloor } from './sequence-floor.js';
import { swap } from './swap.js';

const LINK_LOCAL = [parsePrefix('169.254.0.0/16'), parsePrefix('fe80::/10')];

const invalid = (name: string, reason: string): IpamError =>
  new IpamError('ERR_IPAM_POOL_INVALID', `pool ${name}: ${reason}`);

/** Throws `ERR_IPAM_POOL_INVALID` for a pool that cannot be; gives its block size. */
function checkedBlockSize({ name, cidr, blockSize }: PoolSpec): number {
  const { least, most, default: usual } = BLOCK_SIZES[cidr.version];
  const size = blockSize ?? usual;
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name)) {
    throw invalid(`"${name}"`, 'a name has 1 to 253 lower case letters, digits, dashes and dots');
  }
  if (!Number.isInteger(size) || size < least || size > most) {
    throw invalid(name, `blockSize is ${size}; an IPv${cidr.version} pool has blocks of /${least} to /${most}`);
  }
  if (size < cidr.length) throw invalid(name, `a block of /${size} does not fit into ${formatPrefix(cidr)}`);
  const reserved = LINK_LOCAL.find((prefix) => prefixesOverlap(prefix, cidr));
  if (reserved) throw invalid(name, `${formatPrefix(cidr)} overlaps ${formatPrefix(reserved)}, which is link-local`);
  return size;
}

function checkSettings(name: string, { version }: Pool['cidr'], settings: PoolSettings): void {
  for (const field of ['nodeSelector', 'namespaceSelector'] as const) {
    try {
      parseSelector(settings[field]);
    } catch (cause) {
      throw new IpamError('ERR_IPAM_POOL_INVALID', `pool ${name}: ${field}: ${(cause as Error).message}`, { cause });
    }
  }
  const { vxlanMode, ipipMode, wireguardMode } = settings;
  const [one, other] = Object.entries({ vxlanMode, ipipMode, wireguardMode }).filter(([, mode]) => mode !== 'Never');
  if (one && other) throw invalid(name, `${other.join(' is ')} beside ${one.join(' ')}; Never for one of the two`);
  if (ipipMode !== 'Never' && version === 6) {
    throw invalid(name, `ipipMode is ${ipipMode}, and IPIP carries IPv4 alone; vxlanMode will do for IPv6`);
  }
  if (settings.allowedUses.length === 0) throw invalid(name, 'allowedUses is empty; nothing could be assigned');
  if (settings.allowedUses.includes('LoadBalancer') && settings.allowedUses.length > 1) {
    throw invalid(name, 'LoadBalancer stands alone in allowedUses');
  }
  if (settings.allowedUses.includes('LoadBalancer')) {
    // No node owns these addresses: they are not tunnelled, not selected by node, and useless where nobody hears of them.
    if (one) throw invalid(name, `${one[0]} is Never for LoadBalancer`);
    if (settings.disableBGPExport) throw invalid(name, 'disableBGPExport is false for LoadBalancer');
    if (settings.nodeSelector.trim() !== '' && settings.nodeSelector.trim() !== 'all()') {
      throw invalid(name, 'nodeSelector is all() for LoadBalancer');
    }
  }
}

export async function createPool(context: IpamContext, spec: PoolSpec): Promise<Pool> {
  const blockSize = checkedBlockSize(spec);
  checkSettings(spec.name, spec.cidr, poolSettings(spec));
  const key = poolKey(spec.name);
  await swap(context, async (draft) => {
    assertNoOverlap(context, spec, blockSize);
    const guard = await draft.read(POOL_GUARD);
    draft.put(POOL_GUARD, { created: ((guard?.value as { created?: number })?.created ?? 0) + 1 });
    if (await draft.read(key)) throw new IpamError('ERR_IPAM_POOL_EXISTS', `there is a pool ${spec.name} already`);
    draft.put(key, writePool({ ...spec, blockSize }));
  });
  const pool = readPool((await context.store.get(key))!);
  await context.catalogue.sync();
  if (!context.store.multiKey) await undoOverlap(context, pool);
  return pool;
}

function assertNoOverlap({ catalogue }: IpamContext, { name, cidr }: PoolSpec, blockSize: number): void {
  for (const pool of catalogue.pools) {
    if (pool.name === name || !prefixesOverlap(pool.cidr, cidr)) continue;
    const detail = `${formatPrefix(cidr)} overlaps ${formatPrefix(pool.cidr)} of pool ${pool.name}`;
    throw new IpamError('ERR_IPAM_POOL_OVERLAP', `pool ${name}: ${detail}`);
  }
  const unreadable = catalogue.unreadablePools.find((other) => prefixesOverlap(other, cidr));
  if (unreadable) {
    const detail = `${formatPrefix(cidr)} overlaps ${formatPrefix(unreadable)} of a pool that cannot be read`;
    throw new IpamError('ERR_IPAM_POOL_OVERLAP', `pool ${name}: ${detail}`);
  }
  for (const { cidr: block } of catalogue.blocks.all()) {
    if (prefixesOverlap(block, cidr) && block.length !== blockSize) {
      throw invalid(name, `block ${formatPrefix(block)} exists in it and has another size than /${blockSize}`);
    }
  }
}

/** Without multi-key commits two overlapping pools can be created at once: the later one goes. */
async function undoOverlap({ catalogue, store }: IpamContext, pool: Pool): Promise<void> {
  const earlier = catalogue.pools.find(
    ({ name, cidr, revision }) => name !== pool.name && revision < pool.revision && prefixesOverlap(cidr, pool.cidr),
  );
  if (!earlier) return;
  await store.delete(poolKey(pool.name), pool.revision);
  throw new IpamError('ERR_IPAM_POOL_OVERLAP', `pool ${pool.name}: it overlaps pool ${earlier.name}`);
}

export async function updatePool(
  context: IpamContext,
  name: string,
  change: Partial<PoolSettings>,
  revision?: number,
): Promise<Pool> {
  const key = poolKey(name);
  await swap(context, async (draft) => {
    const pool = await presentPool(draft, name, revision);
    if (!pool) throw new IpamError('ERR_IPAM_POOL_NOT_FOUND', `there is no pool ${name}`);
    // Who enables a pool that is to go has thought better of it.
    const settings = poolSettings({ ...pool, ...(change.disabled === false && { terminating: false }), ...change });
    checkSettings(name, pool.cidr, settings);
    draft.put(key, writePool({ name, cidr: pool.cidr, blockSize: pool.blockSize, ...settings }));
  });
  await context.catalogue.sync();
  return readPool((await context.store.get(key))!);
}

export async function presentPool(draft: Draft, name: string, revision: number | undefined): Promise<Pool | undefined> {
  const entry = await draft.read(poolKey(name));
  const pool = entry && readPool(entry);
  if (pool && revision !== undefined && pool.revision !== revision) {
    const detail = `pool ${name} was changed meanwhile: it is at revision ${pool.revision}, not ${revision}`;
    throw new IpamError('ERR_IPAM_CONFLICT', detail);
  }
  return pool;
}

/** Disables the pool, deletes its blocks, deletes it. A pool in use is left as it was. */
export async function deletePool(context: IpamContext, name: string, revision?: number): Promise<boolean> {
  const before = await swap(context, async (draft) => {
    const pool = await presentPool(draft, name, revision);
    if (!pool) return undefined;
    assertUnused(context, name);
    draft.put(poolKey(name), writePool({ ...pool, disabled: true }));
    return pool;
  });
  if (!before) return false;
  try {
    await context.catalogue.sync();
    for (const summary of [...context.catalogue.blocks.all()]) {
      if (context.catalogue.blocks.spaceOf(summary.cidr)?.pool.name !== name) continue;
      await swap(context, (draft) => dropBlock(context, draft, summary.cidr));
    }
    await swap(context, async (draft) => {
      assertUnused(context, name);
      if (await draft.read(poolKey(name))) draft.delete(poolKey(name));
    });
  } catch (error) {
    if (!before.disabled && !isConflict(error)) await updatePool(context, name, { disabled: false });
    throw error;
  }
  await context.catalogue.sync();
  return true;
}

function assertUnused({ catalogue }: IpamContext, name: string): void {
  const assigned = catalogue.blocks.space(name)?.assigned ?? 0;
  if (assigned > 0) {
    throw new IpamError(
      'ERR_IPAM_POOL_IN_USE',
      `pool ${name} is in use: ${counted(assigned, 'address is', 'addresses are')} assigned`,
    );
  }
}

/** The pool goes, so resting addresses need no memory. */
export async function dropBlock(context: IpamContext, draft: Draft, cidr: Pool['cidr']): Promise<void> {
  const key = blockKey(cidr);
  const block = await draft.block(key);
  if (!block) return;
  if (block.unallocated.length < block.allocations.length) {
    throw new IpamError('ERR_IPAM_POOL_IN_USE', `block ${block.cidr} is in use`);
  }
  const node = nodeOf(block);
  if (node !== undefined) await giveUpBlock(context, draft, node, cidr, true);
  await raiseFloor(draft, block);
  draft.delete(key);
}
