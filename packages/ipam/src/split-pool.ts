/** Cuts a pool into equal parts, in one commit: no block and no address moves, only the pool above them is another. */
import { formatPrefix, subnetAt } from '@tortie/ip';
import type { IpamContext } from './context.js';
import { IpamError } from './errors.js';
import { presentPool } from './pools.js';
import { POOL_GUARD, poolKey } from './record/keys.js';
import { type Pool, readPool, writePool } from './record/pool.js';
import { swap } from './swap.js';

/** A commit over etcd has at most 128 operations. */
const MOST_PARTS = 64;

/** The parts, called `NAME-0`, `NAME-1`, … in the order of their addresses. */
export async function splitPool(context: IpamContext, name: string, parts: number): Promise<readonly Pool[]> {
  const bits = Math.log2(parts);
  if (!Number.isInteger(bits) || parts < 2 || parts > MOST_PARTS) {
    throw new IpamError('ERR_IPAM_INVALID', `${parts} parts; a pool is split into 2, 4, 8, … ${MOST_PARTS}`);
  }
  if (!context.store.multiKey)
    throw new IpamError('ERR_IPAM_INVALID', 'this store cannot change several pools at once');
  const keys = await swap(context, async (draft) => {
    const pool = await presentPool(draft, name, undefined);
    if (!pool) throw new IpamError('ERR_IPAM_POOL_NOT_FOUND', `there is no pool ${name}`);
    const length = pool.cidr.length + bits;
    if (length > pool.blockSize) {
      const most = 2 ** (pool.blockSize - pool.cidr.length);
      throw new IpamError(
        'ERR_IPAM_INVALID',
        `pool ${name} is ${formatPrefix(pool.cidr)} with blocks of /${pool.blockSize}: it can be split into ${most} parts at most`,
      );
    }
    const guard = await draft.read(POOL_GUARD);
    draft.put(POOL_GUARD, { created: ((guard?.value as { created?: number })?.created ?? 0) + 1 });
    draft.delete(poolKey(name));
    const made: string[] = [];
    for (let at = 0; at < parts; at++) {
      const part = `${name}-${at}`;
      const key = poolKey(part);
      if (await draft.read(key)) throw new IpamError('ERR_IPAM_POOL_EXISTS', `there is a pool ${part} already`);
      draft.put(key, writePool({ ...pool, name: part, cidr: subnetAt(pool.cidr, length, at) }));
      made.push(key);
    }
    return made;
  });
  await context.catalogue.sync();
  const pools: Pool[] = [];
  for (const key of keys) {
    const entry = await context.store.get(key);
    if (entry) pools.push(readPool(entry));
  }
  return pools;
}
