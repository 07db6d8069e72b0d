/** One prefix of the FIB as others see it: a copy, taken when it was asked for. */
import type { Address, Prefix } from '@tortie/ip';
import type { HopSet } from './hop-set.js';

/** A BGP next hop of a route; a link-local one needs the interface it lives on. */
export interface ViaHop {
  readonly address: Address;
  readonly device?: string;
}

export const FIB_STATES = ['installed', 'pending', 'failed', 'stale'] as const;
export type FibEntryState = (typeof FIB_STATES)[number];
export type FibCounts = { readonly [State in FibEntryState]: number };

/** Who wants the route, the first where several do; `kernel`: nobody, it was there when the agent started. */
export type FibSource = 'block' | 'node' | 'bgp' | 'kernel';

export interface FibEntry {
  readonly prefix: Prefix;
  /** Where a walk that ends before this entry goes on. */
  readonly slot: number;
  readonly state: FibEntryState;
  readonly source: FibSource;
  /** What the kernel should have; where that is nothing, what it has. */
  readonly target: HopSet | undefined;
  /** The next hops as BGP gave them. */
  readonly hops: readonly ViaHop[];
  /** Why it is not installed: the kernel's words, or which next hop cannot be reached. */
  readonly error: string | undefined;
}
