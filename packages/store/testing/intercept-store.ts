/** A store that shows each call before and after it reaches the real one: to count, to delay, to fail, to crash. */
import type { AbortSignalLike, Operation, Store } from '../src/index.js';

export interface StoreCall {
  readonly method: 'get' | 'list' | 'commit' | 'changes';
  /** Key or prefix; of a commit the first key. */
  readonly key: string;
  /** The operations of a commit. */
  readonly operations: readonly Operation[];
}

export interface Interceptor {
  /** May wait or throw. */
  before?(call: StoreCall): Promise<void> | void;
  /** Runs when the call has taken effect; may wait or throw (the answer is then lost, the effect is not). */
  after?(call: StoreCall): Promise<void> | void;
}

/** Wraps a store; create, update and delete show as commits. */
export function interceptStore(store: Store, interceptor: Interceptor): Store {
  async function around<T>(
    method: StoreCall['method'],
    key: string,
    operations: readonly Operation[],
    call: () => Promise<T>,
  ) {
    const shown: StoreCall = { method, key, operations };
    await interceptor.before?.(shown);
    const result = await call();
    await interceptor.after?.(shown);
    return result;
  }
  const commit = (operations: readonly Operation[]) =>
    around('commit', operations[0]?.key ?? '', operations, () => store.commit(operations));
  return {
    multiKey: store.multiKey,
    get: (key) => around('get', key, [], () => store.get(key)),
    list: (prefix, part) => around('list', prefix, [], () => store.list(prefix, part)),
    create: (key, value) => commit([{ type: 'create', key, value }]),
    update: (key, value, revision) => commit([{ type: 'update', key, value, revision }]),
    delete: (key, revision) => commit([{ type: 'delete', key, revision }]),
    commit,
    changes: (prefix, revision) => around('changes', prefix, [], () => store.changes(prefix, revision)),
    watch: (prefix: string, revision: number, options?: { readonly signal?: AbortSignalLike }) =>
      store.watch(prefix, revision, options),
    close: () => store.close(),
  };
}
