/**
 * Pools with `natOutgoing` -> our table of nf_tables. What an earlier run left is taken over as it is; a change of pools or nodes
 * is a change of elements; a table that somebody has changed or flushed is made anew. None where no pool asks for it.
 */
import { type Address, formatPrefix } from '@tortie/ip';
import type { IpamApi } from '@tortie/ipam';
import { hasRulesOf, type NftElements } from '@tortie/linux';
import type { Nftables } from '@tortie/linux/node';
import { MASQUERADE_LAYOUT, masqueradeOf, without } from '../../src/masquerade/masquerade.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from './reconcile-loop.js';

export interface MasqueradeOptions {
  readonly pools: Pick<IpamApi['pools'], 'list'>;
  /** All addresses of all nodes. */
  readonly nodes: () => Promise<readonly Address[]>;
  /** Opens our table. Throws LinuxError where the kernel has no nf_tables or we may not. */
  readonly open: () => Promise<
    Pick<Nftables, 'rules' | 'prefixes' | 'replace' | 'change' | 'remove' | 'chains' | 'close'>
  >;
  readonly journal: Journal;
}

type Table = Awaited<ReturnType<MasqueradeOptions['open']>>;

export class MasqueradeReconciler implements Reconciler {
  readonly name = 'masquerade';
  readonly #options: MasqueradeOptions;
  #table: Table | undefined;
  #problem: string | undefined;
  #pools: readonly string[] = [];

  constructor(options: MasqueradeOptions) {
    this.#options = options;
  }

  /** Pools whose pods go out under the node's address, by name. */
  get pools(): readonly string[] {
    return this.#pools;
  }

  /** Why that does not work, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async reconcile(): Promise<void> {
    const pools = await this.#options.pools.list();
    const wanted = masqueradeOf({ pools, nodes: await this.#options.nodes() });
    this.#pools = pools.filter(({ natOutgoing }) => natOutgoing).map(({ name }) => name);
    try {
      await this.#apply(wanted);
      this.#problem = undefined;
    } catch (error) {
      this.#problem = `Pods of ${this.#pools.join(', ')} do not reach the world, natOutgoing cannot be done: ${(error as Error).message}`;
      // A table that cannot be opened for want of a kernel is nothing to take away either.
      if (wanted) throw error;
    }
  }

  close(): void {
    this.#table?.close();
  }

  async #apply(wanted: NftElements | undefined): Promise<void> {
    this.#table ??= await this.#options.open();
    const rules = await this.#table.rules();
    if (!wanted) {
      if (rules === undefined) return;
      await this.#table.remove();
      this.#tell('pods no longer leave under an address of this node', 'no pool has natOutgoing');
      return;
    }
    const present = rules && hasRulesOf(MASQUERADE_LAYOUT, rules) ? await this.#elements(this.#table) : undefined;
    if (!present) {
      await this.#table.replace(MASQUERADE_LAYOUT, wanted);
      this.#tell(
        `pods of ${this.#pools.join(', ')} leave under an address of this node`,
        rules === undefined ? 'natOutgoing' : 'what stood in table inet tortie was not ours, or had been changed',
      );
      return;
    }
    const [gone, added] = [without(present, wanted), without(wanted, present)];
    if (Object.keys(gone).length + Object.keys(added).length === 0) return;
    await this.#table.change(gone, added);
    this.#options.journal.log.debug(
      { gone: shown(gone), added: shown(added) },
      'changed the sets of table inet tortie',
    );
  }

  /** What the sets hold; undefined where one is missing or holds what we never put in. */
  async #elements(table: Table): Promise<NftElements | undefined> {
    const elements: Record<string, NonNullable<Awaited<ReturnType<Table['prefixes']>>>> = {};
    for (const set of MASQUERADE_LAYOUT.sets) {
      const prefixes = await table.prefixes(set);
      if (!prefixes) return undefined;
      elements[set.name] = prefixes;
    }
    return elements;
  }

  #tell(text: string, cause: string): void {
    this.#options.journal.event({ kind: 'nat', text, cause });
  }
}

const shown = (elements: NftElements): unknown =>
  Object.fromEntries(Object.entries(elements).map(([name, prefixes]) => [name, prefixes.map(formatPrefix)]));
