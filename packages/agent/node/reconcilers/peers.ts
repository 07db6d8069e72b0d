/** Peers of the file and of the store -> peers of the speaker. */
import { isDeepStrictEqual } from 'node:util';
import type { ChangeImpact } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { PeerSpec } from '../../src/api/peer.js';
import type { FromFile } from '../../src/config/config.js';
import { type BoundPeer, boundPeer } from '../../src/peers/bound-peer.js';
import { type PeerDefaults, peerConfig } from '../../src/peers/peer-config.js';
import { peerPrefix } from '../../src/store/keys.js';
import type { BfdPeers } from '../sessions/bfd-peers.js';
import type { InterfacePeers } from '../sessions/interface-peers.js';
import { type AnyDesired, type ClusterItem, desiredOf, type Lister, withCluster } from './desired.js';
import type { Reconciler } from './reconcile-loop.js';

export interface ManagedPeer extends AnyDesired<PeerSpec> {
  /** With the address it has been found at; absent where it never was, and the speaker does not know it. */
  readonly bound?: BoundPeer | undefined;
  /** It was found once and cannot be there now: no session until it is found again. */
  readonly lost?: boolean;
  /** Why the speaker does not take it. */
  readonly error?: string;
  /** What the last change of the spec did to the session. */
  readonly impact: ChangeImpact;
}

export interface PeersOptions {
  readonly node: string;
  readonly store: Lister;
  readonly filePeers: readonly FromFile<PeerSpec>[];
  readonly speaker: RunningSpeaker;
  readonly bfd: Pick<BfdPeers, 'apply' | 'holds'>;
  readonly interfaces: Pick<InterfacePeers, 'apply' | 'found'>;
  /** As they stand at this moment: the import policy follows pools and blocks. */
  readonly defaults: () => PeerDefaults;
  /** Of the cluster, behind those of the file and the store. */
  readonly cluster?: ClusterPeers;
}

export interface ClusterPeers {
  /** `taken`: addresses that peers of the file and the API have. */
  peers(taken: ReadonlySet<string>): readonly ClusterItem<PeerSpec>[];
  /** Other sessions have taken over from it. */
  wasReplaced(name: string): boolean;
}

export class PeersReconciler implements Reconciler {
  readonly name = 'peers';
  readonly #options: PeersOptions;
  readonly #managed = new Map<string, ManagedPeer>();
  readonly #told = new Set<string>();
  /** Drained by an operator, whatever their configuration says. */
  readonly #drained = new Set<string>();
  /** Names of peers that the speaker has as they are managed: told again, nothing would be different. */
  readonly #settled = new Set<string>();
  #defaults: PeerDefaults | undefined;

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get(name: string): ManagedPeer | undefined {
    return this.#managed.get(name);
  }

  list(): ManagedPeer[] {
    return [...this.#managed.values()].sort((x, y) => (x.spec.name < y.spec.name ? -1 : 1));
  }

  /** To be followed by a round. */
  drain(name: string, drain: boolean): void {
    if (drain) this.#drained.add(name);
    else this.#drained.delete(name);
    this.#settled.delete(name);
  }

  forget(): void {
    this.#options.store.forget?.(peerPrefix(this.#options.node));
  }

  async reconcile(): Promise<void> {
    const { node, store, speaker, filePeers, cluster } = this.#options;
    const own = await desiredOf({ store, prefix: peerPrefix(node), fromFile: filePeers });
    const taken = new Set([...own.values()].flatMap(({ spec }) => spec.remoteAddress ?? []));
    const desired = withCluster(own, cluster?.peers(taken) ?? []);
    for (const name of [...this.#told]) {
      if (desired.has(name)) continue;
      speaker.removePeer(name, { graceful: cluster?.wasReplaced(name) ?? false });
      this.#told.delete(name);
    }
    for (const name of [...this.#managed.keys()]) if (!desired.has(name)) this.#forget(name);
    this.#options.interfaces.apply(interfacesOf(desired.values()));
    const defaults = this.#options.defaults();
    if (!isDeepStrictEqual(defaults, this.#defaults)) this.#settled.clear();
    this.#defaults = defaults;
    for (const [name, peer] of desired) this.#managed.set(name, this.#apply(name, peer, defaults));
    const applied = [...this.#managed.values()].flatMap(({ bound, lost, error }) =>
      bound && !lost && error === undefined ? [bound] : [],
    );
    for (const name of this.#options.bfd.apply(applied)) {
      const peer = this.#managed.get(name);
      // The speaker sees nothing of a change of BFD alone.
      if (peer?.impact === 'none') this.#managed.set(name, { ...peer, impact: 'applied' });
    }
  }

  #forget(name: string): void {
    this.#managed.delete(name);
    this.#settled.delete(name);
    this.#drained.delete(name);
  }

  #apply(name: string, peer: AnyDesired<PeerSpec>, defaults: PeerDefaults): ManagedPeer {
    const managed = this.#managed.get(name);
    // A reflector has thousands: one that joins must not cost a look at each.
    if (managed && this.#settled.has(name) && managed.spec === peer.spec && managed.extras === peer.extras) {
      if (managed.origin === peer.origin && managed.revision === peer.revision && managed.source === peer.source)
        return managed;
    }
    this.#settled.delete(name);
    if (peer.problem !== undefined && !this.#told.has(name)) return { ...peer, impact: 'none', error: peer.problem };
    const before = this.#managed.get(name);
    const same = before !== undefined && before.revision === peer.revision && before.origin === peer.origin;
    const found = boundPeer(peer.spec, peer.spec.interface && this.#options.interfaces.found(peer.spec.interface));
    const bound = found ?? boundPeer(peer.spec, this.#told.has(name) ? before?.bound?.remoteAddress : undefined);
    // Never found: nothing to tell the speaker. Found once: it keeps the counters of the peer, and its last cause.
    if (!bound) return { ...peer, impact: same ? before.impact : 'applied' };
    const lost = found === undefined;
    try {
      const drained = this.#drained.has(name) ? { ...bound, gracefulShutdown: true } : bound;
      const wanted = peerConfig(drained, defaults, peer.extras);
      const config =
        lost || peer.problem !== undefined || this.#options.bfd.holds(peer.spec)
          ? { ...wanted, adminDown: true }
          : wanted;
      let impact: ChangeImpact = 'applied';
      if (this.#told.has(name)) impact = this.#options.speaker.updatePeer(name, config);
      else this.#options.speaker.addPeer(config);
      this.#told.add(name);
      const error = peer.problem === undefined ? {} : { error: peer.problem };
      // What else decides comes and goes without a word to the spec.
      const { bfd, interface: device } = peer.spec;
      if (peer.problem === undefined && !bfd && device === undefined) this.#settled.add(name);
      return { ...peer, bound, lost, impact: same ? before.impact : impact, ...error };
    } catch (error) {
      return { ...peer, impact: 'none', error: (error as Error).message };
    }
  }
}

/** Peers by the interface they are found on; nobody listens for one that is down. */
function interfacesOf(peers: Iterable<AnyDesired<PeerSpec>>): Map<string, string> {
  const names = new Map<string, string>();
  for (const { spec } of peers) {
    if (spec.interface !== undefined && !spec.adminDown && !names.has(spec.interface))
      names.set(spec.interface, spec.name);
  }
  return names;
}
