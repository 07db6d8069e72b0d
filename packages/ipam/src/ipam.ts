/**
 * Address management over a store shared by all nodes. As long as it is because every operation is one short method here; what they do is in
 * files of their own.
 */
import { type Address, formatPrefix, type IpVersion, type Prefix } from '@tortie/ip';
import { type Entry, MemoryStore, type Page, type Store, StoreError } from '@tortie/store';
import { planAssign } from './assign.js';
import { planAssignAddress } from './assign-address.js';
import { Catalogue } from './catalogue.js';
import { checkNode } from './check/check-node.js';
import { checkRecords } from './check/check-records.js';
import { claimNext, dropOwnerless, giveUpBlock, mayClaim } from './claim.js';
import type { IpamContext } from './context.js';
import type { Draft } from './draft.js';
import { eligiblePools } from './eligible-pools.js';
import { IpamError } from './errors.js';
import { fullError } from './full-error.js';
import { GroupCommit, type Plan } from './group-commit.js';
import { heldBy } from './held.js';
import { planIdentity } from './identity.js';
import { type IpamPages, ipamPages } from './pages.js';
import { usageOfNode, viewPoolUsage } from './pool-usage.js';
import { createPool, deletePool, updatePool } from './pools.js';
import {
  assertConfig,
  type IpamConfig,
  type Reservation,
  readConfig,
  readReservation,
  writeReservation,
} from './record/config.js';
import { CONFIG, RESERVATIONS, ROOT, reservationKey } from './record/keys.js';
import { type Notes, withNotes } from './record/notes.js';
import type { Asker, Pool, PoolSettings, PoolSpec } from './record/pool.js';
import { type Progress, planRelease } from './release.js';
import { ADVICE } from './repair/advice.js';
import { repair } from './repair/repair.js';
import type {
  AddressView,
  Assignment,
  AssignmentFilter,
  AssignRequest,
  BlockFilter,
  BlockView,
  CheckReport,
  Finding,
  FixedRequest,
  NodePrefix,
  NodeRoutes,
  NodeUsage,
  PoolRetirement,
  PoolUsage,
  ReleaseRequest,
  RepairReport,
} from './requests.js';
import { retirePool } from './retire-pool.js';
import type { Labels } from './selector.js';
import { splitPool } from './split-pool.js';
import { swap } from './swap.js';
import { Turns } from './turns.js';
import { planUndo } from './undo-assign.js';
import { unselectedBlocks } from './unselected-blocks.js';
import { viewAddress, viewAssignmentOf, viewAssignments, viewBlocks, viewNodePrefixes, viewRoutes } from './views.js';

export interface IpamOptions {
  readonly store: Store;
  /** Milliseconds since 1970. Must not go back while this instance is used: see steadyClock. */
  readonly now: () => number;
  /** Labels of a node, for requests that do not say them. */
  readonly labelsOf?: (node: string) => Labels | undefined;
  /** In [0, 1). Default: Math.random. */
  readonly random?: () => number;
  /** Waits before the n-th attempt after a conflict; where many processes write, a random pause helps. Default: not at all. */
  readonly pause?: (attempt: number) => Promise<void>;
  /**
   * Waits for what else is asked for, before it is committed together, and is called again as long as it brings something: one turn of the
   * event loop. Default: not at all.
   */
  readonly gather?: () => Promise<void>;
  /** Told what is read when all blocks are listed, which thousands of nodes make large: who needs the same need not read it again. */
  readonly onBlocks?: (page: Page) => void;
}

export interface IpamPools {
  create(spec: PoolSpec): Promise<Pool>;
  get(name: string): Promise<Pool | undefined>;
  list(): Promise<readonly Pool[]>;
  /** With `revision`: only if the pool still has it (`ERR_IPAM_CONFLICT`). */
  update(name: string, change: Partial<PoolSettings>, revision?: number): Promise<Pool>;
  /** Refused with `ERR_IPAM_POOL_IN_USE` while addresses are assigned. False: there was none. */
  delete(name: string, revision?: number): Promise<boolean>;
  /** Deletes it in stages, as its addresses are released; call it again until it is deleted. Undefined: there was none. */
  retire(name: string, revision?: number): Promise<PoolRetirement | undefined>;
  /** Cuts it into 2, 4, 8, … pools called `NAME-0` and so on; no address moves. */
  split(name: string, parts: number): Promise<readonly Pool[]>;
  usage(): Promise<readonly PoolUsage[]>;
}

export interface ClaimOptions extends Asker {
  readonly pool?: string;
}

export interface ReserveOptions {
  readonly notes?: Notes;
  readonly revision?: number;
}

export interface RepairOptions {
  readonly node?: string;
  /** Only tells what would be done. */
  readonly dryRun?: boolean;
}

