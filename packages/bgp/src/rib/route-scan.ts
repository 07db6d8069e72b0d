/**
 * The walk over all routes of a family that follows a change of many at once: a session that ended, a next hop that
 * moved, another import policy. It goes round the table once from where it is when the last such change came, in small
 * steps; what it has not reached yet simply looks as before. A scan costs some nanoseconds a row and no list per peer.
 */

import { ATTRIBUTE } from './attribute-table.js';
import { Bitmap } from './bitmap.js';
import type { FamilyRib } from './family-rib.js';
import { ROUTE } from './route-row.js';

export const SCAN = { sweep: 1, decide: 2, import: 4, longLived: 8 } as const;

/** Visiting a row costs this part of handling one. */
const VISITS_PER_STEP = 16;

export class RouteScan {
  readonly #rib: FamilyRib;
  readonly #reimport: (route: number) => void;
  /** Deals with a stale route that becomes a long-lived one. RFC 9494. */
  readonly #longLived: (route: number) => void;
  /** By peer: what to do with its routes. */
  #wanted = new Uint8Array(16);
  readonly #peers: number[] = [];
  #nextHops: Bitmap | undefined;
  #at = 1;
  #left = 0;
  /** Rows from here on came after the last request and need no visit. */
  #end = 1;

  constructor(rib: FamilyRib, reimport: (route: number) => void, longLived: (route: number) => void) {
    this.#rib = rib;
    this.#reimport = reimport;
    this.#longLived = longLived;
  }

  get pending(): boolean {
    return this.#left > 0;
  }

  request(peer: number, what: number): void {
    if (peer >= this.#wanted.length) {
      const grown = new Uint8Array(peer * 2);
      grown.set(this.#wanted);
      this.#wanted = grown;
    }
    if (this.#wanted[peer] === 0) this.#peers.push(peer);
    this.#wanted[peer]! |= what;
    this.#restart();
  }

  nextHopChanged(id: number): void {
    this.#nextHops ??= new Bitmap();
    this.#nextHops.add(id);
    this.#restart();
  }

  #restart(): void {
    this.#end = this.#rib.routes.limit;
    this.#left = this.#end - 1;
  }

  /** Goes on for about `budget` handled routes; gives what is left of it. */
  step(budget: number): number {
    let visits = budget * VISITS_PER_STEP;
    while (this.#left > 0 && visits > 0) {
      if (this.#at >= this.#end) this.#at = 1;
      const route = this.#at++;
      this.#left--;
      visits -= this.#visit(route) ? VISITS_PER_STEP : 1;
    }
    if (this.#left <= 0) this.#finish();
    return Math.max(0, Math.floor(visits / VISITS_PER_STEP));
  }

  #visit(route: number): boolean {
    const rib = this.#rib;
    const prefix = rib.word(route, ROUTE.prefix);
    if (prefix === 0) return false;
    const word = rib.word(route, ROUTE.peer);
    const peer = word & 0xffff;
    const wanted = peer < this.#wanted.length ? this.#wanted[peer]! : 0;
    if ((wanted & SCAN.sweep) !== 0 && !rib.stale.counts(word)) {
      rib.remove(route);
      return true;
    }
    if ((wanted & SCAN.longLived) !== 0 && !rib.stale.isFresh(word)) {
      this.#longLived(route);
      if (rib.word(route, ROUTE.prefix) === 0) return true;
    } else if ((wanted & SCAN.import) !== 0) this.#reimport(route);
    if ((wanted & SCAN.decide) !== 0) {
      rib.decide(prefix, rib.prefixes.best(prefix) === route);
      rib.touchPaths(prefix);
      return true;
    }
    if (this.#nextHops) {
      const id = rib.word(route, ROUTE.attributes);
      if (id !== 0 && this.#nextHops.has(rib.attributes.word(id, ATTRIBUTE.nextHop))) {
        // The paths of the prefix may change although its best does not, so consumers look again.
        rib.decide(prefix, false);
        rib.touch(prefix);
        return true;
      }
    }
    return wanted !== 0;
  }

  #finish(): void {
    this.#left = 0;
    for (const peer of this.#peers) this.#wanted[peer] = 0;
    this.#peers.length = 0;
    this.#nextHops = undefined;
  }
}
