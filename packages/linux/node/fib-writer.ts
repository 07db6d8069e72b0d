/**
 * Writes our routes into the kernel's FIB and no others. Ours are those of our protocol, metric and table: a prefix that
 * we do not know to be ours is only ever added exclusively (EEXIST where anybody has it at that metric), because a
 * replacement would not ask whose route it overwrites; deletions name protocol and metric.
 */
import type { Prefix } from '@tortie/ip';
import {
  LinuxError,
  MAIN_TABLE,
  MESSAGE_HEADER_OCTETS,
  MessageWriter,
  type NextHop,
  NLM_F,
  newScannedRoute,
  PrefixTable,
  readRoute,
  scanRoute,
  writeRouteDump,
} from '@tortie/linux';
import { FibDisturbanceWatch } from './fib-disturbance.js';
import { type FibChange, FibPipeline, type FibResult, isPending } from './fib-pipeline.js';
import { type FibIdentity, type ResilientRoutes, type Way, WayTable } from './fib-way.js';
import { NetlinkSocket } from './netlink-socket.js';
import type { NetnsRef } from './netns-path.js';
import { NexthopObjects, type NexthopRange } from './nexthop-objects.js';

export interface FibWriterOptions {
  readonly netns?: NetnsRef;
  /** rtm_protocol of our routes; 201. */
  readonly protocol?: number;
  /** 1024. Together with protocol and table it says what is ours. */
  readonly metric?: number;
  /** 254, the main table. */
  readonly table?: number;
  /** False writes gateways into each route even where the kernel knows nexthop objects. */
  readonly nexthopObjects?: boolean;
  /**
   * Routes with several next hops that hold on to their flows: each has a group of its own (4096 of them; routes above that share
   * groups), which is changed in place. Where the kernel has no such groups (Linux 5.13) `usesResilientGroups` is false.
   */
  readonly resilient?: ResilientRoutes;
  /** Ids of nexthop objects we may use; both inclusive. */
  readonly nexthopIds?: NexthopRange;
  /** Room for the kernel's answers; 8 MiB. Too little only costs time: what went unanswered is read and written again. */
  readonly receiveBufferOctets?: number;
  /** The kernel or somebody else took away or changed routes we had installed. */
  readonly onDisturbed?: (what: FibDisturbance) => void;
}

export type FibDisturbance =
  /** These routes are no longer in the kernel as we wrote them; apply them again when that may succeed. */
  | { readonly type: 'lost'; readonly prefixes: readonly Prefix[] }
  /** Notifications were lost; our routes were read anew, and what is missing is reported as lost. */
  | { readonly type: 'resync' }
  /** Our routes could not be read anew; the writer's view may be stale. */
  | { readonly type: 'error'; readonly error: unknown };

export interface InstalledRoute {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole';
  /** Empty where the route is to be written anew, whatever it leads to. */
  readonly nextHops: readonly NextHop[];
}

const DUMP = NLM_F.REQUEST | NLM_F.DUMP;
const RECEIVE_BUFFER_OCTETS = 8 * 1024 * 1024;
/** "T" in the high octet, so that they are seen to be ours in `ip nexthop`. */
const NEXTHOP_IDS: NexthopRange = { first: 0x54000000, last: 0x5400ffff };
const SWEEP_AT_UNUSED = 64;
/** Entries walked before others get their turn on the event loop. */
const YIELD_EVERY = 8192;

/** Opens the writer and finds out what the kernel offers. Throws LinuxError. */
export async function openFibWriter(options: FibWriterOptions = {}): Promise<FibWriter> {
  const { netns, protocol = 201, metric = 1024, table = MAIN_TABLE } = options;
  if (metric < 1) throw new LinuxError('ERR_LINUX_MESSAGE', 'the metric of our routes is at least 1');
  const { receiveBufferOctets = RECEIVE_BUFFER_OCTETS } = options;
  const socket = new NetlinkSocket({ netns, receiveBufferOctets });
  const reader = new NetlinkSocket({ netns });
  try {
    const objects = new NexthopObjects(socket, protocol, options.nexthopIds ?? NEXTHOP_IDS);
    const usable = options.nexthopObjects !== false && (await loads(objects));
    const identity = { protocol, metric, table };
    const resilient = options.resilient && usable && (await objects.knowsResilience()) ? options.resilient : undefined;
    const ways = new WayTable(identity, usable ? objects : undefined, resilient);
    return new FibWriter(socket, reader, identity, usable ? objects : undefined, ways, options);
  } catch (error) {
    void socket.close();
    void reader.close();
    throw error;
  }
}

async function loads(objects: NexthopObjects): Promise<boolean> {
  try {
    await objects.load();
    return true;
  } catch (error) {
    if (error instanceof LinuxError && error.errnoName === 'EOPNOTSUPP') return false;
    throw error;
  }
}

