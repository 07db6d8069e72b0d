/** The members that read one log, and how runs of messages get to them. */
import type { DetachedStream } from './detached-stream.js';
import { OutputLog, reads } from './output-log.js';
import type { UpdateGroup } from './update-group.js';

/** One peer's place in an update group. */
export interface Member {
  readonly peer: number;
  readonly group: UpdateGroup;
  /** Where the member reads, its place there, and how many octets it has passed. */
  outlet: Outlet;
  cursor: number;
  position: number;
  /** The place in the group's main log where the member goes on after a detached log's end. */
  nextCursor: number;
  nextPosition: number;
  /** Set while the member reads from a detached stream that is still being built. */
  stream: DetachedStream | undefined;
  /** End-of-RIB waits until the main stream has taken this many prefixes; -1 once it was sent. */
  endOfRibAfter: number;
}

export class Outlet {
  readonly log = new OutputLog();
  /** Members that get what is appended. */
  readonly members: Member[] = [];
  readonly #notify: (peer: number) => void;

  constructor(notify: (peer: number) => void) {
    this.#notify = notify;
  }

  /** Whether anybody would read what is emitted so. */
  hasReader(skip: number, only: number): boolean {
    const { members } = this;
    if (only < 0) return members.length > 1 || (members.length === 1 && members[0]!.peer !== skip);
    for (let i = 0; i < members.length; i++) if (members[i]!.peer === only) return true;
    return false;
  }

  /** Puts a run of messages before the members. */
  emit(bytes: Uint8Array, skip: number, only: number): void {
    const { log, members } = this;
    const sequence = log.tail;
    log.append(bytes, skip, only, members.length);
    for (let i = 0; i < members.length; i++) {
      const member = members[i]!;
      if (only < 0 ? member.peer !== skip : member.peer === only) this.#notify(member.peer);
      else if (member.outlet === this && member.cursor === sequence) this.pass(member);
      else if (member.outlet !== this && member.nextCursor === sequence) this.#passNext(member);
    }
  }

  /** Moves a member over the segment before it. */
  pass(member: Member): void {
    member.position += this.log.at(member.cursor).bytes.length;
    this.log.passed(member.cursor++);
  }

  /** The same for a member that has still to come here. */
  #passNext(member: Member): void {
    member.nextPosition += this.log.at(member.nextCursor).bytes.length;
    this.log.passed(member.nextCursor++);
  }

  /** How far the fastest member lags behind what was appended; 0 without members. */
  leastLag(): number {
    let fastest = -1;
    for (let i = 0; i < this.members.length; i++) {
      const member = this.members[i]!;
      const position = member.outlet === this ? member.position : member.nextPosition;
      if (position > fastest) fastest = position;
    }
    return fastest < 0 ? 0 : this.log.appended - fastest;
  }

  /** The member with most before it; there is one. */
  slowest(): Member {
    let slowest: Member | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const member of this.members) {
      const position = member.outlet === this ? member.position : member.nextPosition;
      if (position < least) {
        least = position;
        slowest = member;
      }
    }
    return slowest!;
  }

  /** Adds a member that reads from here on. */
  join(member: Member): void {
    this.members.push(member);
    member.outlet = this;
    member.cursor = this.log.tail;
    member.position = this.log.appended;
  }

  /** Adds a member that will come here after the end of the log it reads at present. */
  joinLater(member: Member): void {
    this.members.push(member);
    member.nextCursor = this.log.tail;
    member.nextPosition = this.log.appended;
  }

  /** Takes a member out; `unread` gets each run of messages that it has not read. */
  leave(member: Member, unread: (bytes: Uint8Array) => void): void {
    const index = this.members.indexOf(member);
    if (index >= 0) {
      const last = this.members.pop()!;
      if (last !== member) this.members[index] = last;
    }
    let cursor = member.outlet === this ? member.cursor : member.nextCursor;
    for (const { tail } = this.log; cursor < tail; cursor++) {
      const segment = this.log.at(cursor);
      if (reads(member.peer, segment)) unread(segment.bytes);
      this.log.passed(cursor);
    }
  }
}
