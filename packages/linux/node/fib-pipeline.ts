/**
 * The way of changes into the kernel. Two chunks are with the addon, so that the kernel has work without waiting for the
 * event loop; meanwhile the next one is filled, slice by slice, and grows while the kernel is slow (now and then it
 * rebuilds its trie for 30 ms). No prefix is on its way twice.
 */
import type { IpVersion, Prefix } from '@tortie/ip';
import { LinuxError, type NextHop, NLM_F, PrefixTable, RouteTemplate, RTM_ROUTE, SCOPE } from '@tortie/linux';
import { FibChunk, type Refusal } from './fib-chunk.js';
import type { FibIdentity, Way, WayTable } from './fib-way.js';
import type { NetlinkSocket } from './netlink-socket.js';

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

const ADD = NLM_F.REQUEST | NLM_F.CREATE | NLM_F.EXCL;
const REPLACE = NLM_F.REQUEST | NLM_F.CREATE | NLM_F.REPLACE;
const DELETE = NLM_F.REQUEST;
const ESRCH = 3;
const EEXIST = 17;
const EINVAL = 22;
/** The table value of a prefix while a message about it is on its way. */
const PENDING = 0x40000000;
/** Chunks handed to the addon at the same time. */
const FLIGHTS = 2;
const MAX_SEQ = 0xf0000000;
const FIRST_SEQ = 0x1000;
/** Changes encoded, or answers read, before others get their turn on the event loop: about a millisecond. */
const SLICE = 1024;
/** A chunk below this waits for more, as long as there is more. */
const WORTH_SENDING = 2048;

const FOREIGN: Refusal = {
  errno: EEXIST,
  code: 'EEXIST',
  message: 'a route of this prefix and metric that is not ours is there already',
};
const UNANSWERED: Refusal = { errno: 105, code: 'ENOBUFS', message: "the kernel's answer was lost twice" };

interface Job {
  readonly changes: readonly FibChange[];
  readonly results: FibResult[];
  /** The places to look at; absent means all. */
  order: Int32Array | undefined;
  at: number;
  /** Chunks on their way. */
  open: number;
  /** Places that need a second look. */
  again: number[];
  lastTry: boolean;
  /** Answers were lost the first time. */
  careful: boolean;
  resolve(results: FibResult[]): void;
  reject(error: unknown): void;
}

/** Messages of a chunk that belong to one job: from `start` to the start of the next part. */
interface Part {
  readonly job: Job;
  readonly start: number;
}

interface Flight {
  readonly chunk: FibChunk;
  readonly parts: readonly Part[];
  readonly answer: ReturnType<FibChunk['send']>;
  landed: boolean;
}

export class FibPipeline {
  /** What of ours is in the kernel: prefix -> index of its way. */
  tables: Record<IpVersion, PrefixTable> = { 4: new PrefixTable(4), 6: new PrefixTable(6) };
  /** Whether `tables` rest on a reading of the kernel; else an unknown prefix may still be ours. */
  listed = false;
  readonly #socket: NetlinkSocket;
  readonly #ways: WayTable;
  readonly #chunks = Array.from({ length: FLIGHTS + 1 }, () => new FibChunk());
  readonly #deletions: Readonly<Record<IpVersion, RouteTemplate>>;
  #queue: Job[] = [];
  #retries: Job[] = [];
  #seq = FIRST_SEQ;

