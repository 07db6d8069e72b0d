/** What looks wrong when this node's record is put beside the others', looked at when records change. */
import type { Store } from '@tortie/store';
import type { Journal } from './journal.js';
import { findNodeConflicts, type NodeRecord } from './node-record.js';

/** Each look reads all records: a cluster that starts must not have every node do that for every other one. */
const PAUSE_MS = 10_000;

export interface NodeConflictsOptions {
  readonly store: Store;
  readonly journal: Journal;
  readonly own: () => NodeRecord;
  /** Between two looks. Default 10,000. */
  readonly pauseMs?: number;
}

export class NodeConflicts {
  readonly #options: NodeConflictsOptions;
  #warnings: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #again = false;

  constructor(options: NodeConflictsOptions) {
    this.#options = options;
  }

  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** At once, unless the last look was a moment ago. */
  look(): void {
    if (this.#timer) {
      this.#again = true;
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#again) this.look();
    }, this.#options.pauseMs ?? PAUSE_MS);
    this.#timer.unref();
    this.#again = false;
    void this.#read();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    const { store, journal, own } = this.#options;
    try {
      const warnings = await findNodeConflicts(store, own());
      for (const text of warnings.filter((one) => !this.#warnings.includes(one))) {
        journal.event({ kind: 'agent', text }, 'warn');
      }
      this.#warnings = warnings;
    } catch (error) {
      journal.problem('reading the node records failed', error as Error);
    }
  }
}
