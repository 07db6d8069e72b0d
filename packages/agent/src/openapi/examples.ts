import type { Json } from './describe.js';

/** Bodies as examples in the description, by operation. Each is tried by a test. */
export const EXAMPLES: Readonly<Record<string, { readonly [name: string]: Json }>> = {
  postPeers: {
    name: 'tor-a',
    remoteAddress: '192.0.2.1',
    remoteAsn: 64512,
    password: 'secret',
    ttlSecurityHops: 1,
    bfd: {},
  },
  patchPeersByName: { holdTimeS: 30, password: null },
  postPeersByNameDrain: { drain: true },
  postPeersByNameReset: { mode: 'soft' },
  postPeerRanges: { name: 'nodes', prefix: '10.0.0.0/24', remoteAsn: 64513, limit: 100 },
  postOriginated: { prefix: '198.51.100.0/24', communities: ['64513:100'], med: 5 },
  putServicesByName: { addresses: ['203.0.113.7'] },
  postBmpCollectors: { name: 'station', address: '192.0.2.9', monitor: ['adj-rib-in-pre', 'loc-rib'] },
  postIpamPools: { name: 'pods', cidr: '10.245.0.0/16', blockSize: 26 },
  postIpamAssignments: { handle: 'pod-1', ipv4: 1 },
  putIpamReservationsByName: { cidrs: ['10.245.0.0/30'] },
  postApply: {
    resources: [
      {
        apiVersion: 'projectcalico.org/v3',
        kind: 'BGPPeer',
        metadata: { name: 'rack-1' },
        spec: { peerIP: '192.0.2.1', asNumber: 64512 },
      },
    ],
    dryRun: true,
  },
};
