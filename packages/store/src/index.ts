export {
  DUMP_FORMAT,
  type Dump,
  type DumpedEntry,
  dumpLines,
  type Imported,
  importEntries,
  parseDump,
} from './dump.js';
export { isConflict, isUnavailable, StoreError, type StoreErrorCode } from './errors.js';
export { type FollowEvent, type FollowOptions, follow } from './follow.js';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.js';
export { assertKey, assertOperations, assertPart, assertRevision, encodeValue, MAX_KEY_LENGTH } from './operation.js';
export { goneIn, type Page, PagesRead, readPages } from './pages.js';
export type {
  AbortSignalLike,
  Changes,
  Entry,
  Hold,
  HoldingStore,
  Listing,
  ListPart,
  Operation,
  Store,
  WatchEvent,
} from './store.js';
export { Wakers, type WatchSource, watchLoop } from './watch-loop.js';
