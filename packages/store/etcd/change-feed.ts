/**
 * Follows the store's prefix in etcd by one watch, whatever breaks: the stream is opened again on the next link where it
 * left off. Where etcd has compacted that away, or went back in time, the log begins anew and readers are told to list
 * again.
 */
import { StoreError, Wakers } from '../src/index.js';
import { ChangeLog } from './change-log.js';
import { type Connection, closedError } from './connection.js';
import type { History } from './history.js';
import type { Layout } from './keys.js';
import type { Link } from './link.js';
import { DELETED, WATCH, type WatchResponse } from './messages.js';

const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 2_000;

export interface FeedOptions {
  readonly connection: Connection;
  readonly layout: Layout;
  readonly keepChanges: number;
  readonly timeoutMs: number;
  readonly history: History;
  /** etcd's revision, as a majority knows it. */
  readonly revision: () => Promise<number>;
}

export class ChangeFeed {
  readonly wakers = new Wakers();
  readonly #options: FeedOptions;
  readonly #stop = new AbortController();
  #log: ChangeLog | undefined;
  #era = 0;
  #stream: { cancel(): void } | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** The log of the moment. It is another one after a gap. Begins behind `revision` where it has not begun yet. */
  log(revision: number): ChangeLog {
    if (this.#log) return this.#log;
    this.#log = new ChangeLog(revision, this.#options.keepChanges);
    this.#era = this.#options.history.era;
    void this.#run();
    return this.#log;
  }

  /** Resolves when everything up to `revision` is in the log. Throws ERR_STORE_UNAVAILABLE. */
  async reach(revision: number): Promise<void> {
    const { timeoutMs } = this.#options;
    const end = Date.now() + timeoutMs;
    while (this.#log && this.#log.last < revision && !this.#stop.signal.aborted) {
      const left = end - Date.now();
      if (left <= 0) {
        // A stream that stands still while reads are answered is broken in a way that nobody told us.
        this.#stream?.cancel();
        throw new StoreError(
          'ERR_STORE_UNAVAILABLE',
          `etcd answers, but its watch is behind revision ${revision} after ${timeoutMs} ms`,
        );
      }
      await woken(this.wakers, left);
    }
    if (this.#stop.signal.aborted) throw closedError();
  }

  close(): void {
    this.#stop.abort();
    this.#stream?.cancel();
    this.wakers.wakeAll();
    this.#options.connection.opened.wakeAll();
  }

  async #run(): Promise<void> {
    const { connection, history, revision } = this.#options;
    let pauseMs = FIRST_PAUSE_MS;
    while (!this.#stop.signal.aborted) {
      try {
        const link = await connection.link();
        // From here on a head is known that is no older than what readers have: see history.ts.
        await revision();
        if (history.era !== this.#era) await this.#beginAnew();
        await this.#follow(link, () => {
          pauseMs = FIRST_PAUSE_MS;
        });
      } catch {
        // The connection tells of what fails; requests meet the same and tell their callers.
      }
      if (this.#stop.signal.aborted) return;
      const jitter = 0.75 + Math.random() * 0.5;
      await woken(connection.opened, pauseMs * jitter);
      pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS);
    }
  }

  /** Readers of the former log are told that it ended; see `Reader`. */
  async #beginAnew(): Promise<void> {
    const { history, revision, keepChanges } = this.#options;
    const { era } = history;
    this.#log = new ChangeLog(await revision(), keepChanges);
    this.#era = era;
    this.wakers.wakeAll();
  }

  /** Resolves when the stream has ended, however. */
  async #follow(link: Link, onCreated: () => void): Promise<void> {
    const { layout } = this.#options;
    const stream = link.stream(WATCH);
    this.#stream = stream;
    let compacted = false;
    await new Promise<void>((resolve) => {
      stream.on('error', () => resolve());
      stream.on('end', () => resolve());
      stream.on('close', () => resolve());
      stream.on('data', (response: WatchResponse) => {
        if (response.canceled) {
          compacted = response.compactRevision > 0;
          stream.cancel();
        } else if (response.created) {
          onCreated();
        } else {
          this.#take(response);
        }
      });
      const startRevision = this.#log!.last + 1;
      stream.write({ create: { key: layout.first, rangeEnd: layout.end, startRevision, progressNotify: true } });
    });
    this.#stream = undefined;
    if (compacted) await this.#beginAnew();
    else this.#options.connection.drop(link);
  }

  #take({ header, events }: WatchResponse): void {
    const { history, layout } = this.#options;
    const log = this.#log!;
    // Without events it is etcd's word that nothing happened so far.
    if (events.length === 0) log.advance(header.revision);
    log.add(
      events.flatMap(({ type, kv }) => {
        if (kv.key.equals(layout.head)) history.saw(kv.modRevision, kv.value.toString());
        const key = layout.keyOf(kv.key);
        if (key === undefined) return [];
        return { key, revision: kv.modRevision, text: type === DELETED ? undefined : kv.value.toString() };
      }),
    );
    const newest = events.at(-1);
    if (newest) log.advance(newest.kv.modRevision);
    this.wakers.wakeAll();
  }
}

/** Resolves when woken, or after `ms`. */
function woken(wakers: Wakers, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      wakers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    wakers.add(wake);
  });
}
