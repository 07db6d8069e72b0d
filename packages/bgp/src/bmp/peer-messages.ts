/** The messages that a collector gets of a session: Peer Up, Peer Down, and the headers of its routes. */
import { AFI } from '../iana.js';
import { encodeMessage } from '../wire/codec.js';
import { wireContext } from '../wire/context.js';
import type { Family } from '../wire/family/family.js';
import { encodeBmp, textTlv } from './encode-bmp.js';
import type { BmpPeer } from './message.js';
import type { MonitoredTable } from './monitoring-writer.js';
import type { PeerDownReason } from './peer-down.js';
import { encodePeerHeader } from './peer-header.js';
import { BMP_INFORMATION, BMP_PEER_TYPE } from './registry.js';
import type { MonitoredSession } from './session-monitor.js';

/** RFC 9069 section 5.2.1: the name of the default table. */
const TABLE_NAME = 'global';

const PLAIN = { postPolicy: false, adjRibOut: false, twoOctetAs: false, filtered: false, distinguisher: 0n } as const;

export const peerOf = ({ address, asn, routerId }: MonitoredSession, timestampMs: number): BmpPeer => ({
  peerType: BMP_PEER_TYPE.global,
  ...PLAIN,
  address,
  asn,
  routerId,
  timestampMs,
});

/** The tables of a session whose Peer Up was sent: received routes as they came and as accepted, and what is told. */
export interface SessionTables {
  readonly pre: MonitoredTable;
  readonly post: MonitoredTable;
  readonly out: MonitoredTable;
  /** By family: received routes have path identifiers. */
  readonly addPath: readonly boolean[];
}

/** What crosses the wire has AS numbers as the session has them; accepted routes are ours, with four octets. */
export function sessionTables(session: MonitoredSession): SessionTables {
  const peer = peerOf(session, 0);
  const { receive, send } = session;
  const header = (fields: Partial<BmpPeer>): Uint8Array => encodePeerHeader({ ...peer, ...fields });
  return {
    pre: { header: header({ twoOctetAs: !receive.fourOctetAs }) },
    post: { header: header({ postPolicy: true }) },
    out: { header: header({ postPolicy: true, adjRibOut: true, twoOctetAs: !send.fourOctetAs }) },
    addPath: receive.addPath,
  };
}

export function peerUp(session: MonitoredSession, timestampMs: number): Uint8Array {
  const { localAddress, localPort, remotePort, sentOpen, receivedOpen } = session;
  return encodeBmp({
    type: 'peer-up',
    peer: peerOf(session, timestampMs),
    // The field has the version of the peer's address; a session lies in one version.
    localAddress: localAddress?.version === session.address.version ? localAddress : undefined,
    localPort,
    remotePort,
    sentOpen,
    receivedOpen,
    information: [],
  });
}

export const peerDown = (
  session: MonitoredSession,
  { reason, data }: PeerDownReason,
  timestampMs: number,
): Uint8Array => encodeBmp({ type: 'peer-down', peer: peerOf(session, timestampMs), reason, data });

// The loc-rib, RFC 9069.

export interface LocRibOwner {
  readonly asn: number;
  readonly routerId: number;
}

export const locRibPeer = ({ asn, routerId }: LocRibOwner, timestampMs: number): BmpPeer => ({
  peerType: BMP_PEER_TYPE.locRib,
  ...PLAIN,
  address: undefined,
  asn,
  routerId,
  timestampMs,
});

export const locRibTable = (owner: LocRibOwner): MonitoredTable => ({
  header: encodePeerHeader(locRibPeer(owner, 0)),
});

/** Section 5.2: both OPENs are the same made-up one, which says what the routes look like. */
export function locRibUp(owner: LocRibOwner, families: readonly Family[], timestampMs: number): Uint8Array {
  const open = encodeMessage(
    {
      type: 'open',
      version: 4,
      asn: owner.asn,
      holdTimeS: 0,
      routerId: owner.routerId,
      capabilities: [
        ...families.map(({ afi, safi }) => ({ type: 'multiprotocol', afi, safi }) as const),
        ...families
          .filter(({ version }) => version === 4)
          .map(
            ({ afi, safi }) => ({ type: 'extended-next-hop', entries: [{ afi, safi, nextHopAfi: AFI.ipv6 }] }) as const,
          ),
        { type: 'four-octet-as', asn: owner.asn },
      ],
    },
    wireContext(),
  );
  return encodeBmp({
    type: 'peer-up',
    peer: locRibPeer(owner, timestampMs),
    localAddress: undefined,
    localPort: 0,
    remotePort: 0,
    sentOpen: open,
    receivedOpen: open,
    information: [textTlv(BMP_INFORMATION.tableName, TABLE_NAME)],
  });
}
