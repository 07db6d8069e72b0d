/** Looks, and only looks, at what packet filters of others do with the packets of pods, and tells when that changes. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { IpVersion, Prefix } from '@tortie/ip';
import type { IpamApi } from '@tortie/ipam';
import { LinuxError, readsMarks } from '@tortie/linux';
import { hookedChains } from '@tortie/linux/node';
import { type DroppedPods, droppedPods, type FilterChain } from '../../src/filters/dropped-pods.js';
import { readLegacyFilter } from '../../src/filters/legacy-rules.js';
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

/** What rules of hundreds of thousands of addresses take. */
const MOST_OCTETS = 64 * 1024 * 1024;

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
    const found = await this.#look(pools);
    const isTold = ({ code }: DroppedPods): boolean => code === 'pods-dropped';
    const before = new Set(this.#found.filter(isTold).map(({ text }) => text));
    const after = new Set(found.filter(isTold).map(({ text }) => text));
    for (const { code, text, remedy } of found) {
      if (code === 'pods-dropped' && !before.has(text))
        this.#options.journal.event({ kind: 'fib', text, cause: `remedy: ${remedy}` }, 'warn');
    }
    for (const { subject, text } of this.#found.filter(isTold)) {
      if (after.has(text)) continue;
      const rest = found.some((one) => one.subject === subject)
        ? 'may let packets of pods pass'
        : 'lets packets of pods pass';
      this.#options.journal.event({ kind: 'fib', text: `${subject} ${rest}` });
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

  async #look(pools: readonly Prefix[]): Promise<DroppedPods[]> {
    const { uplink } = this.#options;
    const uplinks = { 4: uplink(4) ?? 'eth0', 6: uplink(6) ?? 'eth0' };
    const versions = new Set(pools.map(({ version }) => version));
    const [nftables, before] = await nftablesChains();
    const { chains, unread } = await legacyChains(versions);
    return [...droppedPods([...nftables, ...chains], before, pools, uplinks), ...unread];
  }
}

/** Those that see packets of pods, and those before a way is chosen, where the former read their marks. */
async function nftablesChains(): Promise<[readonly FilterChain[], readonly FilterChain[]]> {
  try {
    const chains = await hookedChains('forward');
    return [chains, chains.some(({ contents }) => readsMarks(contents)) ? await hookedChains('prerouting') : []];
  } catch (error) {
    // A kernel without nf_tables drops nothing by them.
    if (error instanceof LinuxError && ['EINVAL', 'EOPNOTSUPP', 'EPROTONOSUPPORT'].includes(error.errnoName ?? ''))
      return [[], []];
    throw error;
  }
}

/** Asked only where the old tables are in use: asking makes them. */
async function legacyChains(
  versions: ReadonlySet<IpVersion>,
): Promise<{ readonly chains: readonly FilterChain[]; readonly unread: readonly DroppedPods[] }> {
  const chains: FilterChain[] = [];
  const unread: DroppedPods[] = [];
  for (const { version, tables, command } of LEGACY) {
    const names = await readFile(tables, 'utf8').catch(() => '');
    if (!versions.has(version) || !names.split('\n').includes('filter')) continue;
    try {
      const { stdout } = await run(command, ['-S'], { timeout: 5000, maxBuffer: MOST_OCTETS });
      const familyName = version === 4 ? 'ip' : 'ip6';
      chains.push({ familyName, table: 'filter', name: 'FORWARD', command, ...readLegacyFilter(stdout, version) });
    } catch (error) {
      const subject = `chain FORWARD of ${command}`;
      unread.push({
        code: 'pods-unjudged',
        subject,
        text: `whether packets of pods pass ${subject} cannot be judged: it is in use, and ${command} -S cannot be run (${(error as NodeJS.ErrnoException).code ?? 'it failed'})`,
        remedy: `install ${command}, or look for rules that drop packets of pods by hand`,
      });
    }
  }
  return { chains, unread };
}
