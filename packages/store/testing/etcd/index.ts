export { makeCertificates, type TlsFiles } from './certificates.js';
export { CutProxy } from './cut-proxy.js';
export { EtcdCluster, type EtcdClusterOptions, etcdMissing, type Place } from './etcd-cluster.js';
