/**
 * RFC 4271 section 9.1.2.2 c: among the routes that tie so far, each neighbouring AS keeps only those with its lowest
 * MED. As this looks at the whole set, the result does not depend on the order in which routes came.
 */
import type { RouteOrder } from './route-order.js';

export class MedElimination {
  /** Open addressing from neighbouring AS to lowest MED; slots are valid while their stamp is the present one. */
  #asns = new Int32Array(16);
  #meds = new Float64Array(16);
  #stamps = new Int32Array(16);
  #stamp = 0;

  /** Moves the survivors among the first `count` routes to the front and gives their number. */
  keepBest(routes: Int32Array, count: number, order: RouteOrder): number {
    if (count < 2) return count;
    if (count * 2 > this.#asns.length) this.#grow(count);
    this.#stamp++;
    for (let i = 0; i < count; i++) {
      const slot = this.#slot(order.alwaysCompareMed ? 0 : order.neighbourAs(routes[i]!));
      const med = order.medOf(routes[i]!);
      if (med < this.#meds[slot]!) this.#meds[slot] = med;
    }
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const slot = this.#slot(order.alwaysCompareMed ? 0 : order.neighbourAs(routes[i]!));
      if (order.medOf(routes[i]!) === this.#meds[slot]!) routes[kept++] = routes[i]!;
    }
    return kept;
  }

  #slot(asn: number): number {
    const mask = this.#asns.length - 1;
    let slot = Math.imul(asn, 0x9e3779b1) & mask;
    while (this.#stamps[slot] === this.#stamp) {
      if (this.#asns[slot] === asn) return slot;
      slot = (slot + 1) & mask;
    }
    this.#stamps[slot] = this.#stamp;
    this.#asns[slot] = asn;
    this.#meds[slot] = Number.POSITIVE_INFINITY;
    return slot;
  }

  #grow(count: number): void {
    let size = this.#asns.length;
    while (size < count * 2) size *= 2;
    this.#asns = new Int32Array(size);
    this.#meds = new Float64Array(size);
    this.#stamps = new Int32Array(size);
    this.#stamp = 0;
  }
}
