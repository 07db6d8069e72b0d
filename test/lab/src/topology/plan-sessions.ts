/** The sessions a topology asks for, each pair of hosts once per transport. */
import type { FamilyKey, PlannedHost, PlannedSession, SessionEnd } from './plan.js';
import { bareAddress } from './plan.js';
import type { TopologyFault } from './read-topology.js';
import type { Topology, TopologySession } from './schema.js';
import { select } from './select.js';

interface Pair {
  readonly a: string;
  readonly b: string;
  /** `a` reflects to `b`. */
  readonly reflects: boolean;
}

export function planSessions(
  topology: Topology,
  families: readonly FamilyKey[],
  hosts: readonly PlannedHost[],
  faults: TopologyFault[],
): PlannedSession[] {
  const byName = new Map(hosts.map((host) => [host.name, host]));
  const seen = new Set<string>();
  const sessions: PlannedSession[] = [];
  for (const [index, written] of (topology.sessions ?? []).entries()) {
    const path = ['sessions', index];
    for (const pair of pairsOf(written, [...byName.keys()], path, faults)) {
      const key = [pair.a, pair.b].sort().join(' ');
      if (seen.has(key)) {
        faults.push({ path, text: `${pair.a} and ${pair.b} already have a session above` });
        continue;
      }
      seen.add(key);
      sessions.push(...planPair(written, pair, byName, families, path, faults));
    }
  }
  return sessions;
}

function pairsOf(
  written: TopologySession,
  names: readonly string[],
  path: readonly (string | number)[],
  faults: TopologyFault[],
): Pair[] {
  const { between, mesh, reflector, clients } = written;
  const kinds = [between, mesh, reflector ?? clients].filter((kind) => kind !== undefined);
  if (kinds.length !== 1 || (reflector === undefined) !== (clients === undefined)) {
    faults.push({
      path,
      text: 'a session is one of: between: [A, B] · mesh: [A, B, …] · reflector: A with clients: [B, …]',
    });
    return [];
  }
  const pick = (patterns: readonly string[], key: string | number): string[] =>
    select(names, patterns, [...path, key], faults);
  if (mesh) {
    const members = pick(mesh, 'mesh');
    return members.flatMap((a, at) => members.slice(at + 1).map((b) => ({ a, b, reflects: false })));
  }
  const [left, right] = between
    ? [pick(between[0], 'between'), pick(between[1], 'between')]
    : [pick(reflector!, 'reflector'), pick(clients!, 'clients')];
  return left.flatMap((a) => right.filter((b) => b !== a).map((b) => ({ a, b, reflects: between === undefined })));
}

function planPair(
  written: TopologySession,
  pair: Pair,
  hosts: ReadonlyMap<string, PlannedHost>,
  families: readonly FamilyKey[],
  path: readonly (string | number)[],
  faults: TopologyFault[],
): PlannedSession[] {
  const a = hosts.get(pair.a)!;
  const b = hosts.get(pair.b)!;
  const type = a.asn === b.asn ? 'ibgp' : 'ebgp';
  if (pair.reflects && type === 'ebgp') {
    faults.push({
      path,
      text: `${a.name} (AS ${a.asn}) cannot reflect to ${b.name} (AS ${b.asn}): clients share its AS`,
    });
  }
  const transport = written.transport ?? 'dual';
  if (transport === 'unnumbered') checkUnnumbered(a, b, path, faults);
  const overs = transport === 'dual' ? families : [transport === 'unnumbered' ? 'ipv6' : transport];
  const sessions: PlannedSession[] = [];
  for (const over of overs) {
    const shared = sharedSegment(a, b, over);
    if (!shared) {
      faults.push({
        path,
        text: `${a.name} and ${b.name} share no ${over === 'ipv4' ? 'IPv4' : 'IPv6'} network or link`,
      });
      continue;
    }
    const unnumbered = transport === 'unnumbered';
    const suffix = transport === 'dual' ? `-v${over === 'ipv4' ? 4 : 6}` : '';
    const end = (own: PlannedHost, other: PlannedHost, at: 0 | 1, client: boolean): SessionEnd => ({
      host: own.name,
      peer: `${other.name}${suffix}`,
      localAddress: shared.addresses[at],
      ...(unnumbered && { interface: shared.interfaces[at] }),
      localAsn: own.asn,
      remoteHost: other.name,
      remoteAddress: shared.addresses[at === 0 ? 1 : 0],
      remoteAsn: other.asn,
      client,
    });
    sessions.push({
      type,
      over,
      families: transport === 'dual' ? [over] : families,
      ...(written.password === undefined ? {} : { password: written.password }),
      ...(written.holdTimeS === undefined ? {} : { holdTimeS: written.holdTimeS }),
      options: written.peer ?? {},
      ends: [end(a, b, 0, pair.reflects), end(b, a, 1, false)],
    });
  }
  return sessions;
}

/** Who is found on an interface must be alone there; and BIRD would give its protocols names of its own. */
function checkUnnumbered(
  a: PlannedHost,
  b: PlannedHost,
  path: readonly (string | number)[],
  faults: TopologyFault[],
): void {
  for (const { name, run } of [a, b]) {
    if (run !== 'agent')
      faults.push({ path, text: `transport unnumbered needs an agent on ${name}, and it runs ${run}` });
  }
}

interface Shared {
  readonly addresses: readonly [string, string];
  readonly interfaces: readonly [string, string];
}

function sharedSegment(a: PlannedHost, b: PlannedHost, over: FamilyKey): Shared | undefined {
  for (const own of a.interfaces) {
    const other = b.interfaces.find((each) => each.segment === own.segment);
    const left = own.addresses[over];
    const right = other?.addresses[over];
    if (left === undefined || right === undefined) continue;
    return { addresses: [bareAddress(left), bareAddress(right)], interfaces: [own.name, other!.name] };
  }
  return undefined;
}
