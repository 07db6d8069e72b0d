/** Resources that have records of their own in the store. */
import { fromRecord, type Kind, type Resource, resourceKey, resourcePrefix, toRecord } from '@tortie/cluster';
import type { Store } from '@tortie/store';
import { AgentError } from '../../src/errors.js';
import type { Keeper, ListedPage, PageRequest, Present } from './keeper.js';
import { revisionOf } from './keeper.js';

export class StoredKeeper implements Keeper {
  readonly #store: Store;
  readonly #kind: Kind;

  constructor(store: Store, kind: Kind) {
    this.#store = store;
    this.#kind = kind;
  }

  async page({ cursor, limit }: PageRequest): Promise<ListedPage> {
    const prefix = resourcePrefix(this.#kind.plural);
    const resources: Present[] = [];
    const problems: string[] = [];
    const { entries, more } = await this.#store.list(prefix, { limit, ...(cursor && { after: prefix + cursor }) });
    for (const { key, value, revision } of entries) {
      const read = fromRecord(this.#kind.kind, decodeURIComponent(key.slice(prefix.length)), value, revision);
      if ('resource' in read) resources.push(read.resource);
      else problems.push(read.problem);
    }
    return { resources, problems, ...(more && { next: entries.at(-1)!.key.slice(prefix.length) }) };
  }

  async get(name: string): Promise<Present | undefined> {
    const entry = await this.#store.get(this.#key(name));
    if (!entry) return undefined;
    const read = fromRecord(this.#kind.kind, name, entry.value, entry.revision);
    if ('resource' in read) return read.resource;
    throw new AgentError('ERR_AGENT_RECORD', read.problem);
  }

  filled(resource: Resource): Resource {
    return resource;
  }

  async check(): Promise<readonly []> {
    return [];
  }

  async write(resource: Resource, present: Present | undefined): Promise<void> {
    const key = this.#key(resource.metadata.name);
    const revision = present && revisionOf(present);
    const record = toRecord(resource, present?.metadata.creationTimestamp ?? new Date().toISOString());
    if (revision === undefined) await this.#store.create(key, record);
    else await this.#store.update(key, record, revision);
  }

  async remove(present: Present): Promise<void> {
    await this.#store.delete(this.#key(present.metadata.name), revisionOf(present)!);
  }

  #key(name: string): string {
    return resourceKey(this.#kind.plural, name);
  }
}
