/**
 * The FIB as it should be against the FIB as the kernel has it: a delta tracker, pulled in batches.
 *
 * ```
 *  best routes ─ want ─┐                              ┌─ takeBatch ─► kernel
 *  own blocks ─ block ─┼─► entry: wanted <> have? ─► queue
 *  kernel dump ─ adopt ┘        ▲                     └─ settle ◄──── results
 *  next hops ─ resolve ─────────┘
 * ```
 * Level-triggered: an entry is queued because what is wanted differs from what the kernel has, however that came.
 */
import { type Address, addressesEqual, formatAddress, type Prefix } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';
import type { FibEntry, Via, ViaHop } from './fib-entry.js';
import { BLACKHOLE, type HopSet, HopSets } from './hop-set.js';
import { keyOf, PrefixIndex } from './prefix-index.js';

export interface FibWrite {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole' | 'delete';
  readonly nextHops: readonly NextHop[];
}

/** `message` is the kernel's own text. */
export type FibWriteResult = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** What a next hop means to the kernel at this moment. */
export type Resolved = { readonly hop: NextHop } | { readonly reason: string };

/** How a route of a dump is taken: kept until the sweep though nobody wants it, and the number of the dump. */
export interface Adoption {
  readonly stale: boolean;
  readonly dump: number;
}

export interface FibCounts {
  installed: number;
  pending: number;
  failed: number;
  stale: number;
}

export type FibEntryState = keyof FibCounts;

/** What routes with BLACKHOLE lead to. */
const DROP: Via = { hops: [], target: BLACKHOLE, reason: undefined };

export class FibTable {
  readonly #entries = new PrefixIndex<FibEntry>();
  readonly #vias = new Map<string, Via>();
  readonly #hopSets = new HopSets();
  readonly #resolve: (hop: ViaHop) => Resolved;
  #blocks: readonly Prefix[] = [];
  #queue: FibEntry[] = [];
  /** Entries of the queue before this place are taken; the array is cut only now and then. */
  #queueHead = 0;
  #sweepAt = 0;
  #inFlight: { entry: FibEntry; target: HopSet | undefined }[] = [];
  readonly counts: FibCounts = { installed: 0, pending: 0, failed: 0, stale: 0 };
  /** Refusals by the kernel so far. */
  refusals = 0;

