/**
 * What is wanted of one kind of resource: that of the file, that of the store where the file has no such name, and what the
 * cluster asks of this node.
 */
import { RECORD_VERSION } from '@tortie/cluster';
import type { Store } from '@tortie/store';
import type { ClusterExtras } from '../../src/cluster/cluster-peer.js';
import type { FromFile } from '../../src/config/config.js';
import { nameIn } from '../../src/store/keys.js';

export interface Desired<T, Origin extends 'file' | 'api' | 'cluster' = 'file' | 'api'> {
  readonly spec: T;
  readonly origin: Origin;
  /** FILE:LINE; of the cluster, what asks for it: "node-to-node mesh". */
  readonly source?: string;
  /** Of the store. */
  readonly revision?: number;
  readonly extras?: ClusterExtras;
  /** Why it cannot be applied. */
  readonly problem?: string;
}

export type AnyDesired<T> = Desired<T, 'file' | 'api' | 'cluster'>;

/** What the cluster wants of this node. */
export type ClusterItem<T> = Required<Pick<AnyDesired<T>, 'spec' | 'source' | 'extras'>> &
  Pick<AnyDesired<T>, 'problem'>;

/** All that these reconcilers ask of a store; `forget` where it keeps what it listed. */
export type Lister = Pick<Store, 'list'> & { forget?(prefix: string): void };

export interface DesiredOptions<T> {
  readonly store: Lister;
  /** Of the keys in the store; the rest of a key is the name. */
  readonly prefix: string;
  readonly fromFile: readonly FromFile<T>[];
}

export async function desiredOf<T extends { readonly name: string }>({
  store,
  prefix,
  fromFile,
}: DesiredOptions<T>): Promise<Map<string, Desired<T>>> {
  const desired = new Map<string, Desired<T>>();
  for (const { spec, source } of fromFile) desired.set(spec.name, { spec, origin: 'file', source });
  for (const { key, value, revision } of (await store.list(prefix)).entries) {
    const name = nameIn(prefix, key);
    if (desired.has(name)) continue;
    const problem = newerProblem(name, value);
    desired.set(name, { spec: value as T, origin: 'api', revision, ...(problem !== undefined && { problem }) });
  }
  return desired;
}

/** Why a record cannot be read: a later version of this program wrote it, and raised its number. */
export function newerProblem(name: string, value: unknown): string | undefined {
  const { recordVersion } = (value ?? {}) as { readonly recordVersion?: unknown };
  if (typeof recordVersion !== 'number' || recordVersion <= RECORD_VERSION) return undefined;
  return `"${name}" was written by a newer Tortie (version ${recordVersion}, this one reads up to ${RECORD_VERSION}); update this agent`;
}

/** What the cluster wants comes behind the rest. */
export function withCluster<T extends { readonly name: string }>(
  desired: ReadonlyMap<string, Desired<T>>,
  items: readonly ClusterItem<T>[],
): Map<string, AnyDesired<T>> {
  const all = new Map<string, AnyDesired<T>>(desired);
  for (const item of items) if (!all.has(item.spec.name)) all.set(item.spec.name, { ...item, origin: 'cluster' });
  return all;
}
