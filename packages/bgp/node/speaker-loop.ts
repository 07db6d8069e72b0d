/**
 * Drives a speaker on the event loop: sockets and timers in, outputs carried out, in turns of bounded length.
 *
 * Everything happens in one function, once per trip around the event loop and after its poll phase: what the kernel had
 * is in the inboxes before a hold timer is judged. Each kind of work has its own slice of time, so neither a flood of
 * UPDATEs nor a million routes to send keeps a KEEPALIVE waiting.
 */

import type { Socket } from 'node:net';
import type { Address } from '@tortie/ip';
import {
  type Acceptance,
  type AcceptedSecurity,
  type DialOptions,
  Speaker,
  type SpeakerEvent,
  type SpeakerOptions,
} from '../src/index.js';
import { Alarm, monotonicMs } from './clock.js';
import type { SpeakerLimits } from './running-speaker.js';
import { SessionDriver, type SessionDriverPort } from './session-driver.js';
import { socketEndpoints } from './socket-endpoints.js';
import { tcpReason } from './tcp-reason.js';

/** Prefixes per step of work: small enough to look at the clock often. */
const WORK_PREFIXES = 512;
const STALL_CHECK_MS = 10_000;

export interface SpeakerLoopPort {
  /** Throws where the transport cannot do what the options ask for. */
  dial(options: DialOptions): Socket;
  password(remoteAddress: Address, password: string | undefined, length?: number): void;
  event(event: SpeakerEvent): void;
}

export class SpeakerLoop {
  readonly speaker: Speaker;
  readonly #port: SpeakerLoopPort;
  readonly #limits: SpeakerLimits;
  readonly #drivers = new Map<number, SessionDriver>();
  /** Drivers with received octets, in the order of their turns. */
  readonly #unread = new Set<SessionDriver>();
  /** Drivers that may be able to send UPDATEs. */
  readonly #writable = new Set<SessionDriver>();
  /** Closed connections that still flush. */
  readonly #leaving = new Set<Promise<void>>();
  readonly #alarm = new Alarm(() => this.#schedule());
  readonly #stallCheck: NodeJS.Timeout;
  readonly #driverPort: SessionDriverPort;
  #workLeft = false;
  #scheduled = false;
  #carrying = false;
  #stopped = false;

