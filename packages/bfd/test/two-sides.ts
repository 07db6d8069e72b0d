/** Two sessions on one virtual clock, joined by a path that loses and delays what a test wants. */
import {
  type ControlPacket,
  DEFAULT_TIMERS,
  Session,
  type SessionEffect,
  type StateChange,
  type TimerConfig,
} from '@tortie/bfd';

export type Side = 'a' | 'b';

export interface Sent {
  readonly atMs: number;
  readonly from: Side;
  readonly packet: ControlPacket;
}

export interface TwoSidesOptions {
  readonly a?: Partial<TimerConfig>;
  readonly b?: Partial<TimerConfig>;
  readonly delayMs?: number;
  readonly random?: () => number;
}

interface Flight extends Sent {
  readonly arrivesMs: number;
}

export class TwoSides {
  nowMs = 0;
  readonly a: Session;
  readonly b: Session;
  readonly sent: Sent[] = [];
  readonly changes: (StateChange & { readonly side: Side; readonly atMs: number })[] = [];
  /** Whether a packet is lost on its way. */
  loses: (sent: Sent) => boolean = () => false;
  readonly #flights: Flight[] = [];
  readonly #delayMs: number;

  constructor({ a, b, delayMs = 1, random = seeded(1) }: TwoSidesOptions = {}) {
    this.#delayMs = delayMs;
    this.a = new Session({ timers: { ...DEFAULT_TIMERS, ...a }, discriminator: 0xa, random, nowMs: 0 });
    this.b = new Session({ timers: { ...DEFAULT_TIMERS, ...b }, discriminator: 0xb, random, nowMs: 0 });
  }

  /** Does something with a side and carries out what comes of it. */
  at(side: Side, work: (session: Session, nowMs: number) => SessionEffect[]): void {
    for (const effect of work(this[side], this.nowMs)) {
      if (effect.type === 'state') this.changes.push({ ...effect, side, atMs: this.nowMs });
      else {
        const sent = { atMs: this.nowMs, from: side, packet: effect.packet };
        this.sent.push(sent);
        if (!this.loses(sent)) this.#flights.push({ ...sent, arrivesMs: this.nowMs + this.#delayMs });
      }
    }
  }

  /** Lets the time pass. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const flight = this.#flights[0];
      const nextMs = Math.min(flight?.arrivesMs ?? Number.POSITIVE_INFINITY, this.a.deadlineMs, this.b.deadlineMs);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      if (flight && flight.arrivesMs <= this.nowMs) {
        this.#flights.shift();
        this.at(flight.from === 'a' ? 'b' : 'a', (session, nowMs) => session.receive(flight.packet, nowMs));
      } else if (this.a.deadlineMs <= this.nowMs) this.at('a', (session, nowMs) => session.advance(nowMs));
      else this.at('b', (session, nowMs) => session.advance(nowMs));
    }
    this.nowMs = endMs;
  }

  get states(): string {
    return `${this.a.state} ${this.b.state}`;
  }

  /** Packets of a side from a moment on. */
  sentBy(side: Side, sinceMs = 0): Sent[] {
    return this.sent.filter(({ from, atMs }) => from === side && atMs >= sinceMs);
  }
}

/** Numbers of 0 to 1 that are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
