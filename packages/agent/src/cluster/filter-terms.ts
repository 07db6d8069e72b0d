/**
 * BGPFilters -> terms of a peer's policy. Rules of the resource are those of Calico: the first that matches decides, and a
 * route that none decides on goes to the next filter, then to the defaults behind.
 *
 * Priority is what Calico has in the kernel as metric; in iBGP it travels as LOCAL_PREF = 2147483647 - priority, and a route
 * without has 1024. Towards another AS, where LOCAL_PREF does not go, it is the MED.
 */
import type { PolicyMatch, PolicySet, PolicyTerm } from '@tortie/bgp';
import type { BgpFilterRule, BgpFilterSpec } from '@tortie/cluster';
import { addressBits, type Prefix, parsePrefix } from '@tortie/ip';
import { tryParseCommunity } from '../bgp-text/community.js';

export interface NamedFilter {
  readonly name: string;
  readonly spec: BgpFilterSpec;
}

export interface FilterScope {
  readonly side: 'import' | 'export';
  /** Of the session that the filter is for. */
  readonly peerType: 'ebgp' | 'ibgp';
  /** On-link prefixes of the interfaces that a name, or a pattern with a `*` at its end, means. */
  readonly interfacePrefixes: (pattern: string) => readonly Prefix[];
}

const NORMAL_PRIORITY = 1024;
const HIGHEST = 2147483647;

export function filterTerms({ name, spec }: NamedFilter, scope: FilterScope): PolicyTerm[] {
  const lists =
    scope.side === 'import'
      ? ([
          [spec.importV4, 4, 'importV4'],
          [spec.importV6, 6, 'importV6'],
        ] as const)
      : ([
          [spec.exportV4, 4, 'exportV4'],
          [spec.exportV6, 6, 'exportV6'],
        ] as const);
  return lists.flatMap(([rules = [], version, field]) =>
    rules.flatMap((rule, index) => ruleTerms(rule, version, `${name}/${field}[${index}]`, scope)),
  );
}

/** None where the rule cannot hold in this session; two where a priority has two forms. */
function ruleTerms(rule: BgpFilterRule, version: 4 | 6, name: string, scope: FilterScope): PolicyTerm[] {
  const { action, peerType, interface: device, source, communities, asPathPrefix, priority } = rule;
  if (peerType !== undefined && peerType.toLowerCase() !== scope.peerType) return [];
  const nextHops = device === undefined ? undefined : scope.interfacePrefixes(device);
  if (nextHops?.length === 0) return [];
  const match: PolicyMatch = {
    families: [version === 4 ? 'ipv4-unicast' : 'ipv6-unicast'],
    ...prefixesOf(rule),
    ...(source === 'RemotePeers' && { sources: ['ebgp', 'ibgp'] }),
    ...(nextHops && { nextHops }),
    ...(communities && { communities: communities.values.map(communityOf) }),
    ...(asPathPrefix && asPathPrefix.length > 0 && { asPaths: [`^${asPathPrefix.join(' ')} .*$`] }),
  };
  const set = setOf(rule, scope);
  const term = (extra: PolicyMatch = {}): PolicyTerm => ({
    name,
    match: { ...match, ...extra },
    action: action === 'Accept' ? 'accept' : 'reject',
    ...(set && { set }),
  });
  if (priority === undefined) return [term()];
  const localPref = HIGHEST - priority;
  const carried = term({ localPref: { min: localPref, max: localPref } });
  return priority === NORMAL_PRIORITY ? [carried, term({ localPref: { min: 100, max: 100 } })] : [carried];
}

function prefixesOf({
  cidr,
  matchOperator,
  prefixLength,
}: BgpFilterRule): Pick<PolicyMatch, 'prefixes' | 'notPrefixes'> {
  if (cidr === undefined || matchOperator === undefined) return {};
  const prefix = parsePrefix(cidr);
  const bits = addressBits(prefix.version);
  const exact = matchOperator === 'Equal' || matchOperator === 'NotEqual';
  const min = prefixLength?.min ?? prefix.length;
  const max = prefixLength?.max ?? (exact ? prefix.length : bits);
  const range = exact
    ? { prefix, ge: Math.max(min, prefix.length), le: Math.min(max, prefix.length) }
    : { prefix, ge: Math.max(min, prefix.length), le: Math.min(max, bits) };
  // Lengths that the operator excludes leave nothing, and not of nothing is everything.
  const holds = range.ge <= range.le ? [range] : [];
  return matchOperator.startsWith('Not') ? { notPrefixes: holds } : { prefixes: holds };
}

function communityOf(text: string): number | readonly [number, number, number] {
  const community = tryParseCommunity(text);
  if (!community) throw new RangeError(`"${text}" is no community`);
  return community.value;
}

/** Undefined where the rule changes nothing. */
function setOf({ action, operations = [] }: BgpFilterRule, { side, peerType }: FilterScope): PolicySet | undefined {
  if (action !== 'Accept' || operations.length === 0) return undefined;
  const addCommunities: number[] = [];
  const addLargeCommunities: (readonly [number, number, number])[] = [];
  let prependAsns: number[] = [];
  let priority: number | undefined;
  for (const operation of operations) {
    if (operation.addCommunity) {
      const value = communityOf(operation.addCommunity.value);
      if (typeof value === 'number') addCommunities.push(value);
      else addLargeCommunities.push(value);
    }
    // A later operation works on what an earlier one has made.
    if (operation.prependASPath) prependAsns = [...operation.prependASPath.prefix, ...prependAsns];
    if (operation.setPriority) priority = operation.setPriority.value;
  }
  return {
    ...(priority !== undefined &&
      (side === 'export' && peerType === 'ebgp' ? { med: priority } : { localPref: HIGHEST - priority })),
    ...(addCommunities.length > 0 && { addCommunities }),
    ...(addLargeCommunities.length > 0 && { addLargeCommunities }),
    ...(prependAsns.length > 0 && { prependAsns }),
  };
}
