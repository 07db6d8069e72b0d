/**
 * Deadlines of many timers, without a clock. A binary heap whose entries may be early: moving a deadline further away,
 * as every received message does to a hold timer, costs one assignment; the entry is put right when it surfaces.
 */
export class Timer {
  /** Infinity while stopped. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** Key in the heap, never later than deadlineMs; NaN while not in it. */
  queuedMs = Number.NaN;
  readonly expire: () => void;

  constructor(expire: () => void) {
    this.expire = expire;
  }

  get running(): boolean {
    return this.deadlineMs !== Number.POSITIVE_INFINITY;
  }
}

export class TimerQueue {
  readonly #heap: Timer[] = [];

  /** Starts or restarts. */
  start(timer: Timer, deadlineMs: number): void {
    timer.deadlineMs = deadlineMs;
    if (timer.queuedMs <= deadlineMs) return;
    if (Number.isNaN(timer.queuedMs)) {
      timer.queuedMs = deadlineMs;
      this.#heap.push(timer);
      this.#up(this.#heap.length - 1);
      return;
    }
    timer.queuedMs = deadlineMs;
    this.#up(this.#heap.indexOf(timer));
  }

  stop(timer: Timer): void {
    timer.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** When the driver should call expire() next; possibly earlier than any timer runs out. undefined: nothing runs. */
  get nextMs(): number | undefined {
    this.#settle();
    return this.#heap[0]?.queuedMs;
  }

  /** Fires what is due, in order of the deadlines. A timer that is restarted while firing waits for its new deadline. */
  expire(nowMs: number): void {
    for (;;) {
      this.#settle();
      const first = this.#heap[0];
      if (!first || first.queuedMs > nowMs) return;
      this.#pop();
      first.deadlineMs = Number.POSITIVE_INFINITY;
      first.expire();
    }
  }

  /** Makes the first entry a running timer with its true deadline. */
  #settle(): void {
    for (;;) {
      const first = this.#heap[0];
      if (!first || first.queuedMs === first.deadlineMs) return;
      if (first.running) {
        first.queuedMs = first.deadlineMs;
        this.#down(0);
      } else {
        this.#pop();
      }
    }
  }

  #pop(): void {
    const heap = this.#heap;
    heap[0]!.queuedMs = Number.NaN;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    this.#down(0);
  }

  #up(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    let at = index;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]!.queuedMs <= timer.queuedMs) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #down(index: number): void {
    const heap = this.#heap;
    const timer = heap[index]!;
    let at = index;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.queuedMs < heap[child]!.queuedMs) child++;
      if (heap[child]!.queuedMs >= timer.queuedMs) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = timer;
  }
}
