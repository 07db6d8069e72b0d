/**
 * The tables of a running RIB as TABLE_DUMP_V2, a piece at a time (RFC 6396 section 4.3, RFC 8050 section 4).
 *
 * What it is a snapshot of: each prefix with all its routes is written as it is when its turn comes. A route that is there
 * the whole time is in the dump once; one that comes, goes or changes meanwhile is there as it was at some moment of the
 * dump, or not. Peers are those at the beginning; routes of one that came later are left out. Nothing is locked or copied.
 */
import type { Address } from '@tortie/ip';
import { ATTRIBUTE_FLAG, ATTRIBUTE_TYPE } from '../iana.js';
import { ATTRIBUTE } from '../rib/attribute-table.js';
import type { FamilyRib } from '../rib/family-rib.js';
import type { Rib } from '../rib/rib.js';
import { ROUTE } from '../rib/route-row.js';
import { attributeCursor, readAttribute } from '../wire/attribute/walk.js';
import { FAMILIES } from '../wire/family/family.js';
import { encodeMrt } from './encode-mrt.js';
import { MRT_HEADER_OCTETS } from './mrt-framer.js';
import { MRT_TYPE } from './record.js';
import { ribSubtype } from './table-dump-v2.js';

/** Whom a number of the RIB means. */
export interface TableDumpPeer {
  readonly ribPeer: number;
  readonly address: Address;
  readonly asn: number;
  readonly routerId: number;
  /** The RIB keeps no time per route: since when the peer's session is up, seconds of the epoch. */
  readonly originatedS: number;
}

/** `received`: as peers sent them; `accepted`: as the import policies left them; `best`: of these the best one alone. */
export type TableDumpRoutes = 'received' | 'accepted' | 'best';

export interface TableDumpOptions {
  readonly timestampS: number;
  readonly collectorId: number;
  readonly viewName?: string;
  /** Default received. */
  readonly routes?: TableDumpRoutes;
}

/** A RIB entry before its attributes, with and without a path identifier. */
const ENTRY_OCTETS = 8;
const PATH_ID_OCTETS = 4;

export class TableDumpWriter {
  readonly #rib: Rib;
  readonly #timestampS: number;
  readonly #routes: TableDumpRoutes;
  /** Place in the index by the RIB's number, and when its routes came. */
  readonly #places = new Map<number, { readonly place: number; readonly originatedS: number; readonly name: string }>();
  #head: Uint8Array | undefined;
  #family = 0;
  #prefix = 1;
  #sequence = 0;
  #prefixCount = 0;
  #routeCount = 0;
  #buffer = new Uint8Array(1 << 16);
  #length = 0;
  readonly #cursor = attributeCursor();

  constructor(rib: Rib, peers: readonly TableDumpPeer[], options: TableDumpOptions) {
    const { timestampS, collectorId, viewName = '', routes = 'received' } = options;
    this.#rib = rib;
    this.#timestampS = timestampS;
    this.#routes = routes;
    for (const [place, { ribPeer, originatedS }] of peers.entries()) {
      this.#places.set(ribPeer, { place, originatedS, name: this.#nameOf(ribPeer) });
    }
    this.#head = encodeMrt({ type: 'peer-index-table', timestampS, collectorId, viewName, peers });
  }

