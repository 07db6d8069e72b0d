/** Which pools may serve a request, and why the others may not. */
import type { IpVersion } from '@tortie/ip';
import { IpamError } from './errors.js';
import type { Asker, Pool, PoolUse } from './record/pool.js';
import { type Labels, parseSelector, type Selector } from './selector.js';

export interface PoolQuery extends Asker {
  readonly node: string;
  readonly version: IpVersion;
  /** By name, in this order; absent: those that select the asker. */
  readonly names: readonly string[] | undefined;
  readonly use: PoolUse;
}

const compiled = new Map<string, Selector>();

/** Whether a selector that was checked before selects these labels. */
export function selects(selector: string, labels: Labels | undefined): boolean {
  let test = compiled.get(selector);
  if (!test) {
    test = parseSelector(selector);
    if (compiled.size > 1000) compiled.clear();
    compiled.set(selector, test);
  }
  return test(labels ?? {});
}

/** The pools to try, in order; never empty. Throws `ERR_IPAM_NO_POOL` with the reason for each pool. */
export function eligiblePools(pools: readonly Pool[], query: PoolQuery): readonly Pool[] {
  const { version, names, node } = query;
  const reasons: string[] = [];
  const eligible: Pool[] = [];
  const candidates = names
    ? names.map((name) => ({ name, pool: pools.find((pool) => pool.name === name) }))
    : undefined;
  for (const { name, pool } of candidates ?? pools.map((pool) => ({ name: pool.name, pool }))) {
    if (!pool) {
      reasons.push(`there is no pool ${name}`);
      continue;
    }
    if (pool.cidr.version !== version) continue;
    const reason = whyNot(pool, query);
    if (reason === undefined) eligible.push(pool);
    else reasons.push(`pool ${pool.name} ${reason}`);
  }
  if (eligible.length > 0) return eligible;
  const detail =
    reasons.length > 0 ? reasons.join('; ') : `there is no IPv${version} pool${names ? ' among those named' : ''}`;
  throw new IpamError('ERR_IPAM_NO_POOL', `no pool has IPv${version} addresses for ${node}: ${detail}`);
}

/** Why a pool does not serve the query; undefined: it does. */
function whyNot(pool: Pool, { names, use, node, nodeLabels, namespaceLabels }: PoolQuery): string | undefined {
  if (pool.disabled) return 'is disabled';
  if (!pool.allowedUses.includes(use)) return `is for ${pool.allowedUses.join(', ')}, not for ${use}`;
  if (names) return undefined;
  if (pool.assignmentMode === 'Manual') return 'is Manual: only for requests that name it';
  if (!selects(pool.nodeSelector, nodeLabels))
    return `has the nodeSelector ${pool.nodeSelector}, which ${node} does not match`;
  if (!selects(pool.namespaceSelector, namespaceLabels))
    return `has the namespaceSelector ${pool.namespaceSelector}, which does not match`;
  return undefined;
}
