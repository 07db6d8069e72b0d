/**
 * The FIB as it should be against the FIB as the kernel has it: a delta tracker, pulled in batches.
 *
 * ```
 *  best routes ─ want ──────┐                           ┌─ takeBatch ─► kernel
 *  other nodes ─ wantDirect ┤                           │
 *  own blocks ── setBlocks ─┼─► row: wanted <> have? ─► queue
 *  kernel dump ─ adopt ─────┘        ▲                  └─ settle ◄──── results
 *  next hops ─── resolveAgain ───────┘
 * ```
 * Level-triggered: a row is queued because what is wanted differs from what the kernel has, however that came. Where several
 * want the same prefix, an own block goes before a route to another node, and that before BGP.
 */
import type { Address, Prefix } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';
import { FIB_STATES, type FibCounts, type FibEntry, type FibEntryState, type ViaHop } from './fib-entry.js';
import { BLOCK, DIRECT, DUMP, FibRows, HAVE, IN_FLIGHT, QUEUED, REFUSED, STALE, VIA } from './fib-rows.js';
import { BLACKHOLE, type HopSet, HopSets, hopText } from './hop-set.js';
import { IdQueue } from './id-queue.js';
import { DROP, type Resolved, ViaTable } from './via-table.js';

export interface FibWrite {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole' | 'delete';
  readonly nextHops: readonly NextHop[];
}

/** `message` is the kernel's own text. */
export type FibWriteResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** How a route of a dump is taken: kept until the sweep though nobody wants it, and the number of the dump. */
export interface Adoption {
  readonly stale: boolean;
  readonly dump: number;
}

export interface FibFilter {
  readonly version?: 4 | 6 | undefined;
  readonly state?: FibEntryState | undefined;
}

/** Places in FIB_STATES. */
const INSTALLED = 0;
const PENDING = 1;
const FAILED = 2;
const KEPT = 3;
const NO_HOPS: readonly ViaHop[] = [];

export class FibTable {
  readonly #rows = new FibRows();
  readonly #hopSets = new HopSets();
  readonly #vias: ViaTable;
  readonly #queue = new IdQueue();
  /** Ids being written and what each of them should get, 0 for nothing. */
  readonly #inFlight: number[] = [];
  readonly #targets: number[] = [];
  /** What the kernel said about the rows with REFUSED. */
  readonly #errors = new Map<number, string>();
  readonly #counts = [0, 0, 0, 0];
  #blocks: readonly Prefix[] = [];
  #sweepAt = 0;
  /** Refusals by the kernel so far. */
  refusals = 0;

