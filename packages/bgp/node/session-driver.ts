/**
 * One TCP connection: a queue of octets that wait to be processed, and a socket that is fed only as fast as it drains.
 *
 * UPDATEs stay in the RIB until the socket takes them, so a slow peer costs no memory, and what the state machine sends
 * (KEEPALIVE, NOTIFICATION) goes straight to the socket: it overtakes every UPDATE that is not in the socket's buffer.
 */
import type { Socket } from 'node:net';
import { tcpReason } from './tcp-reason.js';

/** UPDATEs handed to the socket before it has to drain: enough for one trip around the event loop. */
const BATCH_OCTETS = 65536;
/** Octets per turn for one peer, so that a fast one does not hold up the others. */
const TURN_OCTETS = 4 * BATCH_OCTETS;
/** How long a closed connection may take to flush what was written. */
const LINGER_MS = 2000;

export interface SessionDriverPort {
  /** Octets came in; `inbox` holds them. */
  received(driver: SessionDriver): void;
  /** The socket drained. */
  drained(driver: SessionDriver): void;
  connected(driver: SessionDriver): void;
  /** Called once, unless close() was called before. */
  lost(driver: SessionDriver, reason: string): void;
}

export class SessionDriver {
  readonly connection: number;
  readonly socket: Socket;
  /** Received chunks in order, not yet processed. */
  readonly inbox: Uint8Array[] = [];
  inboxOctets = 0;
  /** The RIB has UPDATEs for this peer. */
  outputReady = false;
  readonly #port: SessionDriverPort;
  readonly #readOctets: number;
  /** Once close() was called: resolves when the socket is gone. */
  gone: Promise<void> = Promise.resolve();
  #closed = false;
  #lostReason: string | undefined;
  #sentOctets = 0;
  #sentAtMs = Number.NaN;

  constructor(connection: number, socket: Socket, port: SessionDriverPort, readOctets: number) {
    this.connection = connection;
    this.socket = socket;
    this.#port = port;
    this.#readOctets = readOctets;
    socket.setNoDelay(true);
    socket.on('connect', () => this.#closed || port.connected(this));
    socket.on('data', (chunk: Uint8Array) => this.#data(chunk));
    socket.on('drain', () => this.#closed || port.drained(this));
    socket.on('end', () => this.#lose('the peer closed the connection'));
    socket.on('error', (error) => this.#lose(tcpReason(error)));
    socket.on('close', () => this.#lose('the connection closed'));
  }

  /** The next chunk to process. Reading resumes once the queue is half empty. */
  shift(): Uint8Array | undefined {
    const chunk = this.inbox.shift();
    if (!chunk) {
      if (this.#lostReason !== undefined && !this.#closed) {
        this.#closed = true;
        this.#port.lost(this, this.#lostReason);
      }
      return undefined;
    }
    this.inboxOctets -= chunk.length;
    if (this.socket.isPaused() && this.inboxOctets * 2 < this.#readOctets) this.socket.resume();
    return chunk;
  }

  /** Before all UPDATEs that the RIB still holds. */
  send(bytes: Uint8Array): void {
    if (!this.#closed && this.socket.writable) this.socket.write(bytes);
  }

  /** Moves UPDATEs from the RIB to the socket while it takes them. True where it would take more at once. */
  pump(take: (maxOctets: number) => readonly Uint8Array[]): boolean {
    const { socket } = this;
    let octets = 0;
    while (this.outputReady && socket.writableLength < BATCH_OCTETS) {
      if (this.#closed || !socket.writable) return false;
      if (octets >= TURN_OCTETS) return true;
      const chunks = take(BATCH_OCTETS);
      if (chunks.length === 0) {
        this.outputReady = false;
        return false;
      }
      // One writev for all: the chunks are shared with other peers and must not be joined into a copy. A single one, as of a
      // change that goes to many peers, is written without the detour over the stream's buffer.
      const several = chunks.length > 1;
      if (several) socket.cork();
      for (const chunk of chunks) {
        socket.write(chunk);
        octets += chunk.length;
      }
      if (several) socket.uncork();
    }
    return false;
  }

  /** Since when the peer takes nothing although something is to be sent; undefined while it does. */
  stalledSinceMs(nowMs: number): number | undefined {
    const sent = this.socket.bytesWritten - this.socket.writableLength;
    if (this.socket.writableLength === 0 || sent !== this.#sentOctets || Number.isNaN(this.#sentAtMs)) {
      this.#sentOctets = sent;
      this.#sentAtMs = nowMs;
      return undefined;
    }
    return this.#sentAtMs;
  }

  /** Flushes what was written and closes. Whatever the peer still sends is read and dropped: unread octets would make a
   * reset of the close, and the reset could destroy our NOTIFICATION on its way. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.inbox.length = 0;
    this.inboxOctets = 0;
    const { socket } = this;
    if (socket.connecting) {
      socket.destroy();
      return;
    }
    socket.resume();
    socket.end();
    const timeout = setTimeout(() => socket.destroy(), LINGER_MS);
    this.gone = new Promise((resolve) => {
      socket.once('close', () => {
        clearTimeout(timeout);
        resolve();
      });
    });
  }

  #data(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.inbox.push(chunk);
    this.inboxOctets += chunk.length;
    if (this.inboxOctets >= this.#readOctets) this.socket.pause();
    this.#port.received(this);
  }

  /** What was received before the end is processed first: it may hold the NOTIFICATION that explains it. */
  #lose(reason: string): void {
    if (this.#closed || this.#lostReason !== undefined) return;
    this.#lostReason = reason;
    this.#port.received(this);
  }
}
