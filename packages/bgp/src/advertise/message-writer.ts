/**
 * UPDATE messages written one behind the other into chunks of memory that are handed out as they are: what was written
 * is never touched again, so any number of sockets may hold it. RFC 4271 section 4.3, RFC 4760; one kind of route per
 * message, MP attributes first (RFC 7606 section 5.1).
 */
import { type Address, writeAddress } from '@tortie/ip';
import { ATTRIBUTE_TYPE, MESSAGE_TYPE, ROUTE_REFRESH_SUBTYPE } from '../iana.js';
import type { NlriTable } from '../rib/nlri-table.js';
import type { Family } from '../wire/family/family.js';

const HEADER = 19;
const CHUNK = 65536;
/** A path identifier, a length, and an IPv6 address. */
export const LONGEST_NLRI = 21;

export class MessageWriter {
  chunk = new Uint8Array(0);
  at = 0;
  /** Where the run of messages not yet handed out begins. */
  #begin = 0;

  /** Room for at least `octets`; false where the chunk has not that much left, and then the run must be cut. */
  hasRoom(octets: number): boolean {
    return this.at + octets <= this.chunk.length;
  }

  /** Starts a new chunk. The run must have been cut before. */
  renew(octets: number): void {
    this.chunk = new Uint8Array(Math.max(CHUNK, octets));
    this.at = 0;
    this.#begin = 0;
  }

  /** The run written since the last cut, or undefined where that is nothing. */
  cut(): Uint8Array | undefined {
    if (this.at === this.#begin) return undefined;
    const run = this.chunk.subarray(this.#begin, this.at);
    this.#begin = this.at;
    return run;
  }

  /** Writes a header whose length is still open and gives the offset behind it. */
  open(): number {
    const { chunk, at } = this;
    for (let i = at; i < at + 16; i++) chunk[i] = 0xff;
    chunk[at + 18] = MESSAGE_TYPE.update;
    return at + HEADER;
  }

  /** Ends the message at `end`. */
  close(end: number): void {
    const length = end - this.at;
    this.chunk[this.at + 16] = length >>> 8;
    this.chunk[this.at + 17] = length;
    this.at = end;
  }
}

/** RFC 4724 section 2: an UPDATE that says nothing; with an empty MP_UNREACH_NLRI for families other than IPv4 unicast. */
export function endOfRib({ afi, safi, index }: Family): Uint8Array {
  const octets = index === 0 ? 23 : 29;
  const message = new Uint8Array(octets).fill(0xff, 0, 16);
  message[17] = octets;
  message[18] = MESSAGE_TYPE.update;
  if (index !== 0) message.set([0x80, ATTRIBUTE_TYPE.mpUnreach, 3, afi >>> 8, afi, safi], 23);
  if (index !== 0) message[22] = 6;
  return message;
}

/** BoRR or EoRR, RFC 7313 section 3.2. */
export function refreshMark({ afi, safi }: Family, mark: 'begin' | 'end'): Uint8Array {
  const message = new Uint8Array(23).fill(0xff, 0, 16);
  message.set([0, 23, MESSAGE_TYPE.routeRefresh, afi >>> 8, afi, ROUTE_REFRESH_SUBTYPE[mark], safi], 16);
  return message;
}

/** Writes MP_REACH_NLRI up to where NLRI begin; the attribute's length is filled in by closeMp. */
export function openMpReach(
  { afi, safi }: Family,
  nextHop: Address,
  linkLocal: Address | undefined,
  target: Uint8Array,
  at: number,
): number {
  target[at] = 0x90;
  target[at + 1] = ATTRIBUTE_TYPE.mpReach;
  target[at + 4] = afi >>> 8;
  target[at + 5] = afi;
  target[at + 6] = safi;
  target[at + 7] = linkLocal ? 32 : nextHop.version === 4 ? 4 : 16;
  let to = writeAddress(nextHop, target, at + 8);
  if (linkLocal) to = writeAddress(linkLocal, target, to);
  target[to] = 0;
  return to + 1;
}

export function openMpUnreach({ afi, safi }: Family, target: Uint8Array, at: number): number {
  target[at] = 0x90;
  target[at + 1] = ATTRIBUTE_TYPE.mpUnreach;
  target[at + 4] = afi >>> 8;
  target[at + 5] = afi;
  target[at + 6] = safi;
  return at + 7;
}

/** Fills in the length of an MP attribute that begins at `at` and ends at `end`. */
export function closeMp(target: Uint8Array, at: number, end: number): void {
  const length = end - at - 4;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
}

/** Writes the NLRI of a linked list of entries as far as they fit before `limit`. Results lie in `next` and `at`. */
export class NlriRun {
  next = -1;
  at = 0;

  write(
    table: NlriTable,
    ids: Int32Array,
    links: Int32Array,
    first: number,
    target: Uint8Array,
    start: number,
    limit: number,
  ): void {
    let entry = first;
    let at = start;
    while (entry >= 0) {
      const id = ids[entry]!;
      if (at + LONGEST_NLRI > limit && at + table.nlriOctets(id) > limit) break;
      at = table.writeNlri(id, target, at);
      entry = links[entry]!;
    }
    this.next = entry;
    this.at = at;
  }
}
