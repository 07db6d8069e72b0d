/** The store in etcd, and what an agent needs besides: it may be away, set back, or have this node's name already. */
import { join } from 'node:path';
import { isUnavailable, type StoreError } from '@tortie/store';
import { openEtcdStore } from '@tortie/store/etcd';
import type { AgentConfig } from '../src/config/config.js';
import type { Journal } from './journal.js';
import { NodeClaim } from './node-claim.js';
import type { OpenedStore } from './open-store.js';
import { readCopy, StoreCopy } from './store-copy.js';

/** A store on other hosts, which may be away. */
export class RemoteStore {
  readonly copy: StoreCopy;
  readonly claim: NodeClaim;
  readonly #journal: Journal;
  readonly #onBack = new Set<() => void>();
  #away: { readonly detail: string } | undefined;
  #reached = false;
  #setBack: string | undefined;

  constructor(copy: StoreCopy, claim: NodeClaim, journal: Journal) {
    this.copy = copy;
    this.claim = claim;
    this.#journal = journal;
  }

  /** Why it does not answer; undefined while it does. */
  get away(): string | undefined {
    return this.#away?.detail;
  }

  /** Whether it has answered since the agent started. */
  get reached(): boolean {
    return this.#reached;
  }

  lost({ message }: StoreError): void {
    this.#away = { detail: message };
    this.#journal.event({ kind: 'agent', text: `the store is away; ${this.consequence}`, cause: message }, 'warn');
  }

  back(awayMs: number): void {
    this.#away = undefined;
    this.found();
    this.#journal.event({ kind: 'agent', text: `the store is back after ${(awayMs / 1000).toFixed(1)} s` });
    this.claim.retake();
    for (const listener of this.#onBack) listener();
  }

  /** Claims the node's name, at once or when the store answers. Throws ERR_AGENT_RUNNING where another agent has it. */
  async claimName(): Promise<void> {
    await this.claim.take().catch((error) => {
      if (!isUnavailable(error)) throw error;
    });
  }

  async close(): Promise<void> {
    await this.claim.release();
    this.copy.close();
  }

  /** It has answered. */
  found(): void {
    if (!this.#away) this.#reached = true;
  }

  /** Called whenever it is back. */
  onBack(listener: () => void): void {
    this.#onBack.add(listener);
  }

  /** It was restored from an older copy. */
  setBack(from: number, to: number): void {
    const text = `the store went back from revision ${from} to ${to}: it was restored from an older copy, which knows nothing of what was assigned or configured since; compare "tortie ipam check" and the pods that run before new ones start`;
    this.#setBack = text;
    this.#journal.event({ kind: 'agent', text }, 'error');
  }

  /** Sentences for the operator. */
  warnings(): readonly string[] {
    const away = this.#away && `The store is away: ${this.#away.detail}; ${this.consequence}.`;
    return [away, this.#setBack, this.claim.problem].filter((text) => text !== undefined);
  }

  /** What its absence means, for the operator. */
  get consequence(): string {
    const goesOn = 'sessions, announcements and routes stay, nothing can be changed or assigned';
    if (this.#reached) return goesOn;
    const { savedAt } = this.copy;
    return savedAt === undefined
      ? 'this node has no copy of it and waits with its blocks and with what is configured by the API'
      : `this node goes by its copy of ${savedAt}: ${goesOn}`;
  }
}

/** Nothing is sent before the first request. Throws ERR_STORE_INVALID. */
export function openRemoteStore(
  { store: { path }, node }: AgentConfig,
  etcd: NonNullable<AgentConfig['store']['etcd']>,
  journal: Journal,
): OpenedStore {
  const { timeoutS, ...options } = etcd;
  const file = join(path, `copy-${node}.json`);
  const onProblem = (text: string, error: Error): void => journal.problem(text, error);
  const former = readCopy(file, onProblem);
  const store = openEtcdStore({
    ...options,
    timeoutMs: timeoutS * 1000,
    ...(former?.position !== undefined && { formerPosition: former.position }),
    onSetBack: (from, to) => remote.setBack(from, to),
    onAway: (error) => remote.lost(error),
    onBack: (awayMs) => remote.back(awayMs),
  });
  const copy = new StoreCopy({ store, file, former, onProblem });
  const claim = new NodeClaim({ store, node, path, journal });
  const remote = new RemoteStore(copy, claim, journal);
  return { store, remote };
}
