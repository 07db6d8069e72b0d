/**
 * What a policy found out about the attribute sets it has met since forget(): per set the answer of each term's attribute
 * test, and what each term's action made of it. Direct-mapped and small, so that a peer's policy costs some kilobytes; the
 * routes of an UPDATE or a batch mostly share few sets.
 *
 * Ids are used again once nobody holds them, so the cache holds a reference to all it knows; forget() gives them up.
 */
import type { AttributeTable } from '../rib/attribute-table.js';

const SLOTS = 64;

export const UNKNOWN = 0;
export const NO = 1;
export const YES = 2;

export class VerdictCache {
  /** By slot and test: UNKNOWN, NO or YES. */
  readonly verdicts: Uint8Array;
  /** By slot and action: the changed attributes' id with a reference, or 0. */
  readonly results: Int32Array;
  readonly #tests: number;
  readonly #actions: number;
  readonly #table: AttributeTable;
  readonly #ids = new Int32Array(SLOTS);
  readonly #used = new Uint8Array(SLOTS);
  #uses = 0;

  constructor(table: AttributeTable, tests: number, actions: number) {
    this.#table = table;
    this.#tests = tests;
    this.#actions = actions;
    this.verdicts = new Uint8Array(SLOTS * tests);
    this.results = new Int32Array(SLOTS * actions);
  }

  /** The slot of an attribute set, cleared where another had it. */
  slot(id: number): number {
    const slot = id & (SLOTS - 1);
    const former = this.#ids[slot]!;
    if (former === id) return slot;
    if (former === 0) this.#used[this.#uses++] = slot;
    else this.#clear(slot);
    this.#table.retain(id);
    this.#ids[slot] = id;
    return slot;
  }

  #clear(slot: number): void {
    this.#table.release(this.#ids[slot]!);
    this.#ids[slot] = 0;
    this.verdicts.fill(UNKNOWN, slot * this.#tests, (slot + 1) * this.#tests);
    for (let at = slot * this.#actions; at < (slot + 1) * this.#actions; at++) {
      if (this.results[at] !== 0) this.#table.release(this.results[at]!);
      this.results[at] = 0;
    }
  }

  forget(): void {
    while (this.#uses > 0) this.#clear(this.#used[--this.#uses]!);
  }
}