  constructor(
    options: Omit<SpeakerOptions, 'nowMs' | 'random' | 'wallClockMs'>,
    limits: SpeakerLimits,
    port: SpeakerLoopPort,
  ) {
    this.#port = port;
    this.#limits = limits;
    this.speaker = new Speaker({ ...options, random: Math.random, wallClockMs: Date.now, nowMs: monotonicMs() });
    this.speaker.onPending = () => this.#schedule();
    this.#driverPort = {
      received: (driver) => {
        this.#unread.add(driver);
        this.#schedule();
      },
      drained: (driver) => {
        this.#writable.add(driver);
        this.#schedule();
      },
      connected: ({ connection, socket }) => {
        this.speaker.connected(connection, socketEndpoints(socket), monotonicMs());
        this.carryOut();
      },
      lost: ({ connection }, reason) => {
        this.#forget(connection);
        this.speaker.closed(connection, reason, monotonicMs());
      },
    };
    this.#stallCheck = setInterval(() => this.#checkStalls(), STALL_CHECK_MS);
    this.#stallCheck.unref();
  }

  /** Takes an accepted socket, or says why not; `prepare` runs before anything is written to it. */
  accept(socket: Socket, remoteAddress: Address, prepare: (security: AcceptedSecurity) => void): Acceptance {
    const nowMs = monotonicMs();
    const acceptance = this.speaker.accept(remoteAddress, socketEndpoints(socket), nowMs);
    if ('connection' in acceptance) {
      const { connection, peer, security } = acceptance;
      this.#drive(connection, socket);
      try {
        prepare(security);
      } catch (error) {
        this.#close(connection);
        this.speaker.closed(connection, tcpReason(error as Error), nowMs);
        this.#port.event({ type: 'problem', peer, error: error as Error });
      }
    }
    this.carryOut();
    return acceptance;
  }

  /** See RunningSpeaker. */
  inject(peer: string, update: Uint8Array): number | undefined {
    const connection = this.speaker.outputConnection(peer);
    const driver = connection === undefined ? undefined : this.#drivers.get(connection);
    if (!driver) return undefined;
    if (update.length > 0) driver.send(update);
    return driver.socket.writableLength;
  }

  /** Carries out what the speaker wants after an input. */
  carryOut(): void {
    if (this.#carrying) return;
    this.#carrying = true;
    try {
      for (let outputs = this.speaker.drain(); outputs.length > 0; outputs = this.speaker.drain()) {
        for (const output of outputs) {
          switch (output.type) {
            case 'dial':
              this.#dial(output.connection, output.peer, output.options);
              break;
            case 'send':
              this.#drivers.get(output.connection)?.send(output.bytes);
              break;
            case 'close':
              this.#close(output.connection);
              break;
            case 'output-ready':
              this.#outputReady(output.connection);
              break;
            case 'work':
              this.#workLeft = true;
              this.#schedule();
              break;
            case 'password':
              this.#port.password(output.remoteAddress, output.password, output.length);
              break;
            case 'event':
              this.#port.event(output.event);
              break;
          }
        }
      }
    } finally {
      this.#carrying = false;
    }
    this.#setAlarm();
  }

  /** Lets go of timers and sockets; the speaker was closed before. Resolves when what was written is out. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#alarm.clear();
    clearInterval(this.#stallCheck);
    for (const connection of [...this.#drivers.keys()]) this.#close(connection);
    await Promise.all(this.#leaving);
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #setAlarm(): void {
    if (!this.#stopped) this.#alarm.set(this.speaker.nextDeadlineMs, monotonicMs());
  }

  #turn(): void {
    if (this.#stopped) return;
    const { speaker } = this;
    this.carryOut();
    let nowMs = monotonicMs();
    const deadline = speaker.nextDeadlineMs;
    if (deadline !== undefined && deadline <= nowMs) {
      speaker.advance(nowMs, (connection) => (this.#drivers.get(connection)?.inboxOctets ?? 0) > 0);
    }
    this.#read(nowMs);
    nowMs = monotonicMs();
    if (this.#workLeft) {
      const endMs = nowMs + this.#limits.turnMs;
      do this.#workLeft = speaker.work(WORK_PREFIXES);
      while (this.#workLeft && monotonicMs() < endMs);
    }
    this.carryOut();
    this.#write();
    if (this.#workLeft || this.#unread.size > 0 || this.#writable.size > 0) this.#schedule();
    this.#setAlarm();
  }

  /** One chunk of each driver after the other until the slice is used up. */
  #read(nowMs: number): void {
    const endMs = nowMs + this.#limits.turnMs;
    let at = nowMs;
    while (this.#unread.size > 0) {
      for (const driver of this.#unread) {
        const chunk = driver.shift();
        if (chunk) this.speaker.receive(driver.connection, chunk, at);
        else this.#unread.delete(driver);
        this.carryOut();
        at = monotonicMs();
        if (at >= endMs) {
          // The others come first in the next turn.
          if (chunk) {
            this.#unread.delete(driver);
            this.#unread.add(driver);
          }
          return;
        }
      }
    }
  }

  #write(): void {
    const endMs = monotonicMs() + this.#limits.turnMs;
    for (const driver of this.#writable) {
      this.#writable.delete(driver);
      const { connection } = driver;
      if (driver.pump((maxOctets) => this.speaker.take(connection, maxOctets))) this.#writable.add(driver);
      if (monotonicMs() >= endMs) return;
    }
  }

  #dial(connection: number, peer: string, options: DialOptions): void {
    try {
      this.#drive(connection, this.#port.dial(options));
    } catch (error) {
      this.speaker.closed(connection, tcpReason(error as Error), monotonicMs());
      this.#port.event({ type: 'problem', peer, error: error as Error });
    }
  }

  #drive(connection: number, socket: Socket): void {
    this.#drivers.set(connection, new SessionDriver(connection, socket, this.#driverPort, this.#limits.readOctets));
  }

  #close(connection: number): void {
    const driver = this.#drivers.get(connection);
    if (!driver) return;
    this.#forget(connection);
    driver.close();
    const { gone } = driver;
    this.#leaving.add(gone);
    void gone.then(() => this.#leaving.delete(gone));
  }

  #forget(connection: number): void {
    const driver = this.#drivers.get(connection);
    if (!driver) return;
    this.#drivers.delete(connection);
    this.#unread.delete(driver);
    this.#writable.delete(driver);
  }

  #outputReady(connection: number): void {
    const driver = this.#drivers.get(connection);
    if (!driver) return;
    driver.outputReady = true;
    this.#writable.add(driver);
    this.#schedule();
  }

  #checkStalls(): void {
    const nowMs = monotonicMs();
    for (const driver of this.#drivers.values()) {
      const since = driver.stalledSinceMs(nowMs);
      if (since !== undefined) this.speaker.sendStalled(driver.connection, (nowMs - since) / 1000, nowMs);
    }
    this.carryOut();
  }
}
