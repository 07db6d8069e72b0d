/**
 * When the next router advertisement is due. Pure: time and chance come in.
 *
 * RFC 4861 section 6.2.4: unsolicited ones at random times between MinRtrAdvInterval and MaxRtrAdvInterval. Section 6.2.6:
 * solicited ones after a random delay, and multicast ones never closer together than MIN_DELAY_BETWEEN_RAS.
 */

/** MaxRtrAdvInterval. That of FRR on unnumbered sessions: a neighbour that missed one waits no longer than this. */
const MAX_INTERVAL_MS = 10_000;
/** MinRtrAdvInterval: a third of it, as section 6.2.1 has it. */
const MIN_INTERVAL_MS = 3_333;
const MIN_DELAY_BETWEEN_MS = 3_000;
const MAX_ANSWER_DELAY_MS = 500;

export class AdvertisementPacer {
  readonly #random: () => number;
  #lastMs = Number.NEGATIVE_INFINITY;
  #dueMs: number;

  /** The first one is due at once. `random` gives 0 to 1. */
  constructor(nowMs: number, random: () => number) {
    this.#random = random;
    this.#dueMs = nowMs;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** One has gone out. */
  sent(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#dueMs = nowMs + MIN_INTERVAL_MS + this.#random() * (MAX_INTERVAL_MS - MIN_INTERVAL_MS);
  }

  /** Somebody asks for one. */
  solicited(nowMs: number): void {
    this.#advance(nowMs + this.#random() * MAX_ANSWER_DELAY_MS);
  }

  /** The interface has become usable: whoever is behind it may know nothing of us. */
  restarted(nowMs: number): void {
    this.#advance(nowMs);
  }

  #advance(atMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, Math.max(atMs, this.#lastMs + MIN_DELAY_BETWEEN_MS));
  }
}
