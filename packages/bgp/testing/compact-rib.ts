/**
 * Tables of a leaf in a network of thousands: what each peer has told of each block, in five octets a route, where the real
 * tables take some hundreds. For routers that pass nothing on, with IPv4 blocks of one pool: what they hear is kept with its
 * next hop, what they originate is told to every peer. Sessions above it are the real ones.
 */
import { type Address, formatAddress, ipv4, type Prefix } from '@tortie/ip';
import {
  encodeMessage,
  endOfRib,
  type FamilyName,
  familyByName,
  noUnusedRoutes,
  type PeerFamilyCounters,
  type Rib,
  type RibOptions,
  type RibSession,
  type UnusedRoutes,
  type UpdateOutcome,
} from '../src/index.js';

/** Where blocks lie: `count` of them, each 2^`bits` addresses, from `first` on. */
export interface BlockRange {
  readonly first: number;
  readonly bits: number;
  readonly count: number;
}

const FAMILY: FamilyName = 'ipv4-unicast';
const ORIGIN_LENGTH_EXTENDED = 0x10;
const NEXT_HOP = 3;
const ORIGINATOR_ID = 9;
const CLUSTER_LIST = 10;
const [FRESH, STALE] = [1, 2];
const LOCAL_PREF = 100;

interface Told {
  /** Next hops by block; 0: no route. */
  readonly hops: Uint32Array;
  readonly marks: Uint8Array;
  routes: number;
  stale: number;
  session: RibSession | undefined;
  unused: UnusedRoutes;
  readonly queue: Uint8Array[];
}

export class CompactRib {
  onOutput: ((peer: number) => void) | undefined;
  onWork: (() => void) | undefined;
  /** A block that no peer told of is reached now, or one that was is no longer. */
  onReach: ((block: number, reached: boolean) => void) | undefined;
  /** So many more routes than before, of all peers. */
  onRoutes: ((more: number) => void) | undefined;
  /** Blocks that some peer tells of. */
  reached = 0;
  /** Of all peers. */
  routes = 0;
  readonly #options: RibOptions;
  readonly #range: BlockRange;
  readonly #peers: (Told | undefined)[] = [undefined];
  /** How many peers tell of a block. */
  readonly #tellers: Uint8Array;
  readonly #own = new Map<string, Prefix>();
  readonly #outcome = { announced: 0, withdrawn: 0, faults: [], endOfRib: undefined as FamilyName | undefined };

  constructor(options: RibOptions, range: BlockRange) {
    this.#options = options;
    this.#range = range;
    this.#tellers = new Uint8Array(range.count);
  }

  /** As the speaker takes it: it has what sessions ask for, and nothing else. */
  get asRib(): Rib {
    return this as unknown as Rib;
  }

  /** Next hops by block that a peer has told of, for comparisons: `BLOCK NEXTHOP`. */
  routesOf(peer: number): string[] {
    const { first, bits } = this.#range;
    const found: string[] = [];
    for (const [block, hop] of this.#peers[peer]!.hops.entries()) {
      if (hop !== 0) found.push(`${formatAddress(ipv4(first + block * 2 ** bits))} ${formatAddress(ipv4(hop))}`);
    }
    return found;
  }

