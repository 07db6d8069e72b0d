/** The rules of a commit that are the same in every backend. */
import { StoreError } from './errors.js';
import type { ListPart, Operation } from './store.js';

/** The longest key, in characters; LMDB's own limit for keys lies just above. */
export const MAX_KEY_LENGTH = 500;

/** Throws `ERR_STORE_INVALID` unless the key is non-empty printable text of at most MAX_KEY_LENGTH characters. */
export function assertKey(key: string): void {
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > MAX_KEY_LENGTH) {
    throw new StoreError(
      'ERR_STORE_INVALID',
      `"${key}" is no key; keys are 1 to ${MAX_KEY_LENGTH} printable ASCII characters without spaces`,
      { key },
    );
  }
}

/** The value as JSON text; throws `ERR_STORE_INVALID` where JSON cannot hold it. */
export function encodeValue(key: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new StoreError('ERR_STORE_INVALID', `the value of ${key} cannot be written as JSON`, { key, cause });
  }
  if (text === undefined) {
    throw new StoreError('ERR_STORE_INVALID', `the value of ${key} cannot be written as JSON`, { key });
  }
  return text;
}

/** Throws `ERR_STORE_INVALID` for a bad key, a key named twice, or nothing at all. */
export function assertOperations(operations: readonly Operation[]): void {
  if (operations.length === 0) throw new StoreError('ERR_STORE_INVALID', 'a commit needs at least one operation');
  const keys = new Set<string>();
  for (const { key } of operations) {
    assertKey(key);
    if (keys.has(key)) throw new StoreError('ERR_STORE_INVALID', `a commit names ${key} twice`, { key });
    keys.add(key);
  }
}

/** Throws `ERR_STORE_INVALID` for a part of no entries. */
export function assertPart(part: ListPart | undefined): void {
  if (part && !(part.limit >= 1)) throw new StoreError('ERR_STORE_INVALID', `a part of ${part.limit} entries is none`);
}

/** Throws unless the key's present revision (undefined: absent) is what the operation builds on. */
export function assertRevision(operation: Operation, present: number | undefined): void {
  const { key } = operation;
  if (operation.type === 'create') {
    if (present !== undefined) throw new StoreError('ERR_STORE_EXISTS', `${key} exists already`, { key });
    return;
  }
  if (operation.type === 'check' && operation.revision === 0) {
    if (present !== undefined) throw new StoreError('ERR_STORE_CONFLICT', `${key} exists`, { key });
    return;
  }
  if (present === undefined) throw new StoreError('ERR_STORE_NOT_FOUND', `${key} does not exist`, { key });
  if (present !== operation.revision) {
    throw new StoreError('ERR_STORE_CONFLICT', `${key} is at revision ${present}, not ${operation.revision}`, { key });
  }
}
