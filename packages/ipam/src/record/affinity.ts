/** BlockAffinity: a node's claim on a block. The block's own record says who owns it; this one says how far the claim is. */
import type { Entry } from '@tortie/store';
import { IpamError } from '../errors.js';
import { assertVersion } from './version.js';

/** Only `confirmed` is advertised. */
export type AffinityState = 'pending' | 'confirmed' | 'pendingDeletion';

export interface AffinityRecord {
  readonly state: AffinityState;
}

export function readAffinity(entry: Entry): AffinityRecord {
  assertVersion(entry);
  const state = (entry.value as Partial<AffinityRecord> | null)?.state;
  if (state === 'pending' || state === 'confirmed' || state === 'pendingDeletion') return { state };
  throw new IpamError('ERR_IPAM_RECORD', `${entry.key} is no affinity`);
}
