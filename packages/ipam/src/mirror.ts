/** A prefix of the store, remembered and brought up to date on demand: one listing, page by page, then only what changed. */
import { type Changes, type Entry, type Page, readPages, type Store, StoreError } from '@tortie/store';

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
  readonly #onPage: (page: Page) => void;
  #revision: number | undefined;

  /** `onPage` is told what is listed. */
  constructor(store: Store, prefix: string, target: MirrorTarget, onPage: (page: Page) => void = () => {}) {
    this.#store = store;
    this.#prefix = prefix;
    this.#target = target;
    this.#onPage = onPage;
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
   * call. Where it has to list, the target is not to be read before that. Must not run twice at a time.
   */
  async fetch(): Promise<() => void> {
    const changes = await this.#changes();
    if (changes) return () => this.#apply(changes);
    this.#revision = undefined;
    this.#target.reset();
    let first: number | undefined;
    for await (const page of readPages(this.#store, this.#prefix)) {
      first ??= page.revision;
      for (const entry of page.entries) this.#target.put(entry);
      this.#onPage(page);
      if (page.after === undefined && page.upTo === undefined) return () => this.advance(page.revision);
    }
    // Pages are of different moments: what changed behind the first makes one of them.
    this.#revision = first;
    return this.fetch();
  }

  /** Undefined where the store does not know. */
  async #changes(): Promise<Changes | undefined> {
    if (this.#revision === undefined) return undefined;
    try {
      return await this.#store.changes(this.#prefix, this.#revision);
    } catch (error) {
      if (error instanceof StoreError && error.code === 'ERR_STORE_COMPACTED') return undefined;
      throw error;
    }
  }

  #apply({ events, revision }: Changes): void {
    for (const event of events) {
      if (event.type === 'put') this.#target.put(event);
      else this.#target.delete(event.key);
    }
    this.#revision = revision;
  }
}
