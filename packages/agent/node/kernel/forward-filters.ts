/** Looks, and only looks, at what packet filters of others do with the packets of pods, and tells when that changes. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { IpVersion, Prefix } from '@tortie/ip';
import type { IpamApi } from '@tortie/ipam';
import { LinuxError, readsMarks } from '@tortie/linux';
import { hookedChains } from '@tortie/linux/node';
import { type DroppedPods, droppedByLegacy, droppedPods } from '../../src/filters/dropped-pods.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from '../reconcilers/reconcile-loop.js';

export interface ForwardFiltersOptions {
  readonly pools: Pick<IpamApi['pools'], 'list'>;
  /** Name of the interface towards other nodes. */
  readonly uplink: (version: IpVersion) => string | undefined;
  readonly journal: Journal;
}

/** Who asks twice in a moment gets one look. */
const FRESH_MS = 2000;
const LEGACY = [
  { version: 4, tables: '/proc/net/ip_tables_names', command: 'iptables-legacy' },
  { version: 6, tables: '/proc/net/ip6_tables_names', command: 'ip6tables-legacy' },
] as const;

const run = promisify(execFile);

export class ForwardFilters implements Reconciler {
  readonly name = 'forward-filters';
  readonly #options: ForwardFiltersOptions;
  #found: readonly DroppedPods[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(options: ForwardFiltersOptions) {
    this.#options = options;
  }

  /** As of the last look. */
  get found(): readonly DroppedPods[] {
    return this.#found;
  }

  /** What it finds has nobody waiting for it: a look that fails is no fault of the node's. */
  async reconcile(): Promise<void> {
    const pools = (await this.#options.pools.list()).map(({ cidr }) => cidr);
    const found = [...(await this.#inNftables(pools)), ...(await this.#inLegacy(pools))];
    const before = new Set(this.#found.map(({ text }) => text));
    const after = new Set(found.map(({ text }) => text));
    for (const { text, remedy } of found) {
      if (!before.has(text)) this.#options.journal.event({ kind: 'fib', text, cause: `remedy: ${remedy}` }, 'warn');
    }
    for (const { subject, text } of this.#found) {
      if (!after.has(text)) this.#options.journal.event({ kind: 'fib', text: `${subject} lets packets of pods pass` });
    }
    this.#found = found;
    this.#lookedAt = performance.now();
  }

  /** For who wants to know how it is now. */
  async refresh(): Promise<void> {
    if (performance.now() - this.#lookedAt < FRESH_MS) return;
    this.#looking ??= this.reconcile()
      .catch(() => {})
      .finally(() => {
        this.#looking = undefined;
      });
    await this.#looking;
  }

  async #inNftables(pools: readonly Prefix[]): Promise<DroppedPods[]> {
    const { uplink } = this.#options;
    try {
      const uplinks = { 4: uplink(4) ?? 'eth0', 6: uplink(6) ?? 'eth0' };
      const chains = await hookedChains('forward');
      const before = chains.some(({ contents }) => readsMarks(contents)) ? await hookedChains('prerouting') : [];
      return droppedPods(chains, before, pools, uplinks);
    } catch (error) {
      // A kernel without nf_tables drops nothing by them.
      if (error instanceof LinuxError && ['EINVAL', 'EOPNOTSUPP', 'EPROTONOSUPPORT'].includes(error.errnoName ?? ''))
        return [];
      throw error;
    }
  }

  /** Asked only where the old tables are in use: asking makes them. */
  async #inLegacy(pools: readonly Prefix[]): Promise<DroppedPods[]> {
    const found: DroppedPods[] = [];
    for (const { version, tables, command } of LEGACY) {
      const names = await readFile(tables, 'utf8').catch(() => '');
      if (!names.split('\n').includes('filter')) continue;
      const printed = await run(command, ['-S'], { timeout: 5000 }).then(
        ({ stdout }) => stdout,
        () => '',
      );
      const own = pools.filter((pool) => pool.version === version);
      found.push(...droppedByLegacy(printed, command, own));
    }
    return found;
  }
}
