/** The blocks of one pool as positions and bags: where a block is free, which blocks have room, without any read. */
import { addressBits, ordinalOf, type Prefix, prefixCovers, subnetAt, subnetCount } from '@tortie/ip';
import type { BlockSummary } from './block-summary.js';
import { KeyBag } from './key-bag.js';
import type { Pool } from './record/pool.js';

/** Blocks beyond this many from the start of a pool are never claimed by themselves. */
const WINDOW = 2 ** 32;

export class PoolSpace {
  readonly pool: Pool;
  /** How many blocks the pool can be cut into. */
  readonly maxBlocks: bigint;
  /** Blocks with unallocated ordinals, free or not. */
  readonly open = new KeyBag();
  /** Blocks without any assigned address. */
  readonly idle = new KeyBag();
  /** Blocks that belong to no node. */
  readonly ownerless = new KeyBag();
  readonly #positions: number;
  readonly #taken = new Map<number, number>();
  #blocks = 0;
  #assigned = 0;
  /** Known to have no free block until one goes. */
  #exhausted = false;

  constructor(pool: Pool) {
    this.pool = pool;
    this.maxBlocks = subnetCount(pool.cidr, pool.blockSize);
    this.#positions = Number(this.maxBlocks > BigInt(WINDOW) ? BigInt(WINDOW) : this.maxBlocks);
  }

  get blocks(): number {
    return this.#blocks;
  }

  get assigned(): number {
    return this.#assigned;
  }

  add(summary: BlockSummary): void {
    this.#blocks++;
    this.#assigned += summary.assigned;
    this.open.set(summary.key, summary.unallocated > 0);
    this.idle.set(summary.key, summary.assigned === 0);
    this.ownerless.set(summary.key, summary.node === undefined);
    for (const position of this.#positionsOf(summary.cidr)) {
      this.#taken.set(position, (this.#taken.get(position) ?? 0) + 1);
    }
  }

  remove(summary: BlockSummary): void {
    this.#blocks--;
    this.#assigned -= summary.assigned;
    for (const bag of [this.open, this.idle, this.ownerless]) bag.set(summary.key, false);
    for (const position of this.#positionsOf(summary.cidr)) {
      const count = this.#taken.get(position)! - 1;
      if (count > 0) this.#taken.set(position, count);
      else this.#taken.delete(position);
    }
    this.#exhausted = false;
  }

  /** The same block of the same owner, with another usage. */
  replace(former: BlockSummary, { key, assigned, unallocated }: BlockSummary): void {
    this.#assigned += assigned - former.assigned;
    this.open.set(key, unallocated > 0);
    this.idle.set(key, assigned === 0);
  }

  /** Reservations changed: what was skipped may be free. */
  reconsider(): void {
    this.#exhausted = false;
  }

  /** The first block that neither exists nor is skipped, from a start position on and round. */
  findFree(
    start: number,
    isReserved: (cidr: Prefix) => boolean,
    isSkipped: (cidr: Prefix) => boolean,
  ): Prefix | undefined {
    if (this.#exhausted || this.#taken.size >= this.#positions) return undefined;
    let skipped = false;
    for (let step = 0; step < this.#positions; step++) {
      const position = (start + step) % this.#positions;
      if (this.#taken.has(position)) continue;
      const cidr = subnetAt(this.pool.cidr, this.pool.blockSize, position);
      if (isReserved(cidr)) continue;
      if (!isSkipped(cidr)) return cidr;
      skipped = true;
    }
    this.#exhausted = !skipped;
    return undefined;
  }

  /** The positions a block covers; more than one only where it is larger than this pool's blocks. */
  *#positionsOf(cidr: Prefix): Generator<number> {
    if (!prefixCovers(this.pool.cidr, cidr)) return;
    const shift = BigInt(addressBits(cidr.version) - this.pool.blockSize);
    const first = ordinalOf(this.pool.cidr, cidr) >> shift;
    const count = 1n << BigInt(Math.max(0, this.pool.blockSize - cidr.length));
    for (let at = first; at < first + count && at < BigInt(this.#positions); at++) yield Number(at);
  }
}
