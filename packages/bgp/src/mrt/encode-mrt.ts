/** Writes MRT records. RFC 6396 sections 2 and 3; the bodies are beside what reads them. */
import { EncodeError } from '../errors.js';
import { Writer } from '../wire/writer.js';
import { encodeBgp4mp } from './bgp4mp.js';
import { MRT_TYPE, type MrtBody, type WritableMrtRecord } from './record.js';
import { encodePeerIndexTable, encodeRib } from './table-dump-v2.js';

interface TypedBody extends MrtBody {
  readonly mrtType: number;
}

/**
 * The octets of a record, header included; a file is records one after another. A BGP4MP record with `microseconds` is
 * written as BGP4MP_ET. A route that was read with faults is written without the attributes that were malformed. Throws
 * EncodeError for what no record can carry.
 */
export function encodeMrt(record: WritableMrtRecord): Uint8Array {
  const { timestampS, microseconds } = record;
  const { mrtType, subtype, body } = bodyOf(record);
  const extended = mrtType === MRT_TYPE.bgp4mpEt;
  if (microseconds !== undefined && !extended) throw new EncodeError(`MRT type ${mrtType} has no microseconds`);
  if (extended && !(microseconds !== undefined && microseconds < 1_000_000)) {
    throw new EncodeError(`microseconds are ${microseconds}, not 0 to 999999`);
  }
  const writer = new Writer().u32(timestampS).u16(mrtType).u16(subtype);
  writer.u32(body.length + (extended ? 4 : 0));
  if (microseconds !== undefined) writer.u32(microseconds);
  return writer.octets(body).finish();
}

function bodyOf(record: WritableMrtRecord): TypedBody {
  switch (record.type) {
    case 'peer-index-table':
      return { mrtType: MRT_TYPE.tableDumpV2, ...encodePeerIndexTable(record) };
    case 'rib':
      return { mrtType: MRT_TYPE.tableDumpV2, ...encodeRib(record) };
    case 'message':
    case 'state-change': {
      const mrtType = record.microseconds === undefined ? MRT_TYPE.bgp4mp : MRT_TYPE.bgp4mpEt;
      return { mrtType, ...encodeBgp4mp(record) };
    }
    case 'opaque':
      return { mrtType: record.mrtType, subtype: record.subtype, body: record.value };
  }
}
