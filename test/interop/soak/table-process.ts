/**
 * A BGP peer with a full table that it announces, withdraws and announces again. Runs inside a host of the soak.
 *
 *   table-process.js REMOTE LOCAL ASN ROUTES
 *
 * SIGUSR2: the wave under way ends, everything is withdrawn, and the number of waves is told.
 */
import { type RunningSpeaker, runSpeaker } from '@tortie/bgp/node';
import { ipv4, type Prefix, parseAddress } from '@tortie/ip';

const [remote, local, asn, routes] = process.argv.slice(2) as [string, string, string, string];
const COUNT = Number(routes);
/** Routes at once between two turns of the event loop. */
const PIECE = 5000;
/** How long a table stands, and stays away. */
const REST_MS = 2000;
const FIRST = parseAddress('100.0.0.0').a;

const prefixAt = (index: number): Prefix => ({ ...ipv4(FIRST + index * 64), length: 26 });
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let rolling = true;

async function each(change: (prefix: Prefix, index: number) => void): Promise<void> {
  for (let at = 0; at < COUNT; at += PIECE) {
    for (let i = at; i < Math.min(at + PIECE, COUNT); i++) change(prefixAt(i), i);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Until the agent has been sent so many. */
async function sent(speaker: RunningSpeaker, count: number): Promise<void> {
  for (;;) {
    const peer = speaker.peer('tortie');
    if (peer?.pendingOctets === 0 && peer.families.some(({ advertised }) => advertised === count)) return;
    await pause(50);
  }
}

const speaker = await runSpeaker({ asn: Number(asn), routerId: parseAddress(local).a, listen: [] });
speaker.addPeer({
  name: 'tortie',
  remoteAddress: parseAddress(remote),
  remoteAsn: 65001,
  localAddress: parseAddress(local),
  connectRetryS: 1,
  holdTimeS: 90,
});
process.on('SIGUSR2', () => {
  rolling = false;
});
let waves = 0;
while (rolling) {
  await each((prefix, index) =>
    speaker.originate(prefix, { asPath: [{ type: 'sequence', asns: [66000 + (index % 5000)] }] }),
  );
  await sent(speaker, COUNT);
  await pause(REST_MS);
  await each((prefix) => speaker.withdraw(prefix));
  await sent(speaker, 0);
  await pause(REST_MS);
  waves++;
}
console.log(`settled after ${waves} waves of ${COUNT} routes`);
