/** Changes of resources in the store under HTTP's rules: If-Match names the revision that the writer has seen. */
import { isConflict, type Store } from '@tortie/store';
import { AgentError } from '../../src/errors.js';
import { newerProblem } from '../reconcilers/desired.js';

/** The ETag of a revision. */
export const etagOf = (revision: number): string => `"${revision}"`;

/** Throws ERR_AGENT_REVISION (412) where If-Match is given and is not the present revision. */
export function checkMatch(ifMatch: string | undefined, revision: number): void {
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (tags.includes(etagOf(revision))) return;
  throw new AgentError(
    'ERR_AGENT_REVISION',
    `the resource is at revision ${revision} by now, not at ${ifMatch}; read it again and decide anew`,
  );
}

export interface StoredChange {
  readonly store: Store;
  readonly key: string;
  readonly ifMatch: string | undefined;
  /** "peer tor", for messages. */
  readonly what: string;
}

const notFound = (what: string): AgentError => new AgentError('ERR_AGENT_NOT_FOUND', `there is no ${what}`);

/** Applies `change` to the newest value; a lost race is repeated, as the caller named no revision, or answered 412. */
export async function updateStored(
  { store, key, ifMatch, what }: StoredChange,
  change: (value: unknown) => unknown,
): Promise<void> {
  for (;;) {
    const entry = await store.get(key);
    if (!entry) throw notFound(what);
    checkMatch(ifMatch, entry.revision);
    const problem = newerProblem(what, entry.value);
    if (problem !== undefined) throw new AgentError('ERR_AGENT_RECORD', problem);
    const next = change(entry.value);
    if (JSON.stringify(next) === JSON.stringify(entry.value)) return;
    try {
      await store.update(key, next, entry.revision);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

export async function deleteStored({ store, key, ifMatch, what }: StoredChange): Promise<void> {
  for (;;) {
    const entry = await store.get(key);
    if (!entry) throw notFound(what);
    checkMatch(ifMatch, entry.revision);
    try {
      await store.delete(key, entry.revision);
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** Creates; throws ERR_AGENT_EXISTS (409). */
export async function createStored(store: Store, key: string, value: unknown, what: string): Promise<void> {
  try {
    await store.create(key, value);
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new AgentError('ERR_AGENT_EXISTS', `${what} exists already`, { cause: error });
  }
}
