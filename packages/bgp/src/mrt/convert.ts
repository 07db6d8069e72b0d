/**
 * Writes the records of a file anew: only the wanted routes, TABLE_DUMP as TABLE_DUMP_V2, or a table dump as the UPDATEs that
 * announce it. Attributes are carried over as octets, so what the file holds is neither lost nor repaired on the way.
 */
import { addressFromBytes } from '@tortie/ip';
import { MrtError } from '../errors.js';
import { Writer } from '../wire/writer.js';
import { encodeMrt } from './encode-mrt.js';
import type { MrtFrame } from './mrt-framer.js';
import { MRT_TYPE, type MrtPeer } from './record.js';
import type { MrtFilter } from './route-filter.js';
import { nlriOf, wideAttributes } from './route-octets.js';
import { tableUpdate, updateOf } from './route-updates.js';
import { type MrtRoute, MrtRouteWalk } from './route-walk.js';

export interface MrtConvertOptions {
  readonly filter: MrtFilter;
  /** `updates`: routes of table dumps become BGP4MP messages of their peers. Default `same`. */
  readonly form?: 'same' | 'updates';
  /** The conditions name routes, so that records without any are left out. */
  readonly routesOnly?: boolean;
}

export type MrtEmit = (octets: Uint8Array) => void;

/** A prefix of TABLE_DUMP whose routes are still being collected. */
interface Pending {
  readonly timestampS: number;
  readonly version: 4 | 6;
  readonly nlri: Uint8Array;
  readonly entries: Uint8Array[];
}

export class MrtConverter {
  readonly #filter: MrtFilter;
  readonly #updates: boolean;
  readonly #routesOnly: boolean;
  readonly #walk = new MrtRouteWalk();
  /** Of TABLE_DUMP, in the order of the index. */
  readonly #places = new Map<string, number>();
  readonly #peers: MrtPeer[] = [];
  #collected = false;
  #pending: Pending | undefined;
  #sequence = 0;
  #routes = 0;

  constructor({ filter, form = 'same', routesOnly = false }: MrtConvertOptions) {
    this.#filter = filter;
    this.#updates = form === 'updates';
    this.#routesOnly = routesOnly;
  }

  /** Routes and changes of state written so far. */
  get routes(): number {
    return this.#routes;
  }

  /** TABLE_DUMP names the peer with each route, TABLE_DUMP_V2 all of them in front: such a file has to be read twice. */
  needsCollecting({ mrtType }: MrtFrame): boolean {
    return mrtType === MRT_TYPE.tableDump && !this.#updates;
  }

