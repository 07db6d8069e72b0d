/** What of a resource's metadata is kept as notes in a record of address management. */
import type { Metadata, Resource } from '@tortie/cluster';

export type Notes = Pick<Metadata, 'labels' | 'annotations' | 'creationTimestamp'>;

/** `createdAt`: of the present resource; absent: now. */
export const notesOf = ({ metadata: { labels, annotations } }: Resource, createdAt?: string): Notes => ({
  ...(labels && { labels }),
  ...(annotations && { annotations }),
  creationTimestamp: createdAt ?? new Date().toISOString(),
});
