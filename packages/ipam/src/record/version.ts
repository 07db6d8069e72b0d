/**
 * Versions of records. One without `recordVersion` has version 1; a program that changes what a record means raises it. Agents
 * of two versions share a store while a cluster is upgraded: what a later one wrote is neither guessed at nor written over.
 */
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';

/** The latest version this program knows, of every kind of record. */
export const RECORD_VERSION = 1;

/** Throws `ERR_IPAM_VERSION` for a record of a later version. */
export function assertVersion({ key, value }: Pick<Entry, 'key' | 'value'>): void {
  const version = (value as { readonly recordVersion?: unknown } | null | undefined)?.recordVersion;
  if (typeof version !== 'number' || version <= RECORD_VERSION) return;
  throw new IpamError(
    'ERR_IPAM_VERSION',
    `${key} has version ${version}, this program knows version ${RECORD_VERSION}; update this node's Tortie`,
  );
}
