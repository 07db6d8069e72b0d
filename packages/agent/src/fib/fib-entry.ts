/** One prefix of the FIB: what is wanted, what the kernel has, and how far apart they are. */
import type { Address, Prefix } from '@tortie/ip';
import type { HopSet } from './hop-set.js';

/** A BGP next hop of a route; a link-local one needs the interface it lives on. */
export interface ViaHop {
  readonly address: Address;
  readonly device?: string;
}

/** The next hops of a route as BGP gave them, shared by all routes with the same ones, and what they resolve to. */
export interface Via {
  readonly hops: readonly ViaHop[];
  /** Absent where none of the hops can be reached. */
  target: HopSet | undefined;
  /** Why not. */
  reason: string | undefined;
}

export interface FibEntry {
  readonly prefix: Prefix;
  /** Position in the table's slots, and cursor of a walk. */
  readonly slot: number;
  /** Wanted by BGP. */
  via: Via | undefined;
  /** Wanted as a blackhole for an own block; goes before BGP. */
  block: boolean;
  /** What the kernel has of ours. */
  have: HopSet | undefined;
  /** Adopted from an earlier run and not confirmed since: kept until the sweep. */
  stale: boolean;
  /** Number of the last dump of the kernel that listed it. */
  dump: number;
  /** Waits in the queue to be written. */
  queued: boolean;
  /** Is being written. */
  inFlight: boolean;
  /** Why the kernel refused what is wanted. */
  error: string | undefined;
}
