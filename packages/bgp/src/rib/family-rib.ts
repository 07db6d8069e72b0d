/**
 * The routes of one family: adj-ribs-in as rows chained per prefix, and of each prefix the best. Selection is
 * incremental: a new route is compared with the present best, and the whole set is looked at only where MED could have
 * eliminated, or might no longer eliminate, a third one (bench `selection`).
 */
import { type Ineligibility, LOOP_FACTS, loopOf } from '../decision/eligibility.js';
import { type DecisionOptions, RouteOrder } from '../decision/route-order.js';
import { BestSelection } from '../decision/select-best.js';
import type { Family } from '../wire/family/family.js';
import { ATTRIBUTE_FACT } from './attribute-keys.js';
import { ATTRIBUTE, type AttributeTable } from './attribute-table.js';
import type { DirtyIds } from './dirty-ids.js';
import type { NextHopTable } from './next-hops.js';
import { PathTable } from './path-table.js';
import type { PeerTable } from './peer-table.js';
import { PREFIX_BEST, PREFIX_HEAD, type PrefixKey, PrefixTable } from './prefix-table.js';
import { ROUTE, ROUTE_FLAG, ROUTE_SHIFT, UNSOUND_FLAGS } from './route-row.js';
import { ROW_BITS, ROW_MASK, RowTable } from './row-table.js';
import type { SeededHash } from './seeded-hash.js';
import { StaleRoutes } from './stale-routes.js';

/** What all families share. */
export interface RibTables {
  readonly hash: SeededHash;
  readonly attributes: AttributeTable;
  readonly nextHops: NextHopTable;
  readonly peers: PeerTable;
  readonly decision: DecisionOptions;
}

/** Told of every route that changes: a set of prefixes, or what follows single routes. */
export interface PathWatcher {
  /**
   * `route` is the row that came or changed; negative: the one about to go; 0: none in particular. True where the watcher
   * did not have the prefix yet, which is then held for it.
   */
  add(prefix: number, route: number): boolean;
}

export class FamilyRib {
  readonly family: Family;
  readonly prefixes: PrefixTable;
  readonly paths: PathTable;
  readonly routes = new RowTable(ROUTE_SHIFT);
  readonly stale = new StaleRoutes();
  readonly order: RouteOrder;
  readonly selection: BestSelection;
  /** Told of every prefix whose best route, or its attributes, changed. */
  readonly bestWatchers: DirtyIds[] = [];
  /** Told of every prefix where any route changed: consumers of several paths. */
  readonly pathWatchers: PathWatcher[] = [];
  readonly attributes: AttributeTable;
  readonly peers: PeerTable;
  readonly #nextHops: NextHopTable;
  /** Routes announced as they were already, other than to confirm stale ones. */
  duplicates = 0;
  #sequence = 0;

  constructor(family: Family, { hash, attributes, nextHops, peers, decision }: RibTables) {
    this.family = family;
    this.prefixes = new PrefixTable(family.version, hash);
    this.paths = new PathTable(this.prefixes);
    this.attributes = attributes;
    this.peers = peers;
    this.#nextHops = nextHops;
    this.order = new RouteOrder(this.routes, attributes, nextHops, peers, decision);
    this.selection = new BestSelection(this.order);
  }

