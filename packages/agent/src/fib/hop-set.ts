/** What a kernel route points to, interned: two routes with the same hops hold the same object, so comparing is `===`. */
import { formatAddress } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';

export interface HopSet {
  readonly kind: 'unicast' | 'blackhole';
  readonly hops: readonly NextHop[];
  /** Its number in HopSets; 0 means none. */
  readonly id: number;
}

export const BLACKHOLE: HopSet = { kind: 'blackhole', hops: [], id: 1 };

export const hopText = ({ gateway, ifindex, weight = 1, onLink = false }: NextHop): string =>
  `${gateway ? formatAddress(gateway) : ''}%${ifindex ?? ''}*${weight}${onLink ? '!' : ''}`;

export class HopSets {
  readonly #byText = new Map<string, HopSet>();
  readonly #byId: (HopSet | undefined)[] = [undefined, BLACKHOLE];

  /** The one object for these hops; their order does not matter, and equal ones count once. */
  of(hops: readonly NextHop[]): HopSet {
    const unique = new Map(hops.map((hop) => [hopText(hop), hop]));
    const key = [...unique.keys()].sort().join(',');
    let set = this.#byText.get(key);
    if (!set) {
      set = { kind: 'unicast', hops: [...unique.values()], id: this.#byId.length };
      this.#byText.set(key, set);
      this.#byId.push(set);
    }
    return set;
  }

  at(id: number): HopSet | undefined {
    return this.#byId[id];
  }
}
