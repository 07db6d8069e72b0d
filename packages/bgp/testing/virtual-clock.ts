/** Time that passes only when told to: a queue of things to happen, in order of time and then of scheduling. */
export class VirtualClock {
  nowMs = 0;
  #sequence = 0;
  readonly #queue: { readonly atMs: number; readonly sequence: number; readonly run: () => void }[] = [];

  /** Runs `run` at this time, or at once where it is past. */
  at(atMs: number, run: () => void): void {
    const entry = { atMs: Math.max(atMs, this.nowMs), sequence: this.#sequence++, run };
    let index = this.#queue.length;
    while (index > 0 && this.#queue[index - 1]!.atMs > entry.atMs) index--;
    this.#queue.splice(index, 0, entry);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Lets this much time pass. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#queue[0]; next && next.atMs <= endMs; next = this.#queue[0]) {
      this.#queue.shift();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until the condition holds; false where it does not within `limitMs`. */
  advanceUntil(condition: () => boolean, limitMs: number): boolean {
    const endMs = this.nowMs + limitMs;
    while (!condition()) {
      const next = this.#queue[0];
      if (!next || next.atMs > endMs) {
        this.nowMs = endMs;
        return condition();
      }
      this.#queue.shift();
      this.nowMs = next.atMs;
      next.run();
    }
    return true;
  }
}
