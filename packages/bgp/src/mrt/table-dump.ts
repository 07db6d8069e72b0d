/** TABLE_DUMP, RFC 6396 section 4.2. */
import { addressFromBytes, addressOctets, prefixOf } from '@tortie/ip';
import { SAFI } from '../iana.js';
import { familyOf } from '../wire/family/family.js';
import type { Reader } from '../wire/reader.js';
import { readAttributeBlock } from './attributes.js';
import type { MrtTime, TableDumpRecord } from './record.js';

/** Undefined for a family we do not know. The subtype is the AFI. */
export function decodeTableDump(reader: Reader, subtype: number, time: MrtTime): TableDumpRecord | undefined {
  const family = familyOf(subtype, SAFI.unicast);
  if (!family) return undefined;
  const octets = addressOctets(family.version);
  const view = reader.u16();
  const sequence = reader.u16();
  const address = addressFromBytes(reader.bytes, family.version, reader.skip(octets));
  const length = reader.u8();
  reader.u8(); // status, always 1
  const originatedS = reader.u32();
  const peerAddress = addressFromBytes(reader.bytes, family.version, reader.skip(octets));
  const peerAsn = reader.u16();
  const block = readAttributeBlock(reader.within(reader.u16()), family, false);
  const prefix = prefixOf(address, Math.min(length, octets * 8));
  return { type: 'table-dump', ...time, view, sequence, prefix, originatedS, peerAddress, peerAsn, ...block };
}