  addPeer(): number {
    const { count } = this.#range;
    return (
      this.#peers.push({
        hops: new Uint32Array(count),
        marks: new Uint8Array(count),
        routes: 0,
        stale: 0,
        session: undefined,
        unused: noUnusedRoutes(),
        queue: [],
      }) - 1
    );
  }

  removePeer(peer: number): void {
    this.sessionDown(peer);
    this.#peers[peer] = undefined;
  }

  sessionUp(peer: number, session: RibSession): void {
    const told = this.#peers[peer]!;
    told.session = session;
    told.unused = noUnusedRoutes();
    for (const prefix of this.#own.values()) told.queue.push(this.#update(session, prefix));
    told.queue.push(encodeMessage(endOfRib(familyByName(FAMILY)), session.send));
    this.onOutput?.(peer);
  }

  sessionDown(peer: number, keepStale: readonly FamilyName[] = [], keepOlder: readonly FamilyName[] = []): void {
    const told = this.#peers[peer]!;
    told.session = undefined;
    told.queue.length = 0;
    if (!keepStale.includes(FAMILY)) this.#drop(told, FRESH | STALE);
    else {
      if (!keepOlder.includes(FAMILY)) this.#drop(told, STALE);
      this.markStale(peer);
    }
  }

  markStale(peer: number): void {
    const told = this.#peers[peer]!;
    for (let block = 0; block < told.marks.length; block++) if (told.marks[block] !== 0) told.marks[block] = STALE;
    told.stale = told.routes;
  }

  sweepStale(peer: number): number {
    const told = this.#peers[peer]!;
    const count = told.stale;
    if (count > 0) this.#drop(told, STALE);
    return count;
  }

  beginLongLived(): number {
    return 0;
  }

  #drop(told: Told, which: number): void {
    for (let block = 0; block < told.marks.length; block++) {
      if ((told.marks[block]! & which) !== 0) this.#set(told, block, 0);
    }
  }

  #set(told: Told, block: number, hop: number): boolean {
    const mark = told.marks[block]!;
    if (mark === STALE) told.stale--;
    told.marks[block] = hop === 0 ? 0 : FRESH;
    told.hops[block] = hop;
    if ((mark !== 0) === (hop !== 0)) return mark !== 0;
    const step = hop === 0 ? -1 : 1;
    told.routes += step;
    this.routes += step;
    this.onRoutes?.(step);
    const tellers = this.#tellers[block]! + step;
    this.#tellers[block] = tellers;
    if (hop === 0 ? tellers === 0 : tellers === 1) {
      this.reached += step;
      this.onReach?.(block, hop !== 0);
    }
    return mark !== 0;
  }

  receiveUpdate(peer: number, bytes: Uint8Array, start: number, end: number): UpdateOutcome {
    const told = this.#peers[peer]!;
    const outcome = this.#outcome;
    outcome.announced = outcome.withdrawn = 0;
    outcome.endOfRib = undefined;
    const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
    const long = (at: number): number => ((word(at) << 16) | word(at + 2)) >>> 0;
    const withdrawnEnd = start + 2 + word(start);
    const attributesEnd = withdrawnEnd + 2 + word(withdrawnEnd);
    if (end - start === 4) {
      outcome.endOfRib = FAMILY;
      return outcome;
    }
    for (let at = start + 2; at < withdrawnEnd; at += 1 + ((bytes[at]! + 7) >> 3)) {
      if (!this.#set(told, this.#block(bytes, at), 0)) told.unused.unknownWithdrawals++;
      outcome.withdrawn++;
    }
    let hop = 0;
    for (let at = withdrawnEnd + 2; at < attributesEnd; ) {
      const extended = (bytes[at]! & ORIGIN_LENGTH_EXTENDED) !== 0;
      const length = extended ? word(at + 2) : bytes[at + 2]!;
      const value = at + (extended ? 4 : 3);
      const type = bytes[at + 1];
      if (type === NEXT_HOP) hop = long(value);
      if (type === ORIGINATOR_ID && long(value) === this.#options.routerId) {
        told.unused.originatorLoops++;
        return outcome;
      }
      if (type === CLUSTER_LIST) {
        for (let id = value; id < value + length; id += 4) {
          if (long(id) !== this.#options.clusterId) continue;
          told.unused.clusterLoops++;
          return outcome;
        }
      }
      at = value + length;
    }
    for (let at = attributesEnd; at < end; at += 1 + ((bytes[at]! + 7) >> 3)) {
      this.#set(told, this.#block(bytes, at), hop);
      outcome.announced++;
    }
    return outcome;
  }

  /** Of the NLRI there; throws for what is no block of the range: such a network is none for these tables. */
  #block(bytes: Uint8Array, at: number): number {
    const { first, bits, count } = this.#range;
    let address = 0;
    for (let octet = 0; octet < 4; octet++) {
      address = address * 256 + (octet < (bytes[at]! + 7) >> 3 ? bytes[at + 1 + octet]! : 0);
    }
    const block = (address - first) / 2 ** bits;
    if (bytes[at] === 32 - bits && Number.isInteger(block) && block >= 0 && block < count) return block;
    throw new Error(`${formatAddress(ipv4(address))}/${bytes[at]} is none of the ${count} blocks`);
  }

  originate(prefix: Prefix): void {
    this.#own.set(`${prefix.a}/${prefix.length}`, prefix);
    for (const [peer, told] of this.#peers.entries()) {
      if (!told?.session) continue;
      told.queue.push(this.#update(told.session, prefix));
      this.onOutput?.(peer);
    }
  }

  #update({ send, ownNextHops }: RibSession, prefix: Prefix): Uint8Array {
    const nextHop: Address = ownNextHops.ipv4!;
    return encodeMessage(
      {
        type: 'update',
        withdrawn: [],
        attributes: { origin: 'igp', asPath: [], nextHop, localPref: LOCAL_PREF },
        nlri: [{ prefix }],
        faults: [],
      },
      send,
    );
  }

  take(peer: number): readonly Uint8Array[] {
    return this.#peers[peer]?.queue.splice(0) ?? [];
  }

  peerCounters(peer: number): readonly PeerFamilyCounters[] {
    const told = this.#peers[peer]!;
    if (!told.session && told.routes === 0) return [];
    const { routes: received, stale, queue } = told;
    return [{ family: FAMILY, received, stale, advertised: told.session ? this.#own.size : 0, queued: queue.length }];
  }

  unusedRoutes(peer: number): Readonly<UnusedRoutes> {
    return this.#peers[peer]!.unused;
  }

  pendingOctets(peer: number): number {
    return this.#peers[peer]!.queue.reduce((sum, { length }) => sum + length, 0);
  }

  work(): boolean {
    return false;
  }

  updatePeer(): void {}
  refreshOut(): void {}
  reapplyImport(): void {}
  setClusterId(): void {}
}
