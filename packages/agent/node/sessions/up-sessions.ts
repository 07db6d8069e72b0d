/** Which sessions are up, or were so short a time ago that one of their ends may be starting anew. */

/** How long a session that went down, with its peer or with our own start, has to come up before it counts as gone. */
const DOWN_MS = 600_000;

export class UpSessions {
  /** Since when each is down; undefined while it is up. By the name of its peer. */
  readonly #downSinceMs = new Map<string, number | undefined>();
  readonly #nowMs: () => number;
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Was up when the agent ran last. */
  wasUp(name: string): void {
    this.#downSinceMs.set(name, this.#nowMs());
  }

  changed(name: string, established: boolean): void {
    this.#downSinceMs.set(name, established ? undefined : this.#nowMs());
    this.#forgetGone();
  }

  /** It is no session of this node any more. */
  forget(name: string): void {
    this.#downSinceMs.delete(name);
  }

  has(name: string): boolean {
    return this.#downSinceMs.has(name) && this.#nowMs() < this.untilMs(name);
  }

  /** Of sessions whose names are `range`, or begin with it and a slash. */
  countIn(range: string): number {
    let count = 0;
    for (const name of this.#downSinceMs.keys()) if (isIn(range, name) && this.has(name)) count++;
    return count;
  }

  /** When it counts as gone unless it comes up before. */
  untilMs(name: string): number {
    const sinceMs = this.#downSinceMs.get(name);
    return sinceMs === undefined ? Number.POSITIVE_INFINITY : sinceMs + DOWN_MS;
  }

  /** Until then, unless some come up before. */
  lastUntilMs(range: string): number {
    const times = [...this.#downSinceMs.keys()].filter((name) => isIn(range, name)).map((name) => this.untilMs(name));
    return Math.max(0, ...times);
  }

  /** Peers of a range may have another address each time. */
  #forgetGone(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs < DOWN_MS) return;
    this.#lookedMs = nowMs;
    for (const name of this.#downSinceMs.keys()) if (!this.has(name)) this.forget(name);
  }
}

/** Whether a peer is that of an open session, or one of them. */
export const isIn = (range: string, name: string): boolean => name === range || name.startsWith(`${range}/`);
