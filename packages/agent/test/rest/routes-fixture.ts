/** Candidates as the speaker shows them. */
import type { CandidateView } from '@tortie/bgp';
import { parseAddress, parsePrefix } from '@tortie/ip';

export function candidate(prefix: string, peer: number, fate: Partial<CandidateView>): CandidateView {
  const nextHop = parseAddress('10.0.0.254');
  return {
    prefix: parsePrefix(prefix),
    peer,
    pathId: 0,
    nextHop,
    attributes: {
      origin: 'igp',
      asPath: [
        { type: 'sequence', asns: [64512, 65001] },
        { type: 'set', asns: [65002, 65003] },
      ],
      nextHop,
      med: 10,
      localPref: 100,
      communities: [0xffffff01, (65000 << 16) | 7].map((value) => value >>> 0),
      largeCommunities: [[65000, 1, 2]],
      extendedCommunities: [0x0002fde800000064n],
      originatorId: 0x0a000009,
      clusterList: [0x0a000001],
      aggregator: { asn: 64512, address: parseAddress('10.0.0.9') },
      atomicAggregate: true,
      unknown: [{ type: 99, flags: 0xe0, value: Uint8Array.of(1, 2) }],
    },
    stale: false,
    best: false,
    ineligible: undefined,
    lostBy: undefined,
    importPolicy: undefined,
    multipath: false,
    ...fate,
  };
}
