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
  type ResolvedGracefulRestart,
  type ResolvedPeerConfig,
  resolvePeerConfig,
  type SpeakerIdentity,
} from './config.js';
export { type ChangeImpact, type ConfigChange, classifyChange } from './config-change.js';
export { BgpConfigError } from './config-error.js';
export { BmpError, EncodeError, NotificationError } from './errors.js';
export { type Cause, describeCause, type InsideHardReset, notificationName } from './fsm/cause.js';
export type { SessionStateName } from './fsm/state.js';
export {
  type TableDumpOptions,
  type TableDumpPeer,
  type TableDumpRoutes,
  TableDumpWriter,
} from './mrt/table-dump-writer.js';
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
  LongLivedSession,
  OwnNextHops,
  RibPeerOptions,
  RibSession,
  RibSessionChange,
  RibSessionSettings,
} from './rib/rib-session.js';
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
export { noUnusedRoutes, type UnusedRoutes } from './rib/unused-routes.js';
export { asPathExpressionFault } from './route-policy/as-path-expression.js';
export type {
  CommunityMatch,
  CommunityPart,
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
export type {
  Acceptance,
  AcceptedSecurity,
  DialOptions,
  ResetMode,
  SpeakerOptions,
  SpeakerOutput,
} from './speaker-io.js';
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
export type {
  AddPathCapability,
  AfiSafi,
  Capability,
  EnhancedRouteRefreshCapability,
  ExtendedMessageCapability,
  ExtendedNextHopCapability,
  FourOctetAsCapability,
  FqdnCapability,
  GracefulRestartCapability,
  LongLivedGracefulRestartCapability,
  MultiprotocolCapability,
  RoleCapability,
  RouteRefreshCapability,
  UnknownCapability,
} from './wire/capability/capability.js';
export { ROLES, type Role } from './wire/capability/role.js';
export { decodeFrame, decodeMessage, encodeMessage } from './wire/codec.js';
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
export type { Nlri } from './wire/nlri.js';
export { hardReset, shutdownCommunication, shutdownNotification } from './wire/notification.js';
export { endOfRib } from './wire/update.js';
