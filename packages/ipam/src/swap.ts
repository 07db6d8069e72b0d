/** The one compare-and-swap loop: builds a draft from what is known, commits it, and does both again after a conflict. */
import { isConflict, type Store } from '@tortie/store';
import type { Catalogue } from './catalogue.js';
import { Draft } from './draft.js';
import { IpamError } from './errors.js';

const ATTEMPTS = 100;

export interface SwapContext {
  readonly store: Store;
  readonly catalogue: Catalogue;
  /** Waits before the n-th attempt. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Only revision conflicts are tried again; any other error goes to the caller. `build` must be repeatable. */
export async function swap<T>(context: SwapContext, build: (draft: Draft) => Promise<T>): Promise<T> {
  let last: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (attempt > 0) await context.pause(attempt);
    await context.catalogue.sync();
    const draft = new Draft(context.store, context.catalogue, attempt);
    try {
      const result = await build(draft);
      await draft.commit();
      return result;
    } catch (error) {
      if (!isConflict(error)) throw error;
      last = error;
    }
  }
  throw new IpamError('ERR_IPAM_CONTENTION', `other writers were faster ${ATTEMPTS} times; try again`, { cause: last });
}
