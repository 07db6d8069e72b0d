/** The record that says how a store directory is laid out. */
import { StoreError } from '../src/index.js';

/** Raised when a reader of the former layout would misread the new one. */
export const FORMAT = 1;

/** Throws `ERR_STORE_FORMAT` unless the record's text names this layout. */
export function assertFormat(path: string, text: string): void {
  let format: unknown;
  try {
    format = (JSON.parse(text) as { format?: unknown }).format;
  } catch (cause) {
    throw new StoreError('ERR_STORE_CORRUPT', `the format record of the store in ${path} is unreadable`, { cause });
  }
  if (format !== FORMAT) {
    throw new StoreError(
      'ERR_STORE_FORMAT',
      `the store in ${path} has format ${String(format)}, this program knows format ${FORMAT}; use the program that wrote it`,
    );
  }
}
