/** IPPool: a range of addresses and who may have them. */
import type { Prefix } from '@tortie/ip';
import type { Labels } from '../selector.js';

export type PoolUse = 'Workload' | 'Tunnel' | 'LoadBalancer';

/** What may change while the pool is in use. */
export interface PoolSettings {
  /** Stops new assignments only. */
  readonly disabled: boolean;
  /** Which nodes and namespaces may have addresses; both must match. Naming the pool in a request bypasses them. */
  readonly nodeSelector: string;
  readonly namespaceSelector: string;
  readonly allowedUses: readonly PoolUse[];
  /** Manual: only for requests that name the pool. */
  readonly assignmentMode: 'Automatic' | 'Manual';
  readonly natOutgoing: boolean;
  readonly disableBGPExport: boolean;
  readonly vxlanMode: 'Never' | 'CrossSubnet' | 'Always';
}

/** A pool as it stands. `cidr` and `blockSize` never change. */
export interface Pool extends PoolSettings {
  readonly name: string;
  readonly cidr: Prefix;
  readonly blockSize: number;
  readonly revision: number;
}

/** A pool to be. What is left out takes the default: blocks of /26 or /122, for workloads and tunnels everywhere. */
export interface PoolSpec extends Partial<PoolSettings> {
  readonly name: string;
  readonly cidr: Prefix;
  readonly blockSize?: number;
}

export const DEFAULT_POOL_SETTINGS: PoolSettings = {
  disabled: false,
  nodeSelector: 'all()',
  namespaceSelector: 'all()',
  allowedUses: ['Workload', 'Tunnel'],
  assignmentMode: 'Automatic',
  natOutgoing: false,
  disableBGPExport: false,
  vxlanMode: 'Never',
};

/** The limits and the default of a pool's block size. */
export const BLOCK_SIZES = { 4: { least: 20, most: 32, default: 26 }, 6: { least: 116, most: 128, default: 122 } };

/** Who asks for an address, as far as pools select by it. */
export interface Asker {
  readonly nodeLabels?: Labels;
  readonly namespaceLabels?: Labels;
}
