/** Codes of StoreError. Only the first three are answers to a race; callers branch on the code, never on the text. */
export type StoreErrorCode =
  | 'ERR_STORE_CONFLICT' // the key is there with another revision
  | 'ERR_STORE_EXISTS' // create: the key is there
  | 'ERR_STORE_NOT_FOUND' // update, delete: the key is not there
  | 'ERR_STORE_COMPACTED' // changes behind this revision are no longer known: list again
  | 'ERR_STORE_CLOSED'
  | 'ERR_STORE_INVALID' // a key or value that no store takes
  | 'ERR_STORE_UNSUPPORTED' // this backend cannot
  | 'ERR_STORE_PERMISSION'
  | 'ERR_STORE_UNAVAILABLE' // the server does not answer: a read may be tried again; of a commit nothing is known
  | 'ERR_STORE_FULL' // no space left
  | 'ERR_STORE_CORRUPT' // the files are no store, or damaged
  | 'ERR_STORE_FORMAT' // written by another version of the format
  | 'ERR_STORE_IO';

/** A store operation that failed. `key` names the key whose state refused it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;
  readonly key: string | undefined;

  constructor(code: StoreErrorCode, message: string, options: { key?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.key = options.key;
  }
}

/** Whether the error says that nobody answered: what is asked may be asked again later. */
export const isUnavailable = (error: unknown): error is StoreError =>
  error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE';

/** Whether the error says that another writer was faster: read again and retry. */
export const isConflict = (error: unknown): error is StoreError =>
  error instanceof StoreError &&
  (error.code === 'ERR_STORE_CONFLICT' || error.code === 'ERR_STORE_EXISTS' || error.code === 'ERR_STORE_NOT_FOUND');
