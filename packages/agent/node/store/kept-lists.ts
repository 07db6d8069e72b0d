/**
 * Listings of the store, kept until somebody says that they may differ: the watch of their prefix, or who has just written and
 * waits for what follows. Reconcilers that are woken by other things, such as a node that joins, ask the store for nothing.
 */
import type { Listing } from '@tortie/store';
import type { Lister } from '../reconcilers/desired.js';

export class KeptLists implements Lister {
  readonly #store: Lister;
  readonly #kept = new Map<string, Listing>();
  #forgotten = 0;

  constructor(store: Lister) {
    this.#store = store;
  }

  async list(prefix: string): Promise<Listing> {
    const kept = this.#kept.get(prefix);
    if (kept) return kept;
    const before = this.#forgotten;
    const listing = await this.#store.list(prefix);
    // Revision 0 is a copy's, while the store is away.
    if (before === this.#forgotten && listing.revision > 0) this.#kept.set(prefix, listing);
    return listing;
  }

  forget(prefix: string): void {
    this.#forgotten++;
    this.#kept.delete(prefix);
  }
}
