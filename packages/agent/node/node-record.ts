/** What each node says of itself in the store, and what looks wrong when the records are put side by side. */
import { isConflict, type Store } from '@tortie/store';
import { NODES, nodeKey } from '../src/store/keys.js';

export interface NodeRecord {
  readonly name: string;
  readonly asn: number;
  readonly routerId: string;
  readonly clusterId?: string;
  readonly version: string;
  readonly startedAt: string;
}

export async function writeNodeRecord(store: Store, record: NodeRecord): Promise<void> {
  const key = nodeKey(record.name);
  for (;;) {
    try {
      const present = await store.get(key);
      if (present) await store.update(key, record, present.revision);
      else await store.create(key, record);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** Sentences for the operator; empty where all is well. */
export async function findNodeConflicts(store: Store, own: NodeRecord): Promise<string[]> {
  const { entries } = await store.list(NODES);
  const warnings: string[] = [];
  for (const { value } of entries) {
    const other = value as NodeRecord;
    if (other.name === own.name) continue;
    // RFC 6286: the identifier is unique within an AS.
    if (other.routerId === own.routerId && other.asn === own.asn) {
      warnings.push(
        `router ID ${own.routerId} is also that of node "${other.name}" in AS ${own.asn}; sessions between the two, and reflection, will fail: set routerId on one of them`,
      );
    }
  }
  return warnings;
}
