/**
 * Writes our routes into the kernel's FIB and no others. Ours are those of our protocol, metric and table: a prefix that
 * we do not know to be ours is only ever added exclusively (EEXIST where anybody has it at that metric), because a
 * replacement would not ask whose route it overwrites; deletions name protocol and metric.
 */
import type { IpVersion, Prefix } from '@tortie/ip';
import {
  LinuxError,
  MAIN_TABLE,
  MessageWriter,
  type NextHop,
  NLM_F,
  PrefixTable,
  type Route,
  RouteTemplate,
  RTM_ROUTE,
  readRoute,
  SCOPE,
  writeRouteDump,
} from '@tortie/linux';
import { FibChunk, type Refusal } from './fib-chunk.js';
import { FibDisturbanceWatch } from './fib-disturbance.js';
import { type FibIdentity, type Way, WayTable } from './fib-way.js';
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
  /** Ids of nexthop objects we may use; both inclusive. */
  readonly nexthopIds?: NexthopRange;
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

export interface FibChange {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole' | 'delete';
  /**
   * Empty for blackhole and delete. Where every one names its interface the route goes through a shared nexthop object.
   * Handing in the same array for many routes is fastest; it must not change afterwards.
   */
  readonly nextHops: readonly NextHop[];
}

export type FibResult =
  | { readonly prefix: Prefix; readonly ok: true }
  | {
      readonly prefix: Prefix;
      readonly ok: false;
      /** Positive; 17 is EEXIST: a foreign route of the same prefix and metric is in the way. */
      readonly errno: number;
      readonly code: string;
      /** The kernel's own words where it gave any. */
      readonly message: string;
    };

export interface InstalledRoute {
  readonly prefix: Prefix;
  readonly kind: 'unicast' | 'blackhole';
  readonly nextHops: readonly NextHop[];
}

const ADD = NLM_F.REQUEST | NLM_F.CREATE | NLM_F.EXCL;
const REPLACE = NLM_F.REQUEST | NLM_F.CREATE | NLM_F.REPLACE;
const DELETE = NLM_F.REQUEST;
const DUMP = NLM_F.REQUEST | NLM_F.DUMP;
const ESRCH = 3;
const EEXIST = 17;
/** Set in a table value while a message about the prefix is on its way. */
const PENDING = 0x80000000;
const WAY = 0x7fffffff;
const NO_WAY = WAY;
const RECEIVE_BUFFER_OCTETS = 8 * 1024 * 1024;
/** "T" in the high octet, so that they are seen to be ours in `ip nexthop`. */
const NEXTHOP_IDS: NexthopRange = { first: 0x54000000, last: 0x5400ffff };
const SWEEP_AT_UNUSED = 64;

const FOREIGN: Refusal = {
  errno: EEXIST,
  code: 'EEXIST',
  message: 'a route of this prefix and metric that is not ours is there already',
};

