/** A session with its socket, its timer and its counters. */
import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import {
  type ControlPacket,
  type Diagnostic,
  encodePacket,
  Session,
  type SessionEffect,
  type SessionSpec,
  type SessionView,
  type StateChange,
  sameEndpoints,
} from '@tortie/bfd';
import type { Sender } from './sender.js';

export interface SessionHost {
  /** Reads what has arrived for this kind of session, before anything is taken for lost. */
  drain(session: EngineSession): void;
  changed(session: EngineSession, change: StateChange): void;
  /** The socket has become useless: its interface or address is gone. */
  broken(session: EngineSession): void;
}

/** EINVAL, ENODEV, EADDRNOTAVAIL: no packet will ever leave through this socket. */
const HOPELESS = new Set([22, 19, 99]);

export class EngineSession {
  readonly machine: Session;
  spec: SessionSpec;
  sender: Sender | undefined;
  /** Of the spec's device. */
  ifindex: number | undefined;
  error: string | undefined;
  readonly #host: SessionHost;
  #running = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #packetsIn = 0;
  #packetsOut = 0;
  #sendErrors = 0;
  #flaps = 0;
  #lastDown: Diagnostic | undefined;

  constructor(spec: SessionSpec, discriminator: number, host: SessionHost) {
    this.spec = spec;
    this.#host = host;
    this.machine = new Session({ timers: spec, discriminator, random: Math.random, nowMs: performance.now() });
  }

  /** Begins to send and to wait; also again after its socket had to be replaced. */
  run(sender: Sender, ifindex: number | undefined): void {
    this.sender = sender;
    this.ifindex = ifindex;
    this.error = undefined;
    this.#running = true;
    if (this.spec.adminDown) this.#carryOut(this.machine.setAdminDown(true, performance.now()));
    this.#arm();
  }

  /** Takes on what can change without a new session. Gives false for other endpoints. */
  change(spec: SessionSpec): boolean {
    if (!sameEndpoints(this.spec, spec)) return false;
    const nowMs = performance.now();
    this.spec = spec;
    this.#carryOut(this.machine.configure(spec, nowMs));
    if (this.#running) this.#carryOut(this.machine.setAdminDown(spec.adminDown ?? false, nowMs));
    this.#arm();
    return true;
  }

  receive(packet: ControlPacket): void {
    this.#packetsIn++;
    this.#carryOut(this.machine.receive(packet, performance.now()));
    this.#arm();
  }

  /** Says good-bye; gives for how long it should be said. */
  leave(): number {
    const lingerMs = this.machine.remoteDetectionMs;
    this.#carryOut(this.machine.setAdminDown(true, performance.now()));
    this.#arm();
    return lingerMs;
  }

  close(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.loseSender();
  }

  /** Its socket is useless. The session goes on: unless packets come, its detection time ends. */
  loseSender(): void {
    this.sender?.close();
    this.sender = undefined;
  }

  view(): SessionView {
    const { remote, state, diagnostic, sinceMs, localDiscriminator, txIntervalMs, detectionTimeMs } =
      this.machine.snapshot();
    return {
      name: this.spec.name,
      state,
      diagnostic,
      sinceMs: performance.timeOrigin + sinceMs,
      ...(remote && {
        remote: {
          state: remote.state,
          diagnostic: remote.diagnostic,
          discriminator: remote.discriminator,
          controlPlaneIndependent: remote.controlPlaneIndependent,
        },
      }),
      localDiscriminator,
      txIntervalMs,
      ...(detectionTimeMs !== undefined && { detectionTimeMs }),
      packetsIn: this.#packetsIn,
      packetsOut: this.#packetsOut,
      sendErrors: this.#sendErrors,
      flaps: this.#flaps,
      ...(this.#lastDown && { lastDown: this.#lastDown }),
      ...(this.error !== undefined && { error: this.error }),
    };
  }

  /** One timer for whatever comes first. A deadline that has moved away is noticed when the timer fires: packets move it all the time. */
  #arm(): void {
    const { deadlineMs } = this.machine;
    if (!this.#running || deadlineMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = deadlineMs;
    this.#timer = setTimeout(() => this.#expired(), Math.max(0, Math.ceil(deadlineMs - performance.now())));
  }

  #expired(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    // A thread that ran late has packets waiting: the peer was not silent, we were deaf.
    if (this.machine.isOverdue(performance.now())) this.#host.drain(this);
    if (!this.#running) return;
    this.#carryOut(this.machine.advance(performance.now()));
    this.#arm();
  }

  #carryOut(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.#send(effect.packet);
      else {
        if (effect.from === 'up' && effect.to === 'down') {
          this.#flaps++;
          this.#lastDown = effect.diagnostic;
        }
        this.#host.changed(this, effect);
      }
    }
  }

  #send(packet: ControlPacket): void {
    if (!this.sender) return;
    const errno = this.sender.send(encodePacket(packet));
    if (errno === 0) this.#packetsOut++;
    else {
      this.#sendErrors++;
      if (HOPELESS.has(errno)) this.#host.broken(this);
    }
  }
}

/** Not zero, and hard to guess: knowing it is what lets a packet into a session. */
export function newDiscriminator(taken: (discriminator: number) => boolean): number {
  for (;;) {
    const discriminator = randomInt(1, 2 ** 32);
    if (!taken(discriminator)) return discriminator;
  }
}
