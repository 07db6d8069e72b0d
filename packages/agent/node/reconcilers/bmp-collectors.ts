/** BMP collectors of the file and of the store -> collectors of the speaker. */
import type { RunningSpeaker } from '@tortie/bgp/node';
import type { BmpCollectorSpec } from '../../src/api/bmp.js';
import { type BmpIdentity, collectorConfig } from '../../src/bmp/collector.js';
import type { FromFile } from '../../src/config/config.js';
import { bmpPrefix } from '../../src/store/keys.js';
import { type Desired, desiredOf, type Lister } from './desired.js';
import type { Reconciler } from './reconcile-loop.js';

export interface ManagedCollector extends Desired<BmpCollectorSpec> {
  /** Why the speaker does not take it. */
  readonly error?: string;
}

export interface BmpCollectorsOptions {
  readonly node: string;
  readonly store: Lister;
  readonly speaker: RunningSpeaker;
  readonly fromFile: readonly FromFile<BmpCollectorSpec>[];
  readonly identity: BmpIdentity;
}

export class BmpCollectorsReconciler implements Reconciler {
  readonly name = 'bmp';
  readonly #options: BmpCollectorsOptions;
  readonly #managed = new Map<string, ManagedCollector>();
  /** What the speaker was told, as text, by name. */
  readonly #told = new Map<string, string>();

  constructor(options: BmpCollectorsOptions) {
    this.#options = options;
  }

  get(name: string): ManagedCollector | undefined {
    return this.#managed.get(name);
  }

  list(): ManagedCollector[] {
    return [...this.#managed.values()].sort((x, y) => (x.spec.name < y.spec.name ? -1 : 1));
  }

  forget(): void {
    this.#options.store.forget?.(bmpPrefix(this.#options.node));
  }

  async reconcile(): Promise<void> {
    const { node, store, fromFile } = this.#options;
    const desired = await desiredOf({ store, prefix: bmpPrefix(node), fromFile });
    for (const [name, told] of [...this.#told]) {
      if (JSON.stringify(desired.get(name)?.spec) === told) continue;
      this.#options.speaker.removeBmpCollector(name);
      this.#told.delete(name);
    }
    this.#managed.clear();
    for (const [name, collector] of desired) this.#managed.set(name, this.#apply(name, collector));
  }

  #apply(name: string, collector: ManagedCollector): ManagedCollector {
    if (this.#told.has(name)) return collector;
    if (collector.problem !== undefined) return { ...collector, error: collector.problem };
    const { speaker, identity } = this.#options;
    try {
      speaker.addBmpCollector(collectorConfig(collector.spec, identity));
      this.#told.set(name, JSON.stringify(collector.spec));
      return collector;
    } catch (error) {
      return { ...collector, error: (error as Error).message };
    }
  }
}
