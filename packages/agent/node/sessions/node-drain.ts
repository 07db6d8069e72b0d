/**
 * Takes traffic off the whole node before maintenance: first every peer is told routes for graceful shutdown (RFC 8326), so that
 * others find better ones while these still work; then, after a wait, none at all. The kernel's routes and those learned stay:
 * what is on its way is forwarded. Forgotten with the agent.
 */
import type { DrainPhase } from '../../src/peers/peer-config.js';
import type { Journal } from '../journal.js';

export interface NodeDrainOptions {
  readonly journal: Journal;
  /** Peers are to be told. */
  readonly onChange: () => Promise<void>;
}

export class NodeDrain {
  readonly #options: NodeDrainOptions;
  #phase: DrainPhase = 'off';
  #withdrawAtMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NodeDrainOptions) {
    this.#options = options;
  }

  get phase(): DrainPhase {
    return this.#phase;
  }

  /** Milliseconds since 1970; undefined unless it is waited for. */
  get withdrawAtMs(): number | undefined {
    return this.#withdrawAtMs;
  }

  /** Again with another wait changes the wait; what is withdrawn stays withdrawn. */
  async start(waitS: number): Promise<void> {
    if (this.#phase === 'withdrawn') return;
    clearTimeout(this.#timer);
    this.#withdrawAtMs = Date.now() + waitS * 1000;
    this.#timer = setTimeout(() => void this.#become('withdrawn', 'withdraws what it has told'), waitS * 1000);
    await this.#become('draining', `drains: what it tells is for graceful shutdown, for ${waitS} s`);
  }

  async stop(): Promise<void> {
    this.close();
    if (this.#phase !== 'off') await this.#become('off', 'is in use again');
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#withdrawAtMs = undefined;
  }

  async #become(phase: DrainPhase, text: string): Promise<void> {
    const changed = phase !== this.#phase;
    this.#phase = phase;
    if (phase !== 'draining') this.#withdrawAtMs = undefined;
    if (changed)
      this.#options.journal.event({ kind: 'agent', text: `this node ${text}`, cause: 'asked for by the API' });
    await this.#options.onChange();
  }
}
