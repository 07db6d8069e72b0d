/**
 * Who reaches whom, in each family: every pod asks every other; every node with pods asks every pod, and is asked by it.
 * The answer says which address the question came from, so translation on the way shows.
 */
import type { Prober } from '../host/probe.js';
import type { Lab } from '../lab.js';
import { bareAddress, type FamilyKey } from '../topology/plan.js';

export interface Probe {
  readonly from: string;
  readonly to: string;
  readonly family: FamilyKey;
  readonly ok: boolean;
  /** The other end saw an address that is none of the asker's: somebody translates on the way. */
  readonly seenAs?: string;
  readonly tookMs?: number;
}

/** One that asks and is asked: a pod with its one address per family, or a node with one per interface. */
interface Place {
  readonly name: string;
  readonly kind: 'pod' | 'node';
  readonly prober: Prober;
  readonly addresses: Readonly<Record<FamilyKey, readonly string[]>>;
}

/** Asks all pairs at once; an answer that has not come after `timeoutMs` counts as none. */
export async function probeAll(lab: Lab, timeoutMs = 1000): Promise<Probe[]> {
  const places = [...pods(lab), ...nodes(lab)];
  const probes: Promise<Probe>[] = [];
  for (const from of places) {
    for (const to of places) {
      if (from === to || (from.kind === 'node' && to.kind === 'node')) continue;
      for (const family of lab.plan.families) probes.push(...ask(from, to, family, timeoutMs));
    }
  }
  return Promise.all(probes);
}

function pods(lab: Lab): Place[] {
  return [...lab.pods.values()].map(({ name, prober, addresses: { ipv4, ipv6 } }) => ({
    name,
    kind: 'pod',
    prober,
    addresses: { ipv4: ipv4 === undefined ? [] : [ipv4], ipv6: ipv6 === undefined ? [] : [ipv6] },
  }));
}

function nodes(lab: Lab): Place[] {
  return [...lab.probers].map(([name, prober]) => {
    const { interfaces } = lab.host(name).plan;
    const of = (family: FamilyKey): string[] =>
      interfaces.flatMap(({ addresses }) => (addresses[family] ? [bareAddress(addresses[family])] : []));
    return { name, kind: 'node', prober, addresses: { ipv4: of('ipv4'), ipv6: of('ipv6') } };
  });
}

/** One question to the first address of the other; none where it has no address of this family. */
function ask(from: Place, to: Place, family: FamilyKey, timeoutMs: number): Promise<Probe>[] {
  const [address] = to.addresses[family];
  const own = from.addresses[family];
  if (address === undefined || own.length === 0) return [];
  const probe = { from: from.name, to: to.name, family };
  const answer = from.prober
    .ask(address, timeoutMs)
    .catch(() => ({ ok: false }) as const)
    .then((reply): Probe => {
      if (!reply.ok) return { ...probe, ok: false };
      const { seenAs, tookMs } = reply;
      return own.includes(seenAs) ? { ...probe, ok: true, tookMs } : { ...probe, ok: false, seenAs, tookMs };
    });
  return [answer];
}
