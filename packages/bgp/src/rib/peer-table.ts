/** Peers by dense index, with what the decision process asks of them in typed arrays. Index 0 is ourselves. */
import { type Address, ipv4 } from '@tortie/ip';
import type { CompiledPolicy } from '../route-policy/compile.js';
import type { ImportRules } from './import-rules.js';
import type { RibSession } from './rib-session.js';
import { noUnusedRoutes, type UnusedRoutes } from './unused-routes.js';

/** `longLived`: a peer to whom we have advertised long-lived graceful restart. */
export const PEER_KIND = { ebgp: 1, local: 2, client: 4, longLived: 8 } as const;

/** Peer indexes share a word with an epoch or a generation. */
export const MAX_PEERS = 0xffff;

export interface Peer {
  readonly index: number;
  readonly name: string;
  readonly address: Address;
  session: RibSession | undefined;
  /** What the session does to received routes before the import policy; it outlives the session, as stale routes do. */
  importRules: ImportRules | undefined;
  importPolicy: CompiledPolicy | undefined;
  /** Counted anew with every session. */
  unused: UnusedRoutes;
  /** The bit of the attribute table's session contexts, without the one for MP_REACH_NLRI. */
  contextShift: number;
  removed: boolean;
  /** onOutput was called and take() has not yet emptied the output since. */
  signalled: boolean;
}

export class PeerTable {
  readonly peers: (Peer | undefined)[] = [];
  kind = new Uint8Array(16);
  routerId = new Int32Array(16);
  /** Counts changes of what others are told of the peer's routes: router ID, kind. 15 bits. */
  generation = new Uint16Array(16);
  readonly #free: number[] = [];
  readonly #retired: number[] = [];

  constructor(routerId: number) {
    this.add('ourselves', ipv4(0));
    this.kind[0] = PEER_KIND.local;
    this.routerId[0] = routerId;
  }

  add(name: string, address: Address): Peer {
    const index = this.#free.pop() ?? this.peers.length;
    if (index >= MAX_PEERS) throw new RangeError(`a RIB has at most ${MAX_PEERS} peers`);
    if (index >= this.kind.length) this.#grow(index * 2);
    const peer: Peer = {
      index,
      name,
      address,
      session: undefined,
      importRules: undefined,
      importPolicy: undefined,
      unused: noUnusedRoutes(),
      contextShift: 0,
      removed: false,
      signalled: false,
    };
    this.peers[index] = peer;
    return peer;
  }

  get(index: number): Peer {
    const peer = this.peers[index];
    if (!peer || peer.removed) throw new RangeError(`there is no peer ${index}`);
    return peer;
  }

  /** The index may be used again once nothing refers to it any more: at the next idle(). */
  retire(index: number): void {
    this.peers[index]!.removed = true;
    this.#retired.push(index);
  }

  /** Called when no route, mark or advertised row of a retired peer can be left. */
  idle(): void {
    for (const index of this.#retired) {
      this.peers[index] = undefined;
      this.#free.push(index);
    }
    this.#retired.length = 0;
  }

  get hasRetired(): boolean {
    return this.#retired.length > 0;
  }

  /** Sets what others are told; a change makes the peer's routes new ones to update groups. */
  identify(index: number, kind: number, routerId: number): void {
    if (this.kind[index] === kind && this.routerId[index] === (routerId | 0)) return;
    this.kind[index] = kind;
    this.routerId[index] = routerId;
    this.generation[index] = (this.generation[index]! + 1) & 0x7fff;
  }

  /** The peer with its generation, as advertised rows keep it. */
  source(index: number): number {
    return index | (this.generation[index]! << 16);
  }

  #grow(size: number): void {
    const kind = new Uint8Array(size);
    kind.set(this.kind);
    this.kind = kind;
    const routerId = new Int32Array(size);
    routerId.set(this.routerId);
    this.routerId = routerId;
    const generation = new Uint16Array(size);
    generation.set(this.generation);
    this.generation = generation;
  }
}
