/** One update group towards one collector: what changed, and for which of its peers the table is still gone through. */
import type { Advertiser } from '../advertise/advertiser.js';
import type { AdvertisedWatcher, UpdateGroup } from '../advertise/update-group.js';
import { DirtyIds } from '../rib/dirty-ids.js';
import { encodeMessage } from '../wire/codec.js';
import { wireContext } from '../wire/context.js';
import { endOfRib } from '../wire/update.js';
import type { FollowedPeer } from './adj-rib-out-feed.js';
import type { MonitoringWriter } from './monitoring-writer.js';
import { MAX_VISITS, NO_BLOCK } from './route-feed.js';

/** Rows told together, peer by peer, so that those with the same attributes share messages. */
const BATCH = 256;
/** Attributes' ids and sources in one number. */
const SOURCE_SHIFT = 0x10000;

export class GroupFollower implements AdvertisedWatcher {
  readonly #group: UpdateGroup;
  readonly #advertiser: Advertiser;
  readonly #peers = new Map<number, FollowedPeer>();
  readonly #dirty = new DirtyIds();
  readonly #rows = new Int32Array(BATCH);
  /** Attributes of the present batch as they are sent, the same for all peers. */
  readonly #blocks = new Map<number, Uint8Array>();
  /** The walk round the table, and for whom: see AdjRibInFeed. */
  #at = 1;
  #visited = 0;
  #walkers: { readonly followed: FollowedPeer; readonly until: number }[] = [];

  constructor(group: UpdateGroup, advertiser: Advertiser) {
    this.#group = group;
    this.#advertiser = advertiser;
    group.watchers.push(this);
  }

  changed(row: number): void {
    if (this.#dirty.add(row)) this.#group.table.hold(row);
  }

  start(followed: FollowedPeer): void {
    this.#peers.set(followed.peer, followed);
    this.#walkers.push({ followed, until: this.#visited + this.#group.table.rows.limit - 1 });
  }

  /** Gives how many peers are left. */
  stop(peer: number): number {
    this.#peers.delete(peer);
    this.#walkers = this.#walkers.filter(({ followed }) => followed.peer !== peer);
    return this.#peers.size;
  }

  get pending(): boolean {
    if (this.#dirty.size > 0) return true;
    for (const walker of this.#walkers) if (!this.#rests(walker)) return true;
    return false;
  }

  /** Gone through, but the peer itself has still to get its End-of-RIB. */
  #rests({ followed: { member, ended }, until }: { followed: FollowedPeer; until: number }): boolean {
    return this.#visited >= until && !ended && member.endOfRibAfter >= 0;
  }

  pull(writer: MonitoringWriter, octets: number, nowMs: number): void {
    writer.flush();
    writer.timestampMs = nowMs;
    while (this.#dirty.size > 0 && writer.octets < octets) {
      let count = 0;
      while (count < BATCH && this.#dirty.size > 0) this.#rows[count++] = this.#dirty.shift();
      this.#tell(writer, this.#peers.values(), count);
      for (let i = 0; i < count; i++) this.#group.table.release(this.#rows[i]!);
    }
    if (this.#dirty.size > 0) return;
    writer.flush();
    writer.timestampMs = 0;
    for (let visits = 0; visits < MAX_VISITS && writer.octets < octets; ) {
      this.#finish(writer);
      const walking = this.#walkers.filter(({ until }) => this.#visited < until);
      if (walking.length === 0) return;
      const left = Math.min(...walking.map(({ until }) => until)) - this.#visited;
      let count = 0;
      let walked = 0;
      for (; walked < Math.min(left, MAX_VISITS) && count < BATCH; walked++) {
        if (this.#at >= this.#group.table.rows.limit) this.#at = 1;
        this.#rows[count++] = this.#at++;
      }
      this.#visited += walked;
      visits += walked;
      this.#tell(
        writer,
        walking.map(({ followed }) => followed),
        count,
      );
    }
  }

  /** Ends the walks that have been all round. */
  #finish(writer: MonitoringWriter): void {
    for (const walker of [...this.#walkers]) {
      if (this.#visited < walker.until || this.#rests(walker)) continue;
      this.#walkers.splice(this.#walkers.indexOf(walker), 1);
      const { followed } = walker;
      if (followed.ended) continue;
      followed.ended = true;
      writer.put(followed.table, encodeMessage(endOfRib(this.#group.rib.family), wireContext()));
    }
  }

  /** Tells the present state of the first `count` of #rows for these peers. */
  #tell(writer: MonitoringWriter, peers: Iterable<FollowedPeer>, count: number): void {
    for (const followed of peers) this.#tellPeer(writer, followed, count);
    writer.flush();
    this.#blocks.clear();
  }

  #tellPeer(writer: MonitoringWriter, followed: FollowedPeer, count: number): void {
    const { advertised, rib } = this.#group;
    const { table, told, peer } = followed;
    for (let i = 0; i < count; i++) {
      const row = this.#rows[i]!;
      const id = advertised.id(row);
      const source = advertised.source(row) & 0xffff;
      if (id === 0 || source === peer) {
        if (!told.delete(row)) continue;
        followed.count--;
        if (!writer.isOpen(table, rib.family, 0)) writer.open(table, rib.family, 0, NO_BLOCK);
      } else {
        if (told.add(row)) followed.count++;
        const key = id * SOURCE_SHIFT + source;
        if (!writer.isOpen(table, rib.family, key)) {
          writer.open(table, rib.family, key, this.#block(key, id, source));
        }
      }
      writer.add(this.#group.table, row, undefined);
    }
  }

  #block(key: number, id: number, source: number): Uint8Array {
    const known = this.#blocks.get(key);
    if (known) return known;
    const block = this.#advertiser.exportedBlock(this.#group, id, source);
    this.#blocks.set(key, block);
    return block;
  }

  /** Follows no more. */
  close(): void {
    const { watchers } = this.#group;
    watchers.splice(watchers.indexOf(this), 1);
    for (let row = this.#dirty.shift(); row !== 0; row = this.#dirty.shift()) this.#group.table.release(row);
  }
}
