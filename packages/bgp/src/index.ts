export type { BmpCollectorView } from './bmp/collector.js';
export { BMP_VIEWS, type BmpCollectorConfig, type BmpView } from './bmp/config.js';
export { BmpFramer, decodeBmp } from './bmp/decode-bmp.js';
export { encodeBmp } from './bmp/encode-bmp.js';
export type {
  BmpInitiation,
  BmpMessage,
  BmpOther,
  BmpPeer,
  BmpPeerDown,
  BmpPeerUp,
  BmpRouteMonitoring,
  BmpStatistic,
  BmpStatisticsReport,
  BmpTermination,
  BmpTlv,
} from './bmp/message.js';
export {
  type GracefulRestartConfig,
  type MaxPrefixesAction,
  type NextHopMode,
  type PeerConfig,
  type RemovePrivateAs,
  type ResolvedPeerConfig,
  resolvePeerConfig,
  type SpeakerIdentity,
} from './config.js';
export { type ChangeImpact, classifyChange } from './config-change.js';
export { BgpConfigError } from './config-error.js';
export { BmpError, EncodeError, MrtError, NotificationError } from './errors.js';
export { type Cause, describeCause, notificationName } from './fsm/cause.js';
export type { SessionStateName } from './fsm/state.js';
export { decodeMrtMessage } from './mrt/bgp4mp.js';
export { BgpdumpFormat } from './mrt/bgpdump-line.js';
export { MrtConverter, type MrtConvertOptions } from './mrt/convert.js';
export { encodeMrt } from './mrt/encode-mrt.js';
export { type MrtFrame, MrtFramer, type MrtFramerOptions } from './mrt/mrt-framer.js';
export { decodeMrt, readMrt } from './mrt/read-mrt.js';
export type {
  MessageRecord,
  MrtPeer,
  MrtRecord,
  PeerIndexTableRecord,
  RibEntry,
  RibRecord,
  StateChangeRecord,
  TableDumpRecord,
  WritableMrtRecord,
} from './mrt/record.js';
export {
  type MrtReplayCounts,
  MrtReplayMessages,
  type MrtReplayTarget,
  type MrtReplayUpdate,
} from './mrt/replay-messages.js';
export { MrtFilter, type MrtFilterOptions, type MrtPrefixMatch } from './mrt/route-filter.js';
export { MrtLineFormat, mrtTimeText } from './mrt/route-line.js';
export { type MrtAttributesView, type MrtRouteView, mrtRouteView } from './mrt/route-view.js';
export { type MrtRoute, type MrtRouteKind, MrtRouteWalk } from './mrt/route-walk.js';
export { type MrtPeerSummary, MrtSummary, type MrtSummaryView } from './mrt/summary.js';
export {
  type TableDumpOptions,
  type TableDumpPeer,
  type TableDumpRoutes,
  TableDumpWriter,
} from './mrt/table-dump-writer.js';
export { type MrtWalk, type MrtWalkOptions, walkMrt } from './mrt/walk-mrt.js';
export type { MessageTap, TappedMessage } from './peer/message-tap.js';
export type { PeerRangeConfig } from './peer/peer-ranges.js';
export type { RestartingOptions } from './peer/restart-deferral.js';
export type { Endpoints } from './peer/session.js';
export type {
  BestChange,
  BestPath,
  BestRouteSubscription,
  SubscriptionOptions,
} from './rib/best-routes.js';
export type { NextHopState, NextHopTable } from './rib/next-hops.js';
export {
  type DecisionOptions,
  type OriginateAttributes,
  Rib,
  type RibOptions,
  type UpdateOutcome,
} from './rib/rib.js';
export type {
  AdvertisedView,
  CandidateView,
  ExportView,
  LocRibEntry,
  LocRibQuery,
  Page,
  PageOptions,
  PeerFamilyCounters,
  RibCounters,
  RouteView,
} from './rib/rib-views.js';
export { asPathExpressionFault } from './route-policy/as-path-expression.js';
export type {
  CommunityMatch,
  NumberRange,
  PolicyMatch,
  PolicySet,
  PolicyTerm,
  PolicyTermRef,
  PolicyTrace,
  PrefixMatch,
  RoutePolicy,
  RouteSource,
} from './route-policy/policy.js';
export { Speaker } from './speaker.js';
export type { SpeakerEvent } from './speaker-event.js';
export type { Acceptance, DialOptions, ResetMode, SpeakerOptions, SpeakerOutput } from './speaker-io.js';
export type { FamilyRoutesView, MessageCounters, NegotiatedView, PeerView, SpeakerView } from './views.js';
export type { Fault, FaultAction } from './wire/attribute/faults.js';
export type {
  Aggregator,
  AsPathSegment,
  LargeCommunity,
  MpReach,
  MpUnreach,
  Origin,
  PathAttributes,
  UnknownAttribute,
} from './wire/attribute/path-attributes.js';
export type { Capability } from './wire/capability/capability.js';
export { ROLES, type Role } from './wire/capability/role.js';
export { decodeMessage, encodeMessage } from './wire/codec.js';
export { type WireContext, wireContext } from './wire/context.js';
export { FAMILIES, type Family, type FamilyName, familyByName } from './wire/family/family.js';
export { type Frame, Framer } from './wire/framer.js';
export type {
  KeepaliveMessage,
  Message,
  NotificationMessage,
  OpenMessage,
  RouteRefreshMessage,
  UpdateMessage,
} from './wire/message.js';
export { hardReset, shutdownCommunication, shutdownNotification } from './wire/notification.js';
export { endOfRib } from './wire/update.js';
