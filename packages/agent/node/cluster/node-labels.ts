/**
 * Labels of this node, which pools select by: those of its Node resource, and its name as Kubernetes writes it. Kept in memory, and
 * true again as soon as the resource changes.
 */
import { fromRecord, resourceKey } from '@tortie/cluster';
import { type FollowEvent, isUnavailable, type Store } from '@tortie/store';

type Labels = Readonly<Record<string, string>>;

export class NodeLabels {
  readonly key: string;
  readonly #node: string;
  #said: Labels = {};

  constructor(node: string) {
    this.#node = node;
    this.key = resourceKey('nodes', node);
  }

  /** Undefined for other nodes. */
  of(node: string): Labels | undefined {
    return node === this.#node ? { 'kubernetes.io/hostname': node, ...this.#said } : undefined;
  }

  /** Before anything is claimed; a store that is away tells later. */
  async load(store: Store): Promise<void> {
    try {
      this.#said = this.#read((await store.get(this.key))?.value);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
    }
  }

  /** What a watch of the key tells. True: they are others now. */
  take(event: FollowEvent): boolean {
    // It is the first of all keys that begin with it.
    const concerns = event.type === 'page' ? event.after === undefined : event.key === this.key;
    if (!concerns) return false;
    const entry = event.type === 'page' ? event.entries.find(({ key }) => key === this.key) : event;
    const former = this.#said;
    this.#said = this.#read(entry && 'value' in entry ? entry.value : undefined);
    return JSON.stringify(former) !== JSON.stringify(this.#said);
  }

  /** Of a record that cannot be read, or of a later version, what was known. */
  #read(value: unknown): Labels {
    if (value === undefined) return {};
    const read = fromRecord('Node', this.#node, value, 0);
    return 'resource' in read ? (read.resource.metadata.labels ?? {}) : this.#said;
  }
}
