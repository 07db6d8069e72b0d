/** BMP messages as values. RFC 7854 section 4. BGP messages in them stay octets: what they mean is the session's matter. */
import type { Address } from '@tortie/ip';

/** The per-peer header, section 4.2. */
export interface BmpPeer {
  /** A number of BMP_PEER_TYPE; 3 is a loc-rib (RFC 9069). */
  readonly peerType: number;
  /** L: routes as the policy left them. */
  readonly postPolicy: boolean;
  /** O: what the peer is told, not what it told us (RFC 8671). */
  readonly adjRibOut: boolean;
  /** A: AS_PATH has two octets per AS number. */
  readonly twoOctetAs: boolean;
  /** F: the loc-rib is shown in part. */
  readonly filtered: boolean;
  /** 64 bits; 0 outside of VPNs. */
  readonly distinguisher: bigint;
  /** Absent of a loc-rib. */
  readonly address: Address | undefined;
  readonly asn: number;
  readonly routerId: number;
  /** Milliseconds since 1970, with microseconds behind the point; 0: not known. */
  readonly timestampMs: number;
}

/** A piece of information: a number of the registry of its message, and octets. */
export interface BmpTlv {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface BmpRouteMonitoring {
  readonly type: 'route-monitoring';
  readonly peer: BmpPeer;
  /** A whole UPDATE with its header. */
  readonly update: Uint8Array;
}

export interface BmpStatistic {
  readonly type: number;
  /** Of the types that count one family. */
  readonly afi?: number;
  readonly safi?: number;
  /** A counter of 32 or a gauge of 64 bits. */
  readonly value: bigint;
}

export interface BmpStatisticsReport {
  readonly type: 'statistics-report';
  readonly peer: BmpPeer;
  readonly statistics: readonly BmpStatistic[];
}

export interface BmpPeerDown {
  readonly type: 'peer-down';
  readonly peer: BmpPeer;
  /** A number of BMP_PEER_DOWN. */
  readonly reason: number;
  /** What goes with the reason: a NOTIFICATION, the number of an event, TLVs, or nothing. */
  readonly data: Uint8Array;
}

export interface BmpPeerUp {
  readonly type: 'peer-up';
  readonly peer: BmpPeer;
  /** Absent of a loc-rib. */
  readonly localAddress: Address | undefined;
  readonly localPort: number;
  readonly remotePort: number;
  /** Whole OPENs with their headers. */
  readonly sentOpen: Uint8Array;
  readonly receivedOpen: Uint8Array;
  readonly information: readonly BmpTlv[];
}

export interface BmpInitiation {
  readonly type: 'initiation';
  readonly information: readonly BmpTlv[];
}

export interface BmpTermination {
  readonly type: 'termination';
  readonly information: readonly BmpTlv[];
}

/** Route Mirroring, and whatever later RFCs define. */
export interface BmpOther {
  readonly type: 'other';
  readonly messageType: number;
  readonly body: Uint8Array;
}

export type BmpMessage =
  | BmpRouteMonitoring
  | BmpStatisticsReport
  | BmpPeerDown
  | BmpPeerUp
  | BmpInitiation
  | BmpTermination
  | BmpOther;