  /**
   * Puts a route in, replacing the peer's former one for the prefix and path id. `received` is what came, `effective`
   * what the import policy made of it (0: rejected); the route takes references of its own. `hash` is the key's.
   */
  announce(
    peer: number,
    key: PrefixKey,
    hash: number,
    pathId: number,
    received: number,
    effective: number,
    flags: number,
  ): void {
    const prefix = this.prefixes.intern(key, hash);
    const prefixRows = this.prefixes.rows.segments[prefix >>> ROW_BITS]!;
    const prefixAt = (prefix & ROW_MASK) << this.prefixes.rows.shift;
    const head = prefixRows[prefixAt + PREFIX_HEAD]!;
    for (let route = head; route !== 0; ) {
      const rows = this.routes.segments[route >>> ROW_BITS]!;
      const at = (route & ROW_MASK) << ROUTE_SHIFT;
      if ((rows[at + ROUTE.peer]! & 0xffff) === peer && rows[at + ROUTE.pathId] === pathId) {
        const word = rows[at + ROUTE.peer]!;
        const fresh = this.stale.isFresh(word);
        if (!fresh) {
          this.stale.refreshed(peer);
          rows[at + ROUTE.peer] = this.stale.word(peer);
        }
        const same = this.#replace(prefix, route, rows, at, received, effective, flags, this.stale.counts(word));
        if (same && fresh) this.duplicates++;
        return;
      }
      route = rows[at + ROUTE.next]!;
    }
    const route = this.routes.allocate();
    const rows = this.routes.segments[route >>> ROW_BITS]!;
    const at = (route & ROW_MASK) << ROUTE_SHIFT;
    rows[at + ROUTE.next] = head;
    rows[at + ROUTE.prefix] = prefix;
    rows[at + ROUTE.attributes] = effective;
    rows[at + ROUTE.received] = received;
    rows[at + ROUTE.peer] = this.stale.word(peer);
    rows[at + ROUTE.pathId] = pathId;
    rows[at + ROUTE.sequence] = this.#sequence = (this.#sequence + 1) | 0;
    rows[at + ROUTE.flags] = flags;
    this.#retain(received, effective);
    this.stale.added(peer);
    prefixRows[prefixAt + PREFIX_HEAD] = route;
    if (this.pathWatchers.length > 0) this.#tellPaths(prefix, route);
    if (this.#isEligible(route)) this.#challenge(prefix, route, peer, prefixRows[prefixAt + PREFIX_BEST]!);
  }

  /** True where nothing changes. */
  #replace(
    prefix: number,
    route: number,
    rows: Int32Array,
    at: number,
    received: number,
    effective: number,
    flags: number,
    counted: boolean,
  ): boolean {
    const formerReceived = rows[at + ROUTE.received]!;
    const formerEffective = rows[at + ROUTE.attributes]!;
    if (formerReceived === received && formerEffective === effective && rows[at + ROUTE.flags] === flags && counted) {
      return true;
    }
    const best = this.prefixes.best(prefix);
    // Where the former route took part in the MED row, or was the best, its going can bring up any other.
    const mattered = !counted || route === best || this.#tookPart(route, best);
    this.#retain(received, effective);
    rows[at + ROUTE.received] = received;
    rows[at + ROUTE.attributes] = effective;
    rows[at + ROUTE.flags] = flags;
    rows[at + ROUTE.sequence] = this.#sequence = (this.#sequence + 1) | 0;
    if (this.pathWatchers.length > 0) this.#tellPaths(prefix, route);
    if (mattered) this.decide(prefix, route === best);
    else if (this.#isEligible(route)) this.#challenge(prefix, route, this.#peerOf(route), best);
    this.#release(formerReceived, formerEffective);
    return false;
  }

  /** Takes the peer's route out; false where there was none. */
  withdraw(peer: number, key: PrefixKey, hash: number, pathId: number): boolean {
    const prefix = this.prefixes.find(key, hash);
    if (prefix === 0) return false;
    let before = 0;
    for (let route = this.prefixes.head(prefix); route !== 0; ) {
      const rows = this.routes.segments[route >>> ROW_BITS]!;
      const at = (route & ROW_MASK) << ROUTE_SHIFT;
      if ((rows[at + ROUTE.peer]! & 0xffff) === peer && rows[at + ROUTE.pathId] === pathId) {
        this.#remove(prefix, route, before, rows, at);
        return true;
      }
      before = route;
      route = rows[at + ROUTE.next]!;
    }
    return false;
  }

  /** Takes a route out by its row. */
  remove(route: number): void {
    const rows = this.routes.segments[route >>> ROW_BITS]!;
    const at = (route & ROW_MASK) << ROUTE_SHIFT;
    const prefix = rows[at + ROUTE.prefix]!;
    let before = 0;
    for (let each = this.prefixes.head(prefix); each !== route; each = this.nextOf(each)) before = each;
    this.#remove(prefix, route, before, rows, at);
  }

  #remove(prefix: number, route: number, before: number, rows: Int32Array, at: number): void {
    const best = this.prefixes.best(prefix);
    const mattered = route === best || !this.stale.counts(rows[at + ROUTE.peer]!) || this.#tookPart(route, best);
    const next = rows[at + ROUTE.next]!;
    const peer = rows[at + ROUTE.peer]! & 0xffff;
    if (before === 0) {
      this.prefixes.rows.segments[prefix >>> ROW_BITS]![
        ((prefix & ROW_MASK) << this.prefixes.rows.shift) + PREFIX_HEAD
      ] = next;
    } else {
      this.routes.segments[before >>> ROW_BITS]![((before & ROW_MASK) << ROUTE_SHIFT) + ROUTE.next] = next;
    }
    this.stale.removed(rows[at + ROUTE.peer]!);
    const received = rows[at + ROUTE.received]!;
    const effective = rows[at + ROUTE.attributes]!;
    if (this.pathWatchers.length > 0) this.#tellPaths(prefix, -route);
    this.routes.release(route);
    if (mattered) this.decide(prefix, route === best, peer);
    this.#release(received, effective);
    if (next === 0 && before === 0) this.prefixes.drop(prefix);
  }

