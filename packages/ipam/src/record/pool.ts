/** IPPool: a range of addresses and who may have them. */
import { formatPrefix, type Prefix, parsePrefix } from '@tortie/ip';
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';
import type { Labels } from '../selector.js';
import { type Notes, withNotes } from './notes.js';
import { assertVersion } from './version.js';

export type PoolUse = 'Workload' | 'Tunnel' | 'LoadBalancer';

export type TunnelMode = 'Never' | 'CrossSubnet' | 'Always';

/** Tunnels end where their address is routed to; blocks of load balancers have one owner. */
export const BORROWS: Readonly<Record<PoolUse, boolean>> = { Workload: true, Tunnel: false, LoadBalancer: false };

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
  /** At most one of them is another than Never; IPIP carries IPv4 alone. */
  readonly vxlanMode: TunnelMode;
  readonly ipipMode: TunnelMode;
  readonly wireguardMode: TunnelMode;
  /** Without a tunnel: routes lead straight to the other nodes, which are on one subnet; BGP is not needed. */
  readonly hostGateway: boolean;
  readonly notes?: Notes;
  /** It is to be deleted when its last address is released. */
  readonly terminating: boolean;
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
  ipipMode: 'Never',
  wireguardMode: 'Never',
  hostGateway: false,
  terminating: false,
};

/** The limits and the default of a pool's block size. */
export const BLOCK_SIZES = { 4: { least: 20, most: 32, default: 26 }, 6: { least: 116, most: 128, default: 122 } };

/** Who asks for an address, as far as pools select by it. */
export interface Asker {
  readonly nodeLabels?: Labels;
  readonly namespaceLabels?: Labels;
}

/** The settings of a spec with the defaults filled in. */
export function poolSettings(spec: Partial<PoolSettings>): PoolSettings {
  const { disabled, nodeSelector, namespaceSelector, allowedUses, assignmentMode, natOutgoing, disableBGPExport } =
    spec;
  const d = DEFAULT_POOL_SETTINGS;
  return {
    disabled: disabled ?? d.disabled,
    nodeSelector: nodeSelector ?? d.nodeSelector,
    namespaceSelector: namespaceSelector ?? d.namespaceSelector,
    allowedUses: allowedUses ?? d.allowedUses,
    assignmentMode: assignmentMode ?? d.assignmentMode,
    natOutgoing: natOutgoing ?? d.natOutgoing,
    disableBGPExport: disableBGPExport ?? d.disableBGPExport,
    vxlanMode: spec.vxlanMode ?? d.vxlanMode,
    ipipMode: spec.ipipMode ?? d.ipipMode,
    wireguardMode: spec.wireguardMode ?? d.wireguardMode,
    hostGateway: spec.hostGateway ?? d.hostGateway,
    ...withNotes(spec.notes),
    terminating: spec.terminating ?? d.terminating,
  };
}

export const writePool = ({ name, cidr, blockSize, ...rest }: PoolSpec & { blockSize: number }): unknown => ({
  name,
  cidr: formatPrefix(cidr),
  blockSize,
  ...poolSettings(rest),
});

export function readPool(entry: Entry): Pool {
  assertVersion(entry);
  const record = entry.value as Partial<Record<keyof Pool, unknown>> | null;
  if (typeof record?.name !== 'string' || typeof record.cidr !== 'string' || typeof record.blockSize !== 'number') {
    throw new IpamError('ERR_IPAM_RECORD', `${entry.key} is no pool`);
  }
  return {
    ...poolSettings(record as Partial<PoolSettings>),
    name: record.name,
    cidr: parsePrefix(record.cidr),
    blockSize: record.blockSize,
    revision: entry.revision,
  };
}
