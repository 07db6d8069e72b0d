/** When the next periodic packet is due: the interval with its jitter, RFC 5880 section 6.8.7. */

export class Pacer {
  readonly #random: () => number;
  #lastMs: number;
  #gapMs = 0;
  #intervalMs = Number.POSITIVE_INFINITY;
  #most = 1;

  constructor(random: () => number, nowMs: number) {
    this.#random = random;
    this.#lastMs = nowMs;
  }

  get nextMs(): number {
    return this.#lastMs + this.#gapMs;
  }

  /**
   * A shorter interval counts from the last packet on, at once (section 6.8.3); a longer one from the next.
   * `single`: one lost packet ends the session, so the gap stays below 90 % of the interval.
   */
  setInterval(intervalMs: number, single: boolean): void {
    const shorter = intervalMs < this.#intervalMs;
    this.#intervalMs = intervalMs;
    this.#most = single ? 0.9 : 1;
    if (shorter) this.#draw();
  }

  /** The timer has fired, a bit late as timers do: the next gap begins where this one should have ended. */
  sentOnTime(nowMs: number): void {
    const dueMs = this.nextMs;
    this.#draw();
    this.#lastMs = nowMs - dueMs < this.#gapMs ? dueMs : nowMs;
  }

  sentOutOfTurn(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#draw();
  }

  #draw(): void {
    this.#gapMs = this.#intervalMs * (0.75 + this.#random() * (this.#most - 0.75));
  }
}
