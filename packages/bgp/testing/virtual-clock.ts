/** Time that passes only when told to: a queue of things to happen, in order of time and then of scheduling. */

interface Entry {
  readonly atMs: number;
  readonly sequence: number;
  readonly run: () => void;
}

const isBefore = (x: Entry, y: Entry): boolean => x.atMs < y.atMs || (x.atMs === y.atMs && x.sequence < y.sequence);

export class VirtualClock {
  nowMs = 0;
  #sequence = 0;
  /** A heap: the next one is the first, and no child comes before its parent. Networks of thousands have a million waiting. */
  readonly #heap: Entry[] = [];

  /** Runs `run` at this time, or at once where it is past. */
  at(atMs: number, run: () => void): void {
    const entry: Entry = { atMs: Math.max(atMs, this.nowMs), sequence: this.#sequence++, run };
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + delayMs, run);
  }

  /** Lets this much time pass. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    while (this.#runNext(endMs));
    this.nowMs = endMs;
  }

  /** Lets time pass until the condition holds; false where it does not within `limitMs`. */
  advanceUntil(condition: () => boolean, limitMs: number): boolean {
    const endMs = this.nowMs + limitMs;
    while (!condition()) {
      if (this.#runNext(endMs)) continue;
      this.nowMs = endMs;
      return condition();
    }
    return true;
  }

  /** False where nothing is to happen by then. */
  #runNext(endMs: number): boolean {
    const next = this.#heap[0];
    if (!next || next.atMs > endMs) return false;
    this.#takeFirst();
    this.nowMs = next.atMs;
    next.run();
    return true;
  }

  #takeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
