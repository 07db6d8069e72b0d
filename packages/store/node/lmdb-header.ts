/**
 * A look at the head of an LMDB file before LMDB maps it: LMDB (and the addon around it) crashes the process on some
 * files it should refuse. Damage deeper inside is not found here.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../src/index.js';

const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;

/** Offsets in a meta page: a page header of 24 octets, then MDB_meta. */
const AT = { magic: 24, version: 28, pageSize: 48, mainRoot: 136, lastPage: 144, transaction: 152, end: 160 } as const;

/** Pages behind the last written one that a transaction may have counted without writing them. */
const SLACK_PAGES = 64;

interface Meta {
  readonly pageSize: number;
  readonly mainRoot: bigint;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

function corrupt(path: string, reason: string): StoreError {
  return new StoreError(
    'ERR_STORE_CORRUPT',
    `${path} is damaged or no LMDB database (${reason}); move ${dirname(path)} away and bring a copy back with "tortie store import", or start empty`,
  );
}

function readMeta(path: string, file: number, offset: number): Meta {
  const bytes = Buffer.alloc(AT.end);
  if (readSync(file, bytes, 0, AT.end, offset) < AT.end) throw corrupt(path, `it ends inside the page at ${offset}`);
  if (bytes.readUInt32LE(AT.magic) !== MAGIC) throw corrupt(path, `no LMDB page at ${offset}`);
  const version = bytes.readUInt32LE(AT.version);
  if (version !== DATA_VERSION) {
    throw new StoreError('ERR_STORE_FORMAT', `${path} was written by another version of LMDB (${version})`);
  }
  const pageSize = bytes.readUInt32LE(AT.pageSize);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) throw corrupt(path, 'odd page size');
  return {
    pageSize,
    mainRoot: bytes.readBigUInt64LE(AT.mainRoot),
    lastPage: bytes.readBigUInt64LE(AT.lastPage),
    transaction: bytes.readBigUInt64LE(AT.transaction),
  };
}

/** Throws StoreError unless the file is absent, empty, or begins like an LMDB database of its full length. */
export function assertLmdbFile(path: string): void {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  try {
    if (fstatSync(file).size === 0) return;
    const first = readMeta(path, file, 0);
    const second = readMeta(path, file, first.pageSize);
    const meta = second.transaction > first.transaction ? second : first;
    const pages = BigInt(Math.floor(fstatSync(file).size / meta.pageSize));
    const empty = meta.mainRoot === 0xffff_ffff_ffff_ffffn;
    if ((!empty && meta.mainRoot >= pages) || meta.lastPage >= pages + BigInt(SLACK_PAGES)) {
      throw corrupt(path, `it was cut off: ${pages} pages of ${meta.lastPage + 1n}`);
    }
  } finally {
    closeSync(file);
  }
}
