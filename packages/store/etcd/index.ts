export { openEtcdStore } from './etcd-store.js';
export type { EtcdStoreOptions } from './options.js';