  constructor(resolve: (hop: ViaHop) => Resolved) {
    this.#resolve = resolve;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries waiting to be written; those in flight not counted. */
  get queued(): number {
    return this.#queue.length - this.#queueHead;
  }

  get(prefix: Prefix): FibEntry | undefined {
    return this.#entries.get(prefix);
  }

  /** BGP wants the prefix through these next hops; an empty list takes it back. */
  want(prefix: Prefix, hops: readonly ViaHop[]): void {
    if (hops.length === 0) {
      const entry = this.get(prefix);
      if (entry)
        this.#change(entry, (one) => {
          one.via = undefined;
          one.stale = false;
        });
      return;
    }
    const via = this.#via(hops);
    this.#change(this.#entry(prefix), (one) => {
      one.via = via;
      one.stale = false;
    });
  }

  /** BGP wants traffic for the prefix dropped. RFC 7999. */
  wantBlackhole(prefix: Prefix): void {
    this.#change(this.#entry(prefix), (one) => {
      one.via = DROP;
      one.stale = false;
    });
  }

  /** The whole set of blocks that get a blackhole; earlier ones that are not in it lose theirs. */
  setBlocks(prefixes: readonly Prefix[]): void {
    const wanted = new Set(prefixes.map(keyOf));
    for (const prefix of this.#blocks) {
      const entry = this.get(prefix);
      if (!entry || wanted.has(keyOf(prefix))) continue;
      this.#change(entry, (one) => {
        one.block = false;
      });
    }
    this.#blocks = [...prefixes];
    for (const prefix of prefixes)
      this.#change(this.#entry(prefix), (one) => {
        one.block = true;
        one.stale = false;
      });
  }

  /** The kernel has this route of ours. With `stale` it is kept although nobody wants it, until `sweep`. */
  adopt({ prefix, kind, nextHops }: Omit<FibWrite, 'kind'> & { readonly kind: HopSet['kind'] }, how: Adoption): void {
    const have = kind === 'blackhole' ? BLACKHOLE : this.#hopSets.of(nextHops);
    this.#change(this.#entry(prefix), (one) => {
      one.have = have;
      one.dump = how.dump;
      if (how.stale && !one.via && !one.block) one.stale = true;
    });
  }

  /** The kernel has lost this route. */
  lost(prefix: Prefix): void {
    const entry = this.get(prefix);
    if (!entry) return;
    this.#change(entry, (one) => {
      one.have = undefined;
      one.stale = false;
      one.error = undefined;
    });
  }

  /** Gives up the next `max` adopted routes that nobody confirmed; how many. Zero: there are none left. */
  sweep(max = Number.POSITIVE_INFINITY): number {
    let swept = 0;
    for (const entry of this.#entries.from(this.#sweepAt)) {
      if (swept === max) break;
      this.#sweepAt = entry.slot + 1;
      if (!entry.stale) continue;
      swept++;
      this.#change(entry, (one) => {
        one.stale = false;
      });
    }
    return swept;
  }

  /** Something about a next hop (all of them without argument) has changed: asks again and queues what differs. */
  resolveAgain(address?: Address): void {
    const changed = new Map<Via, Pick<Via, 'target' | 'reason'>>();
    for (const via of this.#vias.values()) {
      if (address && !via.hops.some((hop) => addressesEqual(hop.address, address))) continue;
      const next = this.#targetOf(via.hops);
      if (via.target !== next.target || via.reason !== next.reason) changed.set(via, next);
    }
    if (changed.size === 0) return;
    // One shared Via changes the state of many entries at once: all are taken out of the counts, then put in again.
    const affected: FibEntry[] = [];
    for (const entry of this.#entries.from()) {
      if (!entry.via || !changed.has(entry.via)) continue;
      this.counts[this.stateOf(entry)]--;
      affected.push(entry);
    }
    for (const [via, next] of changed) Object.assign(via, next);
    for (const entry of affected) {
      entry.error = undefined;
      this.counts[this.stateOf(entry)]++;
      this.#enqueue(entry);
    }
  }

  /** Tries what the kernel refused once more: all of it, or what one prefix stands for. */
  retryFailed(prefix?: Prefix): void {
    const entries = prefix ? [this.get(prefix)] : this.#entries.from();
    for (const entry of entries) {
      if (entry?.error !== undefined)
        this.#change(entry, (one) => {
          one.error = undefined;
        });
    }
  }

  /** Up to `max` changes; `settle` must follow before the next batch. */
  takeBatch(max: number): FibWrite[] {
    const writes: FibWrite[] = [];
    while (this.#queueHead < this.#queue.length && writes.length < max) {
      const entry = this.#queue[this.#queueHead++]!;
      entry.queued = false;
      const target = this.#wanted(entry);
      if (target === entry.have || entry.error !== undefined) {
        this.#forget(entry);
        continue;
      }
      entry.inFlight = true;
      this.#inFlight.push({ entry, target });
      writes.push(
        target
          ? { prefix: entry.prefix, kind: target.kind, nextHops: target.hops }
          : { prefix: entry.prefix, kind: 'delete', nextHops: [] },
      );
    }
    if (this.#queueHead === this.#queue.length) this.#queue = [];
    else if (this.#queueHead > this.#queue.length / 2) this.#queue = this.#queue.slice(this.#queueHead);
    else return writes;
    this.#queueHead = 0;
    return writes;
  }

  /** What became of the last batch, in its order. Gives the entries that the kernel refused. */
  settle(results: readonly FibWriteResult[]): FibEntry[] {
    const refused: FibEntry[] = [];
    const batch = this.#inFlight;
    this.#inFlight = [];
    for (const [index, { entry, target }] of batch.entries()) {
      const result = results[index] ?? { ok: false, message: 'no answer' };
      this.#change(entry, (one) => {
        one.inFlight = false;
        if (result.ok) {
          one.have = target;
          return;
        }
        this.refusals++;
        // A refusal counts for what was asked; where something else is wanted by now, that is tried. What was there stays.
        if (this.#wanted(one) !== target) return;
        one.error = result.message;
        refused.push(one);
      });
    }
    return refused;
  }

  /** The dump with this number is complete: what it did not list the kernel has lost. */
  keepOnly(dump: number): number {
    let gone = 0;
    for (const entry of this.#entries.from()) {
      if (!entry.have || entry.dump === dump) continue;
      gone++;
      this.lost(entry.prefix);
    }
    return gone;
  }

  /** Forgets combinations of next hops that no route has. */
  prune(): void {
    const used = new Set<Via>();
    for (const { via } of this.#entries.from()) if (via) used.add(via);
    for (const [key, via] of this.#vias) if (!used.has(via)) this.#vias.delete(key);
  }

  stateOf(entry: FibEntry): FibEntryState {
    if (entry.stale) return 'stale';
    if (entry.error !== undefined) return 'failed';
    if (entry.via && !entry.block && !entry.via.target) return 'failed';
    return entry.have === this.#wanted(entry) && !entry.inFlight ? 'installed' : 'pending';
  }

  /** Why an entry is not installed, in words. */
  errorOf(entry: FibEntry): string | undefined {
    return entry.error ?? (entry.via && !entry.block ? entry.via.reason : undefined);
  }

  /** What the kernel should get for an entry; undefined: nothing. */
  targetOf(entry: FibEntry): HopSet | undefined {
    return this.#wanted(entry);
  }

  /** From a slot on; entries that are there all the time are seen once, whatever changes meanwhile. */
  walk(fromSlot = 0): Generator<FibEntry> {
    return this.#entries.from(fromSlot);
  }

  #wanted(entry: FibEntry): HopSet | undefined {
    if (entry.block) return BLACKHOLE;
    if (entry.stale) return entry.have;
    return entry.via?.target;
  }

  #entry(prefix: Prefix): FibEntry {
    const present = this.#entries.get(prefix);
    if (present) return present;
    const entry = this.#entries.add(prefix, (slot) => ({
      prefix,
      slot,
      via: undefined,
      block: false,
      have: undefined,
      stale: false,
      queued: false,
      inFlight: false,
      error: undefined,
      dump: 0,
    }));
    this.counts[this.stateOf(entry)]++;
    return entry;
  }

  /** Changes an entry, keeps the counts right, and queues it where it now differs from the kernel. */
  #change(entry: FibEntry, change: (entry: FibEntry) => void): void {
    const wanted = this.#wanted(entry);
    this.#recount(entry, () => {
      change(entry);
      // What the kernel refused is about what was wanted then.
      if (this.#wanted(entry) !== wanted && !entry.inFlight) entry.error = undefined;
    });
    this.#enqueue(entry);
  }

  #enqueue(entry: FibEntry): void {
    if (entry.queued || entry.inFlight) return;
    if (entry.error === undefined && this.#wanted(entry) !== entry.have) {
      entry.queued = true;
      this.#queue.push(entry);
    } else {
      this.#forget(entry);
    }
  }

  /** Drops an entry that nobody wants and the kernel does not have. */
  #forget(entry: FibEntry): void {
    if (entry.via || entry.block || entry.have || entry.queued || entry.inFlight) return;
    if (this.#entries.delete(entry)) this.counts[this.stateOf(entry)]--;
  }

  #recount(entry: FibEntry, change: () => void): void {
    this.counts[this.stateOf(entry)]--;
    change();
    this.counts[this.stateOf(entry)]++;
  }

  #via(hops: readonly ViaHop[]): Via {
    const key = hops.map(({ address, device = '' }) => `${formatAddress(address)}%${device}`).join(',');
    let via = this.#vias.get(key);
    if (!via) {
      via = { hops, ...this.#targetOf(hops) };
      this.#vias.set(key, via);
    }
    return via;
  }

  #targetOf(viaHops: readonly ViaHop[]): Pick<Via, 'target' | 'reason'> {
    const hops: NextHop[] = [];
    const reasons: string[] = [];
    for (const hop of viaHops) {
      const resolved = this.#resolve(hop);
      if ('hop' in resolved) hops.push(resolved.hop);
      else reasons.push(`next hop ${formatAddress(hop.address)}: ${resolved.reason}`);
    }
    if (hops.length === 0) return { target: undefined, reason: reasons.join('; ') };
    return { target: this.#hopSets.of(hops), reason: undefined };
  }
}
