/**
 * What the store says of the cluster, kept in memory and fed by watches: resources, and what each node says of itself. A node
 * that joins is one event here, whatever the number of nodes.
 */
import {
  type BgpConfigurationSpec,
  type BgpFilterSpec,
  type BgpPeerSpec,
  ClusterIndex,
  fromRecord,
  type NodeSpec,
  resourceKey,
  resourcePrefix,
  type SessionNode,
} from '@tortie/cluster';
import { type Entry, type FollowEvent, goneIn } from '@tortie/store';
import { NODES } from '../store/keys.js';
import { type NodeFacts, sessionNode } from './session-node.js';

/** The part of a resource that matters here. */
export interface Named<Spec> {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Spec;
}

interface Resources {
  readonly nodes: ReadonlyMap<string, Named<NodeSpec>>;
  readonly bgpconfigurations: ReadonlyMap<string, Named<BgpConfigurationSpec>>;
  readonly bgppeers: ReadonlyMap<string, Named<BgpPeerSpec>>;
  readonly bgpfilters: ReadonlyMap<string, Named<BgpFilterSpec>>;
}
export type ResourceTable = keyof Resources;

/** Resources as they would be after a change; undefined: gone. */
export type ResourceChange = {
  readonly [T in ResourceTable]?: ReadonlyMap<
    string,
    (Resources[T] extends ReadonlyMap<string, infer V> ? V : never) | undefined
  >;
};

const KINDS: { readonly [T in ResourceTable]: string } = {
  nodes: 'Node',
  bgpconfigurations: 'BGPConfiguration',
  bgppeers: 'BGPPeer',
  bgpfilters: 'BGPFilter',
};
export const RESOURCE_TABLES = Object.keys(KINDS) as readonly ResourceTable[];

/** Undefined for kinds that decide about no session. */
export const tableOf = (kind: string): ResourceTable | undefined =>
  RESOURCE_TABLES.find((table) => KINDS[table] === kind);

