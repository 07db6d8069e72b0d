/** A FIB that follows the best routes. */
import { formatPrefix } from '@tortie/ip';
import type { BestRouteSubscription, Speaker } from '../../src/index.js';
import { checkEqual } from './check.js';

export class FibEnd {
  readonly #speaker: Speaker;
  readonly #routes = new Map<string, number>();
  readonly #subscription: BestRouteSubscription;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    this.#subscription = speaker.subscribe({ multipath: 4 });
  }

  /** Takes up to so many changes. */
  take(max: number): void {
    for (const { prefix, paths } of this.#subscription.take(max)) {
      if (paths.length === 0) this.#routes.delete(formatPrefix(prefix));
      else this.#routes.set(formatPrefix(prefix), paths[0]!.peer);
    }
  }

  drain(): void {
    while (this.#subscription.pending) this.take(7);
  }

  /** All taken, it has the best route of each prefix. */
  check(): void {
    this.drain();
    const best = this.#speaker.rib.locRib({ limit: 1e6 }).items.flatMap(({ prefix, candidates }) => {
      const [first] = candidates.filter((each) => each.best);
      return first ? [[formatPrefix(prefix), first.peer] as const] : [];
    });
    checkEqual([...this.#routes].sort(), best.sort(), 'the FIB');
  }

  close(): void {
    this.#subscription.close();
  }
}
