/**
 * The speaker as a device under test of the load rig: listens, waits for the rig's peers, passes routes on.
 *
 *   node dist/bench/rig-dut.js ebgp|ibgp RECEIVERS [SENDERS]
 *
 * Addresses and AS numbers are the rig's: AS 65000 at 127.0.0.1:1790 (PORT), senders 127.0.1.1.. in AS 65001..,
 * receivers 127.0.2.1.. in AS 65101..; with ibgp all are clients of a route reflector.
 */
import { ipv4, parseAddress } from '@tortie/ip';
import { runSpeaker } from '../node/index.js';

const [mode = 'ebgp', receivers = '1', senders = process.env.SENDERS ?? '1'] = process.argv.slice(2);
const reflect = mode === 'ibgp';
const port = Number(process.env.PORT ?? 1790);

const speaker = await runSpeaker({
  asn: 65000,
  routerId: parseAddress('198.20.0.1').a,
  listen: [{ address: parseAddress('127.0.0.1'), port }],
});

function addPeers(kind: string, count: number, thirdOctet: number, firstAsn: number): void {
  for (let index = 0; index < count; index++) {
    speaker.addPeer({
      name: `${kind}-${index}`,
      remoteAddress: ipv4((127 << 24) | ((thirdOctet + Math.floor(index / 250)) << 8) | (1 + (index % 250))),
      remoteAsn: reflect ? 65000 : firstAsn + index,
      passive: true,
      holdTimeS: 180,
      routeReflectorClient: reflect,
      localNextHops: [parseAddress('2001:db8::ffff')],
    });
  }
}

addPeers('sender', Number(senders), 1, 65001);
addPeers('receiver', Number(receivers), 2, 65101);

if (process.env.VERBOSE) {
  speaker.on('session', (event) => console.log(JSON.stringify(event)));
  speaker.on('fault', (event) => console.log(JSON.stringify(event)));
}
speaker.on('problem', (event) => console.error(event));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void speaker.close());
