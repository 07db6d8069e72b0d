/** The agent's configuration with every default filled in: what the rest of the agent reads. */
import type { BmpCollectorSpec } from '../api/bmp.js';
import type { AgentConfigFile, EcmpHash } from '../api/config.js';
import type { PoolSpec } from '../api/ipam.js';
import type { MrtDumpConfig, MrtUpdateConfig } from '../api/mrt.js';
import type { OriginatedSpec } from '../api/originated.js';
import type { PeerSpec } from '../api/peer.js';
import type { PeerRangeSpec } from '../api/peer-range.js';
import type { PolicyLibrary } from '../api/policy.js';
import type { StoreConfig } from '../api/store.js';

type ResilientConfig = NonNullable<NonNullable<NonNullable<AgentConfigFile['kernel']>['ecmp']>['resilient']>;
type EtcdConfig = NonNullable<StoreConfig['etcd']>;
type Filled<T> = { readonly [K in keyof T]-?: NonNullable<T[K]> };
type Section<K extends keyof AgentConfigFile> = Filled<NonNullable<AgentConfigFile[K]>>;

/** Something of the file, with the place where it is written: `FILE:LINE`. */
export interface FromFile<T> {
  readonly spec: T;
  readonly source: string;
}

export interface AgentConfig {
  readonly file: string;
  readonly node: string;
  readonly asn: number;
  /** As configured; absent: the agent finds one. */
  readonly routerId?: string;
  readonly clusterId?: string;
  /** As configured; what is absent is found. */
  readonly nodeAddress: NonNullable<AgentConfigFile['nodeAddress']>;
  readonly api: Omit<Section<'api'>, 'listen' | 'tokenFile'> & {
    readonly listen?: string;
    readonly tokenFile?: string;
  };
  readonly store: {
    readonly path: string;
    /** Absent: the embedded store. */
    readonly etcd?: Required<Pick<EtcdConfig, 'endpoints' | 'prefix' | 'timeoutS'>> & EtcdConfig;
  };
  readonly bgp: Omit<Section<'bgp'>, 'gracefulRestart'> & {
    readonly gracefulRestart: Filled<NonNullable<NonNullable<AgentConfigFile['bgp']>['gracefulRestart']>>;
  };
  readonly kernel: Omit<Section<'kernel'>, 'rule' | 'vrf' | 'ecmp'> &
    Pick<NonNullable<AgentConfigFile['kernel']>, 'rule' | 'vrf'> & {
      readonly ecmp?: {
        readonly hash?: EcmpHash;
        readonly resilient?: Required<Omit<ResilientConfig, 'prefixes'>> & Pick<ResilientConfig, 'prefixes'>;
      };
    };
  /** Absent: this node has no sessions but those it is told of itself. */
  readonly cluster?: NonNullable<AgentConfigFile['cluster']> & Required<Pick<Section<'cluster'>, 'families'>>;
  /** Absent: no pods are plugged in. */
  readonly cni?: Section<'cni'>;
  readonly importPolicy: 'pools' | 'all';
  readonly importDefaultRoute: boolean;
  readonly blocks: Section<'blocks'>;
  readonly pools: readonly PoolSpec[];
  readonly library: PolicyLibrary;
  readonly peers: readonly FromFile<PeerSpec>[];
  readonly peerRanges: readonly FromFile<PeerRangeSpec>[];
  /** Absent parts are not asked for. */
  readonly mrt?: {
    readonly dumps?: Required<Omit<MrtDumpConfig, 'keepHours'>> & Pick<MrtDumpConfig, 'keepHours'>;
    readonly updates?: Required<Omit<MrtUpdateConfig, 'keepHours' | 'peers'>> &
      Pick<MrtUpdateConfig, 'keepHours' | 'peers'>;
  };
  readonly bmp: readonly FromFile<BmpCollectorSpec>[];
  readonly originate: readonly FromFile<OriginatedSpec>[];
  readonly health: Section<'health'>;
  readonly log: Section<'log'>;
}
