/** The peers of a speaker by name, by address, and by their number in the RIB. */
import { type Address, formatAddress } from '@tortie/ip';
import type { ResolvedPeerConfig } from '../config.js';
import { BgpConfigError } from '../config-error.js';
import type { Peer } from './peer.js';

export class PeerDirectory {
  readonly #byName = new Map<string, Peer>();
  readonly #byAddress = new Map<string, Peer>();
  readonly #byRibPeer: (Peer | undefined)[] = [];

  get size(): number {
    return this.#byName.size;
  }

  [Symbol.iterator](): IterableIterator<Peer> {
    return this.#byName.values();
  }

  named(name: string): Peer | undefined {
    return this.#byName.get(name);
  }

  /** Throws BgpConfigError where there is no peer of this name. */
  require(name: string): Peer {
    const peer = this.#byName.get(name);
    if (!peer) throw new BgpConfigError(`there is no peer "${name}"`, 'name');
    return peer;
  }

  at(address: Address): Peer | undefined {
    return this.#byAddress.get(addressKey(address));
  }

  ofRib(ribPeer: number): Peer | undefined {
    return this.#byRibPeer[ribPeer];
  }

  /** Throws BgpConfigError where another peer has the name or the address. `except` is about to go. */
  assertFree({ name, remoteAddress }: ResolvedPeerConfig, except?: Peer): void {
    const namesake = this.named(name);
    if (namesake && namesake !== except) throw new BgpConfigError(`there is a peer "${name}" already`, 'name');
    const taken = this.at(remoteAddress);
    if (!taken || taken === except) return;
    const text = `peer "${taken.config.name}" has the address ${formatAddress(remoteAddress)} already`;
    throw new BgpConfigError(text, 'remoteAddress');
  }

  add(peer: Peer): void {
    this.#byName.set(peer.config.name, peer);
    this.#byAddress.set(addressKey(peer.config.remoteAddress), peer);
    this.#byRibPeer[peer.ribPeer] = peer;
  }

  delete(peer: Peer): void {
    this.#byName.delete(peer.config.name);
    this.#byAddress.delete(addressKey(peer.config.remoteAddress));
    this.#byRibPeer[peer.ribPeer] = undefined;
  }
}

/** A map key: the version matters, 10.0.0.1 is no ::a00:1. */
const addressKey = ({ version, a, b, c, d }: Address): string => (version === 4 ? `${a}` : `${a}:${b}:${c}:${d}`);
