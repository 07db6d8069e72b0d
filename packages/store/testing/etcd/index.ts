export { CutProxy } from './cut-proxy.js';
export { EtcdCluster, type EtcdClusterOptions, etcdMissing, type Place, type TlsFiles } from './etcd-cluster.js';
