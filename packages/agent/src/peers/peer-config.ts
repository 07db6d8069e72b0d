/** A peer as a user writes it -> a peer as the speaker takes it: text becomes numbers. The spec has been checked. */
import type { PeerConfig } from '@tortie/bgp';
import { parseAddress } from '@tortie/ip';
import type { PolicyLibrary } from '../api/policy.js';
import { policyTerms } from '../policies/route-policy.js';
import type { BoundPeer } from './bound-peer.js';
import { type ImportScope, importPolicy } from './import-policy.js';

export interface PeerDefaults {
  readonly asn: number;
  readonly restartTimeS: number;
  readonly scope: ImportScope;
  /** What the terms of peers can name. */
  readonly library: PolicyLibrary;
}

export function peerConfig(spec: BoundPeer, defaults: PeerDefaults): PeerConfig {
  const {
    remoteAddress,
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
    remoteAddress: parseAddress(remoteAddress),
    ...(localAddress !== undefined && { localAddress: parseAddress(localAddress) }),
    ...(localNextHops && { localNextHops: localNextHops.map(parseAddress) }),
    gracefulRestart: enabled && { restartTimeS: defaults.restartTimeS, ...restart },
    import: importPolicy(defaults.scope, own),
    ...((terms.length > 0 || exportDefault === 'reject') && { export: { terms, otherwise: exportDefault } }),
  };
}
