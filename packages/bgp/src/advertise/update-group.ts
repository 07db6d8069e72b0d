/**
 * Peers that are told the same: one adj-rib-out, one encoded stream. The main stream takes changed prefixes from a queue,
 * compares them with what was advertised, and packs what differs once for all members. Members that need something of
 * their own for a while (they are new, asked for a refresh, or fell too far behind) read a detached stream.
 *
 *     changed prefixes ──> main stream ──> main log ──> members, each with a cursor
 *                              │ every change
 *                              v
 *                       detached streams ──> their logs ──> members, until they have caught up and join the others
 *
 * Longer than other files: members, walk, queue and packing of a stream are one state, and calls across files would be on
 * the way of every route.
 */

import { ATTRIBUTE } from '../rib/attribute-table.js';
import { DirtyIds } from '../rib/dirty-ids.js';
import type { FamilyRib, PathWatcher } from '../rib/family-rib.js';
import type { NlriTable } from '../rib/nlri-table.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import { ROUTE } from '../rib/route-row.js';
import { Advertised } from './advertised.js';
import { DetachedStream } from './detached-stream.js';
import type { ExportPolicy } from './export-policy.js';
import { endOfRib, refreshMark } from './message-writer.js';
import { type Member, Outlet } from './outlet.js';
import type { Packer } from './packer.js';
import { PathChoice } from './path-choice.js';
import type { Treatment } from './treatment.js';

/** The main stream rests while its fastest member has this much before it: what changes meanwhile coalesces. */
const ENOUGH_OCTETS = 512 * 1024;

const AHEAD = 32;

/** Told of every row that is advertised otherwise, or withdrawn. */
export interface AdvertisedWatcher {
  changed(row: number, withdrawn: boolean): void;
}

export interface GroupHost {
  readonly packer: Packer;
  /** There is output for the peer. */
  notify(peer: number): void;
  readonly maxBacklogOctets: number;
  /** Our table is not whole yet: nobody is told that it has all of it. RFC 4724 section 4.1. */
  readonly endOfRibHeld: boolean;
}

export class UpdateGroup {
  readonly rib: FamilyRib;
  readonly treatment: Treatment;
  readonly key: string;
  /** What the rows of `advertised` are: prefixes, or with ADD-PATH their paths. */
  readonly table: NlriTable;
  /** Only of a group whose members negotiated ADD-PATH. */
  readonly #paths: PathChoice | undefined;
  readonly advertised = new Advertised();
  readonly dirty = new DirtyIds();
  readonly main: Outlet;
  readonly streams: DetachedStream[] = [];
  /** The streams, and what follows the group besides. */
  readonly watchers: AdvertisedWatcher[] = [];
  readonly host: GroupHost;
  /** Members by peer. */
  readonly members = new Map<number, Member>();
  /** Bytes by peer index: 1 for a member. A typed array beside the map, for the hot path. */
  #isMember = new Uint8Array(16);
  /**
   * The only member, whose own routes go to nobody: they are not kept as advertised, and where nothing is, their coming and
   * going is not even looked at (bench `stages`). -1: there are others.
   */
  #sole = -1;
  /** Routes were left out for that reason. */
  #leftOut = false;
  /** Members whose End-of-RIB waits for the main stream. */
  #awaiting: Member[] = [];
  /** The first walk over the table: the next prefix to look at, 0 once it is through. */
  #walk = 1;
  readonly #key: PrefixKey = { a: 0, b: 0, c: 0, d: 0, length: 0 };
  /** Changed prefixes taken ahead, and room for what is read of them. */
  readonly #ahead = new Int32Array(AHEAD);
  readonly #aheadRows = new Int32Array(AHEAD);
  /** Where the words read ahead go, so that reading them is not optimised away. */
  sink = 0;
  /** What admits() was last asked, and its answer; for one work() only. */
  #askedId = 0;
  #askedPeer = 0;
  #admitted = false;
  /** Holds to give up once the batch has been written. */
  #released = new Int32Array(256);
  #releases = 0;

  constructor(key: string, rib: FamilyRib, treatment: Treatment, host: GroupHost) {
    this.key = key;
    this.rib = rib;
    this.treatment = treatment;
    this.host = host;
    this.main = new Outlet((peer) => host.notify(peer));
    this.#paths = treatment.addPath ? new PathChoice(rib, treatment.maxPaths) : undefined;
    this.table = this.#paths ? rib.paths : rib.prefixes;
    this.#watchers.push(this.dirty);
    this.dirty.ignores = (prefix) => {
      if (this.advertised.id(prefix) !== 0) return false;
      this.#leftOut = true;
      return true;
    };
  }

