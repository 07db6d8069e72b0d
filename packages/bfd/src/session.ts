/**
 * One BFD session, RFC 5880 section 6.8, asynchronous mode, active role. Sans-IO: packets and the time come in, what is
 * to be sent and what has changed go out. Times are milliseconds of any clock that never goes back.
 *
 * ```
 *              +--+  timeout, remote Down or AdminDown          remote Down:  Down -> Init
 *              |  v                                              remote Init:  Down -> Up, Init -> Up
 *   AdminDown -> Down <-------------------+----------+           remote Up:    Init -> Up
 *                 | \                     |          |
 *                 |  `----> Init ----> (timeout)     |
 *                 |           |                      |
 *                 `-----------`-----> Up ------------'
 * ```
 *
 * What differs from a textbook: a packet goes out at once when the state changes (section 6.8.7 allows it), so two sides
 * that see each other are up within a few round trips, not seconds. After a timeout everything known of the peer is
 * forgotten, its discriminator first (section 6.8.1). The Echo function and demand mode of our own are not there; the
 * peer's demand mode is respected.
 */
import { checkTimers, type TimerConfig } from './config.js';
import { Pacer } from './pacer.js';
import type { ControlPacket } from './packet.js';
import { onDetectionTimeout, onPacket, type Transition } from './transition.js';
import type { Diagnostic, SessionState } from './words.js';

export interface SessionOptions {
  readonly timers: TimerConfig;
  /** Not zero, and no other session's of this system. */
  readonly discriminator: number;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
  readonly nowMs: number;
}

export interface StateChange {
  readonly type: 'state';
  readonly from: SessionState;
  readonly to: SessionState;
  readonly diagnostic: Diagnostic;
  /** The peer said AdminDown: it was told to stop, which tells nothing of the path (RFC 5882 section 3.2). */
  readonly remoteAdminDown: boolean;
}

export type SessionEffect = StateChange | { readonly type: 'send'; readonly packet: ControlPacket };

/** What the peer's last packet said. */
interface Remote {
  readonly discriminator: number;
  readonly state: SessionState;
  readonly diagnostic: Diagnostic;
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  readonly detectMult: number;
  readonly demand: boolean;
  readonly controlPlaneIndependent: boolean;
}

export interface SessionSnapshot {
  readonly state: SessionState;
  readonly diagnostic: Diagnostic;
  readonly sinceMs: number;
  readonly localDiscriminator: number;
  /** Absent while the peer is unknown. */
  readonly remote?: Remote;
  /** Before jitter. */
  readonly txIntervalMs: number;
  /** Absent while the peer is unknown. */
  readonly detectionTimeMs?: number;
  readonly polling: boolean;
}

/** RFC 5880 section 6.8.3: at least this while the session is not up. */
const SLOW_US = 1_000_000;

/** RFC 5880 section 6.8.1: before the first packet the peer has any interval. */
const UNKNOWN: Remote = {
  discriminator: 0,
  state: 'down',
  diagnostic: 'no diagnostic',
  desiredMinTxUs: 0,
  requiredMinRxUs: 1,
  detectMult: 0,
  demand: false,
  controlPlaneIndependent: false,
};

export class Session {
  readonly discriminator: number;
  #timers: TimerConfig;
  #state: SessionState = 'down';
  #diagnostic: Diagnostic = 'no diagnostic';
  #sinceMs: number;
  #remote: Remote = UNKNOWN;
  #receivedAtMs = 0;
  /** What packets say, and what we go by: they differ until a Poll Sequence has ended (section 6.8.3). */
  #saidTxUs: number;
  #saidRxUs: number;
  #usedTxUs: number;
  #usedRxUs: number;
  #polling = false;
  /** Changed again during a Poll Sequence: one more has to follow. */
  #pollAgain = false;
  readonly #pacer: Pacer;

  /** Throws BfdConfigError. */
  constructor({ timers, discriminator, random, nowMs }: SessionOptions) {
    checkTimers(timers);
    this.discriminator = discriminator;
    this.#timers = timers;
    this.#sinceMs = nowMs;
    this.#saidTxUs = this.#usedTxUs = this.#wantedTxUs;
    this.#saidRxUs = this.#usedRxUs = timers.minRxMs * 1000;
    this.#pacer = new Pacer(random, nowMs);
    this.#pace();
  }

