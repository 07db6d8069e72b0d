/** A prefix of the store, remembered and brought up to date on demand: one listing, then only what changed. */
import { type Entry, type Store, StoreError } from '@tortie/store';

export interface MirrorTarget {
  /** Forget everything: a listing follows. */
  reset(): void;
  put(entry: Entry): void;
  delete(key: string): void;
}

export class Mirror {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #target: MirrorTarget;
  #revision: number | undefined;

  constructor(store: Store, prefix: string, target: MirrorTarget) {
    this.#store = store;
    this.#prefix = prefix;
    this.#target = target;
  }

  /** The state it has; undefined: none yet. */
  get revision(): number | undefined {
    return this.#revision;
  }

  /** The target has what was committed since, up to this revision. */
  advance(revision: number): void {
    this.#revision = revision;
  }

  /**
   * Asks the store what changed; the function it gives brings the target to what the store was at some moment during the
   * call. Must not run twice at a time.
   */
  async fetch(): Promise<() => void> {
    if (this.#revision !== undefined) {
      try {
        const { events, revision } = await this.#store.changes(this.#prefix, this.#revision);
        return () => {
          for (const event of events) {
            if (event.type === 'put') this.#target.put(event);
            else this.#target.delete(event.key);
          }
          this.#revision = revision;
        };
      } catch (error) {
        if (!(error instanceof StoreError && error.code === 'ERR_STORE_COMPACTED')) throw error;
      }
    }
    const { entries, revision } = await this.#store.list(this.#prefix);
    return () => {
      this.#target.reset();
      for (const entry of entries) this.#target.put(entry);
      this.#revision = revision;
    };
  }
}
