/** What every store backend must do, as named cases without a test runner: a backend's test runs each of them. */
import type { Store } from '../src/index.js';
import { cases } from './conformance-cases.js';
import { followCases } from './follow-cases.js';

/** Gives an empty store; `keepCommits` bounds its change log. The suite closes it. */
export type StoreFactory = (options: { readonly keepCommits?: number }) => Promise<Store>;

export interface ConformanceCase {
  readonly name: string;
  /** Rejects where the store does not conform. */
  run(): Promise<void>;
}

/** The suite for one backend. */
export function storeConformance(openStore: StoreFactory): readonly ConformanceCase[] {
  return [...cases, ...followCases].map(({ name, keepCommits, run }) => ({
    name,
    async run() {
      const store = await openStore(keepCommits === undefined ? {} : { keepCommits });
      try {
        await run(store);
      } finally {
        await store.close();
      }
    },
  }));
}