/** Opens the writer and finds out what the kernel offers. Throws LinuxError. */
export async function openFibWriter(options: FibWriterOptions = {}): Promise<FibWriter> {
  const { netns, protocol = 201, metric = 1024, table = MAIN_TABLE } = options;
  if (metric < 1) throw new LinuxError('ERR_LINUX_MESSAGE', 'the metric of our routes is at least 1');
  const socket = new NetlinkSocket({ netns, receiveBufferOctets: RECEIVE_BUFFER_OCTETS });
  const reader = new NetlinkSocket({ netns });
  try {
    const objects = new NexthopObjects(socket, protocol, options.nexthopIds ?? NEXTHOP_IDS);
    const usable = options.nexthopObjects !== false && (await loads(objects));
    return new FibWriter(socket, reader, { protocol, metric, table }, usable ? objects : undefined, options);
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

interface InFlight {
  readonly chunk: FibChunk;
  readonly answer: ReturnType<FibChunk['send']>;
}

export class FibWriter {
  readonly usesNexthopObjects: boolean;
  readonly #socket: NetlinkSocket;
  readonly #reader: NetlinkSocket;
  readonly #identity: FibIdentity;
  readonly #objects: NexthopObjects | undefined;
  readonly #ways: WayTable;
  readonly #watch: FibDisturbanceWatch;
  readonly #onDisturbed: ((what: FibDisturbance) => void) | undefined;
  readonly #chunks = [new FibChunk(), new FibChunk()];
  readonly #deletions: Readonly<Record<IpVersion, RouteTemplate>>;
  #tables: Record<IpVersion, PrefixTable> = { 4: new PrefixTable(4), 6: new PrefixTable(6) };
  #seq = 0x1000;
  #jobs: Promise<unknown> = Promise.resolve();
  #listed = false;
  #closed = false;

  constructor(
    socket: NetlinkSocket,
    reader: NetlinkSocket,
    identity: FibIdentity,
    objects: NexthopObjects | undefined,
    options: FibWriterOptions,
  ) {
    this.#socket = socket;
    this.#reader = reader;
    this.#identity = identity;
    this.#objects = objects;
    this.usesNexthopObjects = objects !== undefined;
    this.#ways = new WayTable(identity, objects);
    this.#onDisturbed = options.onDisturbed;
    const deletion = { ...identity, scope: SCOPE.NOWHERE };
    this.#deletions = {
      4: new RouteTemplate(4, RTM_ROUTE.DELETE, deletion),
      6: new RouteTemplate(6, RTM_ROUTE.DELETE, deletion),
    };
    this.#watch = new FibDisturbanceWatch(options.netns, identity, socket.portId, {
      taken: (prefixes) => this.#taken(prefixes),
      stale: (overrun) => void this.#resync(overrun),
    });
  }

  /** How many routes the writer knows to be in the kernel. */
  get size(): number {
    return this.#tables[4].size + this.#tables[6].size;
  }

  /** One result per change, in order. What the kernel thinks of a route is a result; rejects only once closed. */
  apply(changes: readonly FibChange[]): Promise<FibResult[]> {
    return this.#alone(() => this.#apply(changes));
  }

  /** Reads our routes from the kernel and gives them: the basis of adoption after a start. */
  async *list(): AsyncGenerator<InstalledRoute> {
    await this.#alone(() => this.#read());
    for (const version of [4, 6] as const) {
      for (const [prefix, value] of this.#tables[version].entries()) {
        if ((value & WAY) === NO_WAY) continue;
        const { kind, nextHops } = this.#ways.at(value & WAY);
        yield { prefix, kind, nextHops };
      }
    }
  }

  /**
   * Every route over one next hop takes another instead, with a single message where the hop is a nexthop object; else
   * the routes are written again. Both hops name their interface. Throws LinuxError where the kernel refuses.
   */
  redirect(from: NextHop, to: NextHop, version: IpVersion = from.gateway?.version ?? 4): Promise<boolean> {
    return this.#alone(async () => {
      const moved = await this.#objects?.redirect(from, to, version);
      if (moved) this.#ways.redirect(from, to);
      return moved ?? false;
    });
  }

  /** Deletes nexthop objects of ours that no route uses; gives their number. */
  sweepNexthops(): Promise<number> {
    return this.#alone(async () => {
      if (!this.#listed) await this.#read();
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
    if (this.#closed) return Promise.reject(new LinuxError('ERR_LINUX_CLOSED', 'the FIB writer is closed'));
    const mine = this.#jobs.then(task, task);
    this.#jobs = mine.catch(() => {});
    return mine;
  }

  async #apply(changes: readonly FibChange[]): Promise<FibResult[]> {
    const results = new Array<FibResult | undefined>(changes.length).fill(undefined);
    try {
      await this.#write(changes, results);
    } catch (error) {
      // What was on its way is unknown; the next EEXIST leads to a fresh look.
      this.#tables = { 4: new PrefixTable(4), 6: new PrefixTable(6) };
      this.#listed = false;
      throw error;
    }
    return results as FibResult[];
  }

  async #write(changes: readonly FibChange[], results: (FibResult | undefined)[]): Promise<void> {
    const again = await this.#pass(changes, results, undefined);
    if (again.length) {
      // Answers were lost, or routes were there that may be ours from before: look, then try once more.
      await this.#read();
      const order = Int32Array.from(again).sort();
      await this.#pass(changes, results, order);
    }
    await this.#sweepSome();
  }

  /** Writes changes (or those that `order` picks); gives the places of those that need a second look. */
  async #pass(
    changes: readonly FibChange[],
    results: (FibResult | undefined)[],
    order: Int32Array | undefined,
  ): Promise<number[]> {
    const again: number[] = [];
    const total = order ? order.length : changes.length;
    let at = 0;
    let flying: InFlight | undefined;
    let landed: InFlight | undefined;
    const settle = async (): Promise<void> => {
      if (landed) await this.#settle(landed, changes, results, again, order !== undefined);
      landed = undefined;
    };
    for (let turn = 0; at < total || flying; turn ^= 1) {
      const chunk = this.#chunks[turn]!;
      chunk.start(this.#seq);
      at = await this.#fill(chunk, changes, results, order, at);
      this.#seq = this.#seq + chunk.count > 0xf0000000 ? 0x1000 : this.#seq + chunk.count;
      if (flying) await flying.answer;
      landed = flying;
      flying = chunk.count ? { chunk, answer: chunk.send(this.#socket) } : undefined;
      flying?.answer.catch(() => {});
      // The kernel works on the next chunk while the answers to the one before are read.
      await settle();
    }
    await settle();
    return again;
  }

  /** Encodes changes until the chunk is full or one concerns a prefix still on its way; gives where it stopped. */
  async #fill(
    chunk: FibChunk,
    changes: readonly FibChange[],
    results: (FibResult | undefined)[],
    order: Int32Array | undefined,
    from: number,
  ): Promise<number> {
    const total = order ? order.length : changes.length;
    let at = from;
    for (; at < total && !chunk.full; at++) {
      const place = order ? order[at]! : at;
      const { prefix, kind, nextHops } = changes[place]!;
      const table = this.#tables[prefix.version];
      const before = table.get(prefix);
      if (before >= PENDING) break;
      if (kind === 'delete') {
        table.set(prefix, (PENDING | (before < 0 ? NO_WAY : before)) >>> 0);
        chunk.add(this.#deletions[prefix.version], DELETE, prefix, place, before);
        continue;
      }
      const way = this.#ways.of(kind, prefix.version, nextHops);
      if (before === way.index && way.template) {
        results[place] = { prefix, ok: true };
        continue;
      }
      if (!way.template) {
        const refusal = await this.#prepare(way);
        if (refusal) {
          results[place] = { prefix, ok: false, ...refusal };
          continue;
        }
      }
      table.set(prefix, (PENDING | way.index) >>> 0);
      chunk.add(way.template!, before < 0 ? ADD : REPLACE, prefix, place, before);
    }
    return at;
  }

  async #prepare(way: Way): Promise<Refusal | undefined> {
    try {
      await this.#ways.prepare(way);
      return undefined;
    } catch (error) {
      if (!(error instanceof LinuxError) || error.errno === undefined) throw error;
      return { errno: error.errno, code: error.errnoName ?? '', message: error.message };
    }
  }

  async #settle(
    { chunk, answer }: InFlight,
    changes: readonly FibChange[],
    results: (FibResult | undefined)[],
    again: number[],
    lastTry: boolean,
  ): Promise<void> {
    const { refusals, unanswered } = await answer;
    for (let i = 0; i < chunk.count; i++) {
      const place = chunk.changes[i]!;
      const change = changes[place]!;
      const before = chunk.before[i]!;
      const refusal = refusals.get(i);
      const table = this.#tables[change.prefix.version];
      if (!refusal && i >= unanswered) {
        this.#restore(table, change.prefix, before);
        if (!lastTry) again.push(place);
        else results[place] = { prefix: change.prefix, ok: false, ...LOST };
        continue;
      }
      if (!refusal || (change.kind === 'delete' && refusal.errno === ESRCH)) {
        this.#installed(table, change, before);
        results[place] = { prefix: change.prefix, ok: true };
        continue;
      }
      this.#restore(table, change.prefix, before);
      const unknown = refusal.errno === EEXIST && before < 0;
      if (unknown && !this.#listed && !lastTry) again.push(place);
      else results[place] = { prefix: change.prefix, ok: false, ...(unknown ? FOREIGN : refusal) };
    }
  }

  #installed(table: PrefixTable, change: FibChange, before: number): void {
    if (before >= 0) this.#ways.at(before).routes--;
    if (change.kind === 'delete') {
      table.delete(change.prefix);
      return;
    }
    const index = table.get(change.prefix) & WAY;
    this.#ways.at(index).routes++;
    table.set(change.prefix, index);
  }

  #restore(table: PrefixTable, prefix: Prefix, before: number): void {
    if (before < 0) table.delete(prefix);
    else table.set(prefix, before);
  }

  /** Reads objects and routes of ours; what we thought to be there and is not, or leads elsewhere, is reported lost. */
  async #read(): Promise<void> {
    await this.#objects?.load();
    this.#ways.revalidate();
    const old = this.#tables;
    const read = { 4: new PrefixTable(4), 6: new PrefixTable(6) };
    const counts = new Map<Way, number>();
    let sameObject: Way | undefined;
    let sameId = 0;
    for (const version of [4, 6] as const) {
      for await (const routes of this.#ours(version)) {
        for (const route of routes) {
          // Many routes in a row take one object.
          const cached = route.nexthopId && route.nexthopId === sameId && sameObject?.version === version;
          const way: Way = cached ? sameObject! : this.#ways.ofRoute(route);
          [sameObject, sameId] = [way, route.nexthopId ?? 0];
          read[version].set(route.prefix, way.index);
          counts.set(way, (counts.get(way) ?? 0) + 1);
        }
      }
    }
    this.#tables = read;
    this.#listed = true;
    const lost: Prefix[] = [];
    let seen = 0;
    for (const version of [4, 6] as const) {
      for (const [prefix, value] of old[version].entries()) {
        if (++seen % 16384 === 0) await new Promise(setImmediate);
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
  }

  async *#ours(version: IpVersion): AsyncGenerator<Route[]> {
    const { protocol, metric, table } = this.#identity;
    const to = new MessageWriter();
    const seq = this.#reader.nextSeq();
    writeRouteDump(to, DUMP, seq, { version, table, protocol });
    try {
      for await (const messages of this.#reader.dump('list our routes', seq, to.written)) {
        const routes: Route[] = [];
        for (const message of messages) {
          const route = readRoute(message);
          if (route?.protocol === protocol && route.metric === metric && route.table === table) routes.push(route);
        }
        yield routes;
      }
    } catch (error) {
      // The table comes into being with its first route.
      if (!(error instanceof LinuxError && (error.errnoName === 'ENOENT' || error.errnoName === 'EAFNOSUPPORT')))
        throw error;
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
    const lost: Prefix[] = [];
    for (const prefix of prefixes) {
      const table = this.#tables[prefix.version];
      const value = table.get(prefix);
      if (value < 0) continue;
      // One of ours is on its way there; only the kernel knows who came last.
      if (value >= PENDING) void this.#resync(false);
      else {
        table.delete(prefix);
        this.#ways.at(value).routes--;
        lost.push(prefix);
      }
    }
    if (lost.length) this.#onDisturbed?.({ type: 'lost', prefixes: lost });
  }

  /** Keeps the number of objects without routes small; a few stay, as routes tend to come back. */
  async #sweepSome(): Promise<void> {
    if (!this.#objects || !this.#listed) return;
    const unused = this.#ways.all().filter((way) => way.routes === 0 && way.nexthopId).length;
    if (unused > SWEEP_AT_UNUSED) await this.#objects.sweep(this.#ways.usedObjects());
  }
}

const LOST: Refusal = { errno: 105, code: 'ENOBUFS', message: "the kernel's answer was lost twice" };