  get state(): SessionState {
    return this.#state;
  }

  /** When `advance` wants to be called; Infinity while there is nothing to wait for. */
  get deadlineMs(): number {
    return Math.min(this.#sends ? this.#pacer.nextMs : Number.POSITIVE_INFINITY, this.#detectionDeadlineMs);
  }

  /** Time is up for the peer, unless a packet of it still waits to be read. */
  isOverdue(nowMs: number): boolean {
    return nowMs >= this.#detectionDeadlineMs;
  }

  /** How long after our last packet the peer takes the session as lost: a session that ends says AdminDown this long. */
  get remoteDetectionMs(): number {
    return (this.#timers.multiplier * Math.max(this.#saidTxUs, this.#remote.requiredMinRxUs)) / 1000;
  }

  snapshot(): SessionSnapshot {
    const known = this.#remote.discriminator !== 0;
    return {
      state: this.#state,
      diagnostic: this.#diagnostic,
      sinceMs: this.#sinceMs,
      localDiscriminator: this.discriminator,
      ...(known && { remote: this.#remote, detectionTimeMs: this.#detectionMs }),
      txIntervalMs: this.#intervalMs,
      polling: this.#polling,
    };
  }

  /** A packet for this session that has passed all checks. RFC 5880 section 6.8.6, from "Set bfd.RemoteDiscr" on. */
  receive(packet: ControlPacket, nowMs: number): SessionEffect[] {
    const effects: SessionEffect[] = [];
    this.#remote = {
      discriminator: packet.myDiscriminator,
      state: packet.state,
      diagnostic: packet.diagnostic,
      desiredMinTxUs: packet.desiredMinTxUs,
      requiredMinRxUs: packet.requiredMinRxUs,
      detectMult: packet.detectMult,
      demand: packet.demand,
      controlPlaneIndependent: packet.controlPlaneIndependent,
    };
    if (packet.final && this.#polling) this.#pollAnswered();
    this.#pace();
    if (this.#state === 'admin-down') return effects;
    this.#receivedAtMs = nowMs;
    this.#become(onPacket(this.#state, packet.state), nowMs, effects);
    // As soon as practicable, whatever the timer says and whether or not periodic packets are wanted.
    if (packet.poll) effects.push({ type: 'send', packet: this.#packet(true) });
    return effects;
  }

  /** Time has passed. */
  advance(nowMs: number): SessionEffect[] {
    const effects: SessionEffect[] = [];
    if (this.isOverdue(nowMs)) {
      this.#forgetRemote();
      this.#become(onDetectionTimeout(this.#state), nowMs, effects);
    }
    if (this.#sends && nowMs >= this.#pacer.nextMs) {
      this.#pacer.sentOnTime(nowMs);
      effects.push({ type: 'send', packet: this.#packet(false) });
    }
    return effects;
  }

  /** Other timers, without a change of the state; a Poll Sequence tells the peer. Throws BfdConfigError. */
  configure(timers: TimerConfig, nowMs: number): SessionEffect[] {
    checkTimers(timers);
    const effects: SessionEffect[] = [];
    const multiplierChanged = timers.multiplier !== this.#timers.multiplier;
    this.#timers = timers;
    if (this.#applyIntervals() || multiplierChanged) this.#sendNow(nowMs, effects);
    return effects;
  }

  /** RFC 5880 section 6.8.16. Up again means Down, and the peer has to be found anew. */
  setAdminDown(down: boolean, nowMs: number): SessionEffect[] {
    const effects: SessionEffect[] = [];
    if (down === (this.#state === 'admin-down')) return effects;
    if (!down) this.#forgetRemote();
    this.#become(
      down
        ? { state: 'admin-down', diagnostic: 'administratively down' }
        : { state: 'down', diagnostic: 'no diagnostic' },
      nowMs,
      effects,
    );
    return effects;
  }

  // ---- intervals -------------------------------------------------------------------------------------------------

  get #wantedTxUs(): number {
    const configured = this.#timers.minTxMs * 1000;
    return this.#state === 'up' ? configured : Math.max(configured, SLOW_US);
  }

  /** RFC 5880 section 6.8.2. */
  get #intervalMs(): number {
    return Math.max(this.#usedTxUs, this.#remote.requiredMinRxUs) / 1000;
  }

  /** RFC 5880 section 6.8.4. */
  get #detectionMs(): number {
    return (this.#remote.detectMult * Math.max(this.#usedRxUs, this.#remote.desiredMinTxUs)) / 1000;
  }

  get #detectionDeadlineMs(): number {
    if (this.#remote.discriminator === 0 || this.#state === 'admin-down') return Number.POSITIVE_INFINITY;
    return this.#receivedAtMs + this.#detectionMs;
  }

  /** Whether periodic packets are sent, RFC 5880 section 6.8.7: not to a peer that wants none, or that demands (6.6). */
  get #sends(): boolean {
    const { requiredMinRxUs, demand, state } = this.#remote;
    if (requiredMinRxUs === 0) return false;
    return !(demand && state === 'up' && this.#state === 'up') || this.#polling;
  }

  /**
   * Takes on what configuration and state ask for. While up, what would surprise the peer waits for its Final: sending
   * less often, and expecting more of it (section 6.8.3). Gives whether packets say something else from here on.
   */
  #applyIntervals(): boolean {
    const wantedTxUs = this.#wantedTxUs;
    const wantedRxUs = this.#timers.minRxMs * 1000;
    const changed = wantedTxUs !== this.#saidTxUs || wantedRxUs !== this.#saidRxUs;
    this.#saidTxUs = wantedTxUs;
    this.#saidRxUs = wantedRxUs;
    const atOnce = this.#state !== 'up';
    if (atOnce || wantedTxUs < this.#usedTxUs) this.#usedTxUs = wantedTxUs;
    if (atOnce || wantedRxUs > this.#usedRxUs) this.#usedRxUs = wantedRxUs;
    if (changed && this.#remote.discriminator !== 0) {
      if (this.#polling) this.#pollAgain = true;
      this.#polling = true;
    }
    this.#pace();
    return changed;
  }

  #pollAnswered(): void {
    this.#polling = this.#pollAgain;
    this.#pollAgain = false;
    if (!this.#polling) this.#useWhatWasSaid();
  }

  #useWhatWasSaid(): void {
    this.#usedTxUs = this.#saidTxUs;
    this.#usedRxUs = this.#saidRxUs;
  }

  #pace(): void {
    this.#pacer.setInterval(this.#intervalMs, this.#timers.multiplier === 1);
  }

  // ---- state and packets -----------------------------------------------------------------------------------------

  #forgetRemote(): void {
    this.#remote = UNKNOWN;
    this.#polling = this.#pollAgain = false;
    this.#useWhatWasSaid();
  }

  #become({ state, diagnostic = this.#diagnostic }: Transition, nowMs: number, effects: SessionEffect[]): void {
    const from = this.#state;
    if (state === from) return;
    this.#state = state;
    this.#diagnostic = diagnostic;
    this.#sinceMs = nowMs;
    this.#applyIntervals();
    const remoteAdminDown = this.#remote.state === 'admin-down';
    effects.push({ type: 'state', from, to: state, diagnostic, remoteAdminDown });
    this.#sendNow(nowMs, effects);
  }

  /** Out of turn, so that the peer hears of a change soon. */
  #sendNow(nowMs: number, effects: SessionEffect[]): void {
    if (this.#remote.requiredMinRxUs === 0) return;
    this.#pacer.sentOutOfTurn(nowMs);
    effects.push({ type: 'send', packet: this.#packet(false) });
  }

  /** RFC 5880 section 6.8.7. An answer to a Poll never polls itself. */
  #packet(final: boolean): ControlPacket {
    return {
      diagnostic: this.#diagnostic,
      state: this.#state,
      poll: this.#polling && !final,
      final,
      controlPlaneIndependent: false,
      demand: false,
      detectMult: this.#timers.multiplier,
      myDiscriminator: this.discriminator,
      yourDiscriminator: this.#remote.discriminator,
      desiredMinTxUs: this.#saidTxUs,
      requiredMinRxUs: this.#saidRxUs,
      requiredMinEchoRxUs: 0,
    };
  }
}
