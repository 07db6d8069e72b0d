/** MRT records as values. RFC 6396; ADD-PATH RFC 8050. */
import type { Address, Prefix } from '@tortie/ip';
import type { Fault } from '../wire/attribute/faults.js';
import type { PathAttributes } from '../wire/attribute/path-attributes.js';
import type { Family } from '../wire/family/family.js';

export interface MrtTime {
  readonly timestampS: number;
  /** Only in the _ET types. */
  readonly microseconds?: number;
}

/** The numbers of the types. Section 4; the _ET type section 3. */
export const MRT_TYPE = { tableDump: 12, tableDumpV2: 13, bgp4mp: 16, bgp4mpEt: 17 } as const;

/** Behind the header, which has twelve octets: section 2. */
export interface MrtBody {
  readonly subtype: number;
  readonly body: Uint8Array;
}

/** The attributes of a route, with AS numbers merged; `faults` of a damaged block, whose attributes are then incomplete. */
export interface MrtAttributes {
  readonly attributes: Partial<PathAttributes>;
  readonly faults: readonly Fault[];
}

/** TABLE_DUMP, section 4.2: one route. */
export interface TableDumpRecord extends MrtTime, MrtAttributes {
  readonly type: 'table-dump';
  readonly view: number;
  readonly sequence: number;
  readonly prefix: Prefix;
  readonly originatedS: number;
  readonly peerAddress: Address;
  readonly peerAsn: number;
}

export interface MrtPeer {
  readonly routerId: number;
  readonly address: Address;
  readonly asn: number;
}

/** PEER_INDEX_TABLE, section 4.3.1: whom the `peerIndex` of the RIB records behind it means. */
export interface PeerIndexTableRecord extends MrtTime {
  readonly type: 'peer-index-table';
  readonly collectorId: number;
  readonly viewName: string;
  readonly peers: readonly MrtPeer[];
}

export interface RibEntry extends MrtAttributes {
  readonly peerIndex: number;
  readonly originatedS: number;
  /** Only in the ADD-PATH subtypes. */
  readonly pathId?: number;
}

/** The RIB subtypes of TABLE_DUMP_V2, section 4.3.2: one prefix and its routes. */
export interface RibRecord extends MrtTime {
  readonly type: 'rib';
  readonly family: Family;
  readonly addPath: boolean;
  readonly sequence: number;
  readonly prefix: Prefix;
  readonly entries: readonly RibEntry[];
}

interface SessionRecord extends MrtTime {
  readonly peerAsn: number;
  readonly localAsn: number;
  readonly interfaceIndex: number;
  readonly peerAddress: Address;
  readonly localAddress: Address;
}

/** BGP4MP_STATE_CHANGE, section 4.4.1. States as in RFC 4271 section 8.2.2: 1 Idle to 6 Established. */
export interface StateChangeRecord extends SessionRecord {
  readonly type: 'state-change';
  readonly oldState: number;
  readonly newState: number;
}

/** BGP4MP_MESSAGE, section 4.4.2: a whole message, header included, a view of the file. decodeMrtMessage decodes it. */
export interface MessageRecord extends SessionRecord {
  readonly type: 'message';
  readonly message: Uint8Array;
  readonly fourOctetAs: boolean;
  readonly addPath: boolean;
  /** The message was sent by the collector itself. */
  readonly local: boolean;
}

/** A type, subtype or family that is not decoded here. */
export interface OpaqueRecord extends MrtTime {
  readonly type: 'opaque';
  readonly mrtType: number;
  readonly subtype: number;
  readonly value: Uint8Array;
}

export type MrtRecord =
  | TableDumpRecord
  | PeerIndexTableRecord
  | RibRecord
  | StateChangeRecord
  | MessageRecord
  | OpaqueRecord;

/** What can be written: all but TABLE_DUMP, whose place TABLE_DUMP_V2 has taken. */
export type WritableMrtRecord = Exclude<MrtRecord, TableDumpRecord>;
