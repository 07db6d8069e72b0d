/** Which kind is kept where, a row each. */
import { KINDS, kindOf } from '@tortie/cluster';
import type { IpamApi } from '@tortie/ipam';
import type { Store } from '@tortie/store';
import type { AgentConfig } from '../../src/config/config.js';
import { IpamConfigurationKeeper } from './ipam-configuration-keeper.js';
import type { Keeper, ReadKeeper } from './keeper.js';
import { NodeKeeper } from './node-keeper.js';
import { PoolKeeper } from './pool-keeper.js';
import { ReservationKeeper } from './reservation-keeper.js';
import { StoredKeeper } from './stored-keeper.js';
import { blockAffinities, ipamBlocks, ipamHandles, nodeStatuses } from './view-keepers.js';

export interface KeepersOptions {
  readonly store: Store;
  readonly ipam: IpamApi;
  readonly config: Pick<AgentConfig, 'node' | 'store'>;
}

export class Keepers {
  readonly #writable: ReadonlyMap<string, Keeper>;
  readonly #views: ReadonlyMap<string, ReadKeeper>;

  constructor({ store, ipam, config }: KeepersOptions) {
    this.#writable = new Map<string, Keeper>([
      ['IPAMConfiguration', new IpamConfigurationKeeper(ipam)],
      ['IPReservation', new ReservationKeeper(ipam)],
      ['IPPool', new PoolKeeper(ipam)],
      ['Node', new NodeKeeper(store, config)],
      ...['BGPFilter', 'BGPConfiguration', 'BGPPeer'].map(
        (kind) => [kind, new StoredKeeper(store, kindOf(kind)!)] as const,
      ),
    ]);
    this.#views = new Map([
      ['BlockAffinity', blockAffinities(ipam)],
      ['IPAMBlock', ipamBlocks(ipam)],
      ['IPAMHandle', ipamHandles(ipam)],
      ['NodeStatus', nodeStatuses(store)],
    ]);
    const missing = KINDS.filter(({ kind }) => !this.#writable.has(kind) && !this.#views.has(kind));
    if (missing.length > 0) throw new Error(`kinds that nobody keeps: ${missing.map(({ kind }) => kind)}`);
  }

  /** Of a kind that users write; undefined for others. */
  writable(kind: string): Keeper | undefined {
    return this.#writable.get(kind);
  }

  reader(kind: string): ReadKeeper {
    return (this.#writable.get(kind) ?? this.#views.get(kind))!;
  }
}
