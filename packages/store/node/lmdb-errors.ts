/** What LMDB and the file system say, as StoreErrors that say what to do. */
import { statfsSync } from 'node:fs';
import { LinuxError } from '@tortie/linux';
import { StoreError, type StoreErrorCode } from '../src/index.js';

interface Row {
  readonly codes: readonly (number | string)[];
  readonly code: StoreErrorCode;
  readonly text: string;
}

/** LMDB answers so when the disk takes only a part of what it writes. */
const EIO = 5;

const FULL: Row = { codes: [-30792, 28, 'ENOSPC', 122, 'EDQUOT'], code: 'ERR_STORE_FULL', text: 'has no space left' };

/** By LMDB's return code or errno, negative or positive, or by name. */
const ROWS: readonly Row[] = [
  { codes: [-30793, -30796, -30797], code: 'ERR_STORE_CORRUPT', text: 'is damaged or no LMDB database' },
  { codes: [-30794], code: 'ERR_STORE_FORMAT', text: 'was written by another version of LMDB' },
  FULL,
  {
    codes: [13, 1, 30, 'EACCES', 'EPERM', 'EROFS'],
    code: 'ERR_STORE_PERMISSION',
    text: 'may not be read or written by this user',
  },
];

/** Wraps whatever LMDB or fs threw; StoreErrors pass unchanged. */
export function storeError(path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const source = error instanceof LinuxError && error.cause ? error.cause : error;
  const code = source instanceof Error && 'code' in source ? source.code : undefined;
  const row =
    code === EIO && isFull(path)
      ? FULL
      : ROWS.find(({ codes }) => codes.some((c) => c === code || (typeof c === 'number' && -c === code)));
  // Where LMDB was in its file helps nobody.
  const detail = (error instanceof Error ? error.message : String(error)).replace(/: Attempting to write page .*$/, '');
  return new StoreError(row?.code ?? 'ERR_STORE_IO', `the store in ${path} ${row?.text ?? 'failed'}: ${detail}`, {
    cause: error,
  });
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize < 1024 * 1024;
  } catch {
    return false;
  }
}
