/** The whole lab as it stands, and what is still missing before it has converged. */
import type { Lab } from '../lab.js';
import type { FamilyKey } from '../topology/plan.js';
import { type HostSnapshot, snapshotHost } from './host-snapshot.js';
import { type Probe, probeAll } from './reachability.js';

export interface PodSnapshot {
  readonly name: string;
  readonly node: string;
  readonly addresses: Readonly<Partial<Record<FamilyKey, string>>>;
}

export interface LabSnapshot {
  readonly lab: string;
  readonly id: string;
  readonly families: readonly FamilyKey[];
  readonly hosts: readonly HostSnapshot[];
  readonly pods: readonly PodSnapshot[];
  readonly probes: readonly Probe[];
  /** What is missing; empty: converged. */
  readonly reasons: readonly string[];
}

/** Asks every agent, every BIRD and every kernel, and sends one question from each pod to each other. */
export async function takeSnapshot(lab: Lab, probeTimeoutMs = 1000): Promise<LabSnapshot> {
  const [hosts, probes] = await Promise.all([
    Promise.all(lab.plan.hosts.map((host) => snapshotHost(lab, host))),
    probeAll(lab, probeTimeoutMs),
  ]);
  const pods = [...lab.pods.values()].map(({ name, node, addresses }) => ({ name, node, addresses }));
  const reasons = [...hosts.flatMap((host) => hostReasons(lab, host, hosts)), ...probeReasons(probes)];
  return { lab: lab.plan.name, id: lab.id, families: lab.plan.families, hosts, pods, probes, reasons };
}

function hostReasons(lab: Lab, host: HostSnapshot, all: readonly HostSnapshot[]): string[] {
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
  const { multipath = 1 } = lab.plan.hosts.find(({ name }) => name === host.name) ?? {};
  if (multipath > 1 && host.kernel.multipath === 0) {
    reasons.push(`${host.name}: multipath is on, but no route in the kernel has more than one next hop`);
  }
  if (host.run === 'agent' && host.blocks.length < lab.plan.families.length && lab.plan.pools.length > 0) {
    reasons.push(`${host.name}: owns ${host.blocks.length} of ${lab.plan.families.length} blocks`);
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
