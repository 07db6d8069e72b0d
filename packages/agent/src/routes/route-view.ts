/** Routes of the speaker's tables as the API shows them, and the decision between them in sentences. */
import type { AdvertisedView, CandidateView, LocRibEntry, RouteView } from '@tortie/bgp';
import { formatPrefix } from '@tortie/ip';
import type { Candidate, PeerRoute, Route } from '../api/route.js';
import { attributeView } from './attribute-view.js';
import { policyText, policyView } from './policy-view.js';

/** The name behind a peer number; undefined for 0, which is ourselves. */
export type PeerName = (peer: number) => string | undefined;

type Reason = NonNullable<CandidateView['ineligible'] | CandidateView['lostBy']>;

/** Each row of the decision process, and each reason to stay out of it, in words. */
export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  'rejected-by-policy': 'the import policy refused it',
  'as-loop': 'our own AS is in its AS path (RFC 4271 section 9.1.2)',
  'originator-loop': 'we are its originator (RFC 4456 section 8)',
  'cluster-loop': 'our cluster ID is in its cluster list (RFC 4456 section 8)',
  'route-leak': 'its ONLY_TO_CUSTOMER says that the peer leaked it (RFC 9234 section 5)',
  'session-down': 'its session is down',
  'next-hop-unreachable': 'its next hop cannot be reached (RFC 4271 section 9.1.2.1)',
  'own-next-hop': 'its next hop is an address of ours (RFC 4271 section 5.1.3)',
  'long-lived-stale': 'it is long-lived stale, and another is not (RFC 9494 section 4.3)',
  'local-pref': 'a higher LOCAL_PREF won',
  'local-origin': 'a route of our own won',
  'as-path-length': 'a shorter AS path won (RFC 4271 section 9.1.2.2 a)',
  origin: 'a lower ORIGIN won (RFC 4271 section 9.1.2.2 b)',
  med: 'a lower MED of the same neighbouring AS won (RFC 4271 section 9.1.2.2 c)',
  'ebgp-over-ibgp': 'a route learned by eBGP won over iBGP (RFC 4271 section 9.1.2.2 d)',
  'igp-metric': 'a nearer next hop won (RFC 4271 section 9.1.2.2 e)',
  'oldest-route': 'an older route won (RFC 5004)',
  'router-id': 'a lower router ID won (RFC 4271 section 9.1.2.2 f)',
  'cluster-list-length': 'a shorter cluster list won (RFC 4456 section 9)',
  'peer-address': 'a lower peer address won (RFC 4271 section 9.1.2.2 g)',
  'path-id': 'a lower path identifier won (RFC 7911)',
};

export const reasonText = (reason: Reason): string => REASON_WORDS[reason] ?? reason;

export function peerRouteView({ prefix, pathId, nextHop, attributes, stale, ineligible }: RouteView): PeerRoute {
  return {
    prefix: formatPrefix(prefix),
    ...(pathId !== 0 && { pathId }),
    attributes: attributeView(attributes, nextHop),
    eligible: ineligible === undefined,
    ...(stale && { stale }),
    ...(ineligible && { reason: ineligible }),
  };
}

export const advertisedView = ({ prefix, pathId, nextHop, attributes }: AdvertisedView): PeerRoute => ({
  prefix: formatPrefix(prefix),
  ...(pathId !== undefined && { pathId }),
  attributes: attributeView(attributes, nextHop),
});

export function candidateView(candidate: CandidateView, peerName: PeerName): Candidate {
  const peer = candidate.peer === 0 ? undefined : (peerName(candidate.peer) ?? `peer ${candidate.peer}`);
  const reason = candidate.ineligible ?? candidate.lostBy;
  return {
    ...(peer !== undefined && { peer }),
    best: candidate.best,
    eligible: candidate.ineligible === undefined,
    ...(candidate.multipath && { multipath: true }),
    ...(reason && { reason }),
    ...(candidate.stale && { stale: true }),
    ...(candidate.importPolicy && { policy: policyView(candidate.importPolicy) }),
    attributes: attributeView(candidate.attributes, candidate.nextHop),
  };
}

export const routeView = ({ prefix, candidates }: LocRibEntry, peerName: PeerName): Route => ({
  prefix: formatPrefix(prefix),
  family: prefix.version === 4 ? 'ipv4-unicast' : 'ipv6-unicast',
  candidates: candidates.map((candidate) => candidateView(candidate, peerName)),
});

/** One sentence per candidate, the best first. */
export function explain(candidates: readonly Candidate[]): string[] {
  const named = ({ peer, attributes }: Candidate): string =>
    `${peer === undefined ? 'our own route' : `the route of ${peer}`}${attributes.nextHop ? ` through ${attributes.nextHop}` : ''}`;
  const sentence = (candidate: Candidate): string => {
    const { policy } = candidate;
    const accepted = policy ? `; the import policy accepted it: ${policyText(policy)}` : '';
    if (candidate.best) {
      return `${named(candidate)} is best${candidates.length === 1 ? ': it is the only one' : ''}${accepted}`;
    }
    const because = candidate.reason === undefined ? 'no reason known' : reasonText(candidate.reason as Reason);
    const refused = policy && candidate.reason === 'rejected-by-policy' ? `: ${policyText(policy)}` : '';
    if (!candidate.eligible) return `${named(candidate)} is not eligible: ${because}${refused}`;
    const beside = candidate.multipath ? ', but it is used beside the best' : '';
    return `${named(candidate)} lost: ${because}${beside}${accepted}`;
  };
  const sentences = candidates.map((candidate) => sentence(candidate).replace(/^./, (letter) => letter.toUpperCase()));
  if (!candidates.some(({ best }) => best)) sentences.push('No route is eligible: the prefix is unreachable');
  return sentences;
}
