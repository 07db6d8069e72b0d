/**
 * Eligible routes of one prefix by preference: the best, then the one that would be the best without it, and so on. As MED
 * eliminates over a whole set, this is not a sort by pairs.
 */
import type { BestSelection } from './select-best.js';

export class PathRanking {
  readonly #selection: BestSelection;
  readonly #left: number[] = [];

  constructor(selection: BestSelection) {
    this.#selection = selection;
  }

  begin(): void {
    this.#left.length = 0;
  }

  add(route: number): void {
    this.#left.push(route);
  }

  /** The best of the routes that were not given yet, or 0. */
  next(): number {
    const left = this.#left;
    if (left.length < 2) return left.pop() ?? 0;
    this.#selection.begin();
    for (const route of left) this.#selection.add(route);
    const best = this.#selection.best();
    const last = left.pop()!;
    if (last !== best) left[left.indexOf(best)] = last;
    return best;
  }
}
