/**
 * Best routes and own blocks -> the kernel. Pulls changes when the kernel can take more, keeps what the kernel refused
 * with its words, and never touches a route that is not ours.
 *
 * Over a restart of the agent: the kernel's routes of ours are adopted at start and held as stale until every peer has
 * sent End-of-RIB or the time is up; what nobody confirmed is then removed.
 */
import type { BestPath, BestRouteSubscription } from '@tortie/bgp';
import type { RunningSpeaker } from '@tortie/bgp/node';
import { type Address, counted, formatPrefix, isLinkLocal, type Prefix, prefixCovers } from '@tortie/ip';
import type { NextHop } from '@tortie/linux';
import type { FibDisturbance, FibWriter, InstalledRoute } from '@tortie/linux/node';
import type { FibEntry, ViaHop } from '../../src/fib/fib-entry.js';
import { FibTable } from '../../src/fib/fib-table.js';
import type { Resolved } from '../../src/fib/via-table.js';
import type { Journal } from '../journal.js';
import type { Reconciler } from './reconcile-loop.js';

export interface FibOptions {
  readonly writer: FibWriter;
  readonly journal: Journal;
  readonly resolve: (hop: ViaHop) => Resolved;
  /** Whether every next hop in use has been answered for. */
  readonly settled: () => boolean;
  readonly multipath: number;
  /** How long stale routes wait for End-of-RIB. */
  readonly deferralS: number;
  /** Routes to other nodes come through `setDirect` too: nothing is swept before the first of it. */
  readonly awaitsDirect?: boolean;
  /** Whether an interface is a tunnel of ours to other nodes. */
  readonly isTunnel?: (ifindex: number) => boolean;
}

type DirectSource = 'nodes' | 'peers';

interface DirectRoute {
  readonly prefix: Prefix;
  readonly hop: NextHop;
}

const BATCH = 2048;
/** Time for routes that came with the last End-of-RIB to pass next-hop resolution before the sweep. */
const SWEEP_PAUSE_MS = 1000;

export class FibReconciler implements Reconciler {
  readonly name = 'fib';
  readonly table: FibTable;
  readonly #options: FibOptions;
  #adopted: Promise<void> = Promise.resolve();
  #speaker: RunningSpeaker | undefined;
  #subscription: BestRouteSubscription | undefined;
  /** Ranges of service addresses: those are translated before they are routed. */
  #services: readonly Prefix[] = [];
  #running: Promise<void> | undefined;
  #again = false;
  #compare = false;
  #closed = false;
  #dumps = 0;
  #hold: 'waiting' | 'over' | 'swept' = 'swept';
  #sweepCause: string | undefined;
  #swept = 0;
  /** By who asks for them. */
  readonly #direct = new Map<DirectSource, ReadonlyMap<string, DirectRoute>>();
  /**
   * Routes of an earlier run into tunnels, until it is known which there are: what BGP says meanwhile must not take their place, as over
   * it packets would go that should be encrypted.
   */
  readonly #former = new Map<string, DirectRoute>();
  #timer: NodeJS.Timeout | undefined;
  #postponed = false;

  constructor(options: FibOptions) {
    this.#options = options;
    this.table = new FibTable(options.resolve);
  }

