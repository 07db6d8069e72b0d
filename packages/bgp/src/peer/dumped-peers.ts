/** The peers as the index of a table dump names them, ourselves first. RFC 6396 section 4.3.1. */
import { ipv4 } from '@tortie/ip';
import type { TableDumpPeer } from '../mrt/table-dump-writer.js';
import type { Peer } from './peer.js';

interface Ourselves {
  readonly asn: number;
  readonly routerId: number;
}

/** Our own routes are those of 0.0.0.0, as in the dumps of other daemons. */
export const dumpedPeers = (
  { asn, routerId }: Ourselves,
  peers: Iterable<Peer>,
  timeS: (atMs: number) => number,
): TableDumpPeer[] => [
  { ribPeer: 0, address: ipv4(0), asn, routerId, originatedS: timeS(0) },
  ...Array.from(peers, ({ ribPeer, config, negotiated, sinceMs }) => ({
    ribPeer,
    address: config.remoteAddress,
    asn: negotiated?.open.asn ?? (typeof config.remoteAsn === 'number' ? config.remoteAsn : 0),
    routerId: negotiated?.open.routerId ?? 0,
    originatedS: timeS(sinceMs),
  })),
];
