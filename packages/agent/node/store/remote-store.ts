/** The store in etcd, and what an agent needs besides: it may be away, set back, or have this node's name already. */

import { join } from 'node:path';
import { counted } from '@tortie/ip';
import type { IpamApi } from '@tortie/ipam';
import { type Entry, isUnavailable, type Store, type StoreError } from '@tortie/store';
import { openEtcdStore } from '@tortie/store/etcd';
import type { AgentConfig } from '../../src/config/config.js';
import { UNWATCHED } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';
import { ipamOf, otherwiseConfigured, type Recorded, recordAgain, sayServicesAgain } from './after-restore.js';
import { NodeClaim } from './node-claim.js';
import type { OpenedStore } from './open-store.js';
import { readCopy, StoreCopy } from './store-copy.js';

/** A store that was restored from an older copy, and what this node made of it. */
export interface Restored extends Recorded {
  /** As a sentence. */
  readonly text: string;
  /** Keys of what is configured otherwise than before. */
  readonly configured: readonly string[];
  /** What this node knew before. */
  readonly file: string;
}

/** A store on other hosts, which may be away. */
export class RemoteStore {
  readonly copy: StoreCopy;
  readonly claim: NodeClaim;
  readonly #store: Store;
  readonly #journal: Journal;
  readonly #onBack = new Set<() => void>();
  #away: { readonly detail: string } | undefined;
  #reached = false;
  #setBack: string | undefined;
  /** What this node knew when the store went back, until its part is recorded again. */
  #before: readonly Entry[] | undefined;
  #restored: Restored | undefined;
  readonly #onSetBack = new Set<() => void>();

  constructor(store: Store, copy: StoreCopy, claim: NodeClaim, journal: Journal) {
    this.#store = store;
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
    const text = `the store went back from revision ${from} to ${to}: it was restored from an older copy, which knows nothing of what was assigned or configured since`;
    this.#setBack = text;
    this.#before ??= this.copy.freeze();
    this.#journal.event({ kind: 'agent', text }, 'error');
    for (const listener of this.#onSetBack) listener();
  }

  /** Called when it was restored from an older copy. */
  onSetBack(listener: () => void): void {
    this.#onSetBack.add(listener);
  }

  /** What became of it when the store was restored from an older copy; undefined: it was not while this agent knew it. */
  get restored(): Restored | undefined {
    return this.#restored;
  }

  /**
   * Records again what this node held where the store went back. To be called before anything is claimed or assigned, and again:
   * what cannot be recorded now may be when its pool is there, or when who has it has given it up.
   */
  async recordAgain(ipam: IpamApi, node: string): Promise<void> {
    const event = (text: string, level: 'info' | 'error'): void => this.#journal.event({ kind: 'agent', text }, level);
    const before = this.#before;
    const known = before ? undefined : this.#restored;
    if (!this.#setBack || (!before && !known?.left.length)) return;
    const services = before ? await sayServicesAgain(this.#store, node, before) : [];
    if (services.length > 0) event(`said again of services with an endpoint here: ${some(services)}`, 'info');
    const held = known?.left ?? (await (await ipamOf(before!)).assignments({ node }));
    const { again, problems, left } = await recordAgain(ipam, node, held);
    const configured = known?.configured ?? (await otherwiseConfigured(this.copy, before!));
    if (again.length > 0) event(`recorded again what this node held: ${some(again)}`, 'info');
    for (const text of problems) if (!known?.problems.includes(text)) event(text, 'error');
    if (configured.length > 0 && !known) event(`configured otherwise than before: ${some(configured)}`, 'error');
    this.#restored = {
      text: this.#setBack,
      again: [...(known?.again ?? []), ...again],
      problems,
      left,
      configured,
      file: this.copy.fileBefore,
    };
    if (!before) return;
    this.#before = undefined;
    this.copy.thaw();
  }

  /** Sentences for the operator. */
  warnings(): readonly string[] {
    const away = this.#away && `The store is away: ${this.#away.detail}; ${this.consequence}.`;
    const { again = [], problems = [], configured = [] } = this.#restored ?? {};
    const setBack =
      this.#setBack &&
      `${this.#setBack}; ${counted(again.length, 'address of this node was', 'addresses of this node were')} recorded again, ${problems.length} cannot be, ${counted(configured.length, 'thing is', 'things are')} configured otherwise: "tortie doctor" tells them`;
    return [away, setBack, this.claim.problem].filter((text) => text !== undefined);
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

const some = (texts: readonly string[]): string =>
  `${texts.slice(0, 5).join(', ')}${texts.length > 5 ? ` and ${texts.length - 5} more` : ''}`;

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
    unwatched: UNWATCHED,
    ...(former?.position !== undefined && { formerPosition: former.position }),
    onSetBack: (from, to) => remote.setBack(from, to),
    onAway: (error) => remote.lost(error),
    onBack: (awayMs) => remote.back(awayMs),
  });
  const copy = new StoreCopy({ node, store, file, former, onProblem });
  const claim = new NodeClaim({ store, node, path, journal });
  const remote = new RemoteStore(store, copy, claim, journal);
  return { store, remote };
}
