/**
 * The one link to etcd that all requests share, and what happens when it breaks: the next endpoint is tried, reads are
 * repeated there, and writes only where it is certain that the broken one did nothing.
 */
import { StoreError, Wakers } from '../src/index.js';
import { refusedError } from './etcd-errors.js';
import { CallError, Link, type Proof } from './link.js';
import type { Method } from './messages.js';
import type { EtcdStoreOptions } from './options.js';

/** Pause between two rounds over all endpoints. */
const ROUND_PAUSE_MS = 200;

/** The least an endpoint gets to answer before the next is tried. */
const LEAST_ATTEMPT_MS = 500;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Connection {
  /** Woken when a new link stands. */
  readonly opened = new Wakers();
  readonly #options: EtcdStoreOptions;
  readonly #prove: Proof;
  readonly #timeoutMs: number;
  #at = 0;
  #link: Link | undefined;
  #opening: Promise<Link> | undefined;
  #awaySince: number | undefined;
  #closed = false;

  constructor(options: EtcdStoreOptions, prove: Proof) {
    this.#options = options;
    this.#prove = prove;
    this.#timeoutMs = options.timeoutMs ?? 5_000;
  }

  /**
   * Asks etcd. `repeatable` says that doing it twice does no harm. Throws ERR_STORE_UNAVAILABLE where nobody answers, and
   * otherwise what etcd refused.
   */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    { repeatable }: { readonly repeatable: boolean },
  ): Promise<Response> {
    const [begun, end] = [Date.now(), this.#patienceEnds()];
    for (let authenticated = false; ; ) {
      const link = await this.link(end);
      try {
        // What may be repeated elsewhere waits no longer than leaves time for that.
        const attemptEnds = repeatable ? this.#attemptEnds(end) : Math.max(end, Date.now() + LEAST_ATTEMPT_MS);
        return await link.call(method, request, new Date(attemptEnds));
      } catch (error) {
        if (this.#closed) throw closedError();
        if (!(error instanceof CallError)) throw error;
        const { fault } = error;
        if (fault.type === 'refused') throw refusedError(link.url, fault);
        this.drop(link);
        if (fault.type === 'token') {
          // A new link authenticates anew; once is enough.
          if (authenticated || this.#options.username === undefined) throw refusedError(link.url, fault);
          authenticated = true;
          continue;
        }
        const again = repeatable || fault.undone;
        if (again && Date.now() < end) continue;
        const fate = again ? '' : '; whether the change was made is not known';
        throw this.#away(`etcd at ${link.url}: ${fault.detail}${fate}`, { since: begun, cause: error });
      }
    }
  }

  /** The link of the moment, or a new one. Throws ERR_STORE_UNAVAILABLE, ERR_STORE_CLOSED, or what etcd refused. */
  async link(end = this.#patienceEnds()): Promise<Link> {
    for (;;) {
      if (this.#closed) throw closedError();
      if (this.#link?.dropped) this.drop(this.#link);
      if (this.#link) return this.#link;
      this.#opening ??= this.#open(end).finally(() => {
        this.#opening = undefined;
      });
      try {
        return await this.#opening;
      } catch (error) {
        // It may have been another's attempt, who had less time left.
        const away = error instanceof StoreError && error.code === 'ERR_STORE_UNAVAILABLE';
        if (!away || Date.now() + ROUND_PAUSE_MS >= end) throw error;
      }
    }
  }

  /** Who found it broken says so; the next request goes to the next endpoint. */
  drop(link: Link): void {
    link.drop();
    if (this.#link !== link) return;
    this.#link = undefined;
    this.#at++;
  }

  close(): void {
    this.#closed = true;
    this.#link?.drop();
    this.#link = undefined;
  }

  async #open(end: number): Promise<Link> {
    const { endpoints } = this.#options;
    const since = Date.now();
    for (;;) {
      const failures = new Map<string, string>();
      for (let tried = 0; tried < endpoints.length; tried++) {
        const url = endpoints[this.#at % endpoints.length]!;
        try {
          const link = await Link.open(url, this.#options, this.#prove, new Date(this.#attemptEnds(end)));
          if (this.#closed) {
            link.drop();
            throw closedError();
          }
          this.#link = link;
          this.#back();
          this.opened.wakeAll();
          return link;
        } catch (error) {
          if (!(error instanceof CallError)) throw error;
          if (error.fault.type !== 'away') throw refusedError(url, error.fault);
          failures.set(url, error.fault.detail);
          this.#at++;
        }
      }
      if (this.#closed) throw closedError();
      if (Date.now() + ROUND_PAUSE_MS >= end) {
        const tried = [...failures].map(([url, detail]) => `${url}: ${detail}`).join('; ');
        const advice = 'check that it runs, that this host reaches it, and whether http or https is right';
        throw this.#away(`etcd does not answer (${tried}); ${advice}`, { since });
      }
      await pause(ROUND_PAUSE_MS);
    }
  }

  /** Once etcd has been away for longer than a request may wait, requests fail after one round instead of all waiting. */
  #patienceEnds(): number {
    const now = Date.now();
    const away = this.#awaySince !== undefined && now - this.#awaySince >= this.#timeoutMs - ROUND_PAUSE_MS;
    return away ? now : now + this.#timeoutMs;
  }

  #attemptEnds(end: number): number {
    const now = Date.now();
    const share = Math.max(LEAST_ATTEMPT_MS, this.#timeoutMs / (this.#options.endpoints.length + 1));
    return Math.max(now + LEAST_ATTEMPT_MS, Math.min(end, now + share));
  }

  /** `since`: when it was first asked in vain. */
  #away(detail: string, { since, cause }: { readonly since: number; readonly cause?: unknown }): StoreError {
    const error = new StoreError('ERR_STORE_UNAVAILABLE', detail, cause === undefined ? {} : { cause });
    if (this.#awaySince === undefined) {
      this.#awaySince = since;
      this.#options.onAway?.(error);
    }
    return error;
  }

  #back(): void {
    if (this.#awaySince === undefined) return;
    const awayMs = Date.now() - this.#awaySince;
    this.#awaySince = undefined;
    this.#options.onBack?.(awayMs);
  }
}

export const closedError = (): StoreError => new StoreError('ERR_STORE_CLOSED', 'the store was closed');
