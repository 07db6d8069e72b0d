/** One collector: its connection, kept up with growing pauses, and over it a stream. RFC 7854 section 3.2. */
import type { Address } from '@tortie/ip';
import { Timer, type TimerQueue } from '../peer/timer-queue.js';
import type { SpeakerEvent } from '../speaker-event.js';
import { BmpStream, type BmpStreamHost } from './bmp-stream.js';
import type { BmpView, ResolvedBmpCollectorConfig } from './config.js';
import { encodeBmp } from './encode-bmp.js';
import type { PeerDownReason } from './peer-down.js';
import { BMP_TERMINATION, BMP_TERMINATION_REASON } from './registry.js';
import type { MonitoredSession } from './session-monitor.js';

/** A connection that held this long has the pauses begin anew. */
const STEADY_MS = 30_000;
const FIRST_PAUSE_S = 1;

export interface CollectorHost extends BmpStreamHost {
  /** The time of the input that is being handled. */
  readonly nowMs: number;
  readonly timers: TimerQueue;
  /** 0 to 1. */
  random(): number;
  /** The sessions that are established. */
  sessions(): Iterable<MonitoredSession>;
  /** Asks the driver to dial; gives the handle. */
  dial(config: ResolvedBmpCollectorConfig): number;
  send(connection: number, bytes: Uint8Array): void;
  close(connection: number): void;
  /** take() has something for the connection. */
  ready(connection: number): void;
  emit(event: SpeakerEvent): void;
}

/** A collector as it is shown. */
export interface BmpCollectorView {
  readonly name: string;
  readonly address: Address;
  readonly port: number;
  readonly monitor: readonly BmpView[];
  /** `waiting`: for the next attempt to connect. */
  readonly state: 'waiting' | 'connecting' | 'connected';
  /** Time of the last change of state, milliseconds of the speaker's clock. */
  readonly sinceMs: number;
  /** Messages and their octets handed to connections, of all of them together. */
  readonly messages: number;
  readonly octets: number;
  /** Something waits for the collector to read on: the initial dump, or changes. */
  readonly pending: boolean;
  readonly connections: number;
  /** Connections that were lost or cut off. */
  readonly dropped: number;
  /** Why the last connection or attempt ended, in words. */
  readonly lastError: string | undefined;
}

export class BmpCollector {
  readonly config: ResolvedBmpCollectorConfig;
  readonly #host: CollectorHost;
  /** Whose connections are which, kept for all collectors together. */
  readonly #connections: Map<number, BmpCollector>;
  readonly #retry: Timer;
  readonly #statistics: Timer;
  /** Dialling or connected. */
  #connection: number | undefined;
  #stream: BmpStream | undefined;
  #sinceMs: number;
  #pauseS = FIRST_PAUSE_S;
  #messages = 0;
  #octets = 0;
  #connected = 0;
  #dropped = 0;
  #lastError: string | undefined;
  /** Attempts failed since the last connection: only the first is an event. */
  #failed = false;

  constructor(host: CollectorHost, connections: Map<number, BmpCollector>, config: ResolvedBmpCollectorConfig) {
    this.#host = host;
    this.#connections = connections;
    this.config = config;
    this.#sinceMs = host.nowMs;
    this.#retry = new Timer(() => this.dial());
    this.#statistics = new Timer(() => this.#report());
  }

  dial(): void {
    this.#sinceMs = this.#host.nowMs;
    this.#connection = this.#host.dial(this.config);
    this.#connections.set(this.#connection, this);
  }

  connected(connection: number): void {
    const { config } = this;
    this.#sinceMs = this.#host.nowMs;
    this.#connected++;
    this.#failed = false;
    this.#stream = new BmpStream(this.#host, config, this.#host.sessions(), () => this.#host.ready(connection));
    this.#scheduleReport();
    this.#host.emit({ type: 'bmp', collector: config.name, change: 'connected' });
  }

  /** The connection, or the attempt at one, has ended; the driver knows. */
  closed(reason: string): void {
    const heldMs = this.#host.nowMs - this.#sinceMs;
    const stream = this.#stream;
    this.#lastError = reason;
    this.#connection = undefined;
    this.#sinceMs = this.#host.nowMs;
    if (stream) {
      this.#endStream(stream);
      this.#dropped++;
      if (heldMs >= STEADY_MS) this.#pauseS = FIRST_PAUSE_S;
    }
    if (stream || !this.#failed) {
      this.#host.emit({ type: 'bmp', collector: this.config.name, change: stream ? 'lost' : 'unreachable', reason });
    }
    this.#failed = true;
    const jitter = 0.75 + this.#host.random() / 4;
    this.#host.timers.start(this.#retry, this.#host.nowMs + this.#pauseS * 1000 * jitter);
    this.#pauseS = Math.min(this.#pauseS * 2, this.config.connectRetryMaxS);
  }

  #endStream(stream: BmpStream): void {
    stream.close();
    this.#messages += stream.messages;
    this.#stream = undefined;
    this.#host.timers.stop(this.#statistics);
  }

  /** The collector has read nothing for this long although something waits. */
  stalled(stalledS: number): void {
    const connection = this.#connection;
    if (!this.#stream || connection === undefined || stalledS < this.config.stallS) return;
    this.#close(connection);
    this.closed(`the collector has read nothing for ${Math.floor(stalledS)} s`);
  }

  take(maxOctets: number): readonly Uint8Array[] {
    const chunks = this.#stream?.take(maxOctets) ?? [];
    for (const chunk of chunks) this.#octets += chunk.length;
    return chunks;
  }

  /** For good: the collector is told, and nothing is tried again. */
  stop(): void {
    this.#host.timers.stop(this.#retry);
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    const stream = this.#stream;
    if (stream) this.#endStream(stream);
    if (stream?.introduced) {
      const value = Uint8Array.of(0, BMP_TERMINATION_REASON.administrativelyClosed);
      const information = [{ type: BMP_TERMINATION.reason, value }];
      this.#host.send(connection, encodeBmp({ type: 'termination', information }));
    }
    this.#close(connection);
  }

  #close(connection: number): void {
    this.#connections.delete(connection);
    this.#host.close(connection);
  }

  sessionUp(session: MonitoredSession): void {
    this.#stream?.sessionUp(session);
  }

  sessionDown(ribPeer: number, why: PeerDownReason): void {
    this.#stream?.sessionDown(ribPeer, why);
  }

  #report(): void {
    this.#stream?.report();
    this.#scheduleReport();
  }

  #scheduleReport(): void {
    const { statsIntervalS } = this.config;
    if (statsIntervalS > 0) this.#host.timers.start(this.#statistics, this.#host.nowMs + statsIntervalS * 1000);
  }

  view(): BmpCollectorView {
    const { name, address, port, monitor } = this.config;
    return {
      name,
      address,
      port,
      monitor,
      state: this.#stream ? 'connected' : this.#connection === undefined ? 'waiting' : 'connecting',
      sinceMs: this.#sinceMs,
      messages: this.#messages + (this.#stream?.messages ?? 0),
      octets: this.#octets,
      pending: this.#stream?.pending ?? false,
      connections: this.#connected,
      dropped: this.#dropped,
      lastError: this.#lastError,
    };
  }
}
