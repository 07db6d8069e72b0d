/** What a kernel route points to, interned: two routes with the same hops hold the same object, so comparing is `===`. */
import { formatAddress } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';

export interface HopSet {
  readonly kind: 'unicast' | 'blackhole';
  readonly hops: readonly NextHop[];
}

export const BLACKHOLE: HopSet = { kind: 'blackhole', hops: [] };

const hopText = ({ gateway, ifindex, weight = 1 }: NextHop): string =>
  `${gateway ? formatAddress(gateway) : ''}%${ifindex ?? ''}*${weight}`;

export class HopSets {
  readonly #sets = new Map<string, HopSet>();

  /** The one object for these hops; their order does not matter, and equal ones count once. */
  of(hops: readonly NextHop[]): HopSet {
    const unique = new Map(hops.map((hop) => [hopText(hop), hop]));
    const key = [...unique.keys()].sort().join(',');
    let set = this.#sets.get(key);
    if (!set) {
      set = { kind: 'unicast', hops: [...unique.values()] };
      this.#sets.set(key, set);
    }
    return set;
  }
}