  get #watchers(): DirtyIds[] | PathWatcher[] {
    return this.#paths ? this.rib.pathWatchers : this.rib.bestWatchers;
  }

  isMember(peer: number): boolean {
    return peer < this.#isMember.length && this.#isMember[peer] === 1;
  }

  /** Whether the main stream has still to look at the row's prefix. */
  isPending(row: number): boolean {
    const prefix = this.#paths ? this.rib.paths.prefixOf(row) : row;
    return (this.#walk !== 0 && prefix >= this.#walk) || this.dirty.has(prefix);
  }

  /** Whether the main stream has been past all that was waiting when `mark` was taken from dirty.added. */
  hasPassed(mark: number): boolean {
    return this.#walk === 0 && this.dirty.taken >= mark;
  }

  // Members.

  /** A peer joins, perhaps from another group `has`, which it leaves. Its table and End-of-RIB follow. */
  join(peer: number, endOfRibWanted: boolean, has: UpdateGroup | undefined): Member {
    const member: Member = {
      peer,
      group: this,
      outlet: this.main,
      cursor: 0,
      position: 0,
      nextCursor: 0,
      nextPosition: 0,
      stream: undefined,
      endOfRibAfter: endOfRibWanted ? this.dirty.added : -1,
    };
    this.members.set(peer, member);
    this.#findSole();
    if (this.#sole < 0 && this.#leftOut) {
      this.#leftOut = false;
      this.#walk = 1;
    }
    if (peer >= this.#isMember.length) {
      const grown = new Uint8Array(peer * 2);
      grown.set(this.#isMember);
      this.#isMember = grown;
    }
    this.#isMember[peer] = 1;
    if (!has && this.advertised.count === 0) {
      this.main.join(member);
      if (endOfRibWanted) this.#awaiting.push(member);
    } else if (has) {
      const stream = this.#newStream();
      stream.startAgain();
      stream.addAdvertisedBy(has, peer);
      has.leave(peer, stream);
      stream.join(member);
    } else {
      const shared = this.streams.find((stream) => stream.isUntouched);
      const stream = shared ?? this.#newStream();
      if (!shared) stream.startFresh();
      stream.join(member);
    }
    return member;
  }

  #findSole(): void {
    const [only = -1] = this.members.keys();
    this.#sole = this.members.size === 1 ? only : -1;
    // With ADD-PATH the queue hears of every route and not of best ones alone.
    this.dirty.uninterested = this.#sole < 0 || this.#paths ? -2 : this.#sole;
  }

  #newStream(): DetachedStream {
    const stream = new DetachedStream(this, new Outlet((peer) => this.host.notify(peer)));
    this.streams.push(stream);
    this.watchers.push(stream);
    return stream;
  }

  /** A peer leaves. What it was told and not told yet is noted in `successor`, its stream in another group. */
  leave(peer: number, successor?: DetachedStream): void {
    const member = this.members.get(peer);
    if (!member) return;
    if (member.stream) successor?.addMarks(member.stream);
    this.#withdrawFromLogs(member, (bytes) => successor?.addMessages(bytes, this.treatment));
    this.members.delete(peer);
    this.#findSole();
    this.#isMember[peer] = 0;
    this.#awaiting = this.#awaiting.filter((each) => each !== member);
  }

  /** Takes a member out of whatever it reads. */
  #withdrawFromLogs(member: Member, unread: (bytes: Uint8Array) => void): void {
    const { stream, outlet } = member;
    outlet.leave(member, unread);
    if (stream) {
      member.stream = undefined;
      if (outlet.members.length === 0) this.dropStream(stream);
    } else if (outlet !== this.main) {
      this.main.leave(member, unread);
    }
  }

  dropStream(stream: DetachedStream): void {
    stream.clear();
    this.streams.splice(this.streams.indexOf(stream), 1);
    this.watchers.splice(this.watchers.indexOf(stream), 1);
  }

  /** Sends a member everything again, or only what it has not read yet; between BoRR and EoRR if `marked`. */
  detach(member: Member, everything: boolean, marked: boolean): void {
    const stream = this.#newStream();
    if (member.stream) stream.copyFrom(member.stream);
    else if (member.endOfRibAfter >= 0) this.#awaiting = this.#awaiting.filter((each) => each !== member);
    this.#withdrawFromLogs(member, (bytes) => stream.addMessages(bytes, this.treatment));
    if (everything) stream.startAgain();
    stream.join(member);
    if (marked) {
      stream.closing = refreshMark(this.rib.family, 'end');
      stream.outlet.emit(refreshMark(this.rib.family, 'begin'), -1, -1);
    }
    this.host.notify(member.peer);
  }

  /** A detached stream has nothing left: its members go on with the main log. */
  merge(stream: DetachedStream): void {
    if (stream.closing) stream.outlet.emit(stream.closing, -1, -1);
    for (const member of stream.outlet.members) {
      member.stream = undefined;
      this.main.joinLater(member);
      if (member.endOfRibAfter >= 0) this.#awaiting.push(member);
    }
    this.dropStream(stream);
    this.#sendEndOfRib();
  }

  /** End-of-RIB was held: it now follows what there is by now. */
  releaseEndOfRib(): void {
    for (const member of this.members.values()) if (member.endOfRibAfter >= 0) member.endOfRibAfter = this.dirty.added;
    this.#sendEndOfRib();
  }

  #sendEndOfRib(): void {
    if (this.#awaiting.length === 0 || this.#walk !== 0 || this.host.endOfRibHeld) return;
    const waiting: Member[] = [];
    for (const member of this.#awaiting) {
      if (this.hasPassed(member.endOfRibAfter)) {
        member.endOfRibAfter = -1;
        this.main.emit(endOfRib(this.rib.family), -1, member.peer);
      } else {
        waiting.push(member);
      }
    }
    this.#awaiting = waiting;
  }

  // The main stream.

  /** Whether work() would do something. */
  get hasWork(): boolean {
    for (const stream of this.streams) if (stream.hasWork) return true;
    return (this.dirty.size > 0 || this.#walk !== 0) && this.main.leastLag() < ENOUGH_OCTETS;
  }

  /** Looks at up to about `budget` prefixes and packs what is to be told; gives how many it looked at. */
  work(budget: number): number {
    let done = this.main.leastLag() < ENOUGH_OCTETS ? this.#workMain(budget) : 0;
    for (const stream of [...this.streams]) {
      if (done > 0) stream.stalled = false;
      if (done < budget) done += stream.work(budget - done);
    }
    return done;
  }

  #workMain(budget: number): number {
    this.#askedId = 0;
    const { host, treatment, rib } = this;
    let done = 0;
    while (this.#walk !== 0 && done < budget) {
      if (this.#walk >= rib.prefixes.rows.limit) {
        this.#walk = 0;
        break;
      }
      const prefix = this.#walk++;
      done++;
      if (!rib.prefixes.isUsed(prefix) || this.dirty.has(prefix)) continue;
      if (this.#paths) this.#paths.look(prefix, this);
      else this.#look(prefix);
    }
    for (; this.#paths && done < budget && this.dirty.size > 0; done++) {
      const prefix = this.dirty.shift();
      this.#paths.look(prefix, this);
      rib.prefixes.release(prefix);
    }
    while (done < budget && this.dirty.size > 0) {
      const count = this.#takeAhead(budget - done);
      done += count;
      for (let i = 0; i < count; i++) {
        this.#releaseLater(this.#ahead[i]!);
        this.#look(this.#ahead[i]!);
      }
    }
    host.packer.flush(treatment, this.table, this.main);
    treatment.policy?.forget();
    this.table.releaseAll(this.#released, this.#releases);
    this.#releases = 0;
    this.#sendEndOfRib();
    this.#detachSlow();
    return done;
  }

  /**
   * Takes up to 32 changed prefixes, and reads of each what #look will need, step by step for all of them: see NlriBatch
   * for why (bench `pipeline`, phases `churn` and `withdraw`).
   */
  #takeAhead(max: number): number {
    const { rib, advertised } = this;
    const { prefixes, attributes } = rib;
    const ids = this.#ahead;
    const rows = this.#aheadRows;
    let count = 0;
    let sink = 0;
    while (count < max && count < AHEAD && this.dirty.size > 0) {
      const prefix = this.dirty.shift();
      rows[count] = advertised.id(prefix);
      ids[count++] = prefix;
    }
    if (count === 1) return 1;
    for (let i = 0; i < count; i++) if (rows[i] !== 0) sink += attributes.word(rows[i]!, ATTRIBUTE.references);
    for (let i = 0; i < count; i++) rows[i] = prefixes.best(ids[i]!);
    for (let i = 0; i < count; i++) if (rows[i] !== 0) rows[i] = rib.word(rows[i]!, ROUTE.attributes);
    for (let i = 0; i < count; i++) if (rows[i] !== 0) sink += attributes.word(rows[i]!, ATTRIBUTE.references);
    this.sink = sink | 0;
    return count;
  }

  #releaseLater(row: number): void {
    if (this.#releases === this.#released.length) {
      const grown = new Int32Array(this.#releases * 2);
      grown.set(this.#released);
      this.#released = grown;
    }
    this.#released[this.#releases++] = row;
  }

  /** Compares what should be advertised for a prefix with what is, and packs the difference. */
  #look(prefix: number): void {
    const route = this.rib.prefixes.best(prefix);
    const peer = route === 0 ? 0 : this.rib.word(route, ROUTE.peer) & 0xffff;
    const own = peer === this.#sole && route !== 0;
    if (own) this.#leftOut = true;
    this.tell(prefix, route === 0 || own ? 0 : this.exported(prefix, route, peer), peer);
  }

  /** Advertises a row with these attributes, whose reference it takes, or withdraws it where `id` is 0. */
  tell(row: number, id: number, peer: number): void {
    const { rib, advertised, host } = this;
    const formerId = advertised.id(row);
    const formerSource = advertised.source(row);
    const source = id === 0 ? 0 : rib.peers.source(peer);
    if (id === formerId && source === formerSource) {
      if (id !== 0) rib.attributes.release(id);
      return;
    }
    advertised.set(row, id, source);
    const formerPeer = formerSource & 0xffff;
    if (id === 0) {
      advertised.count--;
      this.#releaseLater(row);
      host.packer.withdraw(row, this.isMember(formerPeer) ? formerPeer : -1, -1);
    } else {
      const ownRoute = this.isMember(peer);
      host.packer.announce(row, id, peer, ownRoute);
      if (formerId === 0) {
        advertised.count++;
        this.table.hold(row);
      } else if (ownRoute && formerPeer !== peer) {
        // The source had been told another's route, which its own has replaced.
        host.packer.withdraw(row, -1, peer);
      }
    }
    if (formerId !== 0) rib.attributes.release(formerId);
    for (let i = 0; i < this.watchers.length; i++) this.watchers[i]!.changed(row, id === 0);
  }

  /** What of a route is to be advertised: an id with a reference, or 0. */
  exported(prefix: number, route: number, peer: number): number {
    const { rib, treatment } = this;
    const id = rib.word(route, ROUTE.attributes);
    // Prefixes of one UPDATE follow each other, so the answer for the last one mostly holds (bench `pipeline`).
    if (id !== this.#askedId || peer !== this.#askedPeer) {
      this.#askedId = id;
      this.#askedPeer = peer;
      this.#admitted = treatment.admits(peer, id) && this.host.packer.fits(treatment, id, peer);
    }
    if (!this.#admitted) return 0;
    if (treatment.policy) return this.#byPolicy(treatment.policy, prefix, id, peer);
    rib.attributes.retain(id);
    return id;
  }

  /** What the export policy makes of attributes; apart, so that #exported stays small (bench `pipeline`). */
  #byPolicy(policy: ExportPolicy, prefix: number, from: number, peer: number): number {
    const { rib, treatment } = this;
    const id = policy.apply(rib.prefixes.readKey(prefix, this.#key), rib.family.version, from, peer);
    if (id === 0) return 0;
    // The policy may have made the attributes longer, and the next hop another.
    if (treatment.nextHop(peer, id) !== undefined && this.host.packer.fits(treatment, id, peer)) return id;
    rib.attributes.release(id);
    return 0;
  }

  /** Members that have left more unread than is good for memory get what they miss from a stream of their own. */
  #detachSlow(): void {
    while (this.main.log.octets > this.host.maxBacklogOctets && this.main.members.length > 0) {
      this.detach(this.main.slowest(), false, false);
    }
  }

  /** Stops watching; the rows are given up by dismantle(). */
  retire(): void {
    this.#watchers.splice(this.#watchers.indexOf(this.dirty), 1);
    this.#walk = 1;
  }

  /** Gives up marks and advertised rows of a retired group, up to `budget`; true where nothing is left. */
  dismantle(budget: number): boolean {
    const { rib, advertised, table } = this;
    for (let left = budget; left > 0; left--) {
      const prefix = this.dirty.shift();
      if (prefix !== 0) {
        rib.prefixes.release(prefix);
        continue;
      }
      if (this.#walk >= table.rows.limit) return true;
      const id = advertised.id(this.#walk);
      if (id !== 0) {
        advertised.set(this.#walk, 0, 0);
        rib.attributes.release(id);
        table.release(this.#walk);
      }
      this.#walk++;
    }
    return false;
  }
}