  constructor(socket: NetlinkSocket, ways: WayTable, identity: FibIdentity) {
    this.#socket = socket;
    this.#ways = ways;
    const deletion = { ...identity, scope: SCOPE.NOWHERE };
    this.#deletions = {
      4: new RouteTemplate(4, RTM_ROUTE.DELETE, deletion),
      6: new RouteTemplate(6, RTM_ROUTE.DELETE, deletion),
    };
  }

  get idle(): boolean {
    return this.#queue.length === 0;
  }

  add(changes: readonly FibChange[]): Promise<FibResult[]> {
    return new Promise((resolve, reject) => {
      const results = new Array<FibResult>(changes.length);
      const job = {
        changes,
        results,
        order: undefined,
        at: 0,
        open: 0,
        again: [],
        lastTry: false,
        careful: false,
        resolve,
        reject,
      };
      this.#queue.push(job);
    });
  }

  /** Works until nothing is left or `stop` says so; nothing is on its way afterwards. */
  async run(stop: () => boolean): Promise<void> {
    try {
      await this.#run(stop);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Whether jobs wait for the tables to be read anew; they go on then. */
  retry(): boolean {
    if (this.#retries.length === 0) return false;
    for (const job of this.#retries) {
      job.order = Int32Array.from(job.again).sort();
      job.again = [];
      job.at = 0;
      job.lastTry = true;
    }
    this.#queue = [...this.#retries, ...this.#queue];
    this.#retries = [];
    return true;
  }

  get hasRetries(): boolean {
    return this.#retries.length > 0;
  }

  /** Rejects all jobs. What was on its way is unknown, so the tables start anew. */
  fail(error: unknown): void {
    const jobs = new Set([...this.#queue, ...this.#retries]);
    this.#queue = [];
    this.#retries = [];
    this.tables = { 4: new PrefixTable(4), 6: new PrefixTable(6) };
    this.listed = false;
    for (const job of jobs) job.reject(error);
  }

  async #run(stop: () => boolean): Promise<void> {
    const flights: Flight[] = [];
    let chunk = this.#chunks[0]!;
    let parts: Part[] = [];
    chunk.start(this.#seq, false);
    try {
      for (let turn = 0; ; ) {
        const job = stop() ? undefined : this.#queue[0];
        if (job && chunk.count === 0) chunk.start(this.#seq, job.careful);
        let blocked = job === undefined || chunk.full || chunk.careful !== job.careful;
        if (job && !blocked) {
          if (parts.at(-1)?.job !== job) {
            parts.push({ job, start: chunk.count });
            job.open++;
          }
          blocked = await this.#fill(chunk, job);
          if (job.at >= (job.order ?? job.changes).length) this.#queue.shift();
        }
        if (parts.length && flights.length < FLIGHTS && (blocked || chunk.count >= WORTH_SENDING)) {
          const flight: Flight = { chunk, parts, answer: chunk.send(this.#socket), landed: false };
          const land = (): void => {
            flight.landed = true;
          };
          flight.answer.then(land, land);
          flights.push(flight);
          this.#seq = this.#seq + chunk.count > MAX_SEQ ? FIRST_SEQ : this.#seq + chunk.count;
          turn = (turn + 1) % this.#chunks.length;
          chunk = this.#chunks[turn]!;
          parts = [];
          chunk.start(this.#seq, false);
        } else if (flights.length && (blocked || flights[0]!.landed)) await this.#settle(flights.shift()!);
        else if (blocked) return;
        else await new Promise(setImmediate);
      }
    } catch (error) {
      for (const { job } of [...flights.flatMap((flight) => flight.parts), ...parts]) job.reject(error);
      throw error;
    }
  }

  /** Encodes a slice of changes; true where it cannot go on before answers come: a prefix is still on its way. */
  async #fill(chunk: FibChunk, job: Job): Promise<boolean> {
    const { changes, order, results } = job;
    const end = Math.min((order ?? changes).length, job.at + SLICE);
    let lastHops: readonly NextHop[] | undefined;
    let lastWay: Way | undefined;
    for (; job.at < end && !chunk.full; job.at++) {
      const place = order ? order[job.at]! : job.at;
      const { prefix, kind, nextHops } = changes[place]!;
      const table = this.tables[prefix.version];
      if (kind === 'delete') {
        const before = table.swap(prefix, PENDING);
        if (before >= PENDING) {
          table.set(prefix, before);
          return true;
        }
        chunk.add(this.#deletions[prefix.version], DELETE, prefix, place, -1, before);
        continue;
      }
      const own = this.#ways.resilient && kind === 'unicast' ? this.#ways.ofPrefix(prefix, nextHops) : undefined;
      const same =
        nextHops === lastHops &&
        lastWay!.version === prefix.version &&
        lastWay!.kind === kind &&
        lastWay!.owner === undefined;
      const way: Way = own ?? (same ? lastWay! : this.#ways.of(kind, prefix.version, nextHops));
      lastHops = nextHops;
      lastWay = way;
      const ready = way.template !== undefined;
      if (!ready) {
        const refusal = await this.#prepare(way);
        if (refusal) {
          results[place] = { prefix, ok: false, ...refusal };
          continue;
        }
      }
      const before = table.swap(prefix, PENDING);
      if (before >= PENDING) {
        table.set(prefix, before);
        return true;
      }
      if (before === way.index && ready) {
        table.set(prefix, before);
        results[place] = { prefix, ok: true };
        continue;
      }
      chunk.add(way.template!, before < 0 ? ADD : REPLACE, prefix, place, way.index, before);
    }
    return false;
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

  async #settle({ chunk, parts, answer }: Flight): Promise<void> {
    const { refusals, unanswered } = await answer;
    for (let i = 0; i < parts.length; i++) {
      const { job, start } = parts[i]!;
      const end = parts[i + 1]?.start ?? chunk.count;
      for (let at = start; at < end; at += SLICE) {
        if (at > start) await new Promise(setImmediate);
        this.#settleSlice(chunk, job, at, Math.min(at + SLICE, end), refusals, unanswered);
      }
      job.open--;
      this.#finish(job);
    }
  }

  #settleSlice(
    chunk: FibChunk,
    job: Job,
    from: number,
    to: number,
    refusals: ReadonlyMap<number, Refusal>,
    unanswered: number,
  ): void {
    const { changes, results, again, lastTry } = job;
    for (let i = from; i < to; i++) {
      const place = chunk.changes[i]!;
      const { prefix } = changes[place]!;
      const before = chunk.before[i]!;
      const way = chunk.ways[i]!;
      const refusal = refusals.size ? refusals.get(i) : undefined;
      const table = this.tables[prefix.version];
      if (!refusal && i >= unanswered) {
        put(table, prefix, before);
        job.careful = true;
        if (lastTry) results[place] = { prefix, ok: false, ...UNANSWERED };
        else again.push(place);
      } else if (!refusal || (way < 0 && refusal.errno === ESRCH)) {
        if (before >= 0) this.#ways.at(before).routes--;
        if (way >= 0) this.#ways.at(way).routes++;
        put(table, prefix, way);
        results[place] = { prefix, ok: true };
      } else {
        put(table, prefix, before);
        const unknown = refusal.errno === EEXIST && before < 0;
        // What the kernel says of an object that somebody has deleted a moment ago.
        const isGone = refusal.errno === EINVAL && way >= 0 && this.#ways.at(way).nexthopId !== 0;
        if (((unknown && !this.listed) || isGone) && !lastTry) again.push(place);
        else results[place] = { prefix, ok: false, ...(unknown ? FOREIGN : refusal) };
      }
    }
  }

  #finish(job: Job): void {
    if (job.open > 0 || job.at < (job.order ?? job.changes).length || this.#queue.includes(job)) return;
    if (job.again.length) this.#retries.push(job);
    else job.resolve(job.results);
  }
}

/** Whether a table value says that a message about the prefix is on its way. */
export const isPending = (value: number): boolean => value >= PENDING;

/** Way -1 is no route. */
function put(table: PrefixTable, prefix: Prefix, way: number): void {
  if (way < 0) table.delete(prefix);
  else table.set(prefix, way);
}
