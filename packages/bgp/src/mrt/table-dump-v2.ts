/** TABLE_DUMP_V2, RFC 6396 section 4.3; its ADD-PATH subtypes RFC 8050 section 4. */
import { addressFromBytes, addressOctets } from '@tortie/ip';
import { EncodeError } from '../errors.js';
import { AFI, SAFI } from '../iana.js';
import { type Family, familyOf } from '../wire/family/family.js';
import { encodeNlri, nlriCursor, readNlri } from '../wire/nlri.js';
import type { Reader } from '../wire/reader.js';
import { decodeUtf8, encodeUtf8 } from '../wire/utf8.js';
import { Writer } from '../wire/writer.js';
import { encodeAttributeBlock, readAttributeBlock } from './attributes.js';
import type { MrtBody, MrtPeer, MrtTime, PeerIndexTableRecord, RibEntry, RibRecord } from './record.js';

const PEER_INDEX_TABLE = 1;

/** The bits of a peer's type. Section 4.3.1. */
const PEER_TYPE = { ipv6: 1, fourOctetAs: 2 } as const;

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
    const version = kind & PEER_TYPE.ipv6 ? 6 : 4;
    const address = addressFromBytes(reader.bytes, version, reader.skip(addressOctets(version)));
    peers.push({ routerId, address, asn: kind & PEER_TYPE.fourOctetAs ? reader.u32() : reader.u16() });
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

/** Every peer is written with an AS number of four octets. Throws EncodeError. */
export function encodePeerIndexTable({ collectorId, viewName, peers }: PeerIndexTableRecord): MrtBody {
  const name = encodeUtf8(viewName);
  if (name.length > 0xffff) throw new EncodeError(`the name of the view has ${name.length} octets, at most 65535 fit`);
  if (peers.length > 0xffff) throw new EncodeError(`${peers.length} peers in an index, at most 65535 fit`);
  const writer = new Writer().u32(collectorId).u16(name.length).octets(name).u16(peers.length);
  for (const { routerId, address, asn } of peers) {
    writer.u8(PEER_TYPE.fourOctetAs | (address.version === 6 ? PEER_TYPE.ipv6 : 0));
    writer.u32(routerId).address(address).u32(asn);
  }
  return { subtype: PEER_INDEX_TABLE, body: writer.finish() };
}

/**
 * Under the subtype of its AFI/SAFI, never RIB_GENERIC. In an ADD-PATH record a missing path identifier is written as 0.
 * Throws EncodeError.
 */
export function encodeRib({ family, addPath, sequence, prefix, entries }: RibRecord): MrtBody {
  if (prefix.version !== family.version) {
    throw new EncodeError(`an IPv${prefix.version} prefix in a record of ${family.name}`);
  }
  if (entries.length > 0xffff) throw new EncodeError(`${entries.length} routes in a record, at most 65535 fit`);
  const writer = new Writer().u32(sequence);
  writer.octets(encodeNlri([{ prefix }], false)).u16(entries.length);
  for (const { peerIndex, originatedS, pathId, attributes } of entries) {
    writer.u16(peerIndex).u32(originatedS);
    if (addPath) writer.u32(pathId ?? 0);
    else if (pathId !== undefined) throw new EncodeError(`path identifier ${pathId} in a record without ADD-PATH`);
    const block = encodeAttributeBlock(attributes, family);
    if (block.length > 0xffff) throw new EncodeError(`attributes of ${block.length} octets, at most 65535 fit`);
    writer.u16(block.length).octets(block);
  }
  return { subtype: ribSubtype(family, addPath), body: writer.finish() };
}

/** Throws EncodeError for a family that has none. */
export function ribSubtype(family: Family, addPath: boolean): number {
  for (const [subtype, row] of RIB_SUBTYPES) {
    if (row.afi === family.afi && row.safi === family.safi && row.addPath === addPath) return subtype;
  }
  throw new EncodeError(`TABLE_DUMP_V2 has no subtype for ${family.name}`);
}
