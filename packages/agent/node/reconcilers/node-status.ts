/** Tells the other nodes what this one sees: a record in the store, written when it says something else than before. */
import { isDeepStrictEqual } from 'node:util';
import { RECORD_VERSION, resourceKey } from '@tortie/cluster';
import { isConflict, type Store } from '@tortie/store';
import type { AgentEvent } from '../../src/api/status.js';
import type { NodeStatusSpec } from '../../src/node/node-status.js';
import type { Journal } from '../journal.js';
import { ReconcileLoop, type Reconciler } from './reconcile-loop.js';

/** Sessions come and go in numbers: what happens together is told together. */
const SETTLE_MS = 2_000;

/** What changes when something of these happens; numbers of routes come with the slow round. */
const KINDS = new Set(['session', 'peer', 'block', 'fib', 'link', 'agent']);

export interface NodeStatusOptions {
  readonly node: string;
  readonly store: Store;
  readonly journal: Journal;
  readonly read: () => NodeStatusSpec;
}

export class NodeStatusReconciler implements Reconciler {
  readonly name = 'node status';
  readonly #options: NodeStatusOptions;
  readonly #loop: ReconcileLoop;
  #unfollow = (): void => {};
  #told: NodeStatusSpec | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NodeStatusOptions) {
    this.#options = options;
    this.#loop = new ReconcileLoop(this, { journal: options.journal, fullRoundS: 60 });
  }

  start(): void {
    this.#unfollow = this.#options.journal.follow((event) => this.#onEvent(event));
    this.#loop.trigger();
  }

  async reconcile(): Promise<void> {
    const { node, store, read } = this.#options;
    const spec = read();
    if (isDeepStrictEqual(spec, this.#told)) return;
    const key = resourceKey('nodestatuses', node);
    const updatedAt = new Date().toISOString();
    for (;;) {
      const present = await store.get(key);
      const before = present?.value as { metadata?: { creationTimestamp?: string } } | undefined;
      const creationTimestamp = before?.metadata?.creationTimestamp ?? updatedAt;
      const record = { recordVersion: RECORD_VERSION, metadata: { creationTimestamp }, spec: { ...spec, updatedAt } };
      try {
        if (present) await store.update(key, record, present.revision);
        else await store.create(key, record);
        break;
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    this.#told = spec;
  }

  /** What was told may be gone: it is told again. */
  forget(): void {
    this.#told = undefined;
    this.#loop.trigger();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#unfollow();
    await this.#loop.close();
  }

  #onEvent({ kind }: AgentEvent): void {
    if (!KINDS.has(kind)) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#loop.trigger();
    }, SETTLE_MS);
    this.#timer.unref();
  }
}
