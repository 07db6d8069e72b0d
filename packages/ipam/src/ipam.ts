/** Address management over a store shared by all nodes. */
import type { Address, IpVersion, Prefix } from '@tortie/ip';
import type { Store } from '@tortie/store';
import type { Asker, Pool, PoolSettings, PoolSpec } from './record/pool.js';
import type {
  Assignment,
  AssignmentFilter,
  AssignRequest,
  BlockFilter,
  BlockView,
  CheckReport,
  FixedRequest,
  NodeRoutes,
  NodeUsage,
  PoolUsage,
  ReleaseRequest,
  RepairReport,
} from './requests.js';

export interface IpamOptions {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** In [0, 1). Default: Math.random. */
  readonly random?: () => number;
}

/** Settings of the whole cluster. */
export interface IpamConfig {
  /** A node uses only its own blocks. Default false. */
  readonly strictAffinity: boolean;
  /** A node that needs addresses claims blocks by itself. Default true. */
  readonly autoAllocateBlocks: boolean;
  /** Per IP version; 0 for no limit. Default 20. */
  readonly maxBlocksPerHost: number;
  /** How long a released address rests. Default 60. */
  readonly cooldownS: number;
}

export interface IpamPools {
  create(spec: PoolSpec): Promise<Pool>;
  get(name: string): Promise<Pool | undefined>;
  list(): Promise<readonly Pool[]>;
  /** With `revision`: only if the pool still has it (`ERR_IPAM_CONFLICT`). */
  update(name: string, change: Partial<PoolSettings>, revision?: number): Promise<Pool>;
  /** Refused with `ERR_IPAM_POOL_IN_USE` while addresses are assigned. False: there was none. */
  delete(name: string, revision?: number): Promise<boolean>;
  usage(): Promise<readonly PoolUsage[]>;
}

export interface ClaimOptions extends Asker {
  readonly pool?: string;
}

export interface IpamApi {
  readonly pools: IpamPools;
  config(): Promise<IpamConfig>;
  configure(change: Partial<IpamConfig>): Promise<IpamConfig>;
  reserve(name: string, cidrs: readonly Prefix[]): Promise<void>;
  unreserve(name: string): Promise<boolean>;
  reservations(): Promise<readonly { readonly name: string; readonly cidrs: readonly Prefix[] }[]>;
  /** The node's first block of this version; claims one where it has none. */
  claimBlock(node: string, version: IpVersion, options?: ClaimOptions): Promise<BlockView>;
  /** Gives a block up: deleted when empty, else it belongs to nobody. False: the node did not own it. */
  releaseBlock(node: string, cidr: Prefix, options?: { readonly mustBeEmpty?: boolean }): Promise<boolean>;
  /** IPv4 addresses first. */
  assign(request: AssignRequest): Promise<readonly Assignment[]>;
  assignAddress(request: FixedRequest): Promise<Assignment>;
  /** What was released; empty where nothing was assigned. */
  release(request: ReleaseRequest): Promise<readonly Assignment[]>;
  blocks(filter?: BlockFilter): Promise<readonly BlockView[]>;
  blocksOf(node: string): Promise<readonly BlockView[]>;
  assignments(filter?: AssignmentFilter): Promise<readonly Assignment[]>;
  assignmentOf(address: Address): Promise<Assignment | undefined>;
  routesOf(node: string): Promise<NodeRoutes>;
  nodeUsage(node: string): Promise<readonly NodeUsage[]>;
  /** Reads every record and tests all invariants. */
  check(): Promise<CheckReport>;
  /** Finishes or undoes what a crash left half done: of one node, or everywhere. Run it when the node's agent starts. */
  repair(options?: { readonly node?: string }): Promise<RepairReport>;
}
