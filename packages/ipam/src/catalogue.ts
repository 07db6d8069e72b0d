/** What this process knows of the cluster's addresses: mirrors of pools, blocks, reservations and settings. */
import { type Address, type Prefix, parsePrefix, prefixContains, prefixCovers } from '@tortie/ip';
import type { Entry, Page, Store } from '@tortie/store';
import { isResting } from './block.js';
import { BlockIndex } from './block-index.js';
import { type BlockSummary, summarize, summarizeOpaque } from './block-summary.js';
import { IpamError } from './errors.js';
import { Mirror } from './mirror.js';
import { type BlockRecord, usableBlock } from './record/block-record.js';
import { DEFAULT_CONFIG, type IpamConfig, type Reservation, readConfig, readReservation } from './record/config.js';
import { BLOCKS, CONFIG, POOLS, RESERVATIONS } from './record/keys.js';
import { type Pool, readPool } from './record/pool.js';

/** How many whole block records are kept beside the summaries: those this node works with. */
const KEPT_RECORDS = 128;

export class Catalogue {
  readonly blocks = new BlockIndex();
  config: IpamConfig = DEFAULT_CONFIG;
  readonly #now: () => number;
  readonly #pools = new Map<string, Pool>();
  readonly #reservations = new Map<string, Reservation>();
  readonly #records = new Map<string, { readonly record: BlockRecord; readonly revision: number }>();
  readonly #mirrors: readonly Mirror[];
  readonly #full = new Map<string, { readonly revision: number; readonly until: number }>();
  /** Why a setting, reservation or pool cannot be read, by key. */
  readonly #unreadable = new Map<string, IpamError>();
  readonly #unreadableCidrs = new Map<string, Prefix>();
  #poolsChanged = true;
  #sorted: readonly Pool[] | undefined;
  readonly #store: Store;

  /** `onBlocks` is told what is listed of blocks. */
  constructor(store: Store, now: () => number, onBlocks?: (page: Page) => void) {
    this.#store = store;
    this.#now = now;
    this.#mirrors = [
      new Mirror(store, POOLS, {
        reset: () => {
          this.#pools.clear();
          this.#unreadableCidrs.clear();
          this.#forgetUnreadable(POOLS);
          this.#poolsChanged = true;
        },
        put: (entry) => this.#putPool(entry),
        delete: (key) => {
          this.#unreadable.delete(key);
          this.#unreadableCidrs.delete(key);
          if (this.#pools.delete(key)) this.#poolsChanged = true;
        },
      }),
      new Mirror(
        store,
        BLOCKS,
        {
          reset: () => this.blocks.reset(),
          put: (entry) => this.#putBlock(entry),
          delete: (key) => this.written(key, undefined, 0),
        },
        onBlocks,
      ),
      new Mirror(store, RESERVATIONS, {
        reset: () => {
          this.#reservations.clear();
          this.#forgetUnreadable(RESERVATIONS);
          this.#reconsider();
        },
        put: (entry) => {
          const reservation = this.#readable(entry, readReservation);
          if (reservation) this.#reservations.set(entry.key, reservation);
          this.#reconsider();
        },
        delete: (key) => {
          this.#unreadable.delete(key);
          this.#reservations.delete(key);
          this.#reconsider();
        },
      }),
      new Mirror(store, CONFIG, {
        reset: () => {
          this.config = DEFAULT_CONFIG;
          this.#unreadable.delete(CONFIG);
        },
        put: (entry) => {
          // What was known stays where this cannot be read; nothing is assigned then.
          this.config = this.#readable(entry, readConfig) ?? this.config;
        },
        delete: (key) => {
          this.config = DEFAULT_CONFIG;
          this.#unreadable.delete(key);
        },
      }),
    ];
  }