export interface IpamApi {
  readonly pools: IpamPools;
  readonly pages: IpamPages;
  config(): Promise<IpamConfig>;
  /** The settings with the revision of their record; 0: there is none, and the defaults hold. */
  settings(): Promise<{ readonly config: IpamConfig; readonly revision: number }>;
  /** With `revision`: only if the settings still have it (`ERR_IPAM_CONFLICT`); so with those below. */
  configure(change: Partial<IpamConfig>, revision?: number): Promise<IpamConfig>;
  /** Made, or changed where it is there. Revision 0: only if it is not. */
  reserve(name: string, cidrs: readonly Prefix[], options?: ReserveOptions): Promise<void>;
  /** False: there was none. */
  unreserve(name: string, revision?: number): Promise<boolean>;
  reservations(): Promise<readonly Reservation[]>;
  /** The node's first block of this version; claims one where it has none. */
  claimBlock(node: string, version: IpVersion, options?: ClaimOptions): Promise<BlockView>;
  /** Gives a block up: deleted when empty, else it belongs to nobody. False: the node did not own it. */
  releaseBlock(node: string, cidr: Prefix, options?: { readonly mustBeEmpty?: boolean }): Promise<boolean>;
  /** Deletes an empty block that belongs to nobody. False: it is none. */
  deleteBlock(cidr: Prefix): Promise<boolean>;
  /** IPv4 addresses first. */
  assign(request: AssignRequest): Promise<readonly Assignment[]>;
  assignAddress(request: FixedRequest): Promise<Assignment>;
  /** What was released; empty where nothing was assigned. */
  release(request: ReleaseRequest): Promise<readonly Assignment[]>;
  blocks(filter?: BlockFilter): Promise<readonly BlockView[]>;
  blocksOf(node: string): Promise<readonly BlockView[]>;
  assignments(filter?: AssignmentFilter): Promise<readonly Assignment[]>;
  assignmentOf(address: Address): Promise<Assignment | undefined>;
  routesOf(node: string): Promise<NodeRoutes>;
  /** Which node every block and every borrowed address is used on. */
  nodePrefixes(): Promise<readonly NodePrefix[]>;
  nodeUsage(node: string): Promise<readonly NodeUsage[]>;
  /** The same of all that own blocks or have addresses, in order of their names. */
  nodes(): Promise<readonly NodeUsage[]>;
  addressOf(address: Address): Promise<AddressView>;
  /** What tells this store from every other; drawn when first asked for. */
  identity(): Promise<string>;
  /** Tests the invariants of the node's own blocks, affinities and handles: cheap enough to be done again and again. */
  checkNode(node: string): Promise<readonly Finding[]>;
  /** Reads every record and tests all invariants. */
  check(): Promise<CheckReport>;
  /**
   * Of one node: finishes or undoes what a crash left half done; run it when the node's agent starts. Without a node: cures every
   * kind of damage that can be cured without dropping an assignment, and says what is left.
   */
  repair(options?: RepairOptions): Promise<RepairReport>;
}

/**
 * Address management over one store. Operations of one instance take turns, so that they do not contend with each other;
 * instances in other processes are met by compare-and-swap. All methods throw IpamError, or the store's StoreError.
 */
export class Ipam implements IpamApi {
  readonly pools: IpamPools;
  readonly pages: IpamPages;
  readonly #context: IpamContext;
  readonly #turns = new Turns();
  readonly #labelsOf: IpamOptions['labelsOf'];
  readonly #group: GroupCommit;

  constructor({
    store,
    now,
    random = Math.random,
    pause = async () => {},
    gather = async () => {},
    labelsOf,
    onBlocks,
  }: IpamOptions) {
    this.#labelsOf = labelsOf;
    this.#context = { store, now, random, pause, catalogue: new Catalogue(store, now, onBlocks) };
    this.#group = new GroupCommit(this.#context, this.#turns, gather);
    const { catalogue } = this.#context;
    const found = (name: string) => catalogue.pools.find((pool) => pool.name === name);
    this.pages = ipamPages((read) => this.#synced(read));
    this.pools = {
      create: (spec) => this.#turn((context) => createPool(context, spec)),
      get: (name) => this.#synced(() => found(name)),
      list: () => this.#synced(() => catalogue.pools),
      update: (name, change, revision) => this.#turn((context) => updatePool(context, name, change, revision)),
      delete: (name, revision) => this.#turn((context) => deletePool(context, name, revision)),
      retire: (name, revision) => this.#turn((context) => retirePool(context, name, revision)),
      split: (name, parts) => this.#turn((context) => splitPool(context, name, parts)),
      usage: () =>
        this.#synced((context) =>
          Promise.all(catalogue.pools.map(({ name }) => viewPoolUsage(context, catalogue.blocks.space(name)!))),
        ),
    };
  }

