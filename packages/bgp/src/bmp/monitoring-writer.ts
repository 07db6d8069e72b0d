/**
 * Packs routes into Route Monitoring messages: prefixes that follow each other and belong to the same table with the same
 * attributes share an UPDATE. RFC 7854 sections 4.6 and 5. Messages lie one behind the other in chunks of memory that are
 * never written again once taken.
 */
import { ATTRIBUTE_TYPE, MESSAGE_TYPE } from '../iana.js';
import { attributeCursor, readAttribute } from '../wire/attribute/walk.js';
import type { Family } from '../wire/family/family.js';
import { HEADER_OCTETS, STANDARD_OCTETS, writeHeader } from '../wire/framer.js';
import { putU16, putU32 } from '../wire/writer.js';
import { putTimestamp } from './peer-header.js';
import { BMP_TYPE, BMP_VERSION, COMMON_HEADER_OCTETS, PEER_HEADER_OCTETS } from './registry.js';

const CHUNK = 32768;
/** A path identifier, the length, and the octets of an IPv6 address. */
const LONGEST_NLRI = 21;
/** Header, both length fields, and an MP attribute up to its NLRI without the next hop. */
const FIXED_OCTETS = HEADER_OCTETS + 4 + 4 + 5;

/** What knows prefixes by number, and their octets as NLRI. */
interface NlriSource {
  writeNlri(id: number, target: Uint8Array, offset: number): number;
}

/** Routes of one peer in one view, by what the per-peer header says. */
export interface MonitoredTable {
  /** 42 octets; the time is filled in. */
  readonly header: Uint8Array;
}

export class MonitoringWriter {
  /** Milliseconds since 1970 for the messages that are opened; 0: not known. */
  timestampMs = 0;
  messages = 0;
  #chunk = new Uint8Array(0);
  #at = 0;
  #begin = 0;
  #full: Uint8Array[] = [];
  #octets = 0;

  /** The open message: its table, family and key (0: withdrawals). */
  #table: MonitoredTable | undefined;
  #family: Family | undefined;
  #key = 0;
  /** Its attributes beside MP_REACH_NLRI, the next hop part of that one, and its prefixes. */
  #attributes = new Uint8Array(4096);
  #attributesLength = 0;
  #reach = new Uint8Array(64);
  #reachLength = 0;
  readonly #nlri = new Uint8Array(STANDARD_OCTETS);
  #nlriLength = 0;
  #room = 0;
  readonly #cursor = attributeCursor();

  /** Octets of whole messages that wait to be taken. */
  get octets(): number {
    return this.#octets;
  }

  /** Whether the open message takes another prefix of this kind. */
  isOpen(table: MonitoredTable, family: Family, key: number): boolean {
    return this.#table === table && this.#family === family && this.#key === key;
  }

  /** Begins a message. `key` stands for these attributes; 0 for withdrawals, which have none. */
  open(table: MonitoredTable, family: Family, key: number, block: Uint8Array): void {
    this.flush();
    this.#table = table;
    this.#family = family;
    this.#key = key;
    this.#splitBlock(block);
    const fixed = FIXED_OCTETS + this.#attributesLength + this.#reachLength;
    // A block that came in an extended message may leave no room in a standard one: then one prefix goes at a time.
    this.#room = Math.max(LONGEST_NLRI, STANDARD_OCTETS - fixed);
  }

  /** MP_REACH_NLRI of a block in the attribute table ends where NLRI begin; it goes first (RFC 7606 section 5.1). */
  #splitBlock(block: Uint8Array): void {
    if (block.length > this.#attributes.length) this.#attributes = new Uint8Array(2 * block.length);
    let to = 0;
    this.#reachLength = 0;
    const cursor = this.#cursor;
    for (let at = 0; at < block.length && readAttribute(block, at, block.length, cursor); at = cursor.valueEnd) {
      if (cursor.type === ATTRIBUTE_TYPE.mpReach) {
        this.#reach.set(block.subarray(cursor.valueStart, cursor.valueEnd));
        this.#reachLength = cursor.valueEnd - cursor.valueStart;
      } else {
        this.#attributes.set(block.subarray(at, cursor.valueEnd), to);
        to += cursor.valueEnd - at;
      }
    }
    this.#attributesLength = to;
  }

