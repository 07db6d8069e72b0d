/**
 * What one or a few members of an update group get apart from the others: a set of prefixes whose advertised rows are
 * still to be sent, built into messages as the members' sockets drain. So a new or slow member costs a bit per prefix,
 * and however long it takes, it gets every prefix in its newest state.
 */
import { MESSAGE_TYPE } from '../iana.js';
import { Bitmap } from '../rib/bitmap.js';
import { readKey } from '../rib/prefix-key.js';
import type { PrefixKey } from '../rib/prefix-table.js';
import { u32At } from '../wire/reader.js';
import { scanUpdate, updateScan } from '../wire/update-scan.js';
import type { Member, Outlet } from './outlet.js';
import type { Treatment } from './treatment.js';
import type { UpdateGroup } from './update-group.js';

/** The stream rests while its fastest member has this much before it. */
const ENOUGH_OCTETS = 128 * 1024;

export class DetachedStream {
  readonly outlet: Outlet;
  /** Sent after all else: EoRR. */
  closing: Uint8Array | undefined;
  readonly #group: UpdateGroup;
  #bits = new Bitmap();
  #count = 0;
  /** The walk over all advertised prefixes: the next to look at, 0 where none is under way. */
  #walk = 0;
  /** Where the search for the next bit goes on. */
  #search = 1;
  /** The members were told nothing before, so nothing ahead of the walk needs a withdrawal. */
  #fresh = false;
  #started = false;
  /** All that is left waits for the main stream, which clears this when it has moved on. */
  stalled = false;
  #released: number[] = [];
  readonly #key: PrefixKey = { a: 0, b: 0, c: 0, d: 0, length: 0 };

  constructor(group: UpdateGroup, outlet: Outlet) {
    this.#group = group;
    this.outlet = outlet;
  }

  /** A new member may still share the stream: none has got anything yet. */
  get isUntouched(): boolean {
    return this.#fresh && !this.#started;
  }

  startFresh(): void {
    this.#fresh = true;
    this.#walk = 1;
  }

  startAgain(): void {
    this.#fresh = false;
    this.#walk = 1;
  }

  join(member: Member): void {
    this.outlet.join(member);
    member.stream = this;
    this.#group.host.notify(member.peer);
  }

  /** What another stream of the group has still to send. */
  copyFrom(other: DetachedStream): void {
    this.#walk = other.#walk;
    this.#fresh = other.#fresh;
    this.addMarks(other);
  }

  /** The single prefixes that another stream has still to send. */
  addMarks(other: DetachedStream): void {
    for (let row = other.#bits.next(1); row !== 0; row = other.#bits.next(row + 1)) this.#add(row);
  }

  /** Everything another group has advertised to the peer. */
  addAdvertisedBy(other: UpdateGroup, peer: number): void {
    const { limit } = this.#group.table.rows;
    for (let row = 1; row < limit; row++) {
      if (other.advertised.id(row) !== 0 && (other.advertised.source(row) & 0xffff) !== peer) this.#add(row);
    }
  }

  /** The prefixes in messages that were built and never read. */
  addMessages(bytes: Uint8Array, { session, family }: Treatment): void {
    for (let at = 0; at < bytes.length; ) {
      const end = at + ((bytes[at + 16]! << 8) | bytes[at + 17]!);
      if (bytes[at + 18] === MESSAGE_TYPE.update) {
        scanUpdate(bytes, at + 19, end, session.send, SCAN);
        this.#addNlri(bytes, SCAN.withdrawnStart, SCAN.withdrawnEnd, family.version);
        this.#addNlri(bytes, SCAN.nlriStart, SCAN.nlriEnd, family.version);
        if (SCAN.mpReach.present) this.#addNlri(bytes, SCAN.mpReach.nlriStart, SCAN.mpReach.nlriEnd, family.version);
        if (SCAN.mpUnreach.present) {
          this.#addNlri(bytes, SCAN.mpUnreach.nlriStart, SCAN.mpUnreach.nlriEnd, family.version);
        }
      }
      at = end;
    }
  }

  #addNlri(bytes: Uint8Array, start: number, end: number, version: 4 | 6): void {
    for (let at = start; at < end; ) {
      const { rib, treatment } = this.#group;
      const next = readKey(bytes, treatment.addPath ? at + 4 : at, version, this.#key);
      const prefix = rib.prefixes.intern(this.#key, rib.prefixes.hashOf(this.#key));
      this.#add(treatment.addPath ? rib.paths.intern(prefix, u32At(bytes, at)) : prefix);
      at = next;
    }
  }

  #add(row: number): void {
    this.stalled = false;
    if (!this.#bits.add(row)) return;
    this.#count++;
    this.#group.table.hold(row);
  }

  /** The main stream has advertised something else for the prefix, or withdrawn it. */
  changed(row: number, withdrawn: boolean): void {
    if (withdrawn && this.#fresh && this.#walk !== 0 && row >= this.#walk && !this.#bits.has(row)) return;
    this.#add(row);
  }

  /** Whether work() would do something. */
  get hasWork(): boolean {
    return (
      !this.stalled &&
      this.outlet.leastLag() < ENOUGH_OCTETS &&
      this.outlet.log.octets < this.#group.host.maxBacklogOctets
    );
  }

  /** Looks at up to `budget` prefixes and builds messages of them; at the end merges the members into the group. */
  work(budget: number): number {
    if (!this.hasWork) return 0;
    this.#started = true;
    const { table, host, treatment } = this.#group;
    let left = budget;
    for (; this.#walk !== 0 && left > 0; left--) {
      if (this.#walk >= table.rows.limit) {
        this.#walk = 0;
        break;
      }
      const row = this.#walk++;
      if (this.#bits.has(row) || this.#group.advertised.id(row) !== 0) this.#send(row);
    }
    let wrapped = false;
    while (this.#walk === 0 && this.#count > 0 && left > 0) {
      const row = this.#bits.next(this.#search);
      if (row !== 0) {
        this.#search = row + 1;
        this.#send(row);
        left--;
      } else if (wrapped) {
        // What is left waits for the main stream.
        this.stalled = true;
        break;
      } else {
        wrapped = true;
        this.#search = 1;
      }
    }
    host.packer.flush(treatment, table, this.outlet);
    for (const row of this.#released) table.release(row);
    this.#released.length = 0;
    if (this.#walk === 0 && this.#count === 0) this.#group.merge(this);
    return budget - left + 1;
  }

  #send(row: number): void {
    const group = this.#group;
    const id = group.advertised.id(row);
    // What the main stream has not looked at yet may be about to be advertised: no withdrawal before it has.
    if (id === 0 && group.isPending(row)) return;
    const marked = this.#bits.delete(row);
    if (marked) {
      this.#count--;
      this.#released.push(row);
    }
    if (id === 0) {
      group.host.packer.withdraw(row, -1, -1);
      return;
    }
    const peer = group.advertised.source(row) & 0xffff;
    const own = group.members.get(peer)?.stream === this;
    group.host.packer.announce(row, id, peer, own);
    if (own && marked) group.host.packer.withdraw(row, -1, peer);
  }

  /** Gives up all marks. */
  clear(): void {
    for (let row = this.#bits.next(1); row !== 0; row = this.#bits.next(row + 1)) {
      this.#bits.delete(row);
      this.#group.table.release(row);
    }
    this.#count = 0;
    this.#walk = 0;
  }

  /** Prefixes that wait, roughly. */
  get queued(): number {
    return this.#count + (this.#walk === 0 ? 0 : Math.max(0, this.#group.table.rows.limit - this.#walk));
  }
}

const SCAN = updateScan();
