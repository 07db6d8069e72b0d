/** What is wanted of one kind of resource: that of the file, and that of the store where the file has no such name. */
import type { Store } from '@tortie/store';
import type { FromFile } from '../../src/config/config.js';
import { nameIn } from '../../src/store/keys.js';

export interface Desired<T> {
  readonly spec: T;
  readonly origin: 'file' | 'api';
  /** FILE:LINE. */
  readonly source?: string;
  /** Of the store. */
  readonly revision?: number;
}

/** All that these reconcilers ask of a store. */
export type Lister = Pick<Store, 'list'>;

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
    if (!desired.has(name)) desired.set(name, { spec: value as T, origin: 'api', revision });
  }
  return desired;
}
