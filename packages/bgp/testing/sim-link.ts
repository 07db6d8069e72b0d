/** A TCP connection without TCP: two ends, a delay, and the ways in which connections go wrong. */
import type { VirtualClock } from './virtual-clock.js';

export interface SimLinkOptions {
  /** One way. Default 1. */
  readonly delayMs?: number;
  /** Deliver at most so many octets in one piece. Default: as written. */
  readonly splitOctets?: number;
}

/** One end. Octets written here arrive at `remote`, in order. */
export class SimSocket {
  /** `more`: another piece follows at this moment. */
  onData: ((bytes: Uint8Array, more: boolean) => void) | undefined;
  /** Called once: the other end closed, or the connection broke. Not after close() of this end. */
  onClosed: ((reason: string) => void) | undefined;
  /** Called when the other end has read everything that was written. */
  onDrain: (() => void) | undefined;
  remote!: SimSocket;
  closed = false;
  /** Everything that arrived while nobody listened through onData. */
  readonly received: Uint8Array[] = [];
  /** Octets written and not yet read by the other end. */
  unread = 0;
  readonly #clock: VirtualClock;
  readonly #link: SimLink;
  readonly #held: Uint8Array[] = [];
  /** On their way to the other end, to arrive together. */
  #flight: { readonly atMs: number; readonly pieces: Uint8Array[] } | undefined;
  #reading = true;
  #closedByPeer: string | undefined;

  constructor(clock: VirtualClock, link: SimLink) {
    this.#clock = clock;
    this.#link = link;
  }

  write(bytes: Uint8Array): void {
    if (this.closed || bytes.length === 0) return;
    this.unread += bytes.length;
    const step = this.#link.splitOctets;
    for (let at = 0; at < bytes.length; at += step) {
      this.#launch(bytes.slice(at, at + step));
    }
  }

  /** What is written at one moment arrives at one moment. */
  #launch(piece: Uint8Array): void {
    const atMs = this.#clock.nowMs + this.#link.delayMs;
    if (this.#flight?.atMs === atMs) {
      this.#flight.pieces.push(piece);
      return;
    }
    const flight = { atMs, pieces: [piece] };
    this.#flight = flight;
    this.#clock.at(atMs, () => {
      if (this.#flight === flight) this.#flight = undefined;
      for (const [at, one] of flight.pieces.entries()) this.remote.#arrive(one, at + 1 < flight.pieces.length);
    });
  }

  /** The other end learns of it after what was written. */
  close(reason = 'the peer closed the connection'): void {
    if (this.closed) return;
    this.closed = true;
    this.#clock.after(this.#link.delayMs, () => this.remote.#end(reason));
  }

  /** A reader that stopped reading; its octets wait. */
  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    this.#reading = true;
    for (const piece of this.#held.splice(0)) this.#arrive(piece, false);
    if (this.#closedByPeer !== undefined) this.#end(this.#closedByPeer);
  }

  /** Nothing passes any more in either direction, and neither end hears of it: the host has lost its power. */
  cut(): void {
    this.#link.isCut = true;
  }

  /** The connection breaks for this end. */
  break(reason: string): void {
    this.#end(reason);
  }

  #arrive(piece: Uint8Array, more: boolean): void {
    // Where the link is cut the octets are lost, and so is the connection: neither end hears of it.
    if (this.#link.isCut || this.closed) return;
    if (!this.#reading) {
      this.#held.push(piece);
      return;
    }
    this.remote.unread -= piece.length;
    if (this.onData) this.onData(piece, more);
    else this.received.push(piece);
    if (this.remote.unread === 0) this.remote.onDrain?.();
  }

  #end(reason: string): void {
    if (this.#link.isCut || this.closed) return;
    if (!this.#reading && this.#held.length > 0) {
      this.#closedByPeer = reason;
      return;
    }
    this.closed = true;
    this.onClosed?.(reason);
  }
}

export class SimLink {
  readonly delayMs: number;
  readonly splitOctets: number;
  readonly ends: readonly [SimSocket, SimSocket];
  /** Nothing arrives any more, and nobody is told. */
  isCut = false;

  constructor(clock: VirtualClock, { delayMs = 1, splitOctets = Number.POSITIVE_INFINITY }: SimLinkOptions = {}) {
    this.delayMs = delayMs;
    this.splitOctets = splitOctets;
    const first = new SimSocket(clock, this);
    const second = new SimSocket(clock, this);
    first.remote = second;
    second.remote = first;
    this.ends = [first, second];
  }
}
