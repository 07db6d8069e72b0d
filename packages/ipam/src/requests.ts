/** What callers ask of address management and what they get. */
import type { Address, IpVersion, Prefix } from '@tortie/ip';
import type { BlockMap } from './block-map.js';
import type { AffinityState } from './record/affinity.js';
import type { Asker, PoolUse } from './record/pool.js';

/** Facts about the owner of an address, kept with it: namespace, pod, … */
export type Owner = Readonly<Record<string, string>>;

/**
 * Addresses for a workload. The counts say how many the handle shall have in the end: asking again gives the same
 * addresses, so that a request whose answer was lost can be repeated.
 */
export interface AssignRequest extends Asker {
  readonly node: string;
  /** Names the workload: 1 to 150 printable characters without spaces. */
  readonly handle: string;
  readonly count4?: number;
  readonly count6?: number;
  /** Only from these pools, in this order; their selectors do not count then. */
  readonly pools?: readonly string[];
  /** Short for `pools` with one name. */
  readonly pool?: string;
  /** The same for one version; the other goes by `pools`, or by the selectors. */
  readonly pools4?: readonly string[];
  readonly pools6?: readonly string[];
  /**
   * Default `Workload`. Addresses of tunnels and load balancers are never borrowed; the latter belong to no node, whichever
   * one asks (`LOAD_BALANCER`).
   */
  readonly use?: PoolUse;
  readonly owner?: Owner;
}

/** One fixed address. Asking again with the same handle gives it again. */
export interface FixedRequest {
  readonly node: string;
  readonly handle: string;
  readonly address: Address;
  /** Default `Workload`; the address's pool must allow it. */
  readonly use?: PoolUse;
  readonly owner?: Owner;
}

/**
 * What to release: everything of a handle, or one address. With `handle` or `sequence` (of the Assignment) the address is
 * released only if it is still that assignment.
 */
export type ReleaseRequest =
  | { readonly handle: string }
  | { readonly address: Address; readonly handle?: string; readonly sequence?: number };

/** An address in use. */
export interface Assignment {
  readonly address: Address;
  readonly handle: string;
  readonly node: string;
  readonly owner: Owner;
  readonly block: Prefix;
  /** Absent where the pool is gone. */
  readonly pool: string | undefined;
  /** From the block of another node, or of none. */
  readonly borrowed: boolean;
  /** Differs between two assignments of one address. */
  readonly sequence: number;
  /** When, in milliseconds since 1970. */
  readonly since: number;
}

/** A block and its usage. size = assigned + resting + reserved + free. */
export interface BlockView {
  readonly cidr: Prefix;
  readonly pool: string | undefined;
  readonly node: string | undefined;
  readonly state: AffinityState | 'none';
  readonly claimedAt: number;
  readonly size: number;
  readonly assigned: number;
  /** Released and cooling down. */
  readonly resting: number;
  readonly reserved: number;
  readonly free: number;
  /** Of the assigned addresses: those of nodes other than the owner. */
  readonly borrowed: number;
  readonly revision: number;
  /** Where the filter asks for it. */
  readonly map?: BlockMap;
}

export interface BlockFilter {
  /** The block of exactly these addresses. */
  readonly cidr?: Prefix;
  readonly node?: string;
  readonly pool?: string;
  readonly version?: IpVersion;
  readonly map?: boolean;
}

export interface AssignmentFilter {
  readonly handle?: string;
  readonly node?: string;
  readonly block?: Prefix;
  /** Only those from blocks of others. */
  readonly borrowed?: boolean;
}

export interface AssignmentPageRequest extends AssignmentFilter {
  /** The last of the page before. */
  readonly after?: Address;
  readonly limit: number;
}

/** What a node tells the network and its kernel about its addresses. */
export interface NodeRoutes {
  readonly blocks: readonly {
    readonly cidr: Prefix;
    readonly pool: string | undefined;
    readonly state: AffinityState;
    /** Announce the block as one aggregate: confirmed, and the pool is exported. */
    readonly advertise: boolean;
    /** Route the block to nowhere in the kernel, so that unassigned addresses do not loop. Not for single addresses. */
    readonly blackhole: boolean;
  }[];
  /** Addresses used here that lie in no block of ours: announced one by one. */
  readonly borrowed: readonly {
    readonly address: Address;
    readonly block: Prefix;
    readonly pool: string | undefined;
    readonly advertise: boolean;
  }[];
}

/** size = assigned + resting + reserved + free, of the whole pool, whether cut into blocks already or not. */
/** A block, or one address of another node's block, and the node it is used on. */
export interface NodePrefix {
  readonly prefix: Prefix;
  readonly node: string;
  readonly pool: string;
}

export interface PoolUsage {
  readonly pool: string;
  readonly cidr: Prefix;
  readonly size: bigint;
  readonly assigned: number;
  /** Released and still cooling down, and not reserved. */
  readonly resting: number;
  /** Reserved and not assigned. */
  readonly reserved: bigint;
  readonly free: bigint;
  readonly blocks: number;
  readonly maxBlocks: bigint;
}

/** How far the deletion of a pool has come, and what holds it up. */
export interface PoolRetirement {
  readonly pool: string;
  readonly stage: 'draining' | 'deleted';
  readonly assigned: number;
  readonly blocks: number;
  /** Some of the addresses that are still in use. */
  readonly held: readonly Assignment[];
}

/** How many blocks a node owns of how many it may. */
export interface NodeUsage {
  readonly node: string;
  readonly version: IpVersion;
  readonly blocks: number;
  /** 0: as many as it needs. */
  readonly maxBlocksPerHost: number;
  /** Blocks of others in which it has addresses. */
  readonly visits: number;
}

/** Everything about one address. */
export interface AddressView {
  readonly address: Address;
  /** `outside`: in no pool. `unreadable`: the record of its block cannot be read. */
  readonly state: 'outside' | 'free' | 'used' | 'reserved' | 'resting' | 'unreadable';
  readonly pool: string | undefined;
  /** Absent where no node has claimed the block around it. */
  readonly block: Prefix | undefined;
  /** Who owns the block. */
  readonly node: string | undefined;
  readonly assignment: Assignment | undefined;
  /** Reservations that cover it. */
  readonly reservations: readonly string[];
  /** Of a resting address: when it can be used again, in milliseconds since 1970. */
  readonly freeAt: number | undefined;
}

/** One broken invariant. */
export interface Finding {
  readonly code: string;
  /** The record it is about. */
  readonly key: string;
  readonly detail: string;
}

export interface CheckReport {
  /** Of the store that was checked: see Ipam.identity. Empty where there is none yet and a full disk takes none. */
  readonly cluster: string;
  readonly revision: number;
  readonly pools: number;
  readonly blocks: number;
  readonly handles: number;
  readonly assignments: number;
  readonly findings: readonly Finding[];
}

/** What a repair changed. */
export interface RepairReport {
  readonly repairs: readonly Finding[];
  /** What is left, and what to do about it. Empty for the repair of one node, which looks at nothing else. */
  readonly remaining: readonly (Finding & { readonly advice: string })[];
}
