/** Reads MRT files: routing tables and messages as collectors and BGP daemons dump them. RFC 6396. */
import { MrtError } from '../errors.js';
import { Reader } from '../wire/reader.js';
import { decodeBgp4mp } from './bgp4mp.js';
import { frameAt, MRT_HEADER_OCTETS, type MrtFrame, withMicroseconds } from './mrt-framer.js';
import { MRT_TYPE, type MrtRecord, type MrtTime } from './record.js';
import { decodeTableDump } from './table-dump.js';
import { decodeTableDumpV2 } from './table-dump-v2.js';

/**
 * The records of a file, one after another; `bytes` is the whole file, uncompressed. Kinds of records we do not decode
 * come as `opaque`. Throws MrtError where a record contradicts its length. MrtFramer reads a file piece by piece.
 */
export function* readMrt(bytes: Uint8Array): Generator<MrtRecord> {
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < MRT_HEADER_OCTETS) {
      throw new MrtError(at, 'the file ends within the header of a record');
    }
    const frame = frameAt(bytes, at, at, Number.POSITIVE_INFINITY);
    if (frame.end > bytes.length) throw new MrtError(at, 'the file ends within a record');
    yield decodeMrt(withMicroseconds(frame));
    at = frame.end;
  }
}

/** A record as a value; octets in it are views of the frame. Throws MrtError where it contradicts its length. */
export function decodeMrt(frame: MrtFrame): MrtRecord {
  const { offset, bytes, start, end, mrtType, subtype, timestampS, microseconds } = frame;
  const reader = new Reader(bytes, start, end, (wanted) => {
    return new MrtError(offset, `the record at octet ${offset} ends ${wanted} octets too early`);
  });
  const time: MrtTime = microseconds === undefined ? { timestampS } : { timestampS, microseconds };
  const value = bytes.subarray(start, end);
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
