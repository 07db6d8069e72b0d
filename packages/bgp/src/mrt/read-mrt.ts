/** Reads MRT files: routing tables and messages as collectors and BGP daemons dump them. RFC 6396. */
import { MrtError } from '../errors.js';
import { Reader, u16At, u32At } from '../wire/reader.js';
import { decodeBgp4mp } from './bgp4mp.js';
import { MRT_TYPE, type MrtRecord, type MrtTime } from './record.js';
import { decodeTableDump } from './table-dump.js';
import { decodeTableDumpV2 } from './table-dump-v2.js';

const HEADER_OCTETS = 12;

/**
 * The records of a file, one after another; `bytes` is the whole file, uncompressed. Kinds of records we do not decode
 * come as `opaque`. Throws MrtError where a record contradicts its length.
 */
export function* readMrt(bytes: Uint8Array): Generator<MrtRecord> {
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < HEADER_OCTETS) throw new MrtError(at, 'the file ends within the header of a record');
    const end = at + HEADER_OCTETS + u32At(bytes, at + 8);
    if (end > bytes.length) throw new MrtError(at, 'the file ends within a record');
    yield decodeRecord(bytes, at, end);
    at = end;
  }
}

function decodeRecord(bytes: Uint8Array, at: number, end: number): MrtRecord {
  const reader = new Reader(bytes, at + HEADER_OCTETS, end, (wanted) => {
    return new MrtError(at, `the record at octet ${at} ends ${wanted} octets too early`);
  });
  const mrtType = u16At(bytes, at + 4);
  const subtype = u16At(bytes, at + 6);
  const timestampS = u32At(bytes, at);
  const time: MrtTime = mrtType === MRT_TYPE.bgp4mpEt ? { timestampS, microseconds: reader.u32() } : { timestampS };
  const value = bytes.subarray(reader.at, end);
  return decodeBody(reader, mrtType, subtype, time) ?? { type: 'opaque', ...time, mrtType, subtype, value };
}

function decodeBody(reader: Reader, mrtType: number, subtype: number, time: MrtTime): MrtRecord | undefined {
  switch (mrtType) {
    case MRT_TYPE.tableDump:
      return decodeTableDump(reader, subtype, time);
    case MRT_TYPE.tableDumpV2:
      return decodeTableDumpV2(reader, subtype, time);
    case MRT_TYPE.bgp4mp:
    case MRT_TYPE.bgp4mpEt:
      return decodeBgp4mp(reader, subtype, time);
    default:
      return undefined;
  }
}
