/** A peer as a user writes it -> a peer as the speaker takes it: text becomes numbers. The spec has been checked. */
import type { PeerConfig, PolicySet, PolicyTerm, RoutePolicy } from '@tortie/bgp';
import { parseAddress, parsePrefix } from '@tortie/ip';
import type { Policy } from '../api/policy.js';
import { tryParseCommunity } from '../bgp-text/community.js';
import type { BoundPeer } from './bound-peer.js';
import { type ImportScope, importPolicy } from './import-policy.js';

export interface PeerDefaults {
  readonly asn: number;
  readonly restartTimeS: number;
  readonly scope: ImportScope;
}

export function peerConfig(spec: BoundPeer, defaults: PeerDefaults): PeerConfig {
  const {
    remoteAddress,
    localAddress,
    localNextHops,
    gracefulRestart,
    bfd: _bfd,
    import: imported,
    export: exported,
    ...same
  } = spec;
  const { enabled = true, ...restart } = gracefulRestart ?? {};
  const own = imported && routePolicy(imported, spec.localAsn ?? defaults.asn);
  return {
    ...same,
    remoteAddress: parseAddress(remoteAddress),
    ...(localAddress !== undefined && { localAddress: parseAddress(localAddress) }),
    ...(localNextHops && { localNextHops: localNextHops.map(parseAddress) }),
    gracefulRestart: enabled && { restartTimeS: defaults.restartTimeS, ...restart },
    import: importPolicy(defaults.scope, own),
    ...(exported && { export: routePolicy(exported, spec.localAsn ?? defaults.asn) }),
  };
}

/** `asn` is what a prepend without one repeats. */
export function routePolicy(policy: Policy, asn: number): RoutePolicy {
  return { terms: policy.map((term) => policyTerm(term, asn)) };
}

function policyTerm({ match, action, set }: Policy[number], asn: number): PolicyTerm {
  return {
    action,
    ...(match && {
      match: {
        ...(match.prefixes && {
          prefixes: match.prefixes.map(({ prefix, ge, le }) => ({
            prefix: parsePrefix(prefix),
            ...(ge !== undefined && { ge }),
            ...(le !== undefined && { le }),
          })),
        }),
        ...(match.communities && { communities: communities(match.communities).standard }),
        ...(match.originAsns && { originAsns: match.originAsns }),
      },
    }),
    ...(set && { set: policySet(set, asn) }),
  };
}

function policySet(set: NonNullable<Policy[number]['set']>, asn: number): PolicySet {
  const added = set.addCommunities && communities(set.addCommunities);
  return {
    ...(set.localPref !== undefined && { localPref: set.localPref }),
    ...(set.med !== undefined && { med: set.med }),
    ...(set.communities && { communities: communities(set.communities).standard }),
    ...(added && { addCommunities: added.standard, addLargeCommunities: added.large }),
    ...(set.prepend && { prependAsns: new Array<number>(set.prepend.count).fill(set.prepend.asn ?? asn) }),
  };
}

/** Texts that have passed the format check, by kind. */
export function communities(texts: readonly string[]): {
  standard: number[];
  large: (readonly [number, number, number])[];
} {
  const standard: number[] = [];
  const large: (readonly [number, number, number])[] = [];
  for (const text of texts) {
    const community = tryParseCommunity(text);
    if (community?.type === 'standard') standard.push(community.value);
    if (community?.type === 'large') large.push(community.value);
  }
  return { standard, large };
}
