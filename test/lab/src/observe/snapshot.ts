/** The whole lab as it stands, and what is still missing before it has converged. */
import type { Lab } from '../lab.js';
import type { FamilyKey } from '../topology/plan.js';
import { type HostSnapshot, snapshotHost } from './host-snapshot.js';
import { missing } from './missing.js';
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
  const hosts = await Promise.all(lab.plan.hosts.map((host) => snapshotHost(lab, host)));
  const probes = await probeAll(lab, probeTimeoutMs);
  const names = lab.plan.hosts.flatMap((host) => host.pods);
  const pods = names.flatMap((name) => {
    const pod = lab.pods.get(name);
    return pod ? [{ name, node: pod.node, addresses: pod.addresses }] : [];
  });
  const reasons = missing(lab.plan, hosts, probes);
  return { lab: lab.plan.name, id: lab.id, families: lab.plan.families, hosts, pods, probes, reasons };
}
