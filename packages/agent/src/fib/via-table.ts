/** Next hops as BGP gave them, each combination once, with what they resolve to at present; routes hold its number. */
import { type Address, addressesEqual, formatAddress } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';
import type { ViaHop } from './fib-entry.js';
import { BLACKHOLE, type HopSet, type HopSets } from './hop-set.js';

/** What a next hop means to the kernel at this moment. */
export type Resolved = { readonly hop: NextHop } | { readonly reason: string };

export interface Via {
  readonly hops: readonly ViaHop[];
  /** Absent where none of the hops can be reached. */
  target: HopSet | undefined;
  /** Why not. */
  reason: string | undefined;
}

type Target = Pick<Via, 'target' | 'reason'>;

/** Number of what routes with BLACKHOLE lead to; 0 means none. */
export const DROP = 1;

export class ViaTable {
  readonly #byText = new Map<string, number>();
  readonly #byId: (Via | undefined)[] = [undefined, { hops: [], target: BLACKHOLE, reason: undefined }];
  readonly #free: number[] = [];
  readonly #resolve: (hop: ViaHop) => Resolved;
  readonly #hopSets: HopSets;

  constructor(resolve: (hop: ViaHop) => Resolved, hopSets: HopSets) {
    this.#resolve = resolve;
    this.#hopSets = hopSets;
  }

  /** Undefined for 0. */
  at(id: number): Via | undefined {
    return this.#byId[id];
  }

  of(hops: readonly ViaHop[]): number {
    const key = textOf(hops);
    let id = this.#byText.get(key);
    if (id === undefined) {
      id = this.#free.pop() ?? this.#byId.length;
      this.#byId[id] = { hops, ...this.#targetOf(hops) };
      this.#byText.set(key, id);
    }
    return id;
  }

  /** Those that lead elsewhere now that the kernel is asked again; `address`: only where it is a hop. */
  changes(address?: Address): Map<number, Target> {
    const changed = new Map<number, Target>();
    for (const id of this.#byText.values()) {
      const via = this.#byId[id]!;
      if (address && !via.hops.some((hop) => addressesEqual(hop.address, address))) continue;
      const next = this.#targetOf(via.hops);
      if (via.target !== next.target || via.reason !== next.reason) changed.set(id, next);
    }
    return changed;
  }

  apply(changes: ReadonlyMap<number, Target>): void {
    for (const [id, next] of changes) Object.assign(this.#byId[id]!, next);
  }

  /** Forgets all but these. */
  keepOnly(used: ReadonlySet<number>): void {
    for (const [key, id] of this.#byText) {
      if (used.has(id)) continue;
      this.#byText.delete(key);
      this.#byId[id] = undefined;
      this.#free.push(id);
    }
  }

  #targetOf(viaHops: readonly ViaHop[]): Target {
    const hops: NextHop[] = [];
    const reasons: string[] = [];
    for (const hop of viaHops) {
      const resolved = this.#resolve(hop);
      if ('hop' in resolved) hops.push(resolved.hop);
      else reasons.push(`next hop ${formatAddress(hop.address)}: ${resolved.reason}`);
    }
    if (hops.length === 0) return { target: undefined, reason: reasons.join('; ') };
    return { target: this.#hopSets.of(hops), reason: undefined };
  }
}

const textOf = (hops: readonly ViaHop[]): string =>
  hops.map(({ address, device = '' }) => `${formatAddress(address)}%${device}`).join(',');
