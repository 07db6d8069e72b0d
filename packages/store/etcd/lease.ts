/** A lease of etcd, renewed as long as this process lives: keys that hang on it go when it is renewed no more. */
import { randomBytes } from 'node:crypto';
import type { Connection } from './connection.js';
import { LEASE_GRANT, LEASE_KEEP_ALIVE, LEASE_REVOKE, type LeaseKeepAliveResponse } from './messages.js';

/** How often a renewal that failed is tried again. */
const RETRY_MS = 500;

export class Lease {
  readonly id: number;
  /** Resolves when etcd no longer knows it, although it was not revoked. */
  readonly lost: Promise<void>;
  readonly #connection: Connection;
  readonly #ttlMs: number;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  #lose: () => void = () => {};

  private constructor(connection: Connection, id: number, ttlS: number) {
    this.id = id;
    this.#connection = connection;
    this.#ttlMs = ttlS * 1000;
    this.lost = new Promise((resolve) => {
      this.#lose = resolve;
    });
    this.#renewIn(this.#ttlMs / 3);
  }

  static async grant(connection: Connection, ttlS: number): Promise<Lease> {
    // Our own number, as etcd's would not fit a JavaScript one. Below 2^48, and never 0, which asks etcd to choose.
    const id = 1 + randomBytes(6).readUIntBE(0, 6);
    await connection.call(LEASE_GRANT, { ttl: ttlS, id }, { repeatable: false });
    return new Lease(connection, id, ttlS);
  }

  /** Its keys go with it. */
  async revoke(): Promise<void> {
    this.end();
    await this.#connection.call(LEASE_REVOKE, { id: this.id }, { repeatable: false });
  }

  /** Renews it no more. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #renewIn(ms: number): void {
    if (this.#ended) return;
    this.#timer = setTimeout(() => void this.#renew(), ms);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    try {
      const { ttl } = await this.#keepAlive();
      if (ttl > 0) this.#renewIn(this.#ttlMs / 3);
      else if (!this.#ended) {
        this.end();
        this.#lose();
      }
    } catch {
      // The connection tells of what fails. Whether the lease outlived that is etcd's to say.
      this.#renewIn(RETRY_MS);
    }
  }

  async #keepAlive(): Promise<LeaseKeepAliveResponse> {
    const link = await this.#connection.link();
    const stream = link.stream(LEASE_KEEP_ALIVE, { deadline: new Date(Date.now() + this.#ttlMs / 3) });
    return new Promise((resolve, reject) => {
      stream.on('error', (error) => {
        this.#connection.drop(link);
        reject(error);
      });
      stream.on('data', (response: LeaseKeepAliveResponse) => {
        resolve(response);
        stream.end();
      });
      stream.write({ id: this.id });
    });
  }
}