  /** The first time. */
  collect(frame: MrtFrame): void {
    if (!this.needsCollecting(frame)) return;
    this.#walk.walk(frame, (route) => {
      const key = peerKey(route);
      if (this.#places.has(key)) return;
      this.#places.set(key, this.#peers.length);
      const address = addressFromBytes(route.bytes, route.peerVersion, route.peerAt);
      this.#peers.push({ routerId: 0, address, asn: route.peerAsn });
    });
  }

  /** Gives the records that this one becomes to `emit`. Throws MrtError for a damaged one. */
  convert(frame: MrtFrame, emit: MrtEmit): void {
    const index = this.#walk.isPeerIndex(frame);
    if (!index && !this.#filter.admitsTime(frame)) return;
    switch (frame.mrtType) {
      case MRT_TYPE.tableDump:
        this.#tableDump(frame, emit);
        return;
      case MRT_TYPE.tableDumpV2:
        this.#tableDumpV2(frame, emit);
        return;
      case MRT_TYPE.bgp4mp:
      case MRT_TYPE.bgp4mpEt:
        this.#bgp4mp(frame, emit);
        return;
      default:
        if (!this.#routesOnly && !this.#updates) emit(recordOctets(frame));
    }
  }

  /** After the last record. */
  finish(emit: MrtEmit): void {
    const pending = this.#pending;
    this.#pending = undefined;
    if (!pending) return;
    const { timestampS, version, nlri, entries } = pending;
    const body = new Writer()
      .u32(this.#sequence++)
      .octets(nlri)
      .u16(entries.length);
    for (const entry of entries) body.octets(entry);
    emit(tableDumpV2(timestampS, version === 4 ? 2 : 4, body.finish()));
  }

  #tableDump(frame: MrtFrame, emit: MrtEmit): void {
    this.#walk.walk(frame, (route) => {
      if (!this.#filter.admits(route)) return;
      this.#routes++;
      if (this.#updates) emit(tableUpdate(route));
      else this.#collectEntry(route, emit);
    });
  }

  #collectEntry(route: MrtRoute, emit: MrtEmit): void {
    if (!this.#collected) {
      this.#collected = true;
      const { timestampS } = route.frame;
      emit(encodeMrt({ type: 'peer-index-table', timestampS, collectorId: 0, viewName: '', peers: this.#peers }));
    }
    const place = this.#places.get(peerKey(route));
    if (place === undefined) throw new MrtError(route.frame.offset, 'a peer that the first pass has not seen');
    const nlri = nlriOf(route, false);
    const { version } = route;
    const { timestampS } = route.frame;
    const same = this.#pending && this.#pending.version === version && isEqual(this.#pending.nlri, nlri);
    if (!same) {
      this.finish(emit);
      this.#pending = { timestampS, version, nlri, entries: [] };
    }
    const block = wideAttributes(route);
    const entry = new Writer().u16(place).u32(route.originatedS).u16(block.length).octets(block);
    this.#pending!.entries.push(entry.finish());
  }

  #tableDumpV2(frame: MrtFrame, emit: MrtEmit): void {
    if (this.#walk.isPeerIndex(frame)) {
      this.#walk.walk(frame, () => {});
      if (!this.#updates) emit(recordOctets(frame));
      return;
    }
    let walked = 0;
    let kept = 0;
    const entries = new Writer();
    let head = 0;
    this.#walk.walk(frame, (route) => {
      // An entry begins with the peer, the time, the path identifier and the length: all before its attributes.
      const start = route.attributesStart - (route.addPath ? 12 : 8);
      if (walked++ === 0) head = start;
      if (!this.#filter.admits(route)) return;
      kept++;
      this.#routes++;
      if (this.#updates) emit(tableUpdate(route));
      else entries.octets(frame.bytes.subarray(start, route.attributesEnd));
    });
    if (this.#updates) return;
    if (walked === 0) {
      if (!this.#routesOnly) emit(recordOctets(frame));
    } else if (kept === walked) {
      emit(recordOctets(frame));
    } else if (kept > 0) {
      const body = new Writer()
        .octets(frame.bytes.subarray(frame.start, head - 2))
        .u16(kept)
        .octets(entries.finish());
      emit(tableDumpV2(frame.timestampS, frame.subtype, body.finish()));
    }
  }

  #bgp4mp(frame: MrtFrame, emit: MrtEmit): void {
    let walked = 0;
    const kept: { readonly nlri: Uint8Array; readonly place: string }[] = [];
    let state = false;
    let last: MrtRoute | undefined;
    this.#walk.walk(frame, (route) => {
      walked++;
      last = route;
      if (!this.#filter.admits(route)) return;
      if (route.kind === 'state') state = true;
      else kept.push({ nlri: nlriOf(route, route.addPath), place: placeOf(route) });
    });
    this.#routes += kept.length + (state ? 1 : 0);
    if (state || (walked > 0 && kept.length === walked) || (walked === 0 && !this.#routesOnly)) {
      emit(recordOctets(frame));
    } else if (kept.length > 0) {
      emit(updateOf(last!, kept));
    }
  }
}

/** Where a prefix of an UPDATE stands: `w` or `a` for the body, else with AFI and SAFI. */
function placeOf({ kind, field, mp, attributes }: MrtRoute): string {
  const letter = kind === 'withdraw' ? 'w' : 'a';
  if (field === 'body') return letter;
  return letter + (kind === 'withdraw' ? attributes.unreach : attributes.reach).indexOf(mp!);
}

const peerKey = ({ bytes, peerAt, peerVersion, peerAsn }: MrtRoute): string =>
  `${bytes.subarray(peerAt, peerAt + (peerVersion === 4 ? 4 : 16)).join('.')} ${peerAsn}`;

const isEqual = (x: Uint8Array, y: Uint8Array): boolean =>
  x.length === y.length && x.every((octet, index) => octet === y[index]);

/** The record as it stands in the file, header included: a view. */
export const recordOctets = ({ bytes, start, end, microseconds }: MrtFrame): Uint8Array =>
  bytes.subarray(start - (microseconds === undefined ? 12 : 16), end);

const tableDumpV2 = (timestampS: number, subtype: number, body: Uint8Array): Uint8Array =>
  encodeMrt({ type: 'opaque', timestampS, mrtType: MRT_TYPE.tableDumpV2, subtype, value: body });
