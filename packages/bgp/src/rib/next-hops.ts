/** Next hops as dense ids, with what the kernel or an IGP says about each. */
import type { Address } from '@tortie/ip';

export interface NextHopState {
  readonly reachable: boolean;
  /** The interior cost, RFC 4271 section 9.1.2.2 e. Default 0. */
  readonly metric?: number;
}

export interface NextHopTable {
  /** Called once for each next hop that comes into use and whose state nobody has set. */
  onUnresolved: ((address: Address) => void) | undefined;
  /** Called when the last route with this next hop is gone. */
  onUnused: ((address: Address) => void) | undefined;
  /** The state of a next hop nobody has set. Default reachable with metric 0: right for a library without a kernel. */
  setDefault(state: NextHopState): void;
  /** Sets the state; routes that use the next hop are decided anew by the following work(). */
  set(address: Address, state: NextHopState): void;
  get(address: Address): NextHopState;
  /** Next hops in use. */
  addresses(): Iterable<Address>;
}
