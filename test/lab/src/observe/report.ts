/** The one JSON document that `--once --json` prints. */
import type { FamilyKey, LabPlan } from '../topology/plan.js';
import type { HostSnapshot } from './host-snapshot.js';
import type { LabSnapshot, PodSnapshot } from './snapshot.js';

export interface ReachabilityReport {
  readonly asked: number;
  readonly answered: number;
}

export interface LabReport {
  readonly lab: string;
  readonly id: string;
  readonly ok: boolean;
  /** Why not; empty when ok. */
  readonly reasons: readonly string[];
  /** From the first namespace to convergence, or to giving up. */
  readonly seconds: number;
  readonly deadlineS: number;
  readonly hosts: readonly (Omit<HostSnapshot, 'prefixes' | 'socket'> & {
    readonly api?: { readonly socket: string };
  })[];
  readonly pods: readonly PodSnapshot[];
  readonly reachability: Readonly<Partial<Record<FamilyKey, ReachabilityReport>>>;
}

export function labReport(snapshot: LabSnapshot, seconds: number, deadlineS: number): LabReport {
  const { lab, id, families, hosts, pods, probes, reasons } = snapshot;
  const reachability: Partial<Record<FamilyKey, ReachabilityReport>> = {};
  for (const family of families) {
    const asked = probes.filter((probe) => probe.family === family);
    reachability[family] = { asked: asked.length, answered: asked.filter(({ ok }) => ok).length };
  }
  return {
    lab,
    id,
    ok: reasons.length === 0,
    reasons,
    seconds: Math.round(seconds * 1000) / 1000,
    deadlineS,
    hosts: hosts.map(({ prefixes: _, socket, ...host }) => ({ ...host, ...(socket ? { api: { socket } } : {}) })),
    pods,
    reachability,
  };
}

/** The report of a lab that did not even come up. */
export const failedReport = (plan: LabPlan, reason: string, seconds: number, deadlineS: number): LabReport =>
  labReport(
    { lab: plan.name, id: '', families: plan.families, hosts: [], pods: [], probes: [], reasons: [reason] },
    seconds,
    deadlineS,
  );