  /**
   * Reads what the kernel has of ours. Resolves to whether there is anything as soon as that is known; the rest is read
   * in the background, before the first write.
   */
  adopt(): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const read = async (): Promise<void> => {
        let count = 0;
        for await (const route of this.#listed()) {
          this.table.adopt(route, { stale: true, dump: 0 });
          this.#keepTunnel(route);
          if (count++ === 0) {
            this.#hold = 'waiting';
            resolve(true);
          }
        }
        if (count > 0) {
          this.#options.journal.event({
            kind: 'fib',
            text: `adopted ${counted(count, 'route')} of an earlier run, to stay until the peers have sent theirs`,
          });
        }
        resolve(false);
      };
      this.#adopted = read().catch(reject);
    });
  }

  attach(speaker: RunningSpeaker): void {
    this.#speaker = speaker;
    this.#subscribe(speaker);
    if (this.#hold === 'waiting') {
      this.#waitForEndOfRib();
      const check = (): void => this.#checkEndOfRib();
      speaker.on('end-of-rib', check).on('session', check).on('peer', check);
    }
    this.kick();
  }

  /** Which peers this node has is not known: stale routes stay until `resume`, and then have all their time. */
  postponeSweep(): void {
    if (this.#hold === 'swept') return;
    clearTimeout(this.#timer);
    this.#postponed = true;
    this.#hold = 'waiting';
    this.#sweepCause = undefined;
  }

  resumeSweep(): void {
    if (!this.#postponed) return;
    this.#postponed = false;
    this.#waitForEndOfRib();
  }

  /** Own blocks that must not leak to the default route. */
  setBlocks(prefixes: readonly Prefix[]): void {
    this.table.setBlocks(prefixes);
    this.kick();
  }

  /**
   * The whole set of routes that do not come from BGP, of one source: to pods of other nodes, or to peers; earlier ones of the source
   * that are not in it are taken back. Where both have a prefix, that of the nodes counts.
   */
  setDirect(routes: readonly DirectRoute[], source: DirectSource = 'nodes'): void {
    const before = this.#direct.get(source) ?? new Map(source === 'nodes' ? this.#former : []);
    const next = new Map(routes.map((route) => [formatPrefix(route.prefix), route]));
    this.#direct.set(source, next);
    if (source === 'nodes') this.#former.clear();
    for (const [text, { prefix }] of before) if (!next.has(text)) this.#wantDirect(text, prefix);
    for (const [text, { prefix }] of next) this.#wantDirect(text, prefix);
    this.kick();
  }

  #keepTunnel({ prefix, nextHops }: InstalledRoute): void {
    const { awaitsDirect, isTunnel } = this.#options;
    const [hop] = nextHops;
    if (!awaitsDirect || this.#direct.has('nodes') || hop?.ifindex === undefined || !isTunnel?.(hop.ifindex)) return;
    this.#former.set(formatPrefix(prefix), { prefix, hop });
    this.table.wantDirect(prefix, [hop]);
  }

  #wantDirect(text: string, prefix: Prefix): void {
    const hop = (this.#direct.get('nodes')?.get(text) ?? this.#direct.get('peers')?.get(text))?.hop;
    this.table.wantDirect(prefix, hop ? [hop] : []);
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** No route into these is written, whoever announces it: services are translated on each node, and never forwarded by range. */
  setServices(prefixes: readonly Prefix[]): void {
    if (prefixes.map(formatPrefix).join() === this.#services.map(formatPrefix).join()) return;
    this.#services = prefixes;
    if (!this.#speaker) return;
    // All best routes are asked for anew: those that are as they were cost nothing. What waits is taken before, as a route that
    // is gone is no best route, and nobody would tell again that it went.
    while (this.#take() > 0);
    this.#subscription?.close();
    this.#subscribe(this.#speaker);
    this.kick();
  }

  /** The kernel took routes away, or hid from us what it did. */
  disturbed(what: FibDisturbance): void {
    if (what.type === 'lost') for (const prefix of what.prefixes) this.table.lost(prefix);
    else this.#compare = true;
    this.kick();
  }

  /** A link or an address changed: what was refused may work by now, and link-local next hops follow their device. */
  changed(): void {
    this.table.resolveAgain();
    this.table.retryFailed();
    this.kick();
  }

  /** A foreign route left the kernel: it may be the one that stood in the way. */
  foreignRouteGone(prefix: Prefix): void {
    if (this.table.retryFailed(prefix) > 0) this.kick();
  }

  /** The kernel has another answer for a next hop. */
  nextHopChanged(address: Address): void {
    this.table.resolveAgain(address);
    this.kick();
  }

  /** The full round: reads the kernel's routes and repairs what differs. */
  async reconcile(): Promise<void> {
    this.#compare = true;
    this.table.retryFailed();
    this.table.prune();
    this.kick();
    while (this.#running) await this.#running;
  }

  kick(): void {
    if (this.#closed) return;
    this.#again = true;
    this.#running ??= this.#run();
  }

  /** Everything stays in the kernel. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#subscription?.close();
    await this.#running;
    await this.#options.writer.close();
  }

  async #run(): Promise<void> {
    try {
      await this.#adopted;
      while (this.#again && !this.#closed) {
        this.#again = false;
        if (this.#compare) await this.#compareWithKernel();
        await this.#drain();
      }
    } catch (error) {
      this.#options.journal.problem('writing routes failed', error as Error);
    } finally {
      this.#running = undefined;
    }
  }

  /** Until there is nothing left to write. The next batch is made while the kernel works on the last. */
  async #drain(): Promise<void> {
    this.#pull();
    for (;;) {
      const batch = this.table.takeBatch(BATCH);
      if (batch.length === 0) {
        if (this.#subscription?.pending) {
          await new Promise(setImmediate);
          this.#pull();
          continue;
        }
        if (!this.#maySweep() && this.table.queued === 0) return;
        continue;
      }
      const applying = this.#options.writer.apply(batch);
      this.#pull();
      const refused = this.table.settle((await applying).map((result) => (result.ok ? OK : refusal(result.message))));
      if (refused.length > 0) this.#report(refused);
      if (this.#closed) return;
    }
  }

  #subscribe(speaker: RunningSpeaker): void {
    this.#subscription = speaker.subscribe({
      multipath: this.#options.multipath,
      onReady: () => queueMicrotask(() => this.kick()),
    });
  }

  #pull(): void {
    if (this.table.queued < BATCH) this.#take();
  }

  /** Takes the next changes of best routes into the table; how many. */
  #take(): number {
    const changes = this.#subscription?.take(BATCH) ?? [];
    for (const { prefix, paths } of changes) {
      if (this.#services.some((range) => prefixCovers(range, prefix))) {
        this.table.want(prefix, []);
        continue;
      }
      if (paths[0]?.blackhole) {
        this.table.wantBlackhole(prefix);
        continue;
      }
      const foreign = paths.filter(({ peer }) => peer !== 0);
      // A route of our own that is best leads nowhere through the kernel; beside others it is not ours to forward.
      this.table.want(prefix, paths[0]?.peer === 0 ? [] : foreign.map((path) => this.#via(path)));
    }
    return changes.length;
  }

  #via({ nextHop, peer }: BestPath): ViaHop {
    if (!isLinkLocal(nextHop)) return { address: nextHop };
    const device = this.#speaker?.peerDevice(peer);
    return { address: nextHop, ...(device !== undefined && { device }) };
  }

  async #compareWithKernel(): Promise<void> {
    this.#compare = false;
    const dump = ++this.#dumps;
    for await (const route of this.#listed()) {
      this.table.adopt(route, { stale: this.#hold !== 'swept', dump });
    }
    const lost = this.table.keepOnly(dump);
    if (lost > 0) {
      this.#options.journal.event(
        { kind: 'fib', text: `${counted(lost, 'route')} had left the kernel, to be written again` },
        'warn',
      );
    }
  }

  /** The kernel's routes of ours; lets others have the event loop between pieces. */
  async *#listed(): AsyncGenerator<InstalledRoute> {
    let count = 0;
    for await (const route of this.#options.writer.list()) {
      yield route;
      if (++count % BATCH === 0) await new Promise(setImmediate);
    }
  }

  #waitForEndOfRib(): void {
    if (this.#postponed) return;
    clearTimeout(this.#timer);
    const { deferralS } = this.#options;
    this.#timer = setTimeout(() => this.#endHold('the time for End-of-RIB is up'), deferralS * 1000);
  }

  #checkEndOfRib(): void {
    if (this.#hold !== 'waiting' || this.#postponed || !this.#speaker) return;
    for (const { config, state, families, negotiated } of this.#speaker.peers()) {
      if (config.adminDown) continue;
      if (state !== 'established' || !negotiated) return;
      const agreed = families.filter(({ family }) => negotiated.families.includes(family));
      if (!agreed.every(({ endOfRib }) => endOfRib)) return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#endHold('all peers have sent End-of-RIB'), SWEEP_PAUSE_MS);
    this.#hold = 'over';
  }

  #endHold(cause: string): void {
    this.#hold = 'over';
    this.#sweepCause = cause;
    this.kick();
  }

  /** With the hold over and everything pulled and resolved: sweeps a piece. True where that made work. */
  #maySweep(): boolean {
    if (this.#hold !== 'over' || this.#sweepCause === undefined) return false;
    if (this.#options.awaitsDirect && !this.#direct.has('nodes')) return false;
    if (!this.#options.settled()) {
      // A late answer of the kernel about a next hop brings its routes in a moment.
      this.#timer = setTimeout(() => this.kick(), SWEEP_PAUSE_MS);
      return false;
    }
    const swept = this.table.sweep(BATCH);
    this.#swept += swept;
    if (swept > 0) return true;
    this.#hold = 'swept';
    this.#options.journal.event({
      kind: 'fib',
      text: this.#swept === 0 ? 'no stale routes were left' : `removed ${counted(this.#swept, 'stale route')}`,
      cause: this.#sweepCause,
    });
    return false;
  }

  /** The first few by name, the rest by number: a full table refused must not fill the log. */
  #report(refused: readonly FibEntry[]): void {
    for (const entry of refused.slice(0, 3)) {
      this.#options.journal.event(
        {
          kind: 'fib',
          subject: formatPrefix(entry.prefix),
          text: `the kernel refused ${formatPrefix(entry.prefix)}`,
          cause: entry.error ?? 'unknown',
        },
        'warn',
      );
    }
    if (refused.length > 3) {
      this.#options.journal.event(
        { kind: 'fib', text: `the kernel refused ${counted(refused.length - 3, 'more route', 'more routes')}` },
        'warn',
      );
    }
  }
}

const OK = { ok: true } as const;
const refusal = (message: string) => ({ ok: false, message }) as const;
