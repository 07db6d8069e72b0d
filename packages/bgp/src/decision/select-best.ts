/** The decision process over a whole set of eligible routes. RFC 4271 section 9.1.2.2. */
import { MedElimination } from './med.js';
import type { RouteOrder } from './route-order.js';

export class BestSelection {
  readonly #order: RouteOrder;
  readonly #med = new MedElimination();
  /** The eligible routes of one prefix; filled by the caller with add(). */
  #routes = new Int32Array(16);
  #count = 0;

  constructor(order: RouteOrder) {
    this.#order = order;
  }

  begin(): void {
    this.#count = 0;
  }

  /** Adds an eligible route; what is already worse before the MED row is dropped at once. */
  add(route: number): void {
    if (this.#count > 0) {
      const result = this.#order.beforeMed(route, this.#routes[0]!);
      if (result > 0) return;
      if (result < 0) this.#count = 0;
    }
    if (this.#count === this.#routes.length) {
      const grown = new Int32Array(this.#count * 2);
      grown.set(this.#routes);
      this.#routes = grown;
    }
    this.#routes[this.#count++] = route;
  }

  /** The best of the added routes, or 0. */
  best(): number {
    const count = this.#med.keepBest(this.#routes, this.#count, this.#order);
    if (count === 0) return 0;
    let best = this.#routes[0]!;
    for (let i = 1; i < count; i++) {
      if (this.#order.afterMed(this.#routes[i]!, best) < 0) best = this.#routes[i]!;
    }
    this.#count = count;
    return best;
  }

  /**
   * After best(): the routes that tie with it up to the IGP metric, best first, the others in order of preference; at
   * most `max`. Only routes of the same kind, eBGP or iBGP, tie.
   */
  multipath(best: number, max: number): readonly number[] {
    const equal: number[] = [];
    for (let i = 0; i < this.#count; i++) {
      if (this.#order.upToMetric(this.#routes[i]!, best) === 0) equal.push(this.#routes[i]!);
    }
    return equal.sort((x, y) => this.#order.afterMed(x, y)).slice(0, max);
  }
}
