/** What a schema cannot say about pools: sizes that depend on the IP version, and overlaps. */
import { formatPrefix, type Prefix, parsePrefix, prefixesOverlap } from '@tortie/ip';
import type { PoolSpec } from '../api/ipam.js';
import type { Issue } from '../errors.js';
import { pointerTo } from '../schema/check.js';

const LINK_LOCAL = [parsePrefix('169.254.0.0/16'), parsePrefix('fe80::/10')];

export const defaultBlockSize = (cidr: Prefix): number => (cidr.version === 4 ? 26 : 122);

export function checkPools(pools: readonly PoolSpec[], at: string): Issue[] {
  const issues: Issue[] = [];
  const parsed = pools.map(({ cidr }) => parsePrefix(cidr));
  for (const [index, pool] of pools.entries()) {
    const pointer = pointerTo(at, index);
    const cidr = parsed[index]!;
    issues.push(...checkPool(pool, pointer));
    const twin = pools.findIndex(({ name }) => name === pool.name);
    if (twin < index) {
      issues.push({
        pointer: pointerTo(pointer, 'name'),
        detail: `"${pool.name}" is already the name of another pool`,
      });
    }
    const other = parsed.findIndex((candidate) => prefixesOverlap(candidate, cidr));
    if (other < index) {
      issues.push({
        pointer: pointerTo(pointer, 'cidr'),
        detail: `${pool.cidr} overlaps ${pools[other]!.cidr} of pool "${pools[other]!.name}"; pools must not share addresses`,
      });
    }
  }
  return issues;
}

/** Faults of one pool by itself. */
export function checkPool(pool: PoolSpec, at = ''): Issue[] {
  const issues: Issue[] = [];
  const cidr = parsePrefix(pool.cidr);
  const [low, high] = cidr.version === 4 ? [20, 32] : [116, 128];
  const size = pool.blockSize ?? defaultBlockSize(cidr);
  if (pool.blockSize !== undefined && (size < low || size > high)) {
    issues.push({
      pointer: pointerTo(at, 'blockSize'),
      detail: `is ${size}; an IPv${cidr.version} pool has blocks of /${low} to /${high}, usually /${defaultBlockSize(cidr)}`,
    });
  } else if (size < cidr.length) {
    issues.push({
      pointer: pointerTo(at, pool.blockSize === undefined ? 'cidr' : 'blockSize'),
      detail: `a block of /${size} does not fit into ${pool.cidr}; write a blockSize of ${Math.max(low, cidr.length)} to ${high}`,
    });
  }
  const { ipipMode = 'Never', vxlanMode = 'Never', wireguardMode = 'Never' } = pool;
  if (wireguardMode !== 'Never' && (vxlanMode !== 'Never' || ipipMode !== 'Never')) {
    const beside = vxlanMode === 'Never' ? `ipipMode ${ipipMode}` : `vxlanMode ${vxlanMode}`;
    const detail = `is ${wireguardMode}, beside ${beside}; Never for one of the two`;
    issues.push({ pointer: pointerTo(at, 'wireguardMode'), detail });
  }
  if (ipipMode !== 'Never' && (vxlanMode !== 'Never' || cidr.version === 6)) {
    const why =
      cidr.version === 6 ? 'and IPIP carries IPv4 alone' : `beside vxlanMode ${vxlanMode}; Never for one of the two`;
    issues.push({ pointer: pointerTo(at, 'ipipMode'), detail: `is ${ipipMode}, ${why}` });
  }
  const reserved = LINK_LOCAL.find((prefix) => prefixesOverlap(prefix, cidr));
  if (reserved) {
    issues.push({
      pointer: pointerTo(at, 'cidr'),
      detail: `${pool.cidr} overlaps ${formatPrefix(reserved)}, which is link-local`,
    });
  }
  return issues;
}
