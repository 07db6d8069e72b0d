/**
 * Frees what nobody uses any more, tests the invariants of this node, and has pools that are to go make progress. Every agent
 * looks after its own node; what belongs to nodes that are gone, and to nobody, is for one of them: the first of those alive where
 * the store knows who that is, else each. Two that take themselves for it do no harm: every release names its assignment.
 *
 * A node is gone when its record is, and no agent of its name runs. An agent that is merely down proves nothing: its pods run on.
 */
import {
  Garbage,
  type GarbageReport,
  type IpamApi,
  type Leak,
  type LeakOutcome,
  type LeakRef,
  LOAD_BALANCER,
} from '@tortie/ipam';
import type { Store } from '@tortie/store';
import { podOf } from '../../src/pods/pod-facts.js';
import { ALIVE, aliveKey, NODES, nameIn, nodeKey } from '../../src/store/keys.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from '../reconcilers/reconcile-loop.js';

export interface GarbageCollectorOptions {
  readonly node: string;
  readonly ipam: IpamApi;
  readonly store: Store;
  readonly journal: Journal;
  /** Handles of the pods of this node; undefined: not known. */
  readonly pods: () => ReadonlySet<string> | undefined;
}

export class GarbageCollector implements Reconciler {
  readonly name = 'garbage';
  readonly #options: GarbageCollectorOptions;
  readonly #garbage: Garbage;
  #candidates = 0;
  #findings: readonly string[] = [];

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    this.#garbage = new Garbage({
      ipam: options.ipam,
      now: () => performance.now(),
      liveness: { node: (name) => this.#node(name), workload: async (handle, one) => this.#workload(handle, one) },
    });
  }

  /** Of the last pass. */
  get candidates(): number {
    return this.#candidates;
  }

  /** Addresses freed since the start, by pool. */
  get reclaimed(): ReadonlyMap<string, number> {
    return this.#garbage.reclaimed;
  }

  /** Broken invariants of this node, as sentences. */
  get findings(): readonly string[] {
    return this.#findings;
  }

  async reconcile(): Promise<void> {
    await this.collect();
    await this.#retirePools();
    const { ipam, node } = this.#options;
    this.#findings = (await ipam.checkNode(node)).map(({ code, key, detail }) => `${code} ${key}: ${detail}`);
  }

  /** One pass. A dry run frees nothing. */
  async collect({ dryRun = false }: { readonly dryRun?: boolean } = {}): Promise<GarbageReport> {
    const { journal } = this.#options;
    const nodes = await this.#scope();
    const report = await this.#garbage.collect({ dryRun, ...(nodes && { nodes }) });
    if (dryRun) return report;
    this.#candidates = report.candidates.length;
    for (const { code, key, detail } of report.freed) {
      const text = code === 'empty-block' ? `freed block ${key}` : `freed the addresses of ${key}`;
      journal.event({ kind: 'block', subject: key, text, cause: detail });
    }
    return report;
  }

  /** What is leaked now, as far as this node can tell. */
  async leaks(): Promise<readonly Leak[]> {
    return this.#garbage.leaks(await this.#scope());
  }

  async release(leaks: readonly LeakRef[]): Promise<LeakOutcome> {
    const outcome = await this.#garbage.release(leaks);
    for (const { handle } of outcome.released) {
      this.#options.journal.event({
        kind: 'block',
        subject: handle,
        text: `freed an address of ${handle}`,
        cause: 'a report',
      });
    }
    return outcome;
  }

  /** Whose part to look at; undefined: all, and what belongs to nobody. */
  async #scope(): Promise<readonly string[] | undefined> {
    const { node, store } = this.#options;
    if (!('hold' in store)) return undefined;
    const alive = (await store.list(ALIVE)).entries.map(({ key }) => nameIn(ALIVE, key)).sort();
    return alive[0] === node ? undefined : [node];
  }

  async #retirePools(): Promise<void> {
    const { ipam, journal } = this.#options;
    for (const { name, terminating } of await ipam.pools.list()) {
      if (!terminating || (await ipam.pools.retire(name))?.stage !== 'deleted') continue;
      journal.event({
        kind: 'block',
        subject: name,
        text: `deleted pool ${name}`,
        cause: 'its last address was released',
      });
    }
  }

  async #node(name: string): Promise<'alive' | 'gone'> {
    const { node, store } = this.#options;
    if (name === node || name === LOAD_BALANCER) return 'alive';
    const known = (await store.get(nodeKey(name))) ?? (await store.get(aliveKey(name)));
    return known ? 'alive' : 'gone';
  }

  /** Only of pods of this node is anything known; addresses somebody asked for by the API are theirs to release. */
  #workload(handle: string, assignment: Leak | Parameters<typeof podOf>[0][number]): 'alive' | 'gone' | 'unknown' {
    if (assignment.node !== this.#options.node || !podOf([assignment])) return 'unknown';
    const pods = this.#options.pods();
    if (!pods) return 'unknown';
    return pods.has(handle) ? 'alive' : 'gone';
  }
}

/** Names of nodes that have told of themselves, for those who list nodes. */
export async function knownNodes(store: Store): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for (const prefix of [NODES, ALIVE])
    for (const { key } of (await store.list(prefix)).entries) names.add(nameIn(prefix, key));
  return names;
}