  /** Puts other attributes to a route that stays as received: the import policy changed. A stale route stays stale. */
  setEffective(route: number, effective: number, flags: number): void {
    const rows = this.routes.segments[route >>> ROW_BITS]!;
    const at = (route & ROW_MASK) << ROUTE_SHIFT;
    const received = rows[at + ROUTE.received]!;
    const counted = this.stale.counts(rows[at + ROUTE.peer]!);
    this.#replace(rows[at + ROUTE.prefix]!, route, rows, at, received, effective, flags, counted);
  }

  /** An eligible new or changed route against the best: pairwise where that is enough. */
  #challenge(prefix: number, route: number, peer: number, best: number): void {
    if (best === 0) {
      this.#setBest(prefix, route, peer);
      return;
    }
    const before = this.order.beforeMed(route, best);
    if (before > 0) return;
    if (before < 0) {
      this.#setBest(prefix, route, peer);
      return;
    }
    const pair = this.nextOf(this.nextOf(this.prefixes.head(prefix))) === 0;
    if (!pair && !this.order.alwaysCompareMed) {
      this.decide(prefix, false);
      return;
    }
    if ((this.order.med(route, best) || this.order.afterMed(route, best)) < 0) this.#setBest(prefix, route, peer);
  }

  /**
   * Whether a route that is not the best may have eliminated others in the MED row. Asks only what cannot have changed
   * since: a next hop may have become unreachable, and the route is still the reason why another is not the best.
   */
  #tookPart(route: number, best: number): boolean {
    if (this.order.alwaysCompareMed || best === 0 || !this.#isSound(route)) return false;
    return this.order.beforeMed(route, best) === 0;
  }

  /**
   * Selects anew over all routes of the prefix. `changed`: the best route itself has other attributes, or is gone; `gone` is
   * then the peer it was of, where that is known.
   */
  decide(prefix: number, changed: boolean, gone = -1): void {
    const former = this.prefixes.best(prefix);
    let best = 0;
    if (this.prefixes.head(prefix) !== 0) {
      this.gather(prefix);
      best = this.selection.best();
    }
    if (best !== former || changed) this.#setBest(prefix, best, best === 0 ? gone : this.#peerOf(best));
  }

  /** Fills `selection` with the eligible routes of a prefix. */
  gather(prefix: number): void {
    this.selection.begin();
    for (let route = this.prefixes.head(prefix); route !== 0; route = this.nextOf(route)) {
      if (this.#isEligible(route)) this.selection.add(route);
    }
  }

  /** The best route and those that tie with it up to the IGP metric, best first, at most `max`. */
  equalRoutes(prefix: number, max: number): readonly number[] {
    this.gather(prefix);
    const best = this.selection.best();
    return best === 0 ? [] : this.selection.multipath(best, max);
  }

  /** `peer` sent the best route, or the one that went where there is none now; -1: unknown. */
  #setBest(prefix: number, best: number, peer: number): void {
    this.prefixes.rows.segments[prefix >>> ROW_BITS]![((prefix & ROW_MASK) << this.prefixes.rows.shift) + PREFIX_BEST] =
      best;
    const watchers = this.bestWatchers;
    for (let i = 0; i < watchers.length; i++) {
      const watcher = watchers[i]!;
      if (watcher.uninterested === peer && watcher.ignores(prefix)) continue;
      if (watcher.add(prefix)) this.prefixes.hold(prefix);
    }
  }

  /** Has everybody look at the prefix again although the best route is the same. */
  touch(prefix: number): void {
    this.#tell(this.bestWatchers, prefix);
    this.touchPaths(prefix);
  }

  /** The same for those that look at more than the best route. */
  touchPaths(prefix: number): void {
    this.#tellPaths(prefix, 0);
  }

  #tell(watchers: readonly DirtyIds[], prefix: number): void {
    for (let i = 0; i < watchers.length; i++) {
      if (watchers[i]!.add(prefix)) this.prefixes.hold(prefix);
    }
  }

  #tellPaths(prefix: number, route: number): void {
    const watchers = this.pathWatchers;
    for (let i = 0; i < watchers.length; i++) {
      if (watchers[i]!.add(prefix, route)) this.prefixes.hold(prefix);
    }
  }

  /** Accepted and free of loops. */
  #isSound(route: number): boolean {
    const rows = this.routes.segments[route >>> ROW_BITS]!;
    const at = (route & ROW_MASK) << ROUTE_SHIFT;
    const id = rows[at + ROUTE.attributes]!;
    if (id === 0) return false;
    const flags = rows[at + ROUTE.flags]!;
    const loops = this.attributes.word(id, ATTRIBUTE.facts) & LOOP_FACTS;
    return flags === 0 ? loops === 0 : isSoundWith(flags, loops);
  }

  #isEligible(route: number): boolean {
    if (!this.#isSound(route) || !this.stale.counts(this.word(route, ROUTE.peer))) return false;
    const nextHop = this.attributes.word(this.word(route, ROUTE.attributes), ATTRIBUTE.nextHop);
    return this.#nextHops.reachable[nextHop] === 1;
  }

  /** Why a route may not be chosen. */
  ineligibility(route: number): Ineligibility | undefined {
    if (this.#isEligible(route)) return undefined;
    const rows = this.routes.segments[route >>> ROW_BITS]!;
    const at = (route & ROW_MASK) << ROUTE_SHIFT;
    if (!this.stale.counts(rows[at + ROUTE.peer]!)) return 'session-down';
    const flags = rows[at + ROUTE.flags]!;
    if ((flags & ROUTE_FLAG.localAsLoop) !== 0) return 'as-loop';
    if ((flags & ROUTE_FLAG.ownNextHop) !== 0) return 'own-next-hop';
    const canonical = this.attributes.word(rows[at + ROUTE.received]!, ATTRIBUTE.alias);
    const loop = loopOf(this.attributes.word(canonical, ATTRIBUTE.facts), (flags & ROUTE_FLAG.ownAsAllowed) !== 0);
    if (loop) return loop;
    if ((flags & ROUTE_FLAG.leaked) !== 0) return 'route-leak';
    return rows[at + ROUTE.attributes] === 0 ? 'rejected-by-policy' : 'next-hop-unreachable';
  }

  #peerOf(route: number): number {
    return this.word(route, ROUTE.peer) & 0xffff;
  }

  nextOf(route: number): number {
    if (route === 0) return 0;
    return this.routes.segments[route >>> ROW_BITS]![((route & ROW_MASK) << ROUTE_SHIFT) + ROUTE.next]!;
  }

  word(route: number, word: number): number {
    return this.routes.segments[route >>> ROW_BITS]![((route & ROW_MASK) << ROUTE_SHIFT) + word]!;
  }

  #retain(received: number, effective: number): void {
    this.attributes.retain(received);
    if (effective !== received && effective !== 0) this.attributes.retain(effective);
  }

  #release(received: number, effective: number): void {
    this.attributes.release(received);
    if (effective !== received && effective !== 0) this.attributes.release(effective);
  }
}

/** Of the few routes with flags; apart, so that #isSound stays small enough to be inlined (bench `pipeline`). */
const isSoundWith = (flags: number, loops: number): boolean =>
  (flags & UNSOUND_FLAGS) === 0 &&
  (loops === 0 || (loops === ATTRIBUTE_FACT.ownAs && (flags & ROUTE_FLAG.ownAsAllowed) !== 0));
