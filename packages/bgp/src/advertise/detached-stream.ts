/**
 * What one or a few members of an update group get apart from the others: a set of prefixes whose advertised rows are
 * still to be sent, built into messages as the members' sockets drain. So a new or slow member costs a bit per prefix,
 * and however long it takes, it gets every prefix in its newest state.
 */
import { MESSAGE_TYPE } from '../iana.js';
import { Bitmap } from '../rib/bitmap.js';
import { readKey } from '../rib/prefix-key.js';
import type { PrefixKey } from '../rib/prefix-table.js';
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
    for (let prefix = other.#bits.next(1); prefix !== 0; prefix = other.#bits.next(prefix + 1)) this.#add(prefix);
  }

  /** Everything another group has advertised to the peer. */
  addAdvertisedBy(other: UpdateGroup, peer: number): void {
    const { limit } = this.#group.rib.prefixes.rows;
    for (let prefix = 1; prefix < limit; prefix++) {
      if (other.advertised.id(prefix) !== 0 && (other.advertised.source(prefix) & 0xffff) !== peer) this.#add(prefix);
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
      at = readKey(bytes, at, version, this.#key);
      const { prefixes } = this.#group.rib;
      this.#add(prefixes.intern(this.#key, prefixes.hashOf(this.#key)));
    }
  }

  #add(prefix: number): void {
    this.stalled = false;
    if (!this.#bits.add(prefix)) return;
    this.#count++;
    this.#group.rib.prefixes.hold(prefix);
  }

  /** The main stream has advertised something else for the prefix, or withdrawn it. */
  changed(prefix: number, withdrawn: boolean): void {
    if (withdrawn && this.#fresh && this.#walk !== 0 && prefix >= this.#walk && !this.#bits.has(prefix)) return;
    this.#add(prefix);
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
    const { rib, host, treatment } = this.#group;
    let left = budget;
    for (; this.#walk !== 0 && left > 0; left--) {
      if (this.#walk >= rib.prefixes.rows.limit) {
        this.#walk = 0;
        break;
      }
      const prefix = this.#walk++;
      if (this.#bits.has(prefix) || this.#group.advertised.id(prefix) !== 0) this.#send(prefix);
    }
    let wrapped = false;
    while (this.#walk === 0 && this.#count > 0 && left > 0) {
      const prefix = this.#bits.next(this.#search);
      if (prefix !== 0) {
        this.#search = prefix + 1;
        this.#send(prefix);
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
    host.packer.flush(treatment, rib.prefixes, this.outlet);
    for (const prefix of this.#released) rib.prefixes.release(prefix);
    this.#released.length = 0;
    if (this.#walk === 0 && this.#count === 0) this.#group.merge(this);
    return budget - left + 1;
  }

  #send(prefix: number): void {
    const group = this.#group;
    const id = group.advertised.id(prefix);
    // What the main stream has not looked at yet may be about to be advertised: no withdrawal before it has.
    if (id === 0 && group.isPending(prefix)) return;
    const marked = this.#bits.delete(prefix);
    if (marked) {
      this.#count--;
      this.#released.push(prefix);
    }
    if (id === 0) {
      group.host.packer.withdraw(prefix, -1, -1);
      return;
    }
    const peer = group.advertised.source(prefix) & 0xffff;
    const own = group.members.get(peer)?.stream === this;
    group.host.packer.announce(prefix, id, peer, own);
    if (own && marked) group.host.packer.withdraw(prefix, -1, peer);
  }

  /** Gives up all marks. */
  clear(): void {
    for (let prefix = this.#bits.next(1); prefix !== 0; prefix = this.#bits.next(prefix + 1)) {
      this.#bits.delete(prefix);
      this.#group.rib.prefixes.release(prefix);
    }
    this.#count = 0;
    this.#walk = 0;
  }

  /** Prefixes that wait, roughly. */
  get queued(): number {
    return this.#count + (this.#walk === 0 ? 0 : Math.max(0, this.#group.rib.prefixes.rows.limit - this.#walk));
  }
}

const SCAN = updateScan();
