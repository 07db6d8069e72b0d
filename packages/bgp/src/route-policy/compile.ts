/** A policy bound to the attribute table: routes go in and come out as ids. */
import { type AttributeTable, CANONICAL, CANONICAL_KEEP_MED } from '../rib/attribute-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import { MAX_BLOCK_OCTETS } from '../wire/attribute/canonical.js';
import { applySet } from './action.js';
import { matches } from './match.js';
import type { PolicyTerm, RoutePolicy } from './policy.js';

export class CompiledPolicy {
  readonly policy: RoutePolicy;
  readonly #terms: readonly PolicyTerm[];
  readonly #otherwise: boolean;
  readonly #table: AttributeTable;
  readonly #export: boolean;
  /** The last change made: the prefixes of an UPDATE share attributes, so they nearly always share the result. */
  #lastTerm: PolicyTerm | undefined;
  #lastFrom = 0;
  #lastTo = 0;

  constructor(policy: RoutePolicy, table: AttributeTable, side: 'import' | 'export') {
    this.policy = policy;
    this.#terms = policy.terms;
    this.#otherwise = policy.otherwise !== 'reject';
    this.#table = table;
    this.#export = side === 'export';
  }

  /** What becomes of a route: an id with a reference of the caller's own, or 0 where it is rejected, or grew too long. */
  apply(key: PrefixKey, version: 4 | 6, id: number): number {
    for (const term of this.#terms) {
      if (!matches(term.match, key, version, this.#table, id)) continue;
      if (term.action === 'reject') return 0;
      return term.set ? this.#change(term, id) : this.#same(id);
    }
    return this.#otherwise ? this.#same(id) : 0;
  }

  /** Forgets the last change and gives up the references it holds; to be called when an UPDATE or a batch is done. */
  forget(): void {
    if (!this.#lastTerm) return;
    this.#lastTerm = undefined;
    this.#table.release(this.#lastFrom);
    this.#table.release(this.#lastTo);
  }

  #same(id: number): number {
    this.#table.retain(id);
    return id;
  }

  #change(term: PolicyTerm, id: number): number {
    if (this.#lastTerm === term && this.#lastFrom === id) return this.#same(this.#lastTo);
    const block = applySet(this.#table.block(id), term.set!);
    // No message could carry it, and the table holds none that long.
    if (block.length > MAX_BLOCK_OCTETS) return 0;
    const keepMed = this.#export && term.set!.med !== undefined;
    const changed = this.#table.internCanonical(block, 0, block.length, keepMed ? CANONICAL_KEEP_MED : CANONICAL);
    this.forget();
    this.#lastTerm = term;
    this.#lastFrom = this.#same(id);
    this.#lastTo = this.#same(changed);
    return changed;
  }
}
