/** Peers of the file and of the store -> peers of the speaker. */
import type { ChangeImpact } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { Store } from '@tortie/store';
import type { PeerSpec } from '../../src/api/peer.js';
import type { FromFile } from '../../src/config/config.js';
import { type PeerDefaults, peerConfig } from '../../src/peers/peer-config.js';
import { peerPrefix } from '../../src/store/keys.js';
import type { BfdPeers } from '../bfd-peers.js';
import type { Reconciler } from '../reconcile-loop.js';
import { type Desired, desiredOf } from './desired.js';

export interface ManagedPeer extends Desired<PeerSpec> {
  /** Why the speaker does not take it. */
  readonly error?: string;
  /** What the last change of the spec did to the session. */
  readonly impact: ChangeImpact;
}

export interface PeersOptions {
  readonly node: string;
  readonly store: Store;
  readonly filePeers: readonly FromFile<PeerSpec>[];
  readonly speaker: RunningSpeaker;
  readonly bfd: Pick<BfdPeers, 'apply' | 'holds'>;
  /** As they stand at this moment: the import policy follows pools and blocks. */
  readonly defaults: () => PeerDefaults;
}

export class PeersReconciler implements Reconciler {
  readonly name = 'peers';
  readonly #options: PeersOptions;
  readonly #managed = new Map<string, ManagedPeer>();
  readonly #told = new Set<string>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  get(name: string): ManagedPeer | undefined {
    return this.#managed.get(name);
  }

  list(): ManagedPeer[] {
    return [...this.#managed.values()].sort((x, y) => (x.spec.name < y.spec.name ? -1 : 1));
  }

  async reconcile(): Promise<void> {
    const { node, store, speaker, filePeers } = this.#options;
    const desired = await desiredOf({ store, prefix: peerPrefix(node), fromFile: filePeers });
    for (const name of [...this.#told]) {
      if (desired.has(name)) continue;
      speaker.removePeer(name);
      this.#told.delete(name);
    }
    for (const name of [...this.#managed.keys()]) if (!desired.has(name)) this.#managed.delete(name);
    const defaults = this.#options.defaults();
    for (const [name, peer] of desired) this.#managed.set(name, this.#apply(name, peer, defaults));
    const applied = this.list().flatMap(({ spec, error }) => (error === undefined ? [spec] : []));
    for (const name of this.#options.bfd.apply(applied)) {
      const peer = this.#managed.get(name);
      // The speaker sees nothing of a change of BFD alone.
      if (peer?.impact === 'none') this.#managed.set(name, { ...peer, impact: 'applied' });
    }
  }

  #apply(name: string, peer: Desired<PeerSpec>, defaults: PeerDefaults): ManagedPeer {
    const before = this.#managed.get(name);
    const same = before !== undefined && before.revision === peer.revision && before.origin === peer.origin;
    try {
      const wanted = peerConfig(peer.spec, defaults);
      const config = this.#options.bfd.holds(peer.spec) ? { ...wanted, adminDown: true } : wanted;
      let impact: ChangeImpact = 'applied';
      if (this.#told.has(name)) impact = this.#options.speaker.updatePeer(name, config);
      else this.#options.speaker.addPeer(config);
      this.#told.add(name);
      return { ...peer, impact: same ? before.impact : impact };
    } catch (error) {
      return { ...peer, impact: 'none', error: (error as Error).message };
    }
  }
}
