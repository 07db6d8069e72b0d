/** Peer ranges of the file and of the store -> ranges of the speaker. */
import type { ChangeImpact } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import { formatAddress } from '@tortie/ip';
import type { PeerSpec } from '../../src/api/peer.js';
import type { PeerRangeSpec } from '../../src/api/peer-range.js';
import type { FromFile } from '../../src/config/config.js';
import { type PeerDefaults, peerRangeConfig } from '../../src/peers/peer-config.js';
import { peerRangePrefix } from '../../src/store/keys.js';
import { type AnyDesired, type ClusterItem, desiredOf, type Lister, withCluster } from './desired.js';
import type { Reconciler } from './reconcile-loop.js';

export interface ManagedRange extends AnyDesired<PeerRangeSpec> {
  /** Why the speaker does not take it. */
  readonly error?: string;
  /** The most that the last change of the spec did to a session. */
  readonly impact: ChangeImpact;
}

/** A peer that came by itself. */
export interface RangePeer {
  readonly spec: PeerSpec;
  readonly origin: 'range';
  /** Name of the range. */
  readonly source: string;
}

export interface PeerRangesOptions {
  readonly node: string;
  readonly store: Lister;
  readonly fileRanges: readonly FromFile<PeerRangeSpec>[];
  readonly speaker: RunningSpeaker;
  /** As they stand at this moment: the import policy follows pools and blocks. */
  readonly defaults: () => PeerDefaults;
  /** Of the cluster, behind those of the file and the store. */
  readonly cluster?: () => readonly ClusterItem<PeerRangeSpec>[];
}

export class PeerRangesReconciler implements Reconciler {
  readonly name = 'peer ranges';
  readonly #options: PeerRangesOptions;
  readonly #managed = new Map<string, ManagedRange>();
  readonly #told = new Set<string>();

  constructor(options: PeerRangesOptions) {
    this.#options = options;
  }

  get(name: string): ManagedRange | undefined {
    return this.#managed.get(name);
  }

  list(): ManagedRange[] {
    return [...this.#managed.values()].sort((x, y) => (x.spec.name < y.spec.name ? -1 : 1));
  }

  /** A peer that a range has, by the peer's name; undefined for others, whose names have no slash. */
  peer(name: string): RangePeer | undefined {
    const range = this.#managed.get(name.slice(0, Math.max(0, name.lastIndexOf('/'))));
    const view = range && this.#options.speaker.peer(name);
    if (!view) return undefined;
    const { prefix: _1, limit: _2, ...settings } = range.spec;
    const { remoteAddress, device } = view.config;
    const spec = {
      ...settings,
      name,
      remoteAddress: formatAddress(remoteAddress),
      ...(device !== undefined && { device }),
    };
    return { spec, origin: 'range', source: range.spec.name };
  }

  peers(): RangePeer[] {
    return this.#options.speaker.peers().flatMap(({ name }) => this.peer(name) ?? []);
  }

  forget(): void {
    this.#options.store.forget?.(peerRangePrefix(this.#options.node));
  }

  async reconcile(): Promise<void> {
    const { node, store, speaker, fileRanges, cluster } = this.#options;
    const own = await desiredOf({ store, prefix: peerRangePrefix(node), fromFile: fileRanges });
    const desired = withCluster(own, cluster?.() ?? []);
    for (const name of [...this.#told]) {
      if (desired.has(name)) continue;
      speaker.removeRange(name);
      this.#told.delete(name);
    }
    for (const name of [...this.#managed.keys()]) if (!desired.has(name)) this.#managed.delete(name);
    const defaults = this.#options.defaults();
    for (const [name, range] of desired) this.#managed.set(name, this.#apply(name, range, defaults));
  }

  #apply(name: string, range: AnyDesired<PeerRangeSpec>, defaults: PeerDefaults): ManagedRange {
    const before = this.#managed.get(name);
    const same = before !== undefined && before.revision === range.revision && before.origin === range.origin;
    // Without its password, or read wrongly, it would let in whom it is not for.
    if (range.problem !== undefined) {
      if (this.#told.delete(name)) this.#options.speaker.removeRange(name);
      return { ...range, impact: 'none', error: range.problem };
    }
    try {
      const config = peerRangeConfig(range.spec, defaults, range.extras);
      let impact: ChangeImpact = 'applied';
      if (this.#told.has(name)) impact = this.#options.speaker.updateRange(config);
      else this.#options.speaker.addRange(config);
      this.#told.add(name);
      return { ...range, impact: same ? before.impact : impact };
    } catch (error) {
      return { ...range, impact: 'none', error: (error as Error).message };
    }
  }
}
