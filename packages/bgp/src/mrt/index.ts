/** MRT files (RFC 6396): read, written, filtered, shown, converted and replayed. */
export { MrtError } from '../errors.js';
export { decodeMrtMessage } from './bgp4mp.js';
export { BgpdumpFormat } from './bgpdump-line.js';
export { MrtConverter, type MrtConvertOptions, type MrtEmit } from './convert.js';
export { encodeMrt } from './encode-mrt.js';
export type { LooseAttributes, MpField } from './loose-attributes.js';
export { type MrtFrame, MrtFramer, type MrtFramerOptions } from './mrt-framer.js';
export { decodeMrt, readMrt } from './read-mrt.js';
export type {
  MessageRecord,
  MrtPeer,
  MrtRecord,
  OpaqueRecord,
  PeerIndexTableRecord,
  RibEntry,
  RibRecord,
  StateChangeRecord,
  TableDumpRecord,
  WritableMrtRecord,
} from './record.js';
export {
  type MrtReplayCounts,
  MrtReplayMessages,
  type MrtReplayTarget,
  type MrtReplayUpdate,
} from './replay-messages.js';
export { MrtFilter, type MrtFilterOptions, type MrtPrefixMatch } from './route-filter.js';
export { MrtLineFormat, mrtTimeText } from './route-line.js';
export { type MrtAttributesView, type MrtRouteView, mrtRouteView } from './route-view.js';
export {
  type IndexedPeer,
  type MrtRoute,
  type MrtRouteField,
  type MrtRouteKind,
  type MrtRouteVisitor,
  MrtRouteWalk,
} from './route-walk.js';
export { type MrtPeerSummary, MrtSummary, type MrtSummaryView } from './summary.js';
export { type MrtWalk, type MrtWalkOptions, walkMrt } from './walk-mrt.js';
