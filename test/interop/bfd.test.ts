/** BFD beside BGP, against a real BIRD: what brings a session down, how fast, and what does not. */
import type { Peer, PeerSpec } from '@tortie/agent/api';
import { type Agent, type Bird, dropPackets, type Host, startBird, withHosts } from '@tortie/lab';
import t from 'tap';
import { birdConfig } from './bird-text.js';
import { eventually } from './eventually.js';
import { established, events, LOCAL_ASN, lastEvent, lost, peerAt, startAgent } from './start-agent.js';

const BIRD_ASN = 65010;
const BFD = 'protocol bfd { interface "*" { interval 100 ms; multiplier 3; }; }';
const FAST = { minTxMs: 100, minRxMs: 100, multiplier: 3 };
/** Long enough that nothing but BFD ends a session within a test. */
const PATIENT = { holdTimeS: 600 };

const withTwo = (work: (bird: Host, tortie: Host) => Promise<void>): Promise<void> =>
  withHosts(['bird', 'tortie'], (lab) => work(lab.host('bird'), lab.host('tortie')));

function birdText(bird: Host, tortie: Host, options: string, rest = BFD): string {
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

const both = (bird: Host, over: Partial<PeerSpec>): PeerSpec[] => [
  peerAt(bird, BIRD_ASN, { name: 'bird4', ...PATIENT, ...over }),
  peerAt(bird, BIRD_ASN, { name: 'bird6', remoteAddress: bird.address('ipv6'), ...PATIENT, ...over }),
];

const bfdOf = async (agent: Agent, name: string): Promise<NonNullable<Peer['bfd']> | undefined> =>
  (await agent.peer(name)).bfd;

const bfdIs = (agent: Agent, name: string, state: string): Promise<unknown> =>
  eventually(`BFD of ${name} to be ${state}`, async () => {
    const bfd = await bfdOf(agent, name);
    if (bfd?.state !== state) throw new Error(JSON.stringify(bfd));
    return true;
  });

/** State of BIRD's BFD session with an address. */
const birdSession = async (bird: Bird, address: string): Promise<string | undefined> =>
  new RegExp(`^${address.replaceAll('.', '\\.')}\\s+\\S+\\s+(\\S+)`, 'm').exec(
    await bird.birdc('show bfd sessions'),
  )?.[1];

t.test(
  'IPv4 and IPv6: up at both ends; a path cut in one direction ends BGP long before the hold timer; recovery',
  { buffered: true },
  (t) =>
    withTwo(async (bird, tortie) => {
      const router = await startBird(bird, birdText(bird, tortie, 'bfd on;'));
      const agent = await startAgent(tortie, { peers: both(bird, { bfd: FAST }) });
      await established(agent);
      for (const [name, family] of [
        ['bird4', 'ipv4'],
        ['bird6', 'ipv6'],
      ] as const) {
        await bfdIs(agent, name, 'up');
        await eventually('BIRD to see it up', async () => (await birdSession(router, tortie.address(family))) === 'Up');
      }
      await eventually('the fast intervals', async () => {
        const { txIntervalMs, detectionTimeMs } = (await bfdOf(agent, 'bird4'))!;
        return txIntervalMs === 100 && detectionTimeMs === 300;
      });
      // Only what BIRD sends is lost: we find out by the detection time, BIRD by what we say then.
      const before = await lastEvent(agent);
      const mend = await dropPackets(tortie, 'iif != "lo" udp dport 3784');
      for (const [name, protocol] of [
        ['bird4', 'tortie4'],
        ['bird6', 'tortie6'],
      ] as const) {
        const { cause } = await lost(agent, name, before);
        t.match(cause, /BFD Down.*detection time expired|BFD Down|Cease/);
        t.equal((await router.protocol(protocol)).name, protocol);
      }
      const log = await events(agent, before);
      const downs = log.filter(({ kind }) => kind === 'bfd');
      t.ok(downs.length >= 2 && downs.every(({ text }) => text.includes('up -> down')), JSON.stringify(downs));
      t.match(downs[0]!.cause, /detection time expired|neighbor signaled/);
      await mend();
      await established(agent);
      await bfdIs(agent, 'bird4', 'up');
      await bfdIs(agent, 'bird6', 'up');
      t.ok((await bfdOf(agent, 'bird4'))!.flaps >= 1);
    }),
);