  constructor(resolve: (hop: ViaHop) => Resolved) {
    this.#vias = new ViaTable(resolve, this.#hopSets);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Entries waiting to be written; those in flight not counted. */
  get queued(): number {
    return this.#queue.length;
  }

  get counts(): FibCounts {
    const [installed = 0, pending = 0, failed = 0, stale = 0] = this.#counts;
    return { installed, pending, failed, stale };
  }

  get(prefix: Prefix): FibEntry | undefined {
    const id = this.#rows.find(prefix);
    return id < 0 ? undefined : this.#entry(id);
  }

  /** BGP wants the prefix through these next hops; an empty list takes it back. */
  want(prefix: Prefix, hops: readonly ViaHop[]): void {
    this.#wish(prefix, VIA, hops.length === 0 ? 0 : this.#vias.of(hops));
  }

  /** BGP wants traffic for the prefix dropped. RFC 7999. */
  wantBlackhole(prefix: Prefix): void {
    this.#wish(prefix, VIA, DROP);
  }

  /** The prefix is another node's, reached just so whatever BGP says; an empty list takes it back. */
  wantDirect(prefix: Prefix, nextHops: readonly NextHop[]): void {
    this.#wish(prefix, DIRECT, nextHops.length === 0 ? 0 : this.#hopSets.of(nextHops).id);
  }

  /** The whole set of blocks that get a blackhole; earlier ones that are not in it lose theirs. */
  setBlocks(prefixes: readonly Prefix[]): void {
    const wanted = new Set(prefixes.map((prefix) => this.#idOf(prefix)));
    for (const prefix of this.#blocks) {
      const id = this.#rows.find(prefix);
      if (id < 0 || wanted.has(id)) continue;
      const before = this.#begin(id);
      this.#rows.clear(id, BLOCK);
      this.#end(id, before);
    }
    this.#blocks = [...prefixes];
    for (const id of wanted) {
      const before = this.#begin(id);
      this.#rows.raise(id, BLOCK);
      this.#rows.clear(id, STALE);
      this.#end(id, before);
    }
  }

  /** The kernel has this route of ours. With `stale` it is kept although nobody wants it, until `sweep`. */
  adopt({ prefix, kind, nextHops }: Omit<FibWrite, 'kind'> & { readonly kind: HopSet['kind'] }, how: Adoption): void {
    const have = kind === 'blackhole' ? BLACKHOLE : this.#hopSets.of(nextHops);
    const id = this.#idOf(prefix);
    const before = this.#begin(id);
    this.#rows.set(id, HAVE, have.id);
    this.#rows.set(id, DUMP, how.dump);
    if (how.stale && !this.#isWanted(id)) this.#rows.raise(id, STALE);
    this.#end(id, before);
  }

  /** The kernel has lost this route. */
  lost(prefix: Prefix): void {
    const id = this.#rows.find(prefix);
    if (id >= 0) this.#lose(id);
  }

  /** Gives up the next `max` adopted routes that nobody confirmed; how many. Zero: there are none left. */
  sweep(max = Number.POSITIVE_INFINITY): number {
    let swept = 0;
    for (let id = this.#rows.next(this.#sweepAt); id >= 0 && swept < max; id = this.#rows.next(id + 1)) {
      this.#sweepAt = id + 1;
      if (!(this.#rows.flags(id) & STALE)) continue;
      // What is wanted over less of its next hops is written so now.
      if (!this.#isWanted(id)) swept++;
      const before = this.#begin(id);
      this.#rows.clear(id, STALE);
      this.#end(id, before);
    }
    return swept;
  }

  /** Something about a next hop (all of them without argument) has changed: asks again and queues what differs. */
  resolveAgain(address?: Address): void {
    const changed = this.#vias.changes(address);
    if (changed.size === 0) return;
    // One shared Via changes the state of many rows at once: all are taken out of the counts, then put in again.
    const affected = new IdQueue();
    for (let id = this.#rows.next(0); id >= 0; id = this.#rows.next(id + 1)) {
      const via = this.#rows.get(id, VIA);
      if (via === 0 || !changed.has(via)) continue;
      this.#counts[this.#state(id)]!--;
      affected.push(id);
    }
    this.#vias.apply(changed);
    while (affected.length > 0) {
      const id = affected.shift();
      if (!this.#narrows(id)) this.#rows.clear(id, STALE);
      this.#forgetError(id);
      this.#counts[this.#state(id)]!++;
      this.#enqueue(id);
    }
  }

  /** Tries what the kernel refused once more: all of it, or what one prefix stands for. How many. */
  retryFailed(prefix?: Prefix): number {
    const ids = prefix ? [this.#rows.find(prefix)] : [...this.#errors.keys()];
    const refused = ids.filter((id) => this.#errors.has(id));
    for (const id of refused) {
      const before = this.#begin(id);
      this.#forgetError(id);
      this.#end(id, before);
    }
    return refused.length;
  }

  /** Up to `max` changes; `settle` must follow before the next batch. */
  takeBatch(max: number): FibWrite[] {
    const writes: FibWrite[] = [];
    while (this.#queue.length > 0 && writes.length < max) {
      const id = this.#queue.shift();
      this.#rows.clear(id, QUEUED);
      const target = this.#wanted(id);
      if (target === this.#rows.get(id, HAVE) || this.#rows.flags(id) & REFUSED) {
        this.#forget(id);
        continue;
      }
      this.#rows.raise(id, IN_FLIGHT);
      this.#inFlight.push(id);
      this.#targets.push(target);
      const { kind = 'delete' as const, hops = [] } = this.#hopSets.at(target) ?? {};
      writes.push({ prefix: this.#rows.prefix(id), kind, nextHops: hops });
    }
    return writes;
  }

  /** What became of the last batch, in its order. Gives the entries that the kernel refused. */
  settle(results: readonly FibWriteResult[]): FibEntry[] {
    const refused: FibEntry[] = [];
    for (const [index, id] of this.#inFlight.entries()) {
      const target = this.#targets[index]!;
      const result = results[index] ?? { ok: false, message: 'no answer' };
      const before = this.#begin(id);
      this.#rows.clear(id, IN_FLIGHT);
      let isRefused = false;
      if (result.ok) this.#rows.set(id, HAVE, target);
      else {
        this.refusals++;
        // A refusal counts for what was asked; where something else is wanted by now, that is tried. What was there stays.
        isRefused = this.#wanted(id) === target;
        if (isRefused) {
          this.#errors.set(id, result.message);
          this.#rows.raise(id, REFUSED);
        }
      }
      this.#end(id, before);
      if (isRefused) refused.push(this.#entry(id));
    }
    this.#inFlight.length = 0;
    this.#targets.length = 0;
    return refused;
  }

  /** The dump with this number is complete: what it did not list the kernel has lost. */
  keepOnly(dump: number): number {
    let gone = 0;
    for (let id = this.#rows.next(0); id >= 0; id = this.#rows.next(id + 1)) {
      if (this.#rows.get(id, HAVE) === 0 || this.#rows.get(id, DUMP) === dump) continue;
      gone++;
      this.#lose(id);
    }
    return gone;
  }

  /** Forgets combinations of next hops that no route has. */
  prune(): void {
    const used = new Set<number>();
    for (let id = this.#rows.next(0); id >= 0; id = this.#rows.next(id + 1)) used.add(this.#rows.get(id, VIA));
    this.#vias.keepOnly(used);
  }

  /** From a slot on; entries that are there all the time are seen once, whatever changes meanwhile. */
  *walk(fromSlot = 0, { version, state }: FibFilter = {}): Generator<FibEntry> {
    for (let id = this.#rows.next(fromSlot); id >= 0; id = this.#rows.next(id + 1)) {
      if (state !== undefined && FIB_STATES[this.#state(id)] !== state) continue;
      if (version !== undefined && this.#rows.prefix(id).version !== version) continue;
      yield this.#entry(id);
    }
  }

  #entry(id: number): FibEntry {
    const flags = this.#rows.flags(id);
    const via = this.#vias.at(this.#rows.get(id, VIA));
    const direct = this.#rows.get(id, DIRECT) !== 0;
    const ofBgp = via !== undefined && !direct && !(flags & BLOCK);
    return {
      prefix: this.#rows.prefix(id),
      slot: id,
      state: FIB_STATES[this.#state(id)]!,
      source: flags & BLOCK ? 'block' : direct ? 'node' : ofBgp && !(flags & STALE) ? 'bgp' : 'kernel',
      target: this.#hopSets.at(this.#wanted(id) || this.#rows.get(id, HAVE)),
      hops: via?.hops ?? NO_HOPS,
      error: this.#errors.get(id) ?? (ofBgp ? via.reason : undefined),
    };
  }

  #state(id: number): number {
    const flags = this.#rows.flags(id);
    if (flags & STALE) return KEPT;
    if (flags & REFUSED) return FAILED;
    const wanted = this.#wanted(id);
    if (wanted === 0 && this.#rows.get(id, VIA) !== 0) return FAILED;
    return this.#rows.get(id, HAVE) === wanted && !(flags & IN_FLIGHT) ? INSTALLED : PENDING;
  }

  /** Number of the hop set that the kernel should have, or 0. */
  #wanted(id: number): number {
    const flags = this.#rows.flags(id);
    if (flags & BLOCK) return BLACKHOLE.id;
    if (flags & STALE) return this.#rows.get(id, HAVE);
    return this.#rows.get(id, DIRECT) || (this.#vias.at(this.#rows.get(id, VIA))?.target?.id ?? 0);
  }

  #isWanted(id: number): boolean {
    return (this.#rows.flags(id) & BLOCK) !== 0 || (this.#rows.get(id, VIA) | this.#rows.get(id, DIRECT)) !== 0;
  }

  #wish(prefix: Prefix, word: number, value: number): void {
    const id = value === 0 ? this.#rows.find(prefix) : this.#idOf(prefix);
    // What was not wanted is not taken back: an adopted route whose next hop is not known yet is no best route, either.
    if (id < 0 || (value === 0 && this.#rows.get(id, word) === 0)) return;
    const before = this.#begin(id);
    this.#rows.set(id, word, value);
    if (value === 0 || !this.#narrows(id)) this.#rows.clear(id, STALE);
    this.#end(id, before);
  }

  /**
   * Whether BGP wants an adopted route over some of its next hops alone, or does not know yet: the others may be those of peers whose
   * sessions come a moment later, and flows would move twice. Until the sweep it stays as it is.
   */
  #narrows(id: number): boolean {
    const flags = this.#rows.flags(id);
    if (!(flags & STALE) || flags & BLOCK || this.#rows.get(id, DIRECT) !== 0) return false;
    const have = this.#hopSets.at(this.#rows.get(id, HAVE));
    if (!have || have.hops.length < 2) return false;
    const target = this.#vias.at(this.#rows.get(id, VIA))?.target;
    if (!target) return true;
    const present = new Set(have.hops.map(hopText));
    return (
      target.hops.length < present.size &&
      target.hops.length > 0 &&
      target.hops.every((hop) => present.has(hopText(hop)))
    );
  }

  #lose(id: number): void {
    const before = this.#begin(id);
    this.#rows.set(id, HAVE, 0);
    this.#rows.clear(id, STALE);
    this.#forgetError(id);
    this.#end(id, before);
  }

  #idOf(prefix: Prefix): number {
    const present = this.#rows.find(prefix);
    if (present >= 0) return present;
    const id = this.#rows.add(prefix);
    this.#counts[this.#state(id)]!++;
    return id;
  }

  /** Takes a row out of the counts for a change; what it wanted before goes to `end`. */
  #begin(id: number): number {
    this.#counts[this.#state(id)]!--;
    return this.#wanted(id);
  }

  /** Puts the row back, and queues it where it now differs from the kernel. */
  #end(id: number, wantedBefore: number): void {
    // What the kernel refused is about what was wanted then.
    if (this.#wanted(id) !== wantedBefore && !(this.#rows.flags(id) & IN_FLIGHT)) this.#forgetError(id);
    this.#counts[this.#state(id)]!++;
    this.#enqueue(id);
  }

  #enqueue(id: number): void {
    const flags = this.#rows.flags(id);
    if (flags & (QUEUED | IN_FLIGHT)) return;
    if (flags & REFUSED || this.#wanted(id) === this.#rows.get(id, HAVE)) {
      this.#forget(id);
      return;
    }
    this.#rows.raise(id, QUEUED);
    this.#queue.push(id);
  }

  /** Drops a row that nobody wants and the kernel does not have. */
  #forget(id: number): void {
    if (this.#isWanted(id) || this.#rows.get(id, HAVE) !== 0 || this.#rows.flags(id) & (QUEUED | IN_FLIGHT)) return;
    this.#counts[this.#state(id)]!--;
    this.#forgetError(id);
    this.#rows.remove(id);
  }

  #forgetError(id: number): void {
    if (!(this.#rows.flags(id) & REFUSED)) return;
    this.#rows.clear(id, REFUSED);
    this.#errors.delete(id);
  }
}
