/**
 * The writes of one operation, gathered before any is done. Over a store with multi-key commits they become one commit:
 * all or none. Elsewhere they are done one by one in the order of the steps, which every operation chooses so that a crash
 * between two steps leaves only what `repair` can finish.
 */
import type { Entry, Operation, Store } from '@tortie/store';
import type { Catalogue } from './catalogue.js';
import { type BlockRecord, readBlock } from './record/block-record.js';
import { BLOCKS } from './record/keys.js';
import { withUnknownFields } from './record/unknown-fields.js';
import { assertVersion } from './record/version.js';

interface Step {
  readonly key: string;
  /** Undefined: delete. */
  value: unknown;
}

/** A state of a draft to go back to. */
export interface DraftMark {
  readonly steps: readonly Step[];
  readonly guards: ReadonlyMap<string, number>;
}

export class Draft {
  /** How many times the operation was tried before. */
  readonly attempt: number;
  readonly #store: Store;
  readonly #catalogue: Catalogue;
  /** What each key was when it was read; revision 0: absent. */
  readonly #bases = new Map<string, { readonly value: unknown; readonly revision: number }>();
  #steps: Step[] = [];
  #guards = new Map<string, number>();

  constructor(store: Store, catalogue: Catalogue, attempt: number) {
    this.#store = store;
    this.#catalogue = catalogue;
    this.attempt = attempt;
  }

  /** The value as it will be after this draft; undefined where absent. */
  async read(key: string): Promise<Entry | undefined> {
    const base = await this.#base(key);
    const step = this.#steps.findLast((candidate) => candidate.key === key);
    const value = step ? step.value : base.value;
    return value === undefined ? undefined : { key, value, revision: base.revision };
  }

  /** A block as it will be after this draft. */
  async block(key: string): Promise<BlockRecord | undefined> {
    // Read when it was loaded, or planned here.
    return (await this.read(key))?.value as BlockRecord | undefined;
  }

  /** Takes a key to be absent without looking; if that is wrong, the commit conflicts. */
  assumeAbsent(key: string): void {
    if (!this.#bases.has(key)) this.#bases.set(key, { value: undefined, revision: 0 });
  }

  /** Writes a key that was read (or assumed absent); a second time in place of the last, a deletion too. */
  put(key: string, value: unknown): void {
    const step = this.#steps.findLast((candidate) => candidate.key === key);
    if (step) step.value = value;
    else this.#steps.push({ key, value });
  }

  /** Writes a key before all other steps. */
  putFirst(key: string, value: unknown): void {
    const step = this.#steps.findLast((candidate) => candidate.key === key);
    if (step) step.value = value;
    else this.#steps.unshift({ key, value });
  }

  /** Writes a key that has an earlier step once more. */
  putAgain(key: string, value: unknown): void {
    this.#steps.push({ key, value });
  }

  delete(key: string): void {
    this.#steps.push({ key, value: undefined });
  }

  /** Whether this draft writes the key. */
  writes(key: string): boolean {
    return this.#steps.some((step) => step.key === key);
  }

  /** Lets the commit fail if a key that is not written changed meanwhile. Only where the store commits several keys. */
  guard(key: string, revision: number): void {
    this.#guards.set(key, revision);
  }

  /** Whether it depends on keys that it does not write: it claims a block. */
  get isGuarded(): boolean {
    return this.#guards.size > 0;
  }

  mark(): DraftMark {
    return { steps: this.#steps.map((step) => ({ ...step })), guards: new Map(this.#guards) };
  }

  /** Forgets what was written since; what was read stays known. */
  rollBack({ steps, guards }: DraftMark): void {
    this.#steps = [...steps];
    this.#guards = new Map(guards);
  }

  /** The same for a key that was read. */
  guardRead(key: string): void {
    this.guard(key, this.#bases.get(key)!.revision);
  }

  /** Throws StoreError; see isConflict. */
  async commit(): Promise<void> {
    if (this.#steps.length === 0) return;
    // What a later version wrote is not written over, whoever planned it.
    for (const { key } of this.#steps) assertVersion({ key, value: this.#bases.get(key)?.value });
    if (this.#store.multiKey) await this.#commitAtOnce();
    else await this.#commitInOrder();
  }

  async #commitAtOnce(): Promise<void> {
    const last = new Map<string, unknown>();
    for (const { key, value } of this.#steps) last.set(key, value);
    const operations: Operation[] = [];
    for (const [key, value] of last) {
      const base = this.#bases.get(key)!;
      const operation = operationFor(key, withUnknownFields(key, base.value, value), base.revision);
      // What was put and deleted again may have been assumed to be absent.
      operations.push(operation ?? { type: 'check', key, revision: 0 });
    }
    for (const [key, revision] of this.#guards) {
      if (!last.has(key)) operations.push({ type: 'check', key, revision });
    }
    const revision = await this.#store.commit(operations);
    // Else it is a revision that may hold what others have written.
    if (operations.every(({ type }) => type === 'check')) return;
    for (const [key, value] of last) this.#written(key, value, revision);
    this.#catalogue.committed(last.keys(), revision);
  }

  async #commitInOrder(): Promise<void> {
    const revisions = new Map([...this.#bases].map(([key, { revision }]) => [key, revision]));
    for (const { key, value } of this.#steps) {
      const whole = withUnknownFields(key, this.#bases.get(key)?.value, value);
      const operation = operationFor(key, whole, revisions.get(key)!);
      if (!operation) continue;
      const revision = await this.#store.commit([operation]);
      revisions.set(key, value === undefined ? 0 : revision);
      this.#written(key, value, revision);
    }
  }

  #written(key: string, value: unknown, revision: number): void {
    if (key.startsWith(BLOCKS)) this.#catalogue.written(key, value as BlockRecord | undefined, revision);
  }

  async #base(key: string): Promise<{ readonly value: unknown; readonly revision: number }> {
    const base = this.#bases.get(key);
    if (base) return base;
    const known = this.attempt < 2 ? this.#catalogue.record(key) : undefined;
    const read = known ? { value: known.record, revision: known.revision } : await this.#load(key);
    this.#bases.set(key, read);
    return read;
  }

  async #load(key: string): Promise<{ readonly value: unknown; readonly revision: number }> {
    const entry = await this.#store.get(key);
    if (entry && key.startsWith(BLOCKS)) this.#catalogue.keep(key, readBlock(entry), entry.revision);
    return entry ?? { value: undefined, revision: 0 };
  }
}

function operationFor(key: string, value: unknown, revision: number): Operation | undefined {
  if (value === undefined) return revision === 0 ? undefined : { type: 'delete', key, revision };
  return revision === 0 ? { type: 'create', key, value } : { type: 'update', key, value, revision };
}
