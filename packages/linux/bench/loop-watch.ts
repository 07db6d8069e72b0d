/** For how long the event loop stood still, less the time the main thread waited for a processor that others had. */
import { readFileSync } from 'node:fs';

/** How often the loop is looked at, milliseconds. */
const EVERY_MS = 5;

/** Time the main thread has waited for a processor so far, milliseconds. */
const waitedMs = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;

export class LoopWatch {
  #longestMs = 0;
  #last = performance.now();
  #lastWaited = waitedMs();

  constructor() {
    setInterval(() => this.#look(), EVERY_MS).unref();
  }

  /** The longest standstill since this was last asked, milliseconds. */
  take(): number {
    this.#look();
    const longest = this.#longestMs;
    this.#longestMs = 0;
    return longest;
  }

  #look(): void {
    const [now, waited] = [performance.now(), waitedMs()];
    this.#longestMs = Math.max(this.#longestMs, now - this.#last - EVERY_MS - (waited - this.#lastWaited));
    this.#last = now;
    this.#lastWaited = waited;
  }
}
