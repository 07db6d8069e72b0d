/**
 * The routes and changes of state in MRT records, one after another, in the order in which bgpdump prints them. One object
 * shows them all, so that a file of any size makes no garbage; what somebody wants to keep has to be copied.
 */
import { MrtError } from '../errors.js';
import { AFI, MESSAGE_TYPE, SAFI } from '../iana.js';
import { u16At, u32At } from '../wire/reader.js';
import { LooseAttributes, type MpField, mpIndex } from './loose-attributes.js';
import type { MrtFrame } from './mrt-framer.js';
import { MRT_TYPE } from './record.js';

export type MrtRouteKind = 'rib' | 'announce' | 'withdraw' | 'state';

/** Which field a route came in. */
export type MrtRouteField = 'table-dump' | 'table-dump-v2' | 'body' | 'mp';

/** What the walk stands at. Offsets are into `bytes`, of an address with 4 or 16 octets. */
export interface MrtRoute {
  kind: MrtRouteKind;
  field: MrtRouteField;
  frame: MrtFrame;
  /** ADD-PATH record, whose routes have a path identifier. RFC 8050. */
  addPath: boolean;
  /** A message that the collector itself has sent. */
  local: boolean;
  bytes: Uint8Array;
  peerAt: number;
  peerVersion: 4 | 6;
  peerAsn: number;
  /** The other end of a message's session; 0 in table dumps. */
  localAsn: number;
  /** Of the prefix, padded with zeros behind its length. */
  readonly octets: Uint8Array;
  version: 4 | 6;
  length: number;
  pathId: number;
  /** When a route of a table dump came; else 0. */
  originatedS: number;
  /** Of a withdrawal those of its message. */
  readonly attributes: LooseAttributes;
  /** The attributes as octets, and the size of AS numbers in them. */
  attributesStart: number;
  attributesEnd: number;
  asnOctets: 2 | 4;
  /** MP_REACH_NLRI that the route came in, or whose next hop it has. */
  mp: MpField | undefined;
  oldState: number;
  newState: number;
}

export type MrtRouteVisitor = (route: MrtRoute) => void;

/** A peer of the index: `bytes` is its address. */
export interface IndexedPeer {
  readonly bytes: Uint8Array;
  readonly version: 4 | 6;
  readonly asn: number;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_FRAME: MrtFrame = {
  offset: 0,
  timestampS: 0,
  microseconds: undefined,
  mrtType: 0,
  subtype: 0,
  bytes: NO_BYTES,
  start: 0,
  end: 0,
};

const MARKER_OCTETS = 16;
const V4 = [mpIndex(1, 1), mpIndex(1, 2), mpIndex(1, 3)] as const;
const V6 = [mpIndex(2, 1), mpIndex(2, 2), mpIndex(2, 3)] as const;

export class MrtRouteWalk {
  #peers: readonly IndexedPeer[] | undefined;
  readonly #route: MrtRoute = {
    kind: 'rib',
    field: 'table-dump',
    frame: NO_FRAME,
    addPath: false,
    local: false,
    bytes: NO_BYTES,
    peerAt: 0,
    peerVersion: 4,
    peerAsn: 0,
    localAsn: 0,
    octets: new Uint8Array(16),
    version: 4,
    length: 0,
    pathId: 0,
    originatedS: 0,
    attributes: new LooseAttributes(),
    attributesStart: 0,
    attributesEnd: 0,
    asnOctets: 4,
    mp: undefined,
    oldState: 0,
    newState: 0,
  };

  /** Those of the last peer index table. */
  get peers(): readonly IndexedPeer[] {
    return this.#peers ?? [];
  }

  /** A record that routes behind it need, whether it is wanted itself or not. */
  isPeerIndex({ mrtType, subtype }: MrtFrame): boolean {
    return mrtType === MRT_TYPE.tableDumpV2 && subtype === 1;
  }

  /** Calls `visit` for what the record holds; records without routes give nothing. Throws MrtError for a damaged one. */
  walk(frame: MrtFrame, visit: MrtRouteVisitor): void {
    const route = this.#route;
    route.frame = frame;
    route.bytes = frame.bytes;
    route.local = false;
    route.localAsn = 0;
    route.originatedS = 0;
    route.pathId = 0;
    route.mp = undefined;
    switch (frame.mrtType) {
      case MRT_TYPE.tableDump:
        this.#tableDump(frame, visit);
        return;
      case MRT_TYPE.tableDumpV2:
        this.#tableDumpV2(frame, visit);
        return;
      case MRT_TYPE.bgp4mp:
      case MRT_TYPE.bgp4mpEt:
        this.#bgp4mp(frame, visit);
        return;
    }
  }