  /** Learns what changed since the last time, asking for everything at once. Must not run twice at a time. */
  async sync(): Promise<void> {
    const [first] = this.#mirrors;
    const revision = first?.revision;
    if (revision !== undefined && this.#mirrors.every((mirror) => mirror.revision === revision)) {
      if (this.#store.isUnchanged?.(revision)) return;
    }
    // All are waited for: none is to be under way when the next call begins.
    const fetched = await Promise.allSettled(this.#mirrors.map((mirror) => mirror.fetch()));
    for (const outcome of fetched) if (outcome.status === 'rejected') throw outcome.reason;
    for (const outcome of fetched) {
      if (outcome.status === 'fulfilled') outcome.value();
      if (this.#poolsChanged) {
        this.#sorted = undefined;
        this.blocks.setPools(this.pools);
        this.#poolsChanged = false;
      }
    }
  }

  /**
   * Takes note of a commit of this process. Where nothing was committed between the last sync and it, there is nothing to ask
   * the store for: the next sync would read back what was written here.
   */
  committed(keys: Iterable<string>, revision: number): void {
    if (this.#mirrors.some((mirror) => mirror.revision !== revision - 1)) return;
    for (const key of keys) if (isMirroredElsewhere(key)) return;
    for (const mirror of this.#mirrors) mirror.advance(revision);
  }

  /** In order of their names. */
  get pools(): readonly Pool[] {
    this.#sorted ??= [...this.#pools.values()].sort((x, y) => (x.name < y.name ? -1 : 1));
    return this.#sorted;
  }

  get reservations(): readonly Reservation[] {
    return [...this.#reservations.values()];
  }

  /** Throws where settings or reservations cannot be read: an address might be given that must not be. */
  assertSettings(): void {
    for (const [key, error] of this.#unreadable) if (!key.startsWith(POOLS)) throw error;
  }

  /** What pools that cannot be read seem to cover: nothing else may be made there. */
  get unreadablePools(): readonly Prefix[] {
    return [...this.#unreadableCidrs.values()];
  }

  /** Whether there are pools that cannot be read: a block without a pool may be of one of them. */
  get hasUnreadablePools(): boolean {
    for (const key of this.#unreadable.keys()) if (key.startsWith(POOLS)) return true;
    return false;
  }

  /** Why each record that cannot be read cannot. */
  get unreadable(): readonly IpamError[] {
    return [...this.#unreadable.values()];
  }

  isReserved = (address: Address): boolean => {
    for (const { cidrs } of this.#reservations.values()) {
      for (const cidr of cidrs) if (prefixContains(cidr, address)) return true;
    }
    return false;
  };

  isWhollyReserved = (block: Prefix): boolean => {
    for (const { cidrs } of this.#reservations.values()) {
      for (const cidr of cidrs) if (prefixCovers(cidr, block)) return true;
    }
    return false;
  };

  /** The whole record, where it is known at its present revision. */
  record(key: string): { readonly record: BlockRecord; readonly revision: number } | undefined {
    const known = this.#records.get(key);
    if (known && known.revision === this.blocks.get(key)?.revision) return known;
    return undefined;
  }

  /** Keeps a record that was read. What the index says stays until the next sync: a plan must see one picture. */
  keep(key: string, record: BlockRecord, revision: number): void {
    this.#records.delete(key);
    this.#records.set(key, { record, revision });
    if (this.#records.size > KEPT_RECORDS) {
      for (const oldest of this.#records.keys()) {
        this.#records.delete(oldest);
        break;
      }
    }
  }

  /** Takes note of a block that was written here or changed elsewhere; undefined: deleted. */
  written(key: string, record: BlockRecord | undefined, revision: number): void {
    if (!record) {
      this.#records.delete(key);
      this.#full.delete(key);
      this.blocks.delete(key);
      return;
    }
    this.blocks.put(summarize(key, record, revision, this.#now()));
    this.keep(key, record, revision);
  }

  /** Whether a block may have an address to give, by what is remembered of it. */
  mayHaveRoom(summary: BlockSummary, now: number): boolean {
    if (summary.unallocated === 0) return false;
    const full = this.#full.get(summary.key);
    if (full && full.revision === summary.revision && now < full.until) return false;
    const cooldownMs = this.config.cooldownS * 1000;
    let resting = 0;
    const { seenAt } = summary;
    for (const releasedAt of summary.releasedAt) if (isResting(releasedAt, { now, cooldownMs, seenAt })) resting++;
    return summary.unallocated > resting;
  }

  /** A block that seemed to have room had none (reservations): it is not asked again until it or they change. */
  rememberFull(key: string, record: BlockRecord, now: number): void {
    const revision = this.blocks.get(key)?.revision;
    if (revision === undefined) return;
    const rests = Object.keys(record.released).length > 0;
    this.#full.set(key, { revision, until: rests ? now + this.config.cooldownS * 1000 : Number.POSITIVE_INFINITY });
  }

  #putPool(entry: Entry): void {
    const pool = this.#readable(entry, readPool);
    this.#pools.delete(entry.key);
    this.#unreadableCidrs.delete(entry.key);
    if (pool) this.#pools.set(entry.key, pool);
    else {
      try {
        this.#unreadableCidrs.set(entry.key, parsePrefix(String((entry.value as { cidr?: unknown } | null)?.cidr)));
      } catch {}
    }
    this.#poolsChanged = true;
  }

  #putBlock(entry: Entry): void {
    if (this.blocks.get(entry.key)?.revision === entry.revision) return;
    const kept = this.#records.has(entry.key);
    const record = usableBlock(entry);
    if (!record) {
      this.written(entry.key, undefined, 0);
      const opaque = summarizeOpaque(entry, this.#now());
      if (opaque) this.blocks.put(opaque);
    } else if (kept) this.written(entry.key, record, entry.revision);
    else this.blocks.put(summarize(entry.key, record, entry.revision, this.#now()));
  }

  /** Undefined, and remembered, where a record cannot be read: one bad record must not stop all the others. */
  #readable<T>(entry: Entry, read: (entry: Entry) => T): T | undefined {
    try {
      const record = read(entry);
      this.#unreadable.delete(entry.key);
      return record;
    } catch (error) {
      const { message } = error as Error;
      const known = error instanceof IpamError ? error : new IpamError('ERR_IPAM_RECORD', `${entry.key}: ${message}`);
      this.#unreadable.set(entry.key, known);
      return undefined;
    }
  }

  #forgetUnreadable(prefix: string): void {
    for (const key of this.#unreadable.keys()) if (key.startsWith(prefix)) this.#unreadable.delete(key);
  }

  #reconsider(): void {
    this.#full.clear();
    for (const space of this.blocks.spaces) space.reconsider();
  }
}

/** Blocks are noted as they are written (`written`). */
const isMirroredElsewhere = (key: string): boolean =>
  key.startsWith(POOLS) || key.startsWith(RESERVATIONS) || key === CONFIG;
