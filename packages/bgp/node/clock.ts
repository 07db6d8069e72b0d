/** Time for the speaker: a clock that never jumps, and one alarm. */
import { performance } from 'node:perf_hooks';

/** Milliseconds since some moment in the past. */
export const monotonicMs = (): number => performance.now();

/** Longest delay of setTimeout. */
const MAX_DELAY_MS = 0x7fffffff;

/** Calls back once the set deadline has passed; setting another one replaces it. */
export class Alarm {
  readonly #ring: () => void;
  #timeout: NodeJS.Timeout | undefined;
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** undefined: no alarm. An alarm that is set too early for the new deadline rings in vain, which costs less than moving it. */
  set(deadlineMs: number | undefined, nowMs: number): void {
    if (deadlineMs === undefined || deadlineMs >= this.#deadlineMs) return;
    clearTimeout(this.#timeout);
    this.#deadlineMs = deadlineMs;
    const delayMs = Math.min(MAX_DELAY_MS, Math.max(0, Math.ceil(deadlineMs - nowMs)));
    this.#timeout = setTimeout(() => {
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      this.#ring();
    }, delayMs);
  }

  clear(): void {
    clearTimeout(this.#timeout);
    this.#deadlineMs = Number.POSITIVE_INFINITY;
  }
}
