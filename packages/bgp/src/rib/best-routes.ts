/** Best routes for consumers such as a FIB: pulled, and coalesced so that a slow consumer costs one bit per prefix. */
import type { Address, Prefix } from '@tortie/ip';
import { decodeAttributes } from '../wire/attribute/attribute-set.js';
import type { PathAttributes } from '../wire/attribute/path-attributes.js';
import type { FamilyName } from '../wire/family/family.js';
import { ATTRIBUTE } from './attribute-table.js';
import { CANONICAL_CONTEXT } from './block-edit.js';
import { DirtyIds } from './dirty-ids.js';
import type { FamilyRib } from './family-rib.js';
import type { NextHopTable } from './next-hops.js';
import { ROUTE, ROUTE_FLAG } from './route-row.js';

export interface SubscriptionOptions {
  /** Default: all. */
  readonly families?: readonly FamilyName[];
  /** Most paths per prefix; more than 1 gives the routes equal to the best up to the IGP metric. Default 1. */
  readonly multipath?: number;
  /** Called when changes wait and the last take() had left nothing. Must not call back into the RIB. */
  readonly onReady?: () => void;
}

export interface BestPath {
  readonly nextHop: Address;
  /** A link-local next hop that came with a global one. RFC 2545 section 3. */
  readonly linkLocalNextHop?: Address;
  /** 0 is ourselves. */
  readonly peer: number;
  readonly pathId: number;
  /** RFC 7999: traffic for the prefix is to be dropped. Only of peers with `blackhole`. */
  readonly blackhole: boolean;
  readonly attributes: PathAttributes;
}

/** How a prefix stands now; it may stand as it did, also unreachable, where only a route that is not best came or went. */
export interface BestChange {
  readonly prefix: Prefix;
  /** The best first; empty where the prefix is unreachable. */
  readonly paths: readonly BestPath[];
}

export interface BestRouteSubscription {
  /** The present state of up to `max` prefixes that changed since they were last taken; at first that is all of them. */
  take(max: number): readonly BestChange[];
  readonly pending: boolean;
  close(): void;
}

/** A path as it is now. It decodes its attributes when they are first read, from a copy made then: read it at once. */
class RoutePath implements BestPath {
  readonly nextHop: Address;
  readonly peer: number;
  readonly pathId: number;
  readonly blackhole: boolean;
  readonly #block: Uint8Array;
  #attributes: PathAttributes | undefined;

  constructor(rib: FamilyRib, nextHops: NextHopTable, route: number) {
    const id = rib.word(route, ROUTE.attributes);
    this.nextHop = nextHops.address(rib.attributes.word(id, ATTRIBUTE.nextHop));
    this.peer = rib.word(route, ROUTE.peer) & 0xffff;
    this.pathId = rib.word(route, ROUTE.pathId) >>> 0;
    this.blackhole = (rib.word(route, ROUTE.flags) & ROUTE_FLAG.blackhole) !== 0;
    this.#block = rib.attributes.block(id).slice();
  }

  get attributes(): PathAttributes {
    this.#attributes ??= decodeBlock(this.#block);
    return this.#attributes;
  }

  get linkLocalNextHop(): Address {
    return this.attributes.mpReach?.linkLocalNextHop as Address;
  }
}

/** The attributes of a canonical block. Its MP_REACH_NLRI, if any, holds no NLRI but the next hop. */
export function decodeBlock(block: Uint8Array): PathAttributes {
  return decodeAttributes(block, 0, block.length, CANONICAL_CONTEXT, { nlri: false }).attributes as PathAttributes;
}

interface Source {
  readonly rib: FamilyRib;
  readonly dirty: DirtyIds;
  /** The first walk: the next prefix to give, 0 once it is through. */
  walk: number;
}

export class BestRouteQueue implements BestRouteSubscription {
  readonly #sources: Source[] = [];
  readonly #nextHops: NextHopTable;
  readonly #multipath: number;
  readonly #onReady: (() => void) | undefined;
  readonly #closed: () => void;
  #signalled = false;

  constructor(
    families: readonly FamilyRib[],
    nextHops: NextHopTable,
    { families: names, multipath = 1, onReady }: SubscriptionOptions,
    closed: (queue: BestRouteQueue) => void,
  ) {
    this.#nextHops = nextHops;
    this.#multipath = multipath;
    this.#onReady = onReady;
    this.#closed = () => closed(this);
    for (const rib of families) {
      if (names && !names.includes(rib.family.name)) continue;
      const dirty = new DirtyIds();
      rib.bestWatchers.push(dirty);
      if (multipath > 1) rib.pathWatchers.push(dirty);
      this.#sources.push({ rib, dirty, walk: 1 });
    }
  }

  get pending(): boolean {
    return this.#sources.some(({ dirty, walk, rib }) => dirty.size > 0 || (walk !== 0 && rib.prefixes.size > 0));
  }

  /** Tells the consumer once that something waits. */
  signal(): void {
    if (this.#signalled || !this.pending) return;
    this.#signalled = true;
    this.#onReady?.();
  }

  take(max: number): readonly BestChange[] {
    const changes: BestChange[] = [];
    for (const source of this.#sources) {
      this.#takeWalk(source, max, changes);
      const { rib, dirty } = source;
      while (changes.length < max) {
        const prefix = dirty.shift();
        if (prefix === 0) break;
        changes.push(this.#change(rib, prefix));
        rib.prefixes.release(prefix);
      }
    }
    if (!this.pending) this.#signalled = false;
    return changes;
  }

  #takeWalk(source: Source, max: number, changes: BestChange[]): void {
    const { prefixes } = source.rib;
    while (source.walk !== 0 && changes.length < max) {
      if (source.walk >= prefixes.rows.limit) {
        source.walk = 0;
        return;
      }
      const prefix = source.walk++;
      if (prefixes.isUsed(prefix) && prefixes.best(prefix) !== 0 && !source.dirty.has(prefix)) {
        changes.push(this.#change(source.rib, prefix));
      }
    }
  }

  #change(rib: FamilyRib, prefix: number): BestChange {
    const best = rib.prefixes.best(prefix);
    const paths: BestPath[] = [];
    if (best !== 0) {
      for (const route of this.#multipath > 1 ? rib.equalRoutes(prefix, this.#multipath) : [best]) {
        paths.push(new RoutePath(rib, this.#nextHops, route));
      }
    }
    return { prefix: rib.prefixes.prefix(prefix), paths };
  }

  close(): void {
    for (const { rib, dirty } of this.#sources) {
      for (const watchers of [rib.bestWatchers, rib.pathWatchers]) {
        const index = watchers.indexOf(dirty);
        if (index >= 0) watchers.splice(index, 1);
      }
      for (let prefix = dirty.shift(); prefix !== 0; prefix = dirty.shift()) rib.prefixes.release(prefix);
    }
    this.#sources.length = 0;
    this.#closed();
  }
}
