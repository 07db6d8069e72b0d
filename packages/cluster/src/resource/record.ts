/**
 * A resource as the store keeps it.
 *
 * `recordVersion` lets agents of different versions share a store. A field that older agents may ignore comes without a new number;
 * the number is raised where an older agent would misread the record. An agent reads records up to its own number, and
 * neither follows nor overwrites one above it: it says so, and goes on by what it knew.
 */
import { API_VERSION, type Metadata, type Resource } from './resource.js';

/** What this program writes, and the newest it reads. */
export const RECORD_VERSION = 1;

export interface ResourceRecord {
  readonly recordVersion: number;
  readonly metadata: Pick<Metadata, 'labels' | 'annotations'> & { readonly creationTimestamp: string };
  readonly spec: unknown;
}

/** `createdAt`: RFC 3339; of the present record where there is one. */
export const toRecord = ({ metadata, spec }: Resource, createdAt: string): ResourceRecord => ({
  recordVersion: RECORD_VERSION,
  metadata: {
    ...(metadata.labels && { labels: metadata.labels }),
    ...(metadata.annotations && { annotations: metadata.annotations }),
    creationTimestamp: createdAt,
  },
  spec,
});

export type FromRecord = { readonly resource: Resource } | { readonly problem: string };

/** The resource of a record, at a revision of the store; or a sentence why it cannot be read. */
export function fromRecord(kind: string, name: string, value: unknown, revision: number): FromRecord {
  const record = (value ?? {}) as Partial<ResourceRecord>;
  if (typeof record.recordVersion !== 'number' || typeof record.spec !== 'object' || record.spec === null) {
    return { problem: `${kind} "${name}" cannot be read: the store has no resource there` };
  }
  if (record.recordVersion > RECORD_VERSION) {
    return {
      problem: `${kind} "${name}" was written by a newer Tortie (version ${record.recordVersion}, this one reads up to ${RECORD_VERSION}); update this agent`,
    };
  }
  const metadata: Metadata = { name, ...record.metadata, resourceVersion: String(revision) };
  return { resource: { apiVersion: API_VERSION, kind, metadata, spec: record.spec } };
}
