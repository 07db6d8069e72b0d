/** The records of this node's pods: in memory, and durable in the store. Nobody else writes them. */
import type { Store } from '@tortie/store';
import type { Pod } from '../../src/api/pod.js';
import { handleOf } from '../../src/pods/names.js';
import { podKey, podPrefix } from '../../src/store/keys.js';

export class PodRecords {
  readonly #store: Store;
  readonly #node: string;
  readonly #byHandle = new Map<string, { readonly record: Pod; readonly revision: number }>();

  private constructor(store: Store, node: string) {
    this.#store = store;
    this.#node = node;
  }

  static async read(store: Store, node: string): Promise<PodRecords> {
    const records = new PodRecords(store, node);
    for (const { value, revision } of (await store.list(podPrefix(node))).entries) {
      const record = value as Pod;
      records.#byHandle.set(handleOf(record), { record, revision });
    }
    return records;
  }

  get(handle: string): Pod | undefined {
    return this.#byHandle.get(handle)?.record;
  }

  list(): Pod[] {
    return [...this.#byHandle.values()].map(({ record }) => record);
  }

  /** Returned means durable. */
  async put(record: Pod): Promise<void> {
    const handle = handleOf(record);
    const key = podKey(this.#node, handle);
    const present = this.#byHandle.get(handle);
    const revision = present
      ? await this.#store.update(key, record, present.revision)
      : await this.#store.create(key, record);
    this.#byHandle.set(handle, { record, revision });
  }

  async delete(handle: string): Promise<void> {
    const present = this.#byHandle.get(handle);
    if (!present) return;
    await this.#store.delete(podKey(this.#node, handle), present.revision);
    this.#byHandle.delete(handle);
  }
}
