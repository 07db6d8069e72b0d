/** What is missing before a lab has converged, in whole sentences. Pure. */
import { familiesOfPools, type LabPlan } from '../topology/plan.js';
import type { HostSnapshot } from './host-snapshot.js';
import type { Probe } from './reachability.js';

export const missing = (plan: LabPlan, hosts: readonly HostSnapshot[], probes: readonly Probe[]): string[] => [
  ...hosts.flatMap((host) => hostReasons(plan, host, hosts)),
  ...probeReasons(probes),
];

function hostReasons(plan: LabPlan, host: HostSnapshot, all: readonly HostSnapshot[]): string[] {
  if (host.error !== undefined) return [`${host.name}: ${host.error}`];
  const reasons: string[] = [];
  for (const { peer, state, cause } of host.sessions) {
    if (state !== 'established')
      reasons.push(`${host.name}: session with ${peer} is ${state}${cause ? ` (${cause})` : ''}`);
  }
  if (host.run !== 'none' && host.sessions.length > 0) {
    const there = new Set(host.prefixes);
    for (const other of all) {
      if (other === host) continue;
      for (const block of other.blocks) {
        if (!there.has(block)) reasons.push(`${host.name}: no route in the kernel to ${block} of ${other.name}`);
      }
    }
  }
  for (const refused of host.kernel.failed) reasons.push(`${host.name}: the kernel refused ${refused}`);
  const { multipath = 1, config = {} } = plan.hosts.find(({ name }) => name === host.name) ?? {};
  if (host.run === 'agent' && 'cluster' in config && host.sessions.length === 0)
    reasons.push(`${host.name}: has no sessions yet`);
  const routes = host.run === 'agent' || host.run === 'bird';
  if (routes && multipath > 1 && host.kernel.multipath === 0) {
    reasons.push(`${host.name}: multipath is on, but no route in the kernel has more than one next hop`);
  }
  if (host.run === 'agent' && host.blocks.length < familiesOfPools(plan)) {
    reasons.push(`${host.name}: owns ${host.blocks.length} of ${familiesOfPools(plan)} blocks`);
  }
  return reasons;
}

function probeReasons(probes: readonly Probe[]): string[] {
  return probes
    .filter(({ ok }) => !ok)
    .map(({ from, to, family, seenAs }) =>
      seenAs === undefined
        ? `${from} does not reach ${to} over ${family === 'ipv4' ? 'IPv4' : 'IPv6'}`
        : `${to} sees ${from} as ${seenAs}, which is not its address`,
    );
}
