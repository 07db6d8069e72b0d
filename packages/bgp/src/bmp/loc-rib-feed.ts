/** The best routes of one family towards one collector. RFC 9069 section 5. */
import { Bitmap } from '../rib/bitmap.js';
import { DirtyIds } from '../rib/dirty-ids.js';
import type { FamilyRib } from '../rib/family-rib.js';
import { ROUTE } from '../rib/route-row.js';
import { encodeMessage } from '../wire/codec.js';
import { wireContext } from '../wire/context.js';
import { endOfRib } from '../wire/update.js';
import { type MonitoredTable, MonitoringWriter } from './monitoring-writer.js';
import { MAX_VISITS, NO_BLOCK, type RouteFeed } from './route-feed.js';

export class LocRibFeed implements RouteFeed {
  readonly #rib: FamilyRib;
  readonly #table: MonitoredTable;
  readonly #writer = new MonitoringWriter();
  readonly #dirty = new DirtyIds();
  /** Prefixes that the collector has a route for. */
  readonly #told = new Bitmap();
  #toldCount = 0;
  /** The first walk: the next prefix to tell, 0 once it is through. */
  #walk = 1;

  constructor(rib: FamilyRib, table: MonitoredTable) {
    this.#rib = rib;
    this.#table = table;
    rib.bestWatchers.push(this.#dirty);
  }

  get pending(): boolean {
    return this.#dirty.size > 0 || this.#walk !== 0;
  }

  /** Routes that the collector has been told of. */
  get told(): number {
    return this.#toldCount;
  }

  get writers(): readonly MonitoringWriter[] {
    return [this.#writer];
  }

  pull(octets: number, nowMs: number): void {
    const { prefixes } = this.#rib;
    const writer = this.#writer;
    writer.timestampMs = nowMs;
    while (writer.octets < octets) {
      const prefix = this.#dirty.shift();
      if (prefix === 0) break;
      this.#tell(prefix);
      prefixes.release(prefix);
    }
    writer.flush();
    if (this.#walk === 0) return;
    writer.timestampMs = 0;
    for (let visits = 0; visits < MAX_VISITS && writer.octets < octets; visits++) {
      if (this.#walk >= prefixes.rows.limit) {
        this.#walk = 0;
        writer.put(this.#table, encodeMessage(endOfRib(this.#rib.family), wireContext()));
        return;
      }
      const prefix = this.#walk++;
      if (prefixes.isUsed(prefix) && prefixes.best(prefix) !== 0 && !this.#dirty.has(prefix)) this.#tell(prefix);
    }
  }

  #tell(prefix: number): void {
    const rib = this.#rib;
    const writer = this.#writer;
    const best = rib.prefixes.best(prefix);
    if (best === 0) {
      if (!this.#told.delete(prefix)) return;
      this.#toldCount--;
      if (!writer.isOpen(this.#table, rib.family, 0)) writer.open(this.#table, rib.family, 0, NO_BLOCK);
    } else {
      if (this.#told.add(prefix)) this.#toldCount++;
      const id = rib.word(best, ROUTE.attributes);
      if (!writer.isOpen(this.#table, rib.family, id)) {
        writer.open(this.#table, rib.family, id, rib.attributes.block(id));
      }
    }
    writer.add(rib.prefixes, prefix, undefined);
  }

  close(): void {
    const { bestWatchers, prefixes } = this.#rib;
    bestWatchers.splice(bestWatchers.indexOf(this.#dirty), 1);
    for (let prefix = this.#dirty.shift(); prefix !== 0; prefix = this.#dirty.shift()) prefixes.release(prefix);
  }
}
