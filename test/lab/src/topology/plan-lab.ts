/** From a topology file to the plan of a lab. */
import type { FamilyKey, LabPlan, PlannedPool } from './plan.js';
import { planHosts } from './plan-hosts.js';
import { planResources } from './plan-resources.js';
import { planSessions } from './plan-sessions.js';
import { readTopology, type TopologyFault } from './read-topology.js';

const DEFAULT_POOLS: Readonly<Record<FamilyKey, PlannedPool>> = {
  ipv4: { name: 'default-ipv4', cidr: '10.244.0.0/16', blockSize: 26 },
  ipv6: { name: 'default-ipv6', cidr: 'fd00:10:244::/48', blockSize: 122 },
};

/** Reads YAML text into a plan. `file` is the name errors show. Throws LabError `ERR_LAB_TOPOLOGY`. */
export function planLab(text: string, file: string): LabPlan {
  const { topology, refuse } = readTopology(text, file);
  const faults: TopologyFault[] = [];
  const families = topology.families ?? (['ipv4', 'ipv6'] as const);
  if (Object.keys(topology.hosts).length === 0) faults.push({ path: ['hosts'], text: 'a lab has at least one host' });
  const { hosts, segments } = planHosts(topology, families, faults);
  const sessions = planSessions(topology, families, hosts, faults);
  const resources = planResources(topology.resources ?? [], faults);
  refuse(faults);
  const pools =
    topology.pools?.map((pool) => ({ blockSize: pool.cidr.includes(':') ? 122 : 26, ...pool })) ??
    (resources.some(({ kind }) => kind === 'IPPool') ? [] : families.map((family) => DEFAULT_POOLS[family]));
  const name = topology.name ?? file.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
  return { name, description: topology.description ?? '', families, hosts, segments, sessions, pools, resources };
}
