/** Segments, interfaces and addresses of a topology. */
import {
  addressAt,
  formatAddress,
  formatPrefix,
  type Prefix,
  parsePrefix,
  subnetAt,
  tryParseAddress,
} from '@tortie/ip';
import type { FamilyKey, PlannedHost, PlannedInterface, PlannedSegment } from './plan.js';
import { bareAddress } from './plan.js';
import type { TopologyFault } from './read-topology.js';
import type { Topology, TopologyHost } from './schema.js';
import { select } from './select.js';

export type HostRun = 'agent' | 'bird' | 'etcd' | 'none';

/** Networks get /24 and /64 from the first pair, links /31 and /127 from the second, in the order they are written. */
const NETWORKS = { ipv4: [parsePrefix('10.0.0.0/16'), 24], ipv6: [parsePrefix('fd00::/48'), 64] } as const;
const LINKS = { ipv4: [parsePrefix('10.1.0.0/16'), 31], ipv6: [parsePrefix('fd00:0:1::/48'), 127] } as const;

export interface PlannedHosts {
  readonly hosts: readonly PlannedHost[];
  readonly segments: readonly PlannedSegment[];
}

export function planHosts(topology: Topology, families: readonly FamilyKey[], faults: TopologyFault[]): PlannedHosts {
  const names = Object.keys(topology.hosts);
  const segments = [
    ...planNetworks(topology, families, names, faults),
    ...planLinks(topology, families, names, faults),
  ];
  const interfaces = new Map<string, PlannedInterface[]>(names.map((name) => [name, []]));
  for (const segment of segments) plug(segment, interfaces, faults);
  const hosts = Object.entries(topology.hosts).map(([name, host]) =>
    planHost(name, host, interfaces.get(name)!, faults),
  );
  return { hosts, segments };
}

function planNetworks(
  topology: Topology,
  families: readonly FamilyKey[],
  names: readonly string[],
  faults: TopologyFault[],
): PlannedSegment[] {
  const written = topology.networks ?? (topology.links ? {} : { lan: {} });
  return Object.entries(written).map(([name, network], index) => {
    if (!/^[a-z][a-z0-9]{0,7}$/.test(name)) {
      faults.push({ path: ['networks', name], text: 'a network is named by 1 to 8 lower-case letters or digits' });
    }
    const prefixes: Partial<Record<FamilyKey, string>> = {};
    for (const family of families) {
      const [outer, length] = NETWORKS[family];
      const given = network[family];
      const prefix = given === undefined ? subnetAt(outer, length, index) : readPrefix(given);
      if (prefix === undefined || prefix.version !== (family === 'ipv4' ? 4 : 6)) {
        faults.push({ path: ['networks', name, family], text: `"${given}" is no prefix of this family` });
      } else {
        prefixes[family] = formatPrefix(prefix);
      }
    }
    const hosts = network.hosts ? select(names, network.hosts, ['networks', name, 'hosts'], faults) : names;
    return { name, type: 'network', prefixes, hosts };
  });
}

function planLinks(
  topology: Topology,
  families: readonly FamilyKey[],
  names: readonly string[],
  faults: TopologyFault[],
): PlannedSegment[] {
  const segments: PlannedSegment[] = [];
  for (const [index, [left, right]] of (topology.links ?? []).entries()) {
    for (const a of select(names, left, ['links', index, 0], faults)) {
      for (const b of select(names, right, ['links', index, 1], faults)) {
        if (a === b) {
          faults.push({ path: ['links', index], text: `a link joins two hosts; both ends are ${a}` });
          continue;
        }
        const prefixes: Partial<Record<FamilyKey, string>> = {};
        for (const family of families) {
          const [outer, length] = LINKS[family];
          prefixes[family] = formatPrefix(subnetAt(outer, length, segments.length));
        }
        segments.push({ name: `link${segments.length}`, type: 'link', prefixes, hosts: [a, b] });
      }
    }
  }
  return segments;
}

/** Gives every host of a segment the next interface and address. */
function plug(segment: PlannedSegment, interfaces: Map<string, PlannedInterface[]>, faults: TopologyFault[]): void {
  for (const [index, host] of segment.hosts.entries()) {
    const own = interfaces.get(host)!;
    const addresses: Partial<Record<FamilyKey, string>> = {};
    for (const [family, text] of Object.entries(segment.prefixes)) {
      const prefix = parsePrefix(text);
      // A network keeps its first address free (a subnet-router anycast address in IPv6); a /31 or /127 has none to spare.
      const ordinal = segment.type === 'network' ? index + 1 : index;
      try {
        addresses[family as FamilyKey] = `${formatAddress(addressAt(prefix, ordinal))}/${prefix.length}`;
      } catch {
        faults.push({
          path: ['networks', segment.name],
          text: `${text} is too small for ${segment.hosts.length} hosts`,
        });
      }
    }
    own.push({ name: `eth${own.length}`, segment: segment.name, addresses });
  }
}

function planHost(
  name: string,
  host: TopologyHost,
  interfaces: readonly PlannedInterface[],
  faults: TopologyFault[],
): PlannedHost {
  const path = ['hosts', name];
  if (!/^[a-z][a-z0-9-]{0,14}$/.test(name)) {
    faults.push({ path, text: 'a host is named by 1 to 15 lower-case letters, digits or dashes' });
  }
  const run = host.run ?? 'agent';
  const speaks = run === 'agent' || run === 'bird';
  if (speaks && host.asn === undefined) {
    faults.push({ path, text: `"asn" is missing; a host that runs ${run === 'bird' ? 'BIRD' : 'an agent'} needs one` });
  }
  if (run !== 'agent' && host.pods && host.pods.length > 0) {
    faults.push({ path: [...path, 'pods'], text: 'only hosts with "run: agent" have pods' });
  }
  if (host.container && run !== 'bird') {
    faults.push({ path: [...path, 'container'], text: 'only hosts with "run: bird" are put into a container' });
  }
  for (const key of ['routerId', 'clusterId'] as const) {
    const given = host[key];
    if (given !== undefined && tryParseAddress(given)?.version !== 4) {
      faults.push({ path: [...path, key], text: `"${given}" is not written like an IPv4 address` });
    }
  }
  for (const [index, text] of (host.originate ?? []).entries()) {
    if (!readPrefix(text)) faults.push({ path: [...path, 'originate', index], text: `"${text}" is no prefix` });
  }
  const first = interfaces.find((each) => each.addresses.ipv4)?.addresses.ipv4;
  const routerId = host.routerId ?? (first === undefined ? undefined : bareAddress(first));
  if (routerId === undefined && speaks) {
    faults.push({ path, text: '"routerId" is missing; a host without an IPv4 address needs one' });
  }
  return {
    name,
    run,
    container: host.container ?? false,
    asn: host.asn ?? 0,
    routerId: routerId ?? '0.0.0.0',
    ...(host.clusterId === undefined ? {} : { clusterId: host.clusterId }),
    interfaces,
    pods: (host.pods ?? []).map((pod) => `${name}-${pod}`),
    originate: host.originate ?? [],
    multipath: host.multipath ?? 1,
    store: host.store ?? 'shared',
    config: host.config ?? {},
    birdConfig: host.birdConfig ?? '',
  };
}

function readPrefix(text: string): Prefix | undefined {
  try {
    return parsePrefix(text);
  } catch {
    return undefined;
  }
}