export class FibWriter {
  readonly usesNexthopObjects: boolean;
  /** Whether `resilient` was asked for and is there. */
  readonly usesResilientGroups: boolean;
  readonly #socket: NetlinkSocket;
  readonly #reader: NetlinkSocket;
  readonly #identity: FibIdentity;
  readonly #objects: NexthopObjects | undefined;
  readonly #ways: WayTable;
  readonly #watch: FibDisturbanceWatch;
  readonly #onDisturbed: ((what: FibDisturbance) => void) | undefined;
  readonly #pipeline: FibPipeline;
  /** Tasks that want the writer for themselves. */
  #waiting = 0;
  #pumping = false;
  /** Whether others touched our routes while they were being read. */
  #takenMeanwhile = false;
  #jobs: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(
    socket: NetlinkSocket,
    reader: NetlinkSocket,
    identity: FibIdentity,
    objects: NexthopObjects | undefined,
    ways: WayTable,
    options: FibWriterOptions,
  ) {
    this.#socket = socket;
    this.#reader = reader;
    this.#identity = identity;
    this.#objects = objects;
    this.usesNexthopObjects = objects !== undefined;
    this.#ways = ways;
    this.usesResilientGroups = ways.resilient;
    this.#onDisturbed = options.onDisturbed;
    this.#pipeline = new FibPipeline(socket, this.#ways, identity);
    this.#watch = new FibDisturbanceWatch(options.netns, identity, socket.portId, {
      taken: (prefixes) => this.#taken(prefixes),
      covered: (prefixes) => void this.#stepAside(prefixes),
      leadsOver: (ifindex) => !this.#pipeline.listed || this.#ways.mayLeadOver(ifindex),
      stale: (overrun) => void this.#resync(overrun),
    });
  }

  /** How many routes the writer knows to be in the kernel. */
  get size(): number {
    const { tables } = this.#pipeline;
    return tables[4].size + tables[6].size;
  }

  /**
   * One result per change, in order. What the kernel thinks of a route is a result; rejects only once closed, or where
   * the kernel cannot be spoken to. Several applies at once are worked off in order without a pause between them.
   */
  apply(changes: readonly FibChange[]): Promise<FibResult[]> {
    if (this.#closed) return Promise.reject(closed());
    const results = this.#pipeline.add(changes);
    this.#pump();
    return results;
  }

  /** Reads our routes from the kernel and gives them: the basis of adoption after a start. */
  async *list(): AsyncGenerator<InstalledRoute> {
    await this.#alone(() => this.#read());
    let seen = 0;
    for (const version of [4, 6] as const) {
      for (const [prefix, value] of this.#pipeline.tables[version].entries()) {
        if (++seen % YIELD_EVERY === 0) await new Promise(setImmediate);
        if (isPending(value)) continue;
        const way = this.#ways.at(value);
        yield { prefix, kind: way.kind, nextHops: this.#ways.isOutdated(prefix, way) ? [] : way.nextHops };
      }
    }
  }

  /** Deletes nexthop objects of ours that no route uses; gives their number. */
  sweepNexthops(): Promise<number> {
    return this.#alone(async () => {
      if (!this.#pipeline.listed) await this.#read();
      return (await this.#objects?.sweep(this.#ways.usedObjects())) ?? 0;
    });
  }

  /** Leaves every route where it is. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    await this.#jobs;
    await Promise.all([this.#socket.close(), this.#reader.close()]);
  }

  #alone<T>(task: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closed());
    this.#waiting++;
    return this.#after(() => {
      this.#waiting--;
      return task();
    });
  }

  #after<T>(task: () => Promise<T>): Promise<T> {
    const mine = this.#jobs.then(task, task);
    this.#jobs = mine.catch(() => {});
    return mine;
  }

  /** Sees to it that the pipeline works until it is empty, with pauses for those who want the writer for themselves. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#after(async () => {
      const stop = (): boolean => this.#waiting > 0;
      await this.#pipeline.run(stop);
      if (this.#pipeline.hasRetries) {
        // Answers were lost, or routes were there that may be ours from before: look, then try once more.
        await this.#read();
        this.#pipeline.retry();
      } else if (this.#pipeline.idle) await this.#sweepSome();
    })
      .catch((error: unknown) => this.#pipeline.fail(error))
      .finally(() => {
        this.#pumping = false;
        if (!this.#pipeline.idle) this.#pump();
      });
  }

  /** Reads objects and routes of ours; what we thought to be there and is not, or leads elsewhere, is reported lost. */
  async #read(): Promise<void> {
    this.#takenMeanwhile = false;
    await this.#objects?.load();
    this.#ways.forgetOwners();
    this.#ways.revalidate();
    const old = this.#pipeline.tables;
    const read = { 4: new PrefixTable(4), 6: new PrefixTable(6) };
    const counts = new Map<Way, number>();
    for (const version of [4, 6] as const) await this.#readInto(read[version], counts);
    this.#pipeline.tables = read;
    this.#pipeline.listed = true;
    const lost: Prefix[] = [];
    let seen = 0;
    for (const version of [4, 6] as const) {
      for (const [prefix, value] of old[version].entries()) {
        if (++seen % YIELD_EVERY === 0) await new Promise(setImmediate);
        const found = read[version].get(prefix);
        if (found === value) continue;
        if (found < 0 || !this.#ways.satisfies(found, value)) {
          lost.push(prefix);
          continue;
        }
        // The kernel tells the interface that we had left to it.
        read[version].set(prefix, value);
        counts.set(this.#ways.at(found), (counts.get(this.#ways.at(found)) ?? 0) - 1);
        counts.set(this.#ways.at(value), (counts.get(this.#ways.at(value)) ?? 0) + 1);
      }
    }
    for (const way of this.#ways.all()) way.routes = counts.get(way) ?? 0;
    if (lost.length) this.#onDisturbed?.({ type: 'lost', prefixes: lost });
    // The reading may have seen a route before it was taken.
    if (this.#takenMeanwhile) void this.#resync(false);
  }

  async #readInto(table: PrefixTable, counts: Map<Way, number>): Promise<void> {
    const { version } = table;
    const identity = this.#identity;
    const to = new MessageWriter();
    const seq = this.#reader.nextSeq();
    writeRouteDump(to, DUMP, seq, { version, table: identity.table, protocol: identity.protocol });
    const scanned = newScannedRoute();
    const byObject = new Map<number, Way | undefined>();
    try {
      for await (const messages of this.#reader.dump('list our routes', seq, to.written)) {
        for (const message of messages) {
          if (!scanRoute(message.view, message.start - MESSAGE_HEADER_OCTETS, message.end, scanned)) continue;
          const { protocol, metric, nexthopId } = scanned;
          if (protocol !== identity.protocol || metric !== identity.metric || scanned.table !== identity.table)
            continue;
          let way = nexthopId ? byObject.get(nexthopId) : undefined;
          if (nexthopId && !byObject.has(nexthopId)) {
            way = this.#ways.ofObject(nexthopId, scanned);
            if (this.#ways.isShared(nexthopId)) byObject.set(nexthopId, way);
          }
          way ??= this.#ways.ofRoute(readRoute(message)!);
          table.set(scanned, way.index);
          counts.set(way, (counts.get(way) ?? 0) + 1);
        }
      }
    } catch (error) {
      // A table comes into being with its first route; a kernel without IPv6 has none of it.
      const nothing =
        error instanceof LinuxError && ['ENOENT', 'EAFNOSUPPORT', 'EOPNOTSUPP'].includes(error.errnoName ?? '');
      if (!nothing) throw error;
    }
  }

  async #resync(overrun: boolean): Promise<void> {
    try {
      await this.#alone(() => this.#read());
      if (overrun) this.#onDisturbed?.({ type: 'resync' });
    } catch (error) {
      if (!this.#closed) this.#onDisturbed?.({ type: 'error', error });
    }
  }

  /** Others deleted or overwrote these. */
  #taken(prefixes: readonly Prefix[]): void {
    this.#takenMeanwhile = true;
    const lost: Prefix[] = [];
    for (const prefix of prefixes) {
      const table = this.#pipeline.tables[prefix.version];
      const value = table.get(prefix);
      if (value < 0) continue;
      // One of ours is on its way there; only the kernel knows who came last.
      if (isPending(value)) void this.#resync(false);
      else {
        table.delete(prefix);
        this.#ways.at(value).routes--;
        lost.push(prefix);
      }
    }
    if (lost.length) this.#onDisturbed?.({ type: 'lost', prefixes: lost });
  }

  /** Takes back routes behind foreign ones, which nothing follows anyway; to be applied again, they are foreign then. */
  async #stepAside(prefixes: readonly Prefix[]): Promise<void> {
    const ours = prefixes.filter((prefix) => this.#pipeline.tables[prefix.version].get(prefix) >= 0);
    if (ours.length === 0 || this.#closed) return;
    try {
      await this.apply(ours.map((prefix) => ({ prefix, kind: 'delete', nextHops: [] })));
      this.#onDisturbed?.({ type: 'lost', prefixes: ours });
    } catch (error) {
      if (!this.#closed) this.#onDisturbed?.({ type: 'error', error });
    }
  }

  /** Keeps the number of objects without routes small; a few stay, as routes tend to come back. */
  async #sweepSome(): Promise<void> {
    if (!this.#objects || !this.#pipeline.listed) return;
    if (this.#ways.unused > SWEEP_AT_UNUSED) await this.#objects.sweep(this.#ways.usedObjects());
  }
}

const closed = (): LinuxError => new LinuxError('ERR_LINUX_CLOSED', 'the FIB writer is closed');
