/**
 * A speaker of @tortie/bgp on plain node:net, run inside a host: dials a link-local address on an interface, announces
 * prefixes, and prints the best routes it learns, `PREFIX NEXT-HOP` a line. Arguments: AS number, address, interface,
 * prefixes.
 */
import { runSpeaker } from '@tortie/bgp/node';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@tortie/ip';

const [asn, address, device, ...prefixes] = process.argv.slice(2);
const speaker = await runSpeaker({ asn: Number(asn), routerId: 7, listen: [] });
for (const prefix of prefixes) speaker.originate(parsePrefix(prefix));
const routes = speaker.subscribe({ onReady: () => setImmediate(print) });
speaker.addPeer({
  name: device!,
  remoteAddress: parseAddress(address!),
  device: device!,
  remoteAsn: 'external',
  extendedNextHop: true,
  connectRetryS: 1,
});

function print(): void {
  for (const { prefix, paths } of routes.take(100)) {
    for (const { nextHop, peer } of paths) {
      if (peer !== 0) process.stdout.write(`${formatPrefix(prefix)} ${formatAddress(nextHop)}\n`);
    }
  }
  if (routes.pending) setImmediate(print);
}
