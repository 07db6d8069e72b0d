/** What this process knows of the cluster's addresses: mirrors of pools, blocks, reservations and settings. */
import { type Address, type Prefix, prefixContains, prefixCovers } from '@tortie/ip';
import type { Entry, Store } from '@tortie/store';
import { isResting } from './block.js';
import { BlockIndex } from './block-index.js';
import { type BlockSummary, summarize } from './block-summary.js';
import { Mirror } from './mirror.js';
import { type BlockRecord, readBlock } from './record/block-record.js';
import { DEFAULT_CONFIG, type IpamConfig, type Reservation, readConfig, readReservation } from './record/config.js';
import { BLOCKS, CONFIG, POOLS, RESERVATIONS } from './record/keys.js';
import { type Pool, readPool } from './record/pool.js';

/** How many whole block records are kept beside the summaries: those this node works with. */
const KEPT_RECORDS = 128;

export class Catalogue {
  readonly blocks = new BlockIndex();
  config: IpamConfig = DEFAULT_CONFIG;
  readonly #pools = new Map<string, Pool>();
  readonly #reservations = new Map<string, Reservation>();
  readonly #records = new Map<string, { readonly record: BlockRecord; readonly revision: number }>();
  readonly #mirrors: readonly Mirror[];
  readonly #full = new Map<string, { readonly revision: number; readonly until: number }>();
  #poolsChanged = true;

  constructor(store: Store) {
    this.#mirrors = [
      new Mirror(store, POOLS, {
        reset: () => {
          this.#pools.clear();
          this.#poolsChanged = true;
        },
        put: (entry) => this.#putPool(entry),
        delete: (key) => {
          if (this.#pools.delete(key)) this.#poolsChanged = true;
        },
      }),
      new Mirror(store, BLOCKS, {
        reset: () => this.blocks.reset(),
        put: (entry) => this.#putBlock(entry),
        delete: (key) => this.written(key, undefined, 0),
      }),
      new Mirror(store, RESERVATIONS, {
        reset: () => {
          this.#reservations.clear();
          this.#reconsider();
        },
        put: (entry) => {
          this.#reservations.set(entry.key, readReservation(entry));
          this.#reconsider();
        },
        delete: (key) => {
          this.#reservations.delete(key);
          this.#reconsider();
        },
      }),
      new Mirror(store, CONFIG, {
        reset: () => {
          this.config = DEFAULT_CONFIG;
        },
        put: (entry) => {
          this.config = readConfig(entry);
        },
        delete: () => {
          this.config = DEFAULT_CONFIG;
        },
      }),
    ];
  }

  /** Learns what changed since the last time, asking for everything at once. Must not run twice at a time. */
  async sync(): Promise<void> {
    for (const apply of await Promise.all(this.#mirrors.map((mirror) => mirror.fetch()))) {
      apply();
      if (this.#poolsChanged) {
        this.blocks.setPools(this.pools);
        this.#poolsChanged = false;
      }
    }
  }

  /** In order of their names. */
  get pools(): readonly Pool[] {
    return [...this.#pools.values()].sort((x, y) => (x.name < y.name ? -1 : 1));
  }

  get reservations(): readonly Reservation[] {
    return [...this.#reservations.values()];
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
    this.blocks.put(summarize(key, record, revision));
    this.keep(key, record, revision);
  }

  /** Whether a block may have an address to give, by what is remembered of it. */
  mayHaveRoom(summary: BlockSummary, now: number): boolean {
    if (summary.unallocated === 0) return false;
    const full = this.#full.get(summary.key);
    if (full && full.revision === summary.revision && now < full.until) return false;
    const cooldownMs = this.config.cooldownS * 1000;
    let resting = 0;
    for (const releasedAt of summary.releasedAt) if (isResting(releasedAt, { now, cooldownMs })) resting++;
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
    this.#pools.set(entry.key, readPool(entry));
    this.#poolsChanged = true;
  }

  #putBlock(entry: Entry): void {
    if (this.blocks.get(entry.key)?.revision === entry.revision) return;
    const kept = this.#records.has(entry.key);
    const record = readBlock(entry);
    if (kept) this.written(entry.key, record, entry.revision);
    else this.blocks.put(summarize(entry.key, record, entry.revision));
  }

  #reconsider(): void {
    this.#full.clear();
    for (const space of this.blocks.spaces) space.reconsider();
  }
}
