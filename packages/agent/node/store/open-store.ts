/** Opens the store of the configuration. The code of a backend is loaded by those alone who use it. */
import type { Store } from '@tortie/store';
import type { AgentConfig } from '../../src/config/config.js';
import type { Journal } from '../journal.js';
import type { RemoteStore } from './remote-store.js';

export interface OpenedStore {
  readonly store: Store;
  /** Absent: the store is embedded, and there as long as the agent. */
  readonly remote?: RemoteStore;
}

/** Throws StoreError. */
export async function openStore(config: AgentConfig, journal: Journal): Promise<OpenedStore> {
  const { path, etcd } = config.store;
  if (etcd) {
    const { openRemoteStore } = await import('./remote-store.js');
    return openRemoteStore(config, etcd, journal);
  }
  const { openLmdbStore } = await import('@tortie/store/node');
  return { store: openLmdbStore(path) };
}
