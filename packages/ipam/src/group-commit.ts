/**
 * Assignments and releases that wait while a commit is under way are planned together and committed as one: one flush of the disk, or
 * one transaction of etcd, for all of them. A runtime that starts fifty pods at once waits for few commits instead of fifty. Where a
 * commit blocks the process, what came meanwhile has not even been read: `gather` lets it come in.
 *
 * A plan sees what the plans before it in the group have drafted, but the catalogue does not. So a group ends behind a plan
 * that claims a block, and a plan that fails is not told so before it has failed as the first of a group.
 */
import type { IpamContext } from './context.js';
import type { Draft } from './draft.js';
import { IpamError } from './errors.js';
import { swap } from './swap.js';
import type { Turns } from './turns.js';

/** Etcd takes 128 operations in a transaction. */
const MOST = 32;

export type Plan<T> = (draft: Draft, context: IpamContext) => Promise<T>;

interface Waiting {
  readonly plan: Plan<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export class GroupCommit {
  readonly #context: IpamContext;
  readonly #turns: Turns;
  #waiting: Waiting[] = [];
  #hasTurn = false;
  readonly #gather: () => Promise<void>;

  constructor(context: IpamContext, turns: Turns, gather: () => Promise<void>) {
    this.#context = context;
    this.#turns = turns;
    this.#gather = gather;
  }

  /** Resolves once what was planned is committed. */
  add<T>(plan: Plan<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ plan, resolve: resolve as (result: unknown) => void, reject });
      this.#takeTurn();
    });
  }

  #takeTurn(): void {
    if (this.#hasTurn || this.#waiting.length === 0) return;
    this.#hasTurn = true;
    // Not in the turn: what comes in may have to read first.
    void this.#gatherAll().then(() => this.#turns.take(() => this.#run()));
  }

  /** As long as each turn brings another one. */
  async #gatherAll(): Promise<void> {
    let known: number;
    do {
      known = this.#waiting.length;
      await this.#gather();
    } while (this.#waiting.length > known && this.#waiting.length < MOST);
  }

  async #run(): Promise<void> {
    const group = this.#waiting.splice(0, MOST);
    let settled = group.length;
    try {
      const results = await swap(this.#context, (draft) => this.#planAll(draft, group));
      settled = results.length;
      for (const [index, result] of results.entries()) group[index]!.resolve(result);
    } catch (error) {
      // What is wrong with a request concerns it alone, what is wrong with the store all of them.
      if (error instanceof IpamError) settled = 1;
      for (const { reject } of group.slice(0, settled)) reject(error);
    }
    this.#waiting.unshift(...group.slice(settled));
    this.#hasTurn = false;
    this.#takeTurn();
  }

  /** Results of the first plans of the group, at least one. */
  async #planAll(draft: Draft, group: readonly Waiting[]): Promise<unknown[]> {
    const results: unknown[] = [];
    for (const { plan } of group) {
      const before = draft.mark();
      try {
        results.push(await plan(draft, this.#context));
      } catch (error) {
        if (results.length === 0) throw error;
        draft.rollBack(before);
        break;
      }
      if (draft.isGuarded) break;
    }
    return results;
  }
}
