/**
 * Address management -> routes: makes the pools of the file, claims this node's blocks, and keeps what follows from them
 * for announcements, blackholes and the import policy.
 */

import { formatPrefix, type IpVersion, parsePrefix } from '@tortie/ip';
import { type IpamApi, IpamError } from '@tortie/ipam';
import { type Entry, type FollowEvent, isUnavailable } from '@tortie/store';
import type { PoolSpec } from '../../src/api/ipam.js';
import { type Addressing, addressingOf, NO_ADDRESSING, sameRoutes } from '../../src/ipam/addressing.js';
import { BLOCKS } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from './reconcile-loop.js';

export interface BlocksOptions {
  readonly node: string;
  readonly ipam: IpamApi;
  /** Created when absent, at the first round. */
  readonly pools: readonly PoolSpec[];
  readonly claim: { readonly ipv4: boolean; readonly ipv6: boolean };
  readonly journal: Journal;
  /** Address management as it was when the store answered last; absent where the store is always there. */
  readonly recall?: () => Promise<IpamApi>;
  /** Done before anything is claimed: what the store has lost of this node is recorded again. */
  readonly recordAgain?: () => Promise<void>;
  /** What follows for routes differs from before. */
  readonly onChange: () => void;
}

export class BlocksReconciler implements Reconciler {
  readonly name = 'blocks';
  readonly #options: BlocksOptions;
  #addressing: Addressing = NO_ADDRESSING;
  #problem: string | undefined;
  #prepared = false;
  /** Keys of blocks that mattered to this node when last seen. */
  readonly #relevantBlocks = new Set<string>();

  constructor(options: BlocksOptions) {
    this.#options = options;
  }

  get addressing(): Addressing {
    return this.#addressing;
  }

  /** Why a block that should be claimed is not, as a sentence. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async reconcile(): Promise<void> {
    const { ipam, recall, recordAgain } = this.#options;
    try {
      if (!this.#prepared) await this.#prepare();
      const pools = await ipam.pools.list();
      await recordAgain?.();
      await this.#claim(new Set(pools.filter(({ disabled }) => !disabled).map(({ cidr }) => cidr.version)));
      await this.#follow(ipam);
    } catch (error) {
      // What was known in this run stays; a run that knows nothing yet goes by what an earlier one knew.
      if (recall && isUnavailable(error) && this.#addressing === NO_ADDRESSING) await this.#follow(await recall());
      throw error;
    }
  }

  async #follow(ipam: IpamApi): Promise<void> {
    const { node, onChange } = this.#options;
    const pools = await ipam.pools.list();
    const ownBlocks = await ipam.blocksOf(node);
    const inside = (await Promise.all(ownBlocks.map(({ cidr }) => ipam.assignments({ block: cidr })))).flat();
    const next = addressingOf({ node, pools, routes: await ipam.routesOf(node), ownBlocks, inside });
    const before = this.#addressing;
    this.#addressing = next;
    if (sameRoutes(before, next)) return;
    this.#tell(before, next);
    onChange();
  }

  /** The store is another one than before: pools of the file may be missing, and what was half done may be so again. */
  prepareAgain(): void {
    this.#prepared = false;
  }

  /** Whether a change of the store can matter to this node: one node's assignments must not wake all the others. */
  concerns(event: FollowEvent): boolean {
    if (event.type === 'page') {
      for (const entry of event.entries) if (isBlock(entry)) this.#note(entry, this.isOurs(entry));
      // A block that is gone may have mattered; whoever reads it again looks once at the end.
      return event.upTo === undefined;
    }
    if (!isBlock(event)) return true;
    const before = this.#relevantBlocks.has(event.key);
    const after = event.type === 'put' && this.isOurs(event);
    this.#note(event, after);
    return before || after;
  }

  #note({ key }: { readonly key: string }, matters: boolean): void {
    if (matters) this.#relevantBlocks.add(key);
    else this.#relevantBlocks.delete(key);
  }

  /** Whether an entry of address management is of this node: everything but blocks that others have alone. */
  isOurs(entry: Entry): boolean {
    if (!isBlock(entry)) return true;
    const { node } = this.#options;
    const block = entry.value as { readonly affinity?: unknown; readonly attributes?: unknown } | null;
    const attributes = Array.isArray(block?.attributes) ? (block.attributes as { readonly node?: unknown }[]) : [];
    return block?.affinity === `host:${node}` || attributes.some((one) => one.node === node);
  }

  async #prepare(): Promise<void> {
    const { ipam, node, pools, journal } = this.#options;
    for (const { cidr, ...rest } of pools) {
      if (await ipam.pools.get(rest.name)) continue;
      try {
        await ipam.pools.create({ ...rest, cidr: parsePrefix(cidr) });
        journal.event({
          kind: 'block',
          subject: rest.name,
          text: `created pool ${rest.name} ${cidr}`,
          cause: 'it is in the configuration file',
        });
      } catch (error) {
        // Another node of the same store was faster with the same pool; or it was split, or made under another name.
        const known = error instanceof IpamError ? error.code : undefined;
        if (known === 'ERR_IPAM_POOL_OVERLAP') {
          const text = `pool ${rest.name} of the configuration file is not made: ${(error as Error).message}`;
          journal.event({ kind: 'block', subject: rest.name, text }, 'warn');
        } else if (known !== 'ERR_IPAM_POOL_EXISTS') throw error;
      }
    }
    const { repairs } = await ipam.repair({ node });
    for (const { detail } of repairs)
      journal.event({ kind: 'block', text: `repaired: ${detail}`, cause: 'an earlier run was cut off' });
    this.#prepared = true;
  }

  /** A version without any pool is none that this cluster uses. */
  async #claim(versions: ReadonlySet<IpVersion>): Promise<void> {
    const { ipam, node, claim, journal } = this.#options;
    const problems: string[] = [];
    for (const version of [4, 6] as const) {
      if (!claim[version === 4 ? 'ipv4' : 'ipv6'] || !versions.has(version)) continue;
      try {
        await ipam.claimBlock(node, version);
      } catch (error) {
        if (!(error instanceof IpamError)) throw error;
        problems.push(`No IPv${version} block could be claimed: ${error.message}`);
      }
    }
    const problem = problems.length > 0 ? problems.join('; ') : undefined;
    if (problem !== undefined && problem !== this.#problem) journal.event({ kind: 'block', text: problem }, 'warn');
    this.#problem = problem;
  }

  #tell(before: Addressing, next: Addressing): void {
    const had = new Set(before.ownBlocks.map(formatPrefix));
    const has = new Set(next.ownBlocks.map(formatPrefix));
    for (const cidr of has)
      if (!had.has(cidr)) this.#options.journal.event({ kind: 'block', subject: cidr, text: `has block ${cidr}` });
    for (const cidr of had)
      if (!has.has(cidr))
        this.#options.journal.event({ kind: 'block', subject: cidr, text: `no longer has block ${cidr}` });
  }
}

const isBlock = ({ key }: { readonly key: string }): boolean => key.startsWith(BLOCKS);