export class ClusterMirror {
  readonly #node: string;
  readonly #records = new Map<string, NodeFacts>();
  readonly #resources: { readonly [T in ResourceTable]: Map<string, Named<never>> } = {
    nodes: new Map(),
    bgpconfigurations: new Map(),
    bgppeers: new Map(),
    bgpfilters: new Map(),
  };
  readonly #problems = new Map<string, string>();
  #own: NodeFacts | undefined;
  #index: ClusterIndex | undefined;
  /** Names of nodes that are others than the index says; it has everything else. */
  readonly #changed = new Set<string>();

  /** `node`: the name of this node. */
  constructor(node: string) {
    this.#node = node;
  }

  /** What this node says of itself: it counts here before the store has it. True where that is new. */
  setOwn(facts: NodeFacts): boolean {
    if (sameValue(facts, this.#own)) return false;
    this.#own = facts;
    this.#changed.add(this.#node);
    return true;
  }

  /** What a watch of the node records tells. True where it matters for sessions. */
  takeRecords(event: FollowEvent): boolean {
    const put = ({ key, value }: { readonly key: string; readonly value: unknown }): boolean => {
      const name = key.slice(NODES.length);
      const facts = factsOf(value as NodeFacts);
      if (sameValue(this.#records.get(name), facts)) return false;
      this.#records.set(name, facts);
      this.#changed.add(name);
      return true;
    };
    const drop = (name: string): boolean => {
      if (!this.#records.delete(name)) return false;
      this.#changed.add(name);
      return true;
    };
    if (event.type === 'put') return put(event);
    if (event.type === 'delete') return drop(event.key.slice(NODES.length));
    let changed = false;
    const known = [...this.#records.keys()].map((name) => NODES + name);
    for (const key of goneIn(event, known)) changed = drop(key.slice(NODES.length)) || changed;
    for (const entry of event.entries) changed = put(entry) || changed;
    return changed;
  }

  /** What a watch of the resources of a kind tells. True where something changed. */
  takeResources(table: ResourceTable, event: FollowEvent): boolean {
    const map = this.#resources[table];
    const prefix = resourcePrefix(table);
    const nameOf = (key: string): string => decodeURIComponent(key.slice(prefix.length));
    const read = (key: string, value: unknown, revision: number): Named<never> | undefined => {
      const name = nameOf(key);
      const result = fromRecord(KINDS[table], name, value, revision);
      if ('resource' in result) {
        this.#problems.delete(key);
        const { labels } = result.resource.metadata;
        return { metadata: { name, ...(labels && { labels }) }, spec: result.resource.spec as never };
      }
      // What was known of it stays.
      this.#problems.set(key, result.problem);
      return map.get(name);
    };
    const put = ({ key, value, revision }: Entry): string[] => {
      const name = nameOf(key);
      const next = read(key, value, revision);
      if (!next || sameValue(next, map.get(name))) return [];
      map.set(name, next);
      return [name];
    };
    const drop = (key: string): string[] => {
      this.#problems.delete(key);
      return map.delete(nameOf(key)) ? [nameOf(key)] : [];
    };
    let changed: string[];
    if (event.type === 'put') changed = put(event);
    else if (event.type === 'delete') changed = drop(event.key);
    else {
      const problems = [...this.#problems.keys()].filter((key) => key.startsWith(prefix));
      const known = new Set([...[...map.keys()].map((name) => resourceKey(table, name)), ...problems]);
      changed = [...goneIn(event, known).flatMap(drop), ...event.entries.flatMap(put)];
    }
    if (changed.length === 0) return false;
    if (table === 'nodes') for (const name of changed) this.#changed.add(name);
    else if (table !== 'bgpfilters') this.#index = undefined;
    return true;
  }

  /** The present state, indexed once per change; nodes that are as they were are the same objects. */
  get index(): ClusterIndex {
    if (!this.#index) this.#index = this.indexWith({});
    else if (this.#changed.size > 0) {
      this.#index = this.#index.withNodes(new Map([...this.#changed].map((name) => [name, this.#sessionNode(name)])));
    }
    this.#changed.clear();
    return this.#index;
  }

  /** As it would be with other resources. */
  indexWith(change: ResourceChange): ClusterIndex {
    const nodes = this.resources('nodes', change);
    const names = new Set(nodes.keys());
    for (const [name, { cluster }] of this.#records) if (cluster) names.add(name);
    if (this.#own?.cluster) names.add(this.#node);
    return new ClusterIndex({
      nodes: [...names].map((name): SessionNode => sessionNode(name, nodes.get(name), this.facts(name))),
      configurations: new Map([...this.resources('bgpconfigurations', change)].map(([name, { spec }]) => [name, spec])),
      peers: [...this.resources('bgppeers', change)].map(([name, { spec }]) => ({ name, spec })),
    });
  }

  /** Undefined where there is neither a resource nor an agent that takes part. */
  #sessionNode(name: string): SessionNode | undefined {
    const resource = this.#resources.nodes.get(name);
    const facts = this.facts(name);
    if (!resource && !facts?.cluster && !this.#records.get(name)?.cluster) return undefined;
    return sessionNode(name, resource, facts);
  }

  /** Of one kind, by name. */
  resources<T extends ResourceTable>(table: T, change: ResourceChange = {}): Resources[T] {
    const present = this.#resources[table];
    const changes = change[table] as ReadonlyMap<string, Named<never> | undefined> | undefined;
    if (!changes) return present as Resources[T];
    const next = new Map(present);
    for (const [name, value] of changes) {
      if (value === undefined) next.delete(name);
      else next.set(name, value);
    }
    return next as Resources[T];
  }

  filter(name: string): BgpFilterSpec | undefined {
    return this.resources('bgpfilters').get(name)?.spec;
  }

  /** What a node says of itself. */
  facts(node: string): NodeFacts | undefined {
    return node === this.#node ? this.#own : this.#records.get(node);
  }

  /** Resources that cannot be read, as sentences. */
  get problems(): readonly string[] {
    return [...this.#problems.values()];
  }
}

/** Only what matters for sessions, so that other changes of a record are none. */
const factsOf = ({
  name,
  asn,
  clusterId,
  ipv4Address,
  ipv6Address,
  labels,
  listenPort,
  cluster,
}: NodeFacts): NodeFacts => ({
  name,
  asn,
  ...(clusterId !== undefined && { clusterId }),
  ...(ipv4Address !== undefined && { ipv4Address }),
  ...(ipv6Address !== undefined && { ipv6Address }),
  ...(labels && { labels }),
  ...(listenPort !== undefined && { listenPort }),
  ...(cluster !== undefined && { cluster }),
});

const sameValue = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
