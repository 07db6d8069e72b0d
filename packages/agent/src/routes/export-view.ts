/** What becomes of a best route towards each peer, as the API shows it and in sentences. */
import type { ExportView } from '@tortie/bgp';
import type { RouteExport } from '../api/route.js';
import { policyText, policyView } from './policy-view.js';
import type { PeerName } from './route-view.js';

/** Peers that one sentence names; behind them comes a number. */
const NAMED = 5;

export const exportView = ({ peer, fate, exportPolicy }: ExportView, peerName: PeerName): RouteExport => ({
  peer: peerName(peer) ?? `peer ${peer}`,
  advertised: fate === 'advertised',
  ...(fate !== 'advertised' && { reason: fate }),
  ...(exportPolicy && { policy: policyView(exportPolicy) }),
});

/** A sentence for all peers of which the same is true; none for the peer that the route came from. */
export function explainExports(exports: readonly RouteExport[]): string[] {
  const peers = new Map<string, string[]>();
  for (const each of exports) {
    const sentence = sentenceFor(each);
    if (sentence === undefined) continue;
    const named = peers.get(sentence);
    if (named) named.push(each.peer);
    else peers.set(sentence, [each.peer]);
  }
  return [...peers].map(([sentence, names]) => sentence.replace('…', () => listed(names)));
}

/** With a gap for the peers. */
function sentenceFor({ advertised, reason, policy }: RouteExport): string | undefined {
  const decision = policy ? `: ${policyText(policy)}` : '';
  if (advertised) return `Advertised to …${decision && `; the export policy accepted it${decision}`}`;
  switch (reason) {
    case 'rejected-by-policy':
      return `Not advertised to …: the export policy refused it${decision}`;
    case 'not-admitted':
      return 'Not advertised to …: a community or the rules of reflection keep it, or no next hop fits the session';
    case 'route-leak':
      return 'Not advertised to …: ONLY_TO_CUSTOMER keeps it from all but customers (RFC 9234 section 5)';
    case 'long-lived-stale':
      return 'Not advertised to …: it is long-lived stale, which they do not know (RFC 9494 section 4.3)';
    case 'too-long':
      return 'Not advertised to …: its attributes fit into no message of the session';
    default:
      return undefined;
  }
}

const listed = (names: readonly string[]): string =>
  names.length > NAMED + 1
    ? `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
    : names.length > 1
      ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
      : names.join('');