  /** `pathId` undefined: NLRI carry none, or the source writes it. */
  add(source: NlriSource, prefix: number, pathId: number | undefined): void {
    if (this.#nlriLength + LONGEST_NLRI > this.#room) this.#write();
    let at = this.#nlriLength;
    if (pathId !== undefined) {
      putU32(this.#nlri, at, pathId);
      at += 4;
    }
    this.#nlriLength = source.writeNlri(prefix, this.#nlri, at);
  }

  /** Ends the open message. */
  flush(): void {
    if (this.#nlriLength > 0) this.#write();
    this.#table = undefined;
  }

  /** An UPDATE that is there already: an End-of-RIB. */
  put(table: MonitoredTable, update: Uint8Array): void {
    this.flush();
    const at = this.#head(table, update.length);
    this.#chunk.set(update, at);
    this.#end(at + update.length);
  }

  /** Takes what was written; gives how many octets that are. */
  take(into: Uint8Array[]): number {
    this.flush();
    this.#cut();
    for (const run of this.#full) into.push(run);
    this.#full = [];
    const octets = this.#octets;
    this.#octets = 0;
    return octets;
  }

  #cut(): void {
    if (this.#at > this.#begin) this.#full.push(this.#chunk.subarray(this.#begin, this.#at));
    this.#begin = this.#at;
  }

  /** Writes the common and the per-peer header and gives the offset behind them. */
  #head({ header }: MonitoredTable, updateOctets: number): number {
    const octets = COMMON_HEADER_OCTETS + PEER_HEADER_OCTETS + updateOctets;
    if (this.#at + octets > this.#chunk.length) {
      this.#cut();
      this.#chunk = new Uint8Array(Math.max(CHUNK, octets));
      this.#at = 0;
      this.#begin = 0;
    }
    const chunk = this.#chunk;
    const at = this.#at;
    chunk[at] = BMP_VERSION;
    putU32(chunk, at + 1, octets);
    chunk[at + 5] = BMP_TYPE.routeMonitoring;
    chunk.set(header, at + COMMON_HEADER_OCTETS);
    putTimestamp(chunk, at + COMMON_HEADER_OCTETS, this.timestampMs);
    return at + COMMON_HEADER_OCTETS + PEER_HEADER_OCTETS;
  }

  #end(end: number): void {
    this.#octets += end - this.#at;
    this.#at = end;
    this.messages++;
  }

  #write(): void {
    const table = this.#table!;
    const family = this.#family!;
    const nlri = this.#nlri.subarray(0, this.#nlriLength);
    this.#nlriLength = 0;
    const inBody = family.index === 0 && this.#reachLength === 0;
    const withdrawn = inBody && this.#key === 0 ? nlri.length : 0;
    const mp = inBody ? 0 : 4 + (this.#key === 0 ? 3 : this.#reachLength) + nlri.length;
    const attributes = mp + this.#attributesLength;
    const length = HEADER_OCTETS + 4 + attributes + (inBody ? nlri.length : 0);
    // The longest blocks there are, put into this layout or changed by a policy, may fit no UPDATE: such a route is not shown.
    if (length > 0xffff) return;
    const start = this.#head(table, length);
    const chunk = this.#chunk;
    writeHeader(chunk, start, length, MESSAGE_TYPE.update);
    let at = start + HEADER_OCTETS;
    putU16(chunk, at, withdrawn);
    at += 2;
    if (withdrawn > 0) {
      chunk.set(nlri, at);
      at += withdrawn;
    }
    putU16(chunk, at, attributes);
    at += 2;
    if (mp > 0) {
      chunk[at] = 0x90;
      chunk[at + 1] = this.#key === 0 ? ATTRIBUTE_TYPE.mpUnreach : ATTRIBUTE_TYPE.mpReach;
      putU16(chunk, at + 2, mp - 4);
      at += 4;
      if (this.#key === 0) {
        putU16(chunk, at, family.afi);
        chunk[at + 2] = family.safi;
        at += 3;
      } else {
        chunk.set(this.#reach.subarray(0, this.#reachLength), at);
        at += this.#reachLength;
      }
      chunk.set(nlri, at);
      at += nlri.length;
    }
    chunk.set(this.#attributes.subarray(0, this.#attributesLength), at);
    at += this.#attributesLength;
    if (inBody && withdrawn === 0) {
      chunk.set(nlri, at);
      at += nlri.length;
    }
    this.#end(at);
  }
}
