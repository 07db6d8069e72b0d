/** The peers of a speaker by name, by address, and by their number in the RIB. */
import { type Address, addressesEqual, formatAddress, isLinkLocal } from '@tortie/ip';
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

  /** `device` tells link-local addresses apart; a peer whose interface nobody named is there on all of them. */
  at(address: Address, device?: string): Peer | undefined {
    return this.#byAddress.get(addressKey(address, device)) ?? this.#byAddress.get(addressKey(address, undefined));
  }

  /** The peer with a TCP-MD5 key at this address on any interface: the kernel keeps keys by address alone. */
  withPassword(address: Address, except?: Peer): Peer | undefined {
    if (!isLinkLocal(address)) return undefined;
    for (const peer of this) {
      const { remoteAddress, password } = peer.config;
      if (peer !== except && password !== undefined && addressesEqual(remoteAddress, address)) return peer;
    }
    return undefined;
  }

  ofRib(ribPeer: number): Peer | undefined {
    return this.#byRibPeer[ribPeer];
  }

  /** Throws BgpConfigError where another peer has the name or the address. `except` is about to go. */
  assertFree({ name, remoteAddress, device, password }: ResolvedPeerConfig, except?: Peer): void {
    const namesake = this.named(name);
    if (namesake && namesake !== except) throw new BgpConfigError(`there is a peer "${name}" already`, 'name');
    const taken = this.#byAddress.get(addressKey(remoteAddress, device));
    if (taken && taken !== except) {
      const text = `peer "${taken.config.name}" has the address ${formatScoped(remoteAddress, device)} already`;
      throw new BgpConfigError(text, 'remoteAddress');
    }
    const keyed = password === undefined ? undefined : this.withPassword(remoteAddress, except);
    if (keyed && keyed.config.password !== password) {
      const text = `peer "${keyed.config.name}" has another TCP-MD5 key for ${formatAddress(remoteAddress)}, and keys go by address alone, whatever the interface`;
      throw new BgpConfigError(text, 'password');
    }
  }

  add(peer: Peer): void {
    this.#byName.set(peer.config.name, peer);
    this.#byAddress.set(addressKey(peer.config.remoteAddress, peer.config.device), peer);
    this.#byRibPeer[peer.ribPeer] = peer;
  }

  delete(peer: Peer): void {
    this.#byName.delete(peer.config.name);
    this.#byAddress.delete(addressKey(peer.config.remoteAddress, peer.config.device));
    this.#byRibPeer[peer.ribPeer] = undefined;
  }
}

/** A map key: the version matters, 10.0.0.1 is no ::a00:1; so does the interface of a link-local address. */
function addressKey(address: Address, device: string | undefined): string {
  const { version, a, b, c, d } = address;
  if (version === 4) return `${a}`;
  return isLinkLocal(address) && device !== undefined ? `${a}:${b}:${c}:${d}%${device}` : `${a}:${b}:${c}:${d}`;
}

/** Whether two configurations mean the same place to dial. */
export const isSamePlace = (x: ResolvedPeerConfig, y: ResolvedPeerConfig): boolean =>
  addressKey(x.remoteAddress, x.device) === addressKey(y.remoteAddress, y.device);

/** `fe80::1%eth0`; other addresses as ever. */
export const formatScoped = (address: Address, device: string | undefined): string =>
  address.version === 6 && isLinkLocal(address) && device !== undefined
    ? `${formatAddress(address)}%${device}`
    : formatAddress(address);
