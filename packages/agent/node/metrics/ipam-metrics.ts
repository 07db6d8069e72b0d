/**
 * Metrics of address management under the names that dashboards of Calico know. Labels are pools, and this node alone: what other
 * nodes have they tell themselves. Without samples while the store is away.
 */
import { formatPrefix } from '@tortie/ip';
import type { IpamApi } from '@tortie/ipam';
import type { GarbageCollector } from '../ipam/garbage-collector.js';

export interface IpamMetricsContext {
  readonly config: { readonly node: string };
  readonly ipam: IpamApi;
  readonly garbage: Pick<GarbageCollector, 'candidates' | 'reclaimed' | 'findings'>;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly labels: readonly string[];
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];
}

export async function ipamMetrics({ config, ipam, garbage }: IpamMetricsContext): Promise<readonly Metric[]> {
  const { node } = config;
  const own = new Map<string, { blocks: number; inUse: number; borrowed: number }>();
  let pools: Awaited<ReturnType<IpamApi['pools']['usage']>>;
  let usage: Awaited<ReturnType<IpamApi['nodeUsage']>>;
  try {
    pools = await ipam.pools.usage();
    usage = await ipam.nodeUsage(node);
    for (const { pool } of pools) own.set(pool, { blocks: 0, inUse: 0, borrowed: 0 });
    for (const { pool = '' } of await ipam.blocksOf(node)) if (own.has(pool)) own.get(pool)!.blocks++;
    for (const { pool = '', borrowed } of await ipam.assignments({ node })) {
      const figures = own.get(pool);
      if (!figures) continue;
      figures.inUse++;
      if (borrowed) figures.borrowed++;
    }
  } catch {
    return [];
  }
  const perPool = (field: 'blocks' | 'inUse' | 'borrowed'): Metric['samples'] =>
    [...own].map(([ippool, figures]) => [{ ippool, node }, figures[field]] as const);
  const both = ['ippool', 'node'];
  const gauge = (name: string, help: string, labels: readonly string[], samples: Metric['samples']): Metric => ({
    ...{ name, help, type: 'gauge', labels, samples },
  });
  return [
    gauge(
      'ipam_ippool_size',
      'Addresses of the pool',
      ['ippool', 'cidr'],
      pools.map(({ pool, cidr, size }) => [{ ippool: pool, cidr: formatPrefix(cidr) }, Number(size)]),
    ),
    gauge(
      'ipam_ippool_reserved',
      'Addresses of the pool that are reserved and not in use',
      ['ippool'],
      pools.map(({ pool, reserved }) => [{ ippool: pool }, Number(reserved)]),
    ),
    gauge(
      'tortie_ipam_ippool_free',
      'Addresses of the pool that are free, on whatever node',
      ['ippool'],
      pools.map(({ pool, free }) => [{ ippool: pool }, Number(free)]),
    ),
    gauge('ipam_blocks', 'Blocks that this node owns', both, perPool('blocks')),
    gauge('ipam_allocations_in_use', 'Addresses that this node uses', both, perPool('inUse')),
    gauge('ipam_allocations_borrowed', 'Of those: from blocks of others', both, perPool('borrowed')),
    gauge(
      'ipam_allocations_gc_candidates',
      'What may be garbage: alert where it stays',
      ['node'],
      [[{ node }, garbage.candidates]],
    ),
    {
      ...{
        name: 'ipam_allocations_gc_reclamations',
        help: 'Addresses freed as garbage since the start',
        type: 'counter',
      },
      labels: both,
      samples: [...garbage.reclaimed].map(([ippool, count]) => [{ ippool, node }, count]),
    },
    gauge(
      'tortie_ipam_blocks_limit',
      'How many blocks this node may own by IP version; 0: no limit',
      ['version'],
      usage.map(({ version, maxBlocksPerHost }) => [{ version: String(version) }, maxBlocksPerHost]),
    ),
    gauge('tortie_ipam_findings', 'Broken invariants of this node: alert above 0', [], [[{}, garbage.findings.length]]),
  ];
}
