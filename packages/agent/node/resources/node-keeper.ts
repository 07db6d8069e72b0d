/**
 * Nodes: the operator's part, which has a record like other resources, beside what each node says of itself, which is its
 * `status`. A node of which the operator has said nothing is there as well, with an empty `spec`.
 */
import { API_VERSION, kindOf, type Resource } from '@tortie/cluster';
import type { Store } from '@tortie/store';
import type { AgentConfig } from '../../src/config/config.js';
import { ALIVE, aliveKey, NODES, nameIn, nodeKey } from '../../src/store/keys.js';
import { removeNode, whyAlive } from '../cluster/remove-node.js';
import type { Keeper, ListedPage, PageRequest, Present } from './keeper.js';
import { revisionOf } from './keeper.js';
import { StoredKeeper } from './stored-keeper.js';

type Live = Readonly<Record<string, unknown>>;

export class NodeKeeper implements Keeper {
  readonly #store: Store;
  readonly #config: Pick<AgentConfig, 'node' | 'store'>;
  readonly #written: StoredKeeper;

  constructor(store: Store, config: Pick<AgentConfig, 'node' | 'store'>) {
    this.#store = store;
    this.#config = config;
    this.#written = new StoredKeeper(store, kindOf('Node')!);
  }

  /** Names of nodes are written in keys as they are, so that both parts come in one order. */
  async page(request: PageRequest): Promise<ListedPage> {
    const { cursor, limit } = request;
    const [listing, { resources, problems, next }] = await Promise.all([
      this.#store.list(NODES, { limit, ...(cursor && { after: NODES + cursor }) }),
      this.#written.page(request),
    ]);
    const live = new Map(listing.entries.map(({ key, value }) => [key.slice(NODES.length), value as Live]));
    const written = new Map(resources.map((one) => [one.metadata.name, one]));
    const isAlive = await this.#claims(request);
    const names = [...new Set([...written.keys(), ...live.keys()])].sort();
    const page = names.slice(0, limit);
    const more = listing.more || next !== undefined || names.length > limit;
    return {
      resources: page.map((name) => together(name, written.get(name), live.get(name), isAlive(name))!),
      problems,
      ...(more && page.length > 0 && { next: page.at(-1)! }),
    };
  }

  async get(name: string): Promise<Present | undefined> {
    const [written, live] = await Promise.all([this.#written.get(name), this.#store.get(nodeKey(name))]);
    const isAlive = this.#tellsOfAgents ? (await this.#store.get(aliveKey(name))) !== undefined : undefined;
    return together(name, written, live?.value as Live | undefined, isAlive);
  }

  /** Whether agents hold a claim in this store for as long as they run. */
  get #tellsOfAgents(): boolean {
    return 'hold' in this.#store;
  }

  /** Which of the nodes of a page run; undefined where that is not known. */
  async #claims({ cursor, limit }: PageRequest): Promise<(name: string) => boolean | undefined> {
    if (!this.#tellsOfAgents) return () => undefined;
    const { entries, more } = await this.#store.list(ALIVE, { limit, ...(cursor && { after: ALIVE + cursor }) });
    const names = entries.map(({ key }) => nameIn(ALIVE, key));
    const known = new Set(names);
    const last = names.at(-1);
    return (name) => (known.has(name) ? true : more && last !== undefined && name > last ? undefined : false);
  }

  filled(resource: Resource): Resource {
    return resource;
  }

  async check(): Promise<readonly []> {
    return [];
  }

  async write(resource: Resource, present: Present | undefined): Promise<void> {
    await this.#written.write(resource, present);
  }

  async inUse({ metadata: { name } }: Present): Promise<string | undefined> {
    const why = await whyAlive(this.#store, this.#config, name);
    return why && `${why} (by force, only what was said of it goes)`;
  }

  /** By force, of a node whose agent runs, only the operator's part: the node would say again that it is there. */
  async remove(present: Present, { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    const { name } = present.metadata;
    if (!force || (await this.inUse(present)) === undefined) await removeNode(this.#store, name);
    else if (revisionOf(present) !== undefined) await this.#written.remove(present);
  }
}

function together(
  name: string,
  written: Present | undefined,
  live: Live | undefined,
  alive: boolean | undefined,
): Present | undefined {
  if (!written && !live) return undefined;
  const { name: _name, ...status } = live ?? {};
  const resource = written ?? { apiVersion: API_VERSION, kind: 'Node', metadata: { name }, spec: {} };
  return live ? { ...resource, status: { ...status, ...(alive !== undefined && { alive }) } } : resource;
}
