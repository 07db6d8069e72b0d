export { CniError, type CniErrorCode, errorResult } from './errors.js';
export {
  type Answer,
  bodyOctets,
  decodeQuestion,
  encodeAnswer,
  HEADER_OCTETS,
  type Invocation,
} from './frame.js';
export { parseNetworkConfig, versionOf } from './network-config.js';
export type { PreviousResult } from './previous-result.js';
export {
  type AddRequest,
  type Attachment,
  type CheckRequest,
  type CniRequest,
  type GcRequest,
  type PodName,
  readRequest,
} from './request.js';
export { type Attached, addResult } from './result.js';
export { type CniVersion, isCommand, NEWEST_VERSION } from './version.js';
export type { Wishes } from './wishes.js';