  /** The number of a peer that is gone may be another's meanwhile. */
  #nameOf(ribPeer: number): string {
    return this.#rib.family(FAMILIES[0]!).peers.peers[ribPeer]?.name ?? '';
  }

  get prefixes(): number {
    return this.#prefixCount;
  }

  get routes(): number {
    return this.#routeCount;
  }

  /** Records of about so many further prefixes, perhaps none of them; undefined once all are written. */
  next(maxPrefixes: number): Uint8Array | undefined {
    if (this.#head) {
      const head = this.#head;
      this.#head = undefined;
      return head;
    }
    this.#length = 0;
    for (let left = maxPrefixes; left > 0 && this.#family < FAMILIES.length; left--) {
      const rib = this.#rib.family(FAMILIES[this.#family]!);
      if (this.#prefix >= rib.prefixes.rows.limit) {
        this.#family++;
        this.#prefix = 1;
        continue;
      }
      const prefix = this.#prefix++;
      if (rib.prefixes.isUsed(prefix)) this.#write(rib, prefix);
    }
    if (this.#length === 0 && this.#family >= FAMILIES.length) return undefined;
    return this.#buffer.slice(0, this.#length);
  }

  #write(rib: FamilyRib, prefix: number): void {
    let addPath = false;
    for (let route = rib.prefixes.head(prefix); route !== 0; route = rib.nextOf(route)) {
      if (this.#idOf(rib, route) !== 0 && rib.word(route, ROUTE.pathId) !== 0) addPath = true;
    }
    const start = this.#length;
    const nlri = rib.prefixes.nlriOctets(prefix);
    this.#room(MRT_HEADER_OCTETS + 4 + nlri + 2);
    this.#length += MRT_HEADER_OCTETS + 4;
    this.#length = rib.prefixes.writeNlri(prefix, this.#buffer, this.#length);
    const countAt = this.#length;
    this.#length += 2;
    let count = 0;
    for (let route = rib.prefixes.head(prefix); route !== 0; route = rib.nextOf(route)) {
      const id = this.#idOf(rib, route);
      if (id !== 0) count += this.#entry(rib, route, id, addPath);
    }
    if (count === 0) {
      this.#length = start;
      return;
    }
    this.#putU16(countAt, count);
    this.#putU32(start, this.#timestampS);
    this.#putU16(start + 4, MRT_TYPE.tableDumpV2);
    this.#putU16(start + 6, ribSubtype(rib.family, addPath));
    this.#putU32(start + 8, this.#length - start - MRT_HEADER_OCTETS);
    this.#putU32(start + 12, this.#sequence++);
    this.#prefixCount++;
    this.#routeCount += count;
  }

  /** The attributes of a route that is wanted, else 0. */
  #idOf(rib: FamilyRib, route: number): number {
    if (!rib.stale.counts(rib.word(route, ROUTE.peer))) return 0;
    if (this.#routes === 'received') return rib.attributes.word(rib.word(route, ROUTE.received), ATTRIBUTE.alias);
    if (this.#routes === 'best' && rib.prefixes.best(rib.word(route, ROUTE.prefix)) !== route) return 0;
    return rib.word(route, ROUTE.attributes);
  }

  #entry(rib: FamilyRib, route: number, id: number, addPath: boolean): 0 | 1 {
    const ribPeer = rib.word(route, ROUTE.peer) & 0xffff;
    const peer = this.#places.get(ribPeer);
    if (!peer || rib.peers.peers[ribPeer]?.name !== peer.name) return 0;
    const block = rib.attributes.block(id);
    this.#room(ENTRY_OCTETS + PATH_ID_OCTETS + block.length);
    this.#putU16(this.#length, peer.place);
    this.#putU32(this.#length + 2, peer.originatedS);
    this.#length += 6;
    if (addPath) {
      this.#putU32(this.#length, rib.word(route, ROUTE.pathId));
      this.#length += PATH_ID_OCTETS;
    }
    const lengthAt = this.#length;
    this.#length += 2;
    this.#block(block);
    this.#putU16(lengthAt, this.#length - lengthAt - 2);
    return 1;
  }

  /** A canonical block, whose MP_REACH_NLRI is cut down to the next hop and its length. RFC 6396 section 4.3.4. */
  #block(block: Uint8Array): void {
    const cursor = this.#cursor;
    for (let at = 0; at < block.length && readAttribute(block, at, block.length, cursor); at = cursor.valueEnd) {
      const { type, valueStart, valueEnd } = cursor;
      if (type !== ATTRIBUTE_TYPE.mpReach) {
        this.#buffer.set(block.subarray(at, valueEnd), this.#length);
        this.#length += valueEnd - at;
        continue;
      }
      const octets = block[valueStart + 3]!;
      this.#buffer[this.#length++] = ATTRIBUTE_FLAG.optional;
      this.#buffer[this.#length++] = type;
      this.#buffer[this.#length++] = octets + 1;
      this.#buffer.set(block.subarray(valueStart + 3, valueStart + 4 + octets), this.#length);
      this.#length += octets + 1;
    }
  }

  #room(octets: number): void {
    if (this.#length + octets <= this.#buffer.length) return;
    const grown = new Uint8Array(2 * this.#buffer.length + octets);
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }

  #putU16(at: number, value: number): void {
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value;
  }

  #putU32(at: number, value: number): void {
    this.#putU16(at, value >>> 16);
    this.#putU16(at + 2, value & 0xffff);
  }
}
