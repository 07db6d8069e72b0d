/** MRT files: each record is one, its kind the type, its argument the subtype; kind 0 is raw octets. */
import { MrtError, NotificationError } from '../../src/errors.js';
import { decodeMrtMessage } from '../../src/mrt/bgp4mp.js';
import { readMrt } from '../../src/mrt/read-mrt.js';
import type { MrtRecord } from '../../src/mrt/record.js';
import { type Rec, readRecords, writeRecords } from '../records.js';
import type { Target } from '../target.js';
import { check, checkEqual } from './check.js';
import { checkNotification } from './notification-law.js';

const HEADER_OCTETS = 12;

/** The octets of a record in a file. */
function mrtOctets({ kind, arg, body }: Rec): Uint8Array {
  if (kind === 0) return body;
  const { length } = body;
  return Buffer.concat([Uint8Array.of(1, 2, 3, 4, 0, kind, 0, arg, 0, 0, length >>> 8, length), body]);
}

/** The records of a file, for seeds: at most `limit`, the long ones left out. */
export function mrtRecords(file: Uint8Array, limit: number): Rec[] {
  const records: Rec[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  for (let at = 0; at + HEADER_OCTETS <= file.length && records.length < limit; ) {
    const length = view.getUint32(at + 8);
    const body = file.slice(at + HEADER_OCTETS, at + HEADER_OCTETS + length);
    if (length < 2048) records.push({ kind: file[at + 5]!, arg: file[at + 7]!, body });
    at += HEADER_OCTETS + length;
  }
  return records;
}

interface Reading {
  readonly records: readonly MrtRecord[];
  readonly error: MrtError | undefined;
}

function read(file: Uint8Array): Reading {
  const records: MrtRecord[] = [];
  try {
    for (const record of readMrt(file)) records.push(record);
  } catch (error) {
    if (!(error instanceof MrtError)) throw error;
    return { records, error };
  }
  return { records, error: undefined };
}

function checkRecord(record: MrtRecord, octets: number): void {
  if (record.type === 'message') {
    check(record.message.length <= octets, 'a message longer than its file');
    try {
      decodeMrtMessage(record);
    } catch (error) {
      if (!(error instanceof NotificationError)) throw error;
      checkNotification(error);
    }
  } else if (record.type === 'rib') {
    check(record.entries.length * 8 <= octets, 'more entries than there are octets');
    check(record.prefix.length <= (record.family.version === 4 ? 32 : 128), 'a prefix longer than its address');
  } else if (record.type === 'peer-index-table') check(record.peers.length * 11 <= octets, 'more peers than octets');
  else if (record.type === 'table-dump') check(record.prefix.length <= 128, 'a prefix longer than its address');
}

function run(input: Uint8Array): void {
  const file = Uint8Array.from(Buffer.concat(readRecords(input, 0).map(mrtOctets)));
  const { records, error } = read(file);
  for (const record of records) checkRecord(record, file.length);
  check(error === undefined || (error.offset >= 0 && error.offset < file.length), 'an error outside of the file');
  // The same file between other octets.
  for (const around of [0x00, 0xff]) {
    const padded = new Uint8Array(file.length + 128).fill(around);
    padded.set(file, 64);
    const again = read(padded.subarray(64, 64 + file.length));
    checkEqual([again.records, again.error?.offset], [records, error?.offset], 'a file between other octets');
  }
}

export const mrt: Target = {
  name: 'mrt',
  headOctets: 0,
  maxOctets: 20_000,
  *seeds() {
    yield writeRecords(new Uint8Array(), [{ kind: 13, arg: 1, body: new Uint8Array(8) }]);
  },
  run,
  workLimit: (octets) => 20_000 + 600 * octets,
};
