/**
 * Runs one reconciler: level-triggered, never twice at once, coalesced. A failure is reported and tried again with
 * growing pauses; besides that there is only the slow full round, with jitter, as a safety net.
 */
import { isUnavailable } from '@tortie/store';
import type { Journal } from '../journal.js';

/** `reconcile` looks at what is wanted and at what is, and makes them equal. Calling it again changes nothing. */
export interface Reconciler {
  readonly name: string;
  reconcile(): Promise<void>;
  /** What was kept of the store counts no more: somebody waits for a round, or it is the slow one. */
  forget?(): void;
}

export interface LoopOptions {
  readonly journal: Journal;
  /** Pause between full rounds; 0 for none. Default 300. */
  readonly fullRoundS?: number;
  /**
   * Rounds that follow each other get a fifth of the time, once they have had a tenth of a second: where rounds grow with the
   * cluster, and so does what triggers them, many triggers become one round. Whoever waits for a round is not kept waiting.
   */
  readonly paced?: boolean;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 60_000;
/** What rounds may take before they have to rest. */
const CREDIT_MS = 100;
/** Credit for each millisecond that passes. */
const SHARE = 0.25;
const LONGEST_REST_MS = 1_000;

export class ReconcileLoop {
  readonly #reconciler: Reconciler;
  readonly #options: LoopOptions;
  #wanted = false;
  #running: Promise<void> | undefined;
  #closed = false;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | undefined;
  #error: Error | undefined;
  /** How many wait for rounds. */
  #awaited = 0;
  #creditMs = CREDIT_MS;
  /** On the clock of performance.now(). */
  #creditedMs = 0;
  /** Ends the rest; there while it lasts. */
  #hurry: (() => void) | undefined;

  constructor(reconciler: Reconciler, options: LoopOptions) {
    this.#reconciler = reconciler;
    this.#options = options;
  }

  /** What the last round failed with; undefined after a good one. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Something may have changed. */
  trigger(): void {
    if (this.#closed) return;
    this.#wanted = true;
    this.#running ??= this.#run();
  }

  /** The first round is in the time of a full one. */
  triggerLater(): void {
    this.#again((this.#options.fullRoundS ?? 300) * 1000);
  }

  /** Triggers a round and waits until everything triggered so far is done. */
  async settle(): Promise<void> {
    this.#reconciler.forget?.();
    this.trigger();
    this.#awaited++;
    this.#hurry?.();
    while (this.#running) await this.#running;
    this.#awaited--;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#hurry?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    // The rest of this turn may trigger more; one round then does for all of it.
    await Promise.resolve();
    while (this.#wanted && !this.#closed) {
      await this.#rest();
      if (this.#closed) break;
      this.#wanted = false;
      clearTimeout(this.#timer);
      const beganMs = performance.now();
      try {
        await this.#reconciler.reconcile();
        this.#error = undefined;
        this.#retryMs = FIRST_RETRY_MS;
        this.#again((this.#options.fullRoundS ?? 300) * 1000);
      } catch (error) {
        this.#error = error instanceof Error ? error : new Error(String(error));
        if (this.#closed) break;
        // That a store is away is told once, by who opened it.
        if (!isUnavailable(error))
          this.#options.journal.problem(`reconciler ${this.#reconciler.name} failed`, this.#error);
        this.#again(this.#retryMs);
        this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      }
      this.#creditMs -= performance.now() - beganMs;
    }
    this.#running = undefined;
  }

  async #rest(): Promise<void> {
    const now = performance.now();
    this.#creditMs = Math.min(CREDIT_MS, this.#creditMs + (now - this.#creditedMs) * SHARE);
    this.#creditedMs = now;
    if (this.#creditMs >= 0 || !this.#options.paced || this.#awaited > 0) return;
    const ms = Math.min(-this.#creditMs / SHARE, LONGEST_REST_MS);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#hurry = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#hurry = undefined;
  }

  /** With up to a quarter of jitter, so that nodes that started together do not stay in step. */
  #again(ms: number): void {
    if (ms === 0 || this.#closed) return;
    const again = (): void => {
      this.#reconciler.forget?.();
      this.trigger();
    };
    this.#timer = setTimeout(again, ms * (0.75 + Math.random() * 0.5));
    this.#timer.unref();
  }
}
