/**
 * What peers sent, of one family, towards one collector: as received, as accepted, or both. RFC 7854 section 5.
 *
 * It follows the rows of the table: a changed one is marked, one that goes leaves a note if the collector knows of it. So a
 * slow collector costs a bit per route and a note per route that went, whatever happens meanwhile, and gets the present
 * state of each. What went is told first: a route that came again in another row then counts.
 */
import { Bitmap } from '../rib/bitmap.js';
import { DirtyIds } from '../rib/dirty-ids.js';
import type { FamilyRib, PathWatcher } from '../rib/family-rib.js';
import { ROUTE } from '../rib/route-row.js';
import { encodeMessage } from '../wire/codec.js';
import { wireContext } from '../wire/context.js';
import { endOfRib } from '../wire/update.js';
import { type GoneRoute, GoneRoutes } from './gone-routes.js';
import { MonitoringWriter } from './monitoring-writer.js';
import type { SessionTables } from './peer-messages.js';
import { MAX_VISITS, NO_BLOCK, type RouteFeed } from './route-feed.js';

/** Bits of a note: who was told of the route. */
const PRE = 1;
const POST = 2;

/** One view: what is written, and which rows were told. */
interface View {
  readonly bit: number;
  readonly name: 'pre' | 'post';
  readonly writer: MonitoringWriter;
  readonly told: Bitmap;
}

export class AdjRibInFeed implements RouteFeed, PathWatcher {
  readonly #rib: FamilyRib;
  /** By RIB peer: those that the collector knows to be up. */
  readonly #peers: ReadonlyMap<number, SessionTables>;
  readonly #views: readonly View[];
  readonly #dirty = new DirtyIds();
  readonly #gone: GoneRoutes;
  readonly #one: GoneRoute = { prefix: 0, peer: 0, pathId: 0, views: 0 };
  /** The walk round the table, and for whom: a peer's ends once as many rows were visited as there were when it began. */
  #at = 1;
  #visited = 0;
  #walkers: { readonly peer: number; readonly until: number }[] = [];

  constructor(rib: FamilyRib, peers: ReadonlyMap<number, SessionTables>, names: readonly ('pre' | 'post')[]) {
    this.#rib = rib;
    this.#peers = peers;
    this.#gone = new GoneRoutes(rib.prefixes);
    this.#views = names.map((name) => ({
      bit: name === 'pre' ? PRE : POST,
      name,
      writer: new MonitoringWriter(),
      told: new Bitmap(),
    }));
    rib.pathWatchers.push(this);
  }

  /** A row came or changed, or (negative) goes. Keeps no hold of the caller's. */
  add(prefix: number, route: number): false {
    if (route > 0) this.#dirty.add(route);
    else if (route < 0) this.#note(prefix, -route);
    return false;
  }

  #note(prefix: number, route: number): void {
    let views = 0;
    for (const { told, bit } of this.#views) if (told.delete(route)) views |= bit;
    const peer = this.#rib.word(route, ROUTE.peer) & 0xffff;
    if (views === 0 || !this.#peers.has(peer)) return;
    this.#gone.push(prefix, peer, this.#rib.word(route, ROUTE.pathId), views);
  }

  /** Tells everything of a peer whose Peer Up was just sent, and then its End-of-RIB. */
  startPeer(peer: number): void {
    this.stopPeer(peer);
    this.#walkers.push({ peer, until: this.#visited + this.#rib.routes.limit - 1 });
  }

  /** The peer is down: the collector has forgotten its routes. */
  stopPeer(peer: number): void {
    this.#walkers = this.#walkers.filter((each) => each.peer !== peer);
  }

  get pending(): boolean {
    return this.#dirty.size > 0 || this.#gone.size > 0 || this.#walkers.length > 0;
  }

  get writers(): readonly MonitoringWriter[] {
    return this.#views.map(({ writer }) => writer);
  }

  pull(octets: number, nowMs: number): void {
    const { routes } = this.#rib;
    this.#setTime(nowMs);
    let visits = 0;
    while (this.#written < octets && visits++ < MAX_VISITS && this.#gone.shift(this.#one))
      this.#withdrawGone(this.#one);
    while (this.#gone.size === 0 && this.#written < octets && visits++ < MAX_VISITS) {
      const route = this.#dirty.shift();
      if (route === 0) break;
      this.#tell(route);
    }
    this.#setTime(0);
    while (this.#walkers.length > 0 && this.#written < octets && visits++ < MAX_VISITS) {
      if (this.#visited >= this.#walkers[0]!.until) {
        this.#endOfRib(this.#walkers.shift()!.peer);
        continue;
      }
      if (this.#at >= routes.limit) this.#at = 1;
      const route = this.#at++;
      this.#visited++;
      if (!this.#dirty.has(route) && this.#isWalked(route)) this.#tell(route);
    }
  }

  get #written(): number {
    let octets = 0;
    for (const { writer } of this.#views) octets += writer.octets;
    return octets;
  }

  #setTime(timestampMs: number): void {
    for (const { writer } of this.#views) {
      writer.flush();
      writer.timestampMs = timestampMs;
    }
  }

  #isWalked(route: number): boolean {
    const peer = this.#rib.word(route, ROUTE.peer) & 0xffff;
    for (const walker of this.#walkers) if (walker.peer === peer) return true;
    return false;
  }

  #withdrawGone({ prefix, peer, pathId, views }: GoneRoute): void {
    const tables = this.#peers.get(peer);
    for (const view of this.#views) {
      if (tables && (views & view.bit) !== 0) this.#withdraw(view, tables, prefix, pathId);
    }
    this.#rib.prefixes.release(prefix);
  }

  /** Tells the present state of a row. */
  #tell(route: number): void {
    const rib = this.#rib;
    const prefix = rib.word(route, ROUTE.prefix);
    const word = rib.word(route, ROUTE.peer);
    const tables = prefix === 0 ? undefined : this.#peers.get(word & 0xffff);
    // One of a session that has ended is about to be swept.
    if (!tables || !rib.stale.counts(word)) return;
    const pathId = rib.word(route, ROUTE.pathId);
    for (const view of this.#views) {
      const id = rib.word(route, view.name === 'pre' ? ROUTE.received : ROUTE.attributes);
      const table = tables[view.name];
      if (id === 0) {
        if (view.told.delete(route)) this.#withdraw(view, tables, prefix, pathId);
        continue;
      }
      view.told.add(route);
      const { writer } = view;
      if (!writer.isOpen(table, rib.family, id)) writer.open(table, rib.family, id, rib.attributes.block(id));
      writer.add(rib.prefixes, prefix, tables.addPath[rib.family.index] ? pathId : undefined);
    }
  }

  #withdraw({ writer, name }: View, tables: SessionTables, prefix: number, pathId: number): void {
    const { family, prefixes } = this.#rib;
    const table = tables[name];
    if (!writer.isOpen(table, family, 0)) writer.open(table, family, 0, NO_BLOCK);
    writer.add(prefixes, prefix, tables.addPath[family.index] ? pathId : undefined);
  }

  #endOfRib(peer: number): void {
    const tables = this.#peers.get(peer);
    if (!tables) return;
    const update = encodeMessage(endOfRib(this.#rib.family), wireContext());
    for (const { writer, name } of this.#views) writer.put(tables[name], update);
  }

  close(): void {
    const { pathWatchers, prefixes } = this.#rib;
    pathWatchers.splice(pathWatchers.indexOf(this), 1);
    while (this.#gone.shift(this.#one)) prefixes.release(this.#one.prefix);
  }
}
