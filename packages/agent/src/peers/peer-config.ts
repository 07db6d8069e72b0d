/** A peer as a user writes it -> a peer as the speaker takes it: text becomes numbers. The spec has been checked. */
import type { PeerConfig, PeerRangeConfig } from '@tortie/bgp';
import { parseAddress, parsePrefix } from '@tortie/ip';
import type { PeerRangeSpec } from '../api/peer-range.js';
import type { PolicyLibrary } from '../api/policy.js';
import type { ClusterExtras } from '../cluster/cluster-peer.js';
import { policyTerms } from '../policies/route-policy.js';
import type { BoundPeer } from './bound-peer.js';
import { type ImportScope, importPolicy } from './import-policy.js';

/** Of the whole node: see NodeDrain. */
export type DrainPhase = 'off' | 'draining' | 'withdrawn';

export interface PeerDefaults {
  readonly asn: number;
  readonly restartTimeS: number;
  readonly scope: ImportScope;
  /** What the terms of peers can name. */
  readonly library: PolicyLibrary;
  readonly drain: DrainPhase;
}

/** `extras`: of a session that the cluster wants. */
export function peerConfig(
  { name, remoteAddress, ...spec }: BoundPeer,
  defaults: PeerDefaults,
  extras?: ClusterExtras,
): PeerConfig {
  return {
    ...settings(spec, defaults),
    ...clusterSettings(extras, defaults),
    ...drained(defaults),
    name,
    remoteAddress: parseAddress(remoteAddress),
  };
}

export function peerRangeConfig(spec: PeerRangeSpec, defaults: PeerDefaults, extras?: ClusterExtras): PeerRangeConfig {
  const { name, prefix, limit, password, ...peer } = spec;
  return {
    name,
    prefix: parsePrefix(prefix),
    ...(limit !== undefined && { limit }),
    ...(password !== undefined && { password }),
    peer: { ...settings(peer, defaults), ...clusterPolicies(extras, defaults), ...drained(defaults) },
  };
}

/** Whatever the peer's own configuration says. */
const drained = ({ drain }: PeerDefaults) => ({
  ...(drain !== 'off' && { gracefulShutdown: true }),
  ...(drain === 'withdrawn' && { export: { terms: [], otherwise: 'reject' as const } }),
});

const clusterSettings = (extras: ClusterExtras | undefined, defaults: PeerDefaults) => ({
  ...clusterPolicies(extras, defaults),
  ...(extras?.waitForPeer && { waitForPeer: true }),
});

function clusterPolicies(extras: ClusterExtras | undefined, { scope }: PeerDefaults) {
  if (!extras) return {};
  const { import: terms, importPolicy: policy = scope.policy, export: exported } = extras;
  return { import: importPolicy({ ...scope, policy }, terms), export: exported };
}

/** What a peer of its own and a peer of a range have in common. */
function settings(
  spec: Omit<BoundPeer, 'name' | 'remoteAddress'>,
  defaults: PeerDefaults,
): Omit<PeerConfig, 'name' | 'remoteAddress'> {
  const {
    localAddress,
    localNextHops,
    gracefulRestart,
    bfd: _bfd,
    import: imported = [],
    importDefault,
    export: exported = [],
    exportDefault = 'accept',
    ...same
  } = spec;
  const { enabled = true, ...restart } = gracefulRestart ?? {};
  const asn = spec.localAsn ?? defaults.asn;
  const own = policyTerms(imported, defaults.library, asn, 'import');
  if (importDefault) own.push({ name: 'importDefault', action: importDefault });
  const terms = policyTerms(exported, defaults.library, asn, 'export');
  return {
    ...same,
    ...(localAddress !== undefined && { localAddress: parseAddress(localAddress) }),
    ...(localNextHops && { localNextHops: localNextHops.map(parseAddress) }),
    gracefulRestart: enabled && { restartTimeS: defaults.restartTimeS, ...restart },
    import: importPolicy(defaults.scope, own),
    ...((terms.length > 0 || exportDefault === 'reject') && { export: { terms, otherwise: exportDefault } }),
  };
}
