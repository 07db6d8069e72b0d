export { type BlockMap, MAP_SIGNS } from './block-map.js';
export { RECLAIM_AFTER_MS } from './claim.js';
export { IpamError, type IpamErrorCode } from './errors.js';
export { type CollectOptions, Garbage, type GarbageOptions, type GarbageReport } from './garbage.js';
export {
  type ClaimOptions,
  Ipam,
  type IpamApi,
  type IpamOptions,
  type IpamPools,
  type RepairOptions,
  type ReserveOptions,
} from './ipam.js';
export type { Leak, LeakOutcome, LeakRef } from './leaks.js';
export type { Liveness } from './liveness.js';
export type { AffinityView, HandleView, IpamPages, Page, PageRequest } from './pages.js';
export type { AffinityState } from './record/affinity.js';
export { LOAD_BALANCER } from './record/block-record.js';
export { DEFAULT_CONFIG, type IpamConfig, type Reservation } from './record/config.js';
export type { Notes } from './record/notes.js';
export {
  type Asker,
  BLOCK_SIZES,
  DEFAULT_POOL_SETTINGS,
  type Pool,
  type PoolSettings,
  type PoolSpec,
  type PoolUse,
} from './record/pool.js';
export { RECORD_VERSION } from './record/version.js';
export type {
  AddressView,
  Assignment,
  AssignmentFilter,
  AssignRequest,
  BlockFilter,
  BlockView,
  CheckReport,
  Finding,
  FixedRequest,
  NodePrefix,
  NodeRoutes,
  NodeUsage,
  Owner,
  PoolRetirement,
  PoolUsage,
  ReleaseRequest,
  RepairReport,
} from './requests.js';
export { type Labels, parseSelector, type Selector } from './selector.js';
export { steadyClock } from './steady-clock.js';
