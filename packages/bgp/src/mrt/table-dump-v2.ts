/** TABLE_DUMP_V2, RFC 6396 section 4.3; its ADD-PATH subtypes RFC 8050 section 4. */
import { addressFromBytes, addressOctets } from '@tortie/ip';
import { AFI, SAFI } from '../iana.js';
import { type Family, familyOf } from '../wire/family/family.js';
import { nlriCursor, readNlri } from '../wire/nlri.js';
import type { Reader } from '../wire/reader.js';
import { decodeUtf8 } from '../wire/utf8.js';
import { readAttributeBlock } from './attributes.js';
import type { MrtPeer, MrtTime, PeerIndexTableRecord, RibEntry, RibRecord } from './record.js';

const PEER_INDEX_TABLE = 1;

/** The RIB subtypes: what AFI/SAFI, generic where 0, and whether entries have path identifiers. */
const RIB_SUBTYPES: ReadonlyMap<number, { readonly afi: number; readonly safi: number; readonly addPath: boolean }> =
  new Map([
    [2, { afi: AFI.ipv4, safi: SAFI.unicast, addPath: false }],
    [4, { afi: AFI.ipv6, safi: SAFI.unicast, addPath: false }],
    [6, { afi: 0, safi: 0, addPath: false }],
    [8, { afi: AFI.ipv4, safi: SAFI.unicast, addPath: true }],
    [10, { afi: AFI.ipv6, safi: SAFI.unicast, addPath: true }],
    [12, { afi: 0, safi: 0, addPath: true }],
  ]);

/** Undefined for a subtype or family we do not know. */
export function decodeTableDumpV2(
  reader: Reader,
  subtype: number,
  time: MrtTime,
): PeerIndexTableRecord | RibRecord | undefined {
  if (subtype === PEER_INDEX_TABLE) return decodePeerIndexTable(reader, time);
  const kind = RIB_SUBTYPES.get(subtype);
  if (!kind) return undefined;
  const sequence = reader.u32();
  const family = kind.afi === 0 ? familyOf(reader.u16(), reader.u8()) : familyOf(kind.afi, kind.safi);
  return family && decodeRib(reader, family, kind.addPath, sequence, time);
}

function decodePeerIndexTable(reader: Reader, time: MrtTime): PeerIndexTableRecord {
  const collectorId = reader.u32();
  const name = reader.within(reader.u16());
  const peers: MrtPeer[] = [];
  for (let count = reader.u16(); count > 0; count--) {
    const kind = reader.u8();
    const routerId = reader.u32();
    const version = kind & 1 ? 6 : 4;
    const address = addressFromBytes(reader.bytes, version, reader.skip(addressOctets(version)));
    peers.push({ routerId, address, asn: kind & 2 ? reader.u32() : reader.u16() });
  }
  return { type: 'peer-index-table', ...time, collectorId, viewName: decodeUtf8(name.bytes, name.at, name.end), peers };
}

function decodeRib(
  reader: Reader,
  family: Family,
  addPath: boolean,
  sequence: number,
  time: MrtTime,
): RibRecord | undefined {
  const cursor = nlriCursor();
  if (!readNlri(reader.bytes, reader.at, reader.end, family.version, false, cursor)) return undefined;
  reader.skip(cursor.next - reader.at);
  const { a, b, c, d, length } = cursor;
  const entries: RibEntry[] = [];
  for (let count = reader.u16(); count > 0; count--) {
    const peerIndex = reader.u16();
    const originatedS = reader.u32();
    const path = addPath ? { pathId: reader.u32() } : undefined;
    const block = readAttributeBlock(reader.within(reader.u16()), family, true);
    entries.push({ peerIndex, originatedS, ...path, ...block });
  }
  const prefix = { version: family.version, a, b, c, d, length };
  return { type: 'rib', ...time, family, addPath, sequence, prefix, entries };
}
