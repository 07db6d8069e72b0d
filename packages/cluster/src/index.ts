/** A cluster's resources, and what follows from them. */

export { clusterFindings, type Finding } from './doctor/findings.js';
export {
  countFates,
  type FateCounts,
  NO_FATES,
  type PlannedSession,
  planNode,
  type SessionFate,
} from './plan/plan-sessions.js';
export {
  type BgpConfiguration,
  BgpConfigurationSpec,
} from './resource/bgp-configuration.js';
export { type BgpFilter, type BgpFilterOperation, type BgpFilterRule, BgpFilterSpec } from './resource/bgp-filter.js';
export { type BgpPeer, BgpPeerSpec, type RemoteAsNumber } from './resource/bgp-peer.js';
export type { Warning } from './resource/findings.js';
export { inOrder } from './resource/in-order.js';
export { type IpPool, IpPoolSpec } from './resource/ip-pool.js';
export { type IpReservation, IpReservationSpec } from './resource/ip-reservation.js';
export { type IpamConfiguration, IpamConfigurationSpec } from './resource/ipam-configuration.js';
export { jsonSchemaOf, jsonSchemaOfAll, schemaFile } from './resource/json-schema.js';
export { RESOURCES, resourceKey, resourcePrefix } from './resource/keys.js';
export { findKind, KINDS, type Kind, kindOf, kindWords } from './resource/kinds.js';
export { type Mark, markOf } from './resource/marks.js';
export { type ClusterNode, NodeSpec } from './resource/node.js';
export { type ReadResource, readResource } from './resource/read-resource.js';
export { type FromRecord, fromRecord, RECORD_VERSION, type ResourceRecord, toRecord } from './resource/record.js';
export { API_VERSION, API_VERSIONS, type Metadata, type Resource } from './resource/resource.js';
export { RESOURCE_FORMATS, secondsOf, tryParseDuration, tryParsePeerIp } from './resource/text.js';
export { type Unfolded, unfoldList } from './resource/unfold-list.js';
export type { BlockAffinity, IpamBlock, IpamHandle, NodeStatus } from './resource/views.js';
export { ClusterIndex, type ClusterState, type NamedPeer, type SessionNode } from './sessions/cluster-index.js';
export { type DesiredSessions, desiredSessions } from './sessions/desired-sessions.js';
export { type NextInput, type NextSessions, nextSessions, type Pending } from './sessions/next-sessions.js';
export {
  type OpenSession,
  originText,
  type SecretReference,
  type Session,
  type SessionNote,
  type SessionOrigin,
  type SessionTerms,
} from './sessions/session.js';
export { type SessionCost, sessionCost } from './sessions/session-cost.js';
export { SessionsOfNode } from './sessions/sessions-of-node.js';
