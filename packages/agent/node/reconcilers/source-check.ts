/** The check of what pods send as a table of nf_tables. Made anew where somebody has changed or flushed it; it stays when the agent ends. */
import { hasRulesOf } from '@tortie/linux';
import type { Nftables } from '@tortie/linux/node';
import { SOURCE_CHECK_LAYOUT, SOURCE_CHECK_TABLE } from '../../src/pods/source-check.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from './reconcile-loop.js';

export interface SourceCheckOptions {
  /** Whether pods are plugged in here. */
  readonly wanted: boolean;
  /** Opens the table. Throws LinuxError where the kernel has no nf_tables or we may not. */
  readonly open: () => Promise<Pick<Nftables, 'rules' | 'replace' | 'remove' | 'close'>>;
  readonly journal: Journal;
}

type Table = Awaited<ReturnType<SourceCheckOptions['open']>>;

export class SourceCheck implements Reconciler {
  readonly name = 'source-check';
  readonly #options: SourceCheckOptions;
  #table: Table | undefined;
  #problem: string | undefined;

  constructor(options: SourceCheckOptions) {
    this.#options = options;
  }

  /** Why pods are not checked, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** A kernel that cannot do it is told of, and asked again with the next full round. */
  async reconcile(): Promise<void> {
    const { wanted, open } = this.#options;
    try {
      this.#table ??= await open();
      await this.#apply(this.#table);
      this.#problem = undefined;
    } catch (error) {
      if (!wanted) return;
      const problem = `Pods can send from IPv6 addresses that are not theirs, which needs nf_tables with fib to be prevented: ${(error as Error).message}.`;
      if (problem !== this.#problem)
        this.#options.journal.problem('the sources of pods are not checked', error as Error);
      this.#problem = problem;
    }
  }

  close(): void {
    this.#table?.close();
  }

  async #apply(table: Table): Promise<void> {
    const { wanted, journal } = this.#options;
    const rules = await table.rules();
    if (!wanted) {
      if (rules !== undefined) await table.remove();
      return;
    }
    if (rules && hasRulesOf(SOURCE_CHECK_LAYOUT, rules)) return;
    await table.replace(SOURCE_CHECK_LAYOUT, {});
    const { family, name } = SOURCE_CHECK_TABLE;
    journal.event({
      kind: 'pod',
      text: 'what pods send from IPv6 addresses that are not theirs is dropped',
      ...(rules !== undefined && { cause: `what stood in table ${family} ${name} was not ours, or had been changed` }),
    });
  }
}