  // RFC 6396 section 4.2.
  #tableDump(frame: MrtFrame, visit: MrtRouteVisitor): void {
    const { bytes, start, end, subtype } = frame;
    if (subtype !== AFI.ipv4 && subtype !== AFI.ipv6) return;
    const octets = subtype === AFI.ipv4 ? 4 : 16;
    need(frame, start, 14 + 2 * octets);
    const route = this.#route;
    route.kind = 'rib';
    route.field = 'table-dump';
    route.addPath = false;
    route.version = octets === 4 ? 4 : 6;
    route.octets.fill(0);
    route.octets.set(bytes.subarray(start + 4, start + 4 + octets));
    const at = start + 4 + octets;
    route.length = bytes[at]!;
    route.originatedS = u32At(bytes, at + 2);
    route.peerAt = at + 6;
    route.peerVersion = route.version;
    route.peerAsn = u16At(bytes, at + 6 + octets);
    const attributesAt = at + 10 + octets;
    this.#read(bytes, attributesAt, Math.min(end, attributesAt + u16At(bytes, attributesAt - 2)), 2);
    visit(route);
  }

  #read(bytes: Uint8Array, start: number, end: number, asnOctets: 2 | 4): void {
    const route = this.#route;
    route.attributesStart = start;
    route.attributesEnd = end;
    route.asnOctets = asnOctets;
    route.attributes.read(bytes, start, end, asnOctets);
  }

  // RFC 6396 section 4.3, RFC 8050 section 4.
  #tableDumpV2(frame: MrtFrame, visit: MrtRouteVisitor): void {
    const { subtype } = frame;
    if (subtype === 1) {
      this.#peers = readPeers(frame);
      return;
    }
    const plain = subtype > 6 ? subtype - 6 : subtype;
    if (plain !== 2 && plain !== 4 && plain !== 6) return;
    let at = frame.start + 4;
    let version: 4 | 6 = plain === 2 ? 4 : 6;
    if (plain === 6) {
      need(frame, at, 3);
      const afi = u16At(frame.bytes, at);
      if ((afi !== AFI.ipv4 && afi !== AFI.ipv6) || frame.bytes[at + 2] !== SAFI.unicast) return;
      version = afi === AFI.ipv4 ? 4 : 6;
      at += 3;
    }
    this.#rib(frame, at, version, subtype > 6, visit);
  }

  #rib(frame: MrtFrame, prefixAt: number, version: 4 | 6, addPath: boolean, visit: MrtRouteVisitor): void {
    const { bytes, end } = frame;
    need(frame, prefixAt, 1);
    const length = bytes[prefixAt]!;
    const octets = (length + 7) >>> 3;
    need(frame, prefixAt, 3 + octets);
    if (octets > 16) throw new MrtError(frame.offset, `a prefix of length ${length}`);
    const route = this.#route;
    route.kind = 'rib';
    route.field = 'table-dump-v2';
    route.addPath = addPath;
    route.version = version;
    route.length = length;
    route.octets.fill(0);
    for (let i = 0; i < octets; i++) route.octets[i] = bytes[prefixAt + 1 + i]!;
    let at = prefixAt + 3 + octets;
    for (let count = u16At(bytes, at - 2); count > 0; count--) {
      need(frame, at, addPath ? 12 : 8);
      const index = u16At(bytes, at);
      const peer = this.#peers?.[index];
      if (!peer) {
        const known = this.#peers ? `the index has ${this.#peers.length} peers` : 'no peer index table came before it';
        throw new MrtError(frame.offset, `a route of peer ${index}, but ${known}`);
      }
      route.bytes = peer.bytes;
      route.peerAt = 0;
      route.peerVersion = peer.version;
      route.peerAsn = peer.asn;
      route.originatedS = u32At(bytes, at + 2);
      at += 6;
      if (addPath) {
        route.pathId = u32At(bytes, at);
        at += 4;
      }
      const attributesEnd = at + 2 + u16At(bytes, at);
      if (attributesEnd > end) throw new MrtError(frame.offset, 'the attributes of a route run over their record');
      this.#read(bytes, at + 2, attributesEnd, 4);
      const { reach } = route.attributes;
      route.mp = reach[V6[0]]!.present ? reach[V6[0]] : reach[V4[0]]!.present ? reach[V4[0]] : undefined;
      visit(route);
      at = attributesEnd;
    }
  }

  // RFC 6396 section 4.4, RFC 8050 section 3.
  #bgp4mp(frame: MrtFrame, visit: MrtRouteVisitor): void {
    const { bytes, start, subtype } = frame;
    const state = subtype === 0 || subtype === 5;
    if (!state && !(subtype === 1 || subtype === 4 || (subtype >= 6 && subtype <= 11))) return;
    const asnOctets = subtype === 4 || subtype === 5 || subtype === 7 || subtype === 9 || subtype === 11 ? 4 : 2;
    const route = this.#route;
    route.addPath = subtype >= 8;
    route.local = subtype === 6 || subtype === 7 || subtype >= 10;
    const head = 2 * asnOctets + 4;
    need(frame, start, head);
    route.peerAsn = asnOctets === 4 ? u32At(bytes, start) : u16At(bytes, start);
    route.localAsn = asnOctets === 4 ? u32At(bytes, start + 4) : u16At(bytes, start + 2);
    const afi = u16At(bytes, start + head - 2);
    if (afi !== AFI.ipv4 && afi !== AFI.ipv6) return;
    const octets = afi === AFI.ipv4 ? 4 : 16;
    route.peerAt = start + head;
    route.peerVersion = afi === AFI.ipv4 ? 4 : 6;
    const at = route.peerAt + 2 * octets;
    if (state) {
      need(frame, at, 4);
      route.kind = 'state';
      route.field = 'body';
      route.oldState = u16At(bytes, at);
      route.newState = u16At(bytes, at + 2);
      visit(route);
      return;
    }
    this.#message(frame, at, asnOctets, visit);
  }

  #message(frame: MrtFrame, at: number, asnOctets: 2 | 4, visit: MrtRouteVisitor): void {
    const { bytes } = frame;
    need(frame, at, MARKER_OCTETS + 3);
    for (let i = 0; i < MARKER_OCTETS; i++) {
      if (bytes[at + i] !== 0xff) throw new MrtError(frame.offset, 'the marker of the message is not all ones');
    }
    if (bytes[at + 18] !== MESSAGE_TYPE.update) return;
    const end = Math.min(frame.end, at + u16At(bytes, at + MARKER_OCTETS));
    const withdrawnAt = at + MARKER_OCTETS + 5;
    if (withdrawnAt > end) throw new MrtError(frame.offset, 'an UPDATE that is shorter than its length fields');
    const withdrawnEnd = withdrawnAt + u16At(bytes, withdrawnAt - 2);
    if (withdrawnEnd + 2 > end) throw new MrtError(frame.offset, 'the withdrawn routes run over their message');
    const attributesEnd = Math.min(end, withdrawnEnd + 2 + u16At(bytes, withdrawnEnd));
    this.#read(bytes, withdrawnEnd + 2, attributesEnd, asnOctets);
    const route = this.#route;
    const { attributes } = route;
    route.kind = 'withdraw';
    route.field = 'body';
    this.#prefixes(withdrawnAt, withdrawnEnd, 4, visit);
    if (attributes.hasUnreach) {
      route.field = 'mp';
      this.#mpPrefixes(attributes.unreach, visit);
    }
    route.kind = 'announce';
    route.field = 'body';
    route.mp = undefined;
    this.#prefixes(attributesEnd, end, 4, visit);
    if (attributes.hasReach) {
      route.field = 'mp';
      this.#mpPrefixes(attributes.reach, visit);
    }
  }

  #mpPrefixes(fields: readonly MpField[], visit: MrtRouteVisitor): void {
    for (let i = 0; i < 6; i++) {
      const field = fields[i < 3 ? V4[i]! : V6[i - 3]!]!;
      if (!field.present) continue;
      this.#route.mp = field;
      this.#prefixes(field.nlriStart, field.nlriEnd, i < 3 ? 4 : 6, visit);
    }
  }

  /** Prefixes up to one that is cut short. */
  #prefixes(start: number, end: number, version: 4 | 6, visit: MrtRouteVisitor): void {
    const route = this.#route;
    const { addPath, octets } = route;
    const { bytes } = route.attributes;
    route.version = version;
    for (let at = start; at < end; ) {
      if (addPath) {
        if (end - at < 5) return;
        route.pathId = u32At(bytes, at);
        at += 4;
      }
      const length = bytes[at++]!;
      const count = (length + 7) >>> 3;
      if (at + count > end || count > 16) return;
      route.length = length;
      for (let i = 0; i < 16; i++) octets[i] = i < count ? bytes[at + i]! : 0;
      // RFC 4271 section 4.3: the bits behind the prefix are irrelevant.
      if ((length & 7) !== 0) octets[count - 1]! &= 0xff00 >>> (length & 7);
      at += count;
      visit(route);
    }
  }
}

/** Throws where the record ends before `count` octets from `at` on. */
function need(frame: MrtFrame, at: number, count: number): void {
  const missing = at + count - frame.end;
  if (missing > 0) throw new MrtError(frame.offset, `the record ends ${missing} octets too early`);
}

/** RFC 6396 section 4.3.1. */
function readPeers(frame: MrtFrame): readonly IndexedPeer[] {
  const { bytes, start } = frame;
  need(frame, start, 8);
  let at = start + 6 + u16At(bytes, start + 4);
  need(frame, at, 2);
  const peers: IndexedPeer[] = [];
  let count = u16At(bytes, at);
  for (at += 2; count > 0; count--) {
    need(frame, at, 1);
    const kind = bytes[at]!;
    const octets = kind & 1 ? 16 : 4;
    const asnOctets = kind & 2 ? 4 : 2;
    need(frame, at, 5 + octets + asnOctets);
    const asnAt = at + 5 + octets;
    peers.push({
      bytes: bytes.slice(at + 5, asnAt),
      version: octets === 16 ? 6 : 4,
      asn: asnOctets === 4 ? u32At(bytes, asnAt) : u16At(bytes, asnAt),
    });
    at = asnAt + asnOctets;
  }
  return peers;
}
