/** A BIRD and an agent, with BFD beside BGP, and the questions the tests of BFD put to them. */
import type { Peer, PeerSpec } from '@tortie/agent/api';
import { type Agent, type Host, withHosts } from '@tortie/lab';
import { birdConfig } from './bird-text.js';
import { eventually } from './eventually.js';
import { LOCAL_ASN, peerAt } from './start-agent.js';

export const BIRD_ASN = 65010;
const BFD = 'protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }';
export const FAST = { minTxMs: 100, minRxMs: 100, multiplier: 3 };
/** Long enough that nothing but BFD ends a session within a test. */
const PATIENT = { holdTimeS: 600 };

export const withTwo = (work: (bird: Host, tortie: Host) => Promise<void>): Promise<void> =>
  withHosts(['bird', 'tortie'], (lab) => work(lab.host('bird'), lab.host('tortie')));

export function birdText(bird: Host, tortie: Host, options: string, rest = BFD): string {
  const peers = (['ipv4', 'ipv6'] as const).map((family) => ({
    name: family === 'ipv4' ? 'tortie4' : 'tortie6',
    local: bird.address(family),
    localAsn: BIRD_ASN,
    remote: tortie.address(family),
    remoteAsn: LOCAL_ASN,
    options: `hold time 600; ${options}`,
    families: [family],
  }));
  return birdConfig(bird.address(), peers, rest);
}

export const both = (bird: Host, over: Partial<PeerSpec>): PeerSpec[] => [
  peerAt(bird, BIRD_ASN, { name: 'bird4', ...PATIENT, ...over }),
  peerAt(bird, BIRD_ASN, { name: 'bird6', remoteAddress: bird.address('ipv6'), ...PATIENT, ...over }),
];

export const bfdOf = async (agent: Agent, name: string): Promise<NonNullable<Peer['bfd']> | undefined> =>
  (await agent.peer(name)).bfd;

export const bfdIs = (agent: Agent, name: string, state: string): Promise<unknown> =>
  eventually(`BFD of ${name} to be ${state}`, async () => {
    const bfd = await bfdOf(agent, name);
    if (bfd?.state !== state) throw new Error(JSON.stringify(bfd));
    return true;
  });