  config(): Promise<IpamConfig> {
    return this.#synced(({ catalogue }) => catalogue.config);
  }

  async settings(): Promise<{ readonly config: IpamConfig; readonly revision: number }> {
    const entry = await this.#context.store.get(CONFIG);
    return { config: readConfig(entry), revision: entry?.revision ?? 0 };
  }

  configure(change: Partial<IpamConfig>, revision?: number): Promise<IpamConfig> {
    return this.#swap(async (draft) => {
      const config = { ...readConfig(await present(draft, CONFIG, revision)), ...change };
      assertConfig(config);
      draft.put(CONFIG, config);
      return config;
    });
  }

  async reserve(name: string, cidrs: readonly Prefix[], { notes, revision }: ReserveOptions = {}): Promise<void> {
    if (name === '') throw new IpamError('ERR_IPAM_INVALID', 'a reservation needs a name');
    await this.#swap(async (draft) => {
      await present(draft, reservationKey(name), revision);
      draft.put(reservationKey(name), writeReservation({ name, cidrs, ...withNotes(notes) }));
    });
  }

  unreserve(name: string, revision?: number): Promise<boolean> {
    return this.#swap(async (draft) => {
      const entry = await present(draft, reservationKey(name), revision);
      if (entry) draft.delete(reservationKey(name));
      return entry !== undefined;
    });
  }

  async reservations(): Promise<readonly Reservation[]> {
    return (await this.#context.store.list(RESERVATIONS)).entries.map(readReservation);
  }

  async claimBlock(node: string, version: IpVersion, options: ClaimOptions = {}): Promise<BlockView> {
    const names = options.pool === undefined ? undefined : [options.pool];
    const cidr = await this.#swap(async (draft, context) => {
      context.catalogue.assertSettings();
      const { blocks, pools } = context.catalogue;
      const eligible = eligiblePools(pools, {
        ...this.#labels(node),
        ...options,
        node,
        version,
        names,
        use: 'Workload',
      });
      const spaces = eligible.map(({ name }) => blocks.space(name)!);
      const own = blocks.ownedBy(node, version);
      for (const space of spaces) {
        const present = own.find((summary) => blocks.spaceOf(summary.cidr) === space);
        if (present) return present.cidr;
      }
      const limited = !mayClaim(context, node, version);
      for (const space of limited ? [] : spaces) {
        const claimed = await claimNext(context, draft, node, space);
        if (claimed) return claimed;
      }
      throw fullError(context, { node, version, spaces, count: 1, missing: 1, limited, use: 'Workload' });
    });
    const view = (await this.blocksOf(node)).find((block) => formatPrefix(block.cidr) === formatPrefix(cidr));
    if (!view) throw new IpamError('ERR_IPAM_BLOCK', `block ${formatPrefix(cidr)} went to another node meanwhile`);
    return view;
  }

  releaseBlock(node: string, cidr: Prefix, options: { readonly mustBeEmpty?: boolean } = {}): Promise<boolean> {
    return this.#swap((draft, context) => giveUpBlock(context, draft, node, cidr, options.mustBeEmpty ?? false));
  }

  deleteBlock(cidr: Prefix): Promise<boolean> {
    return this.#swap((draft, context) => dropOwnerless(context, draft, cidr));
  }

  async assign(asked: AssignRequest): Promise<readonly Assignment[]> {
    const request = { ...this.#labels(asked.node), ...asked };
    const assignments = await this.#allOrNothing(request, (draft, context) => planAssign(context, draft, request));
    for (const { cidr } of unselectedBlocks(this.#context, request)) {
      // What cannot be given up now is the next time; the addresses are assigned either way.
      await this.releaseBlock(request.node, cidr, { mustBeEmpty: true }).catch(() => false);
    }
    return assignments;
  }

  assignAddress(request: FixedRequest): Promise<Assignment> {
    return this.#allOrNothing(request, (draft, context) => planAssignAddress(context, draft, request));
  }

  release(request: ReleaseRequest): Promise<readonly Assignment[]> {
    const progress: Progress = new Map();
    const plan: Plan<readonly Assignment[]> = (draft, context) => planRelease(context, draft, request, progress);
    return this.#context.store.multiKey ? this.#group.add(plan) : this.#swap(plan);
  }

  blocks(filter: BlockFilter = {}): Promise<readonly BlockView[]> {
    return this.#synced((context) => viewBlocks(context, filter));
  }

  blocksOf(node: string): Promise<readonly BlockView[]> {
    return this.blocks({ node });
  }

  assignments(filter: AssignmentFilter = {}): Promise<readonly Assignment[]> {
    return this.#synced((context) => viewAssignments(context, filter));
  }

  assignmentOf(address: Address): Promise<Assignment | undefined> {
    return this.#synced((context) => viewAssignmentOf(context, address));
  }

  routesOf(node: string): Promise<NodeRoutes> {
    return this.#synced((context) => viewRoutes(context, node));
  }

  nodePrefixes(): Promise<readonly NodePrefix[]> {
    return this.#synced(viewNodePrefixes);
  }

  nodeUsage(node: string): Promise<readonly NodeUsage[]> {
    return this.#synced((context) => usageOfNode(context, node));
  }

  nodes(): Promise<readonly NodeUsage[]> {
    return this.#synced((context) => context.catalogue.blocks.owners().flatMap((node) => usageOfNode(context, node)));
  }

  addressOf(address: Address): Promise<AddressView> {
    return this.#synced((context) => viewAddress(context, address));
  }

  identity(): Promise<string> {
    return this.#swap((draft, context) => planIdentity(context, draft));
  }

  /** Not of one moment: what is found is looked at once more, and only told where it is still so. */
  async checkNode(node: string): Promise<readonly Finding[]> {
    const look = (): Promise<readonly Finding[]> => this.#synced((context) => checkNode(context, node));
    const first = await look();
    if (first.length === 0) return first;
    const again = new Set((await look()).map((finding) => JSON.stringify(finding)));
    return first.filter((finding) => again.has(JSON.stringify(finding)));
  }

  async check(): Promise<CheckReport> {
    // Drawn by whoever asks first; what is there can be looked at on a full disk as well.
    const cluster = await this.identity().catch((error) => {
      if (error instanceof StoreError && error.code === 'ERR_STORE_FULL') return '';
      throw error;
    });
    const { entries, revision } = await this.#context.store.list(ROOT);
    return { cluster, revision, ...checkRecords(entries) };
  }

  async repair({ node, dryRun = false }: RepairOptions = {}): Promise<RepairReport> {
    if (dryRun) return (await this.#onCopy()).repair({ ...(node !== undefined && { node }) });
    const repairs = await this.#turn((context) => repair(context, node));
    if (node !== undefined) return { repairs, remaining: [] };
    const { findings } = await this.check();
    const advise = (finding: Finding) => ({ ...finding, advice: ADVICE[finding.code] ?? 'repair again' });
    return { repairs, remaining: findings.map(advise) };
  }

  /** Over a copy of the records as they are now: what is done there is not done. */
  async #onCopy(): Promise<Ipam> {
    const { store, now, random } = this.#context;
    const copy = new MemoryStore({ multiKey: store.multiKey });
    for (const { key, value } of (await store.list(ROOT)).entries) await copy.create(key, value);
    return new Ipam({ store: copy, now, random });
  }

  #labels(node: string): Pick<AssignRequest, 'nodeLabels'> {
    const nodeLabels = this.#labelsOf?.(node);
    return nodeLabels ? { nodeLabels } : {};
  }

  #turn<T>(action: (context: IpamContext) => Promise<T>): Promise<T> {
    return this.#turns.take(() => action(this.#context));
  }

  #swap<T>(build: (draft: Draft, context: IpamContext) => Promise<T>): Promise<T> {
    return this.#turn((context) => swap(context, (draft) => build(draft, context)));
  }

  #synced<T>(read: (context: IpamContext) => T | Promise<T>): Promise<T> {
    return this.#turn(async (context) => {
      await context.catalogue.sync();
      return read(context);
    });
  }

  /** Without multi-key commits a failed request may have left some of its addresses: they are given back. */
  #allOrNothing<T>(
    who: { readonly handle: string; readonly node: string },
    build: (draft: Draft, context: IpamContext) => Promise<T>,
  ): Promise<T> {
    if (this.#context.store.multiKey) return this.#group.add(build);
    return this.#turn(async (context) => {
      const before = await swap(context, async (draft) => {
        const { holdings } = await heldBy(draft, who.handle);
        return new Set(
          holdings.flatMap(({ block, ordinals }) => ordinals.map((ordinal) => `${block.cidr} ${ordinal}`)),
        );
      });
      try {
        return await swap(context, (draft) => build(draft, context));
      } catch (error) {
        // Where this fails too, a repair finds what is left; the caller needs the first error.
        await swap(context, (draft) => planUndo(context, draft, who, before)).catch(() => {});
        throw error;
      }
    });
  }
}

/** A record, undefined where absent; throws where it is not at the revision given. */
async function present(draft: Draft, key: string, revision: number | undefined): Promise<Entry | undefined> {
  const entry = await draft.read(key);
  const at = entry?.revision ?? 0;
  if (revision === undefined || revision === at) return entry;
  const detail = at === 0 ? 'is not there any more' : `is at revision ${at}, not ${revision}`;
  throw new IpamError('ERR_IPAM_CONFLICT', `${key} was changed meanwhile: it ${detail}`);
}
