/** Who reaches whom: one question from every pod to every other, in each family. */
import type { Lab } from '../lab.js';
import type { FamilyKey } from '../topology/plan.js';

export interface Probe {
  readonly from: string;
  readonly to: string;
  readonly family: FamilyKey;
  readonly ok: boolean;
  /** The other end saw another address than the pod's own: somebody translates on the way. */
  readonly seenAs?: string;
  readonly tookMs?: number;
}

/** Asks all pairs at once; an answer that has not come after `timeoutMs` counts as none. */
export async function probeAll(lab: Lab, timeoutMs = 1000): Promise<Probe[]> {
  const pods = [...lab.pods.values()];
  const probes: Promise<Probe>[] = [];
  for (const from of pods) {
    for (const to of pods) {
      if (from === to) continue;
      for (const family of lab.plan.families) {
        const own = from.addresses[family];
        const address = to.addresses[family];
        if (own === undefined || address === undefined) continue;
        probes.push(ask(from.prober, from.name, to.name, family, own, address, timeoutMs));
      }
    }
  }
  return Promise.all(probes);
}

async function ask(
  prober: { ask(address: string, timeoutMs: number): Promise<import('../host/probe.js').ProbeReply> },
  from: string,
  to: string,
  family: FamilyKey,
  own: string,
  address: string,
  timeoutMs: number,
): Promise<Probe> {
  const reply = await prober.ask(address, timeoutMs).catch(() => ({ ok: false }) as const);
  if (!reply.ok) return { from, to, family, ok: false };
  const { seenAs, tookMs } = reply;
  return seenAs === own ? { from, to, family, ok: true, tookMs } : { from, to, family, ok: false, seenAs, tookMs };
}
