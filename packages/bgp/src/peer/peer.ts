/** One peer: its state machines (two while connections collide), its idle hold, and what it means to the RIB. */
import type { ResolvedPeerConfig } from '../config.js';
import { type ChangeImpact, type ConfigChange, classifyChange } from '../config-change.js';
import { type Cause, describeCause, isCollision, isPrefixLimit, UNANSWERED } from '../fsm/cause.js';
import type { FsmConfig } from '../fsm/config.js';
import type { SessionEffect, TimerName } from '../fsm/effect.js';
import type { Farewell, SessionEvent } from '../fsm/event.js';
import { type Negotiated, withKeepalive } from '../fsm/negotiate.js';
import type { SessionStateName } from '../fsm/state.js';
import { step } from '../fsm/transition.js';
import { CEASE } from '../iana.js';
import { type MessageCounters, noMessages, type PeerView } from '../views.js';
import type { FamilyName } from '../wire/family/family.js';
import { fsmConfig, offeredCapabilities } from './capabilities.js';
import { concernsDialling, resetFor } from './change-cost.js';
import { holdAfter, type IdleHold, NO_HOLD } from './idle-hold.js';
import { monitoredSession } from './monitored-session.js';
import { sendKeepalive, sendMessage, sendOpen } from './outbox.js';
import type { PeerHost } from './peer-host.js';
import { PeerInbox } from './peer-inbox.js';
import { peerView } from './peer-view.js';
import { ribSession, ribSettings } from './rib-session.js';
import { type Endpoints, Session } from './session.js';
import { progressOf, rank } from './session-rank.js';
import { StaleRoutes } from './stale-routes.js';
import { Timer } from './timer-queue.js';

export class Peer {
  config: ResolvedPeerConfig;
  /** Index in the RIB. */
  readonly ribPeer: number;
  readonly stale: StaleRoutes;
  readonly received: MessageCounters = noMessages();
  readonly sent: MessageCounters = noMessages();
  /** UPDATEs that were dealt with so, RFC 7606. */
  treatedAsWithdraw = 0;
  established = 0;
  dropped = 0;
  sinceMs: number;
  lastCause: Cause | undefined;
  lastCauseAtMs: number | undefined;
  /** Families whose End-of-RIB came in this session. */
  readonly endOfRib = new Set<FamilyName>();
  readonly warned = new Set<FamilyName>();
  readonly #host: PeerHost;
  readonly #inbox: PeerInbox;
  readonly #idleTimer: Timer;
  /** The configuration of its state machines. */
  fsm: FsmConfig;
  #primary: Session;
  #secondary: Session | undefined;
  #hold: IdleHold = NO_HOLD;
  #running = false;
  #shown: SessionStateName = 'idle';
  /** Why, for the next change of the shown state. */
  #cause: Cause | undefined;

  constructor(host: PeerHost, config: ResolvedPeerConfig) {
    this.config = config;
    this.#host = host;
    this.fsm = this.#fsmConfig();
    this.ribPeer = host.rib.addPeer({ name: config.name, address: config.remoteAddress });
    this.stale = new StaleRoutes(host, config.name, this.ribPeer, () => this.progress());
    this.#inbox = new PeerInbox(host, this);
    this.#primary = this.#session();
    this.#idleTimer = new Timer(() => this.feed(this.#primary, { type: 'idle-hold-timer-expires' }));
    this.sinceMs = host.nowMs;
  }

  // ---- what the speaker asks -------------------------------------------------------------------------------------

  get state(): SessionStateName {
    return this.#shown;
  }

  /** What the established session agreed on. */
  get negotiated(): Negotiated | undefined {
    return this.current.state.name === 'established' ? this.current.state.negotiated : undefined;
  }

  /** The connection that routes go to. */
  get outputConnection(): number | undefined {
    return this.current.state.name === 'established' ? this.current.connection : undefined;
  }

  /** The session that is furthest. */
  get current(): Session {
    const second = this.#secondary;
    return second && rank(second) > rank(this.#primary) ? second : this.#primary;
  }

  /** It has a connection, or routes that outlive one. */
  get isInUse(): boolean {
    return this.current.connection !== undefined || this.stale.pending;
  }

  /** Seconds until the next attempt after a failure; 0 while none is waited for. */
  get idleHoldS(): number {
    return this.#idleTimer.running ? Math.max(0, (this.#idleTimer.deadlineMs - this.#host.nowMs) / 1000) : 0;
  }

  view(): PeerView {
    return peerView(this, this.#host.rib);
  }

  start(): void {
    if (this.#running || this.config.adminDown) return;
    this.#running = true;
    this.feed(this.#primary, { type: 'automatic-start' });
  }

  /** Ends everything; without a farewell TCP closes without a word. Nothing starts by itself again. */
  stop(farewell: Farewell | undefined): void {
    this.#running = false;
    this.#host.timers.stop(this.#idleTimer);
    this.#hold = NO_HOLD;
    for (const session of [this.#secondary, this.#primary]) {
      if (session) this.feed(session, { type: 'manual-stop', farewell });
    }
  }

  /** The configuration no longer has this peer: its routes go as well. `graceful`: it may keep ours for its restart time. */
  remove(graceful = false): void {
    this.stop(graceful ? undefined : { errorSubcode: CEASE.peerDeconfigured, hard: true });
    this.stale.clear();
    this.#host.rib.removePeer(this.ribPeer);
  }

  reset(text: string): void {
    this.stop({ errorSubcode: CEASE.administrativeReset, text, hard: true });
    this.start();
  }

  /** Takes on a new configuration at the least cost. The remote address stays: another one is another peer. */
  update(config: ResolvedPeerConfig): ChangeImpact {
    const change = classifyChange(this.config, config);
    if (change.impact === 'none') return 'none';
    const reset = resetFor(change, config);
    if (reset) this.stop(reset);
    this.config = config;
    this.fsm = this.#fsmConfig();
    if (reset) this.start();
    else if (this.negotiated) this.#applyInPlace(change);
    else if (this.#running && concernsDialling(change) && rank(this.current) < 3) {
      this.stop(undefined);
      this.start();
    }
    return change.impact;
  }

  // ---- what happens to its connections ---------------------------------------------------------------------------

  /** The peer has opened a connection. Gives why it is refused; else `taken` gets the session before anything is sent. */
  accept(connection: number, endpoints: Endpoints, taken: (session: Session) => void): string | undefined {
    if (!this.#running) return 'the peer is shut down';
    const primary = this.#primary;
    if (primary.state.name === 'idle') return 'the peer is held idle after a failure';
    let session = primary;
    if (primary.connection !== undefined) {
      const second = this.#secondary;
      if (second?.state.name === 'open-confirm') return 'the peer has two connections already';
      // One that has not even sent an OPEN is not worth more than the new one.
      if (second) this.#discard(second);
      session = this.#session();
      session.state = {
        name: 'active',
        connectRetryCounter: primary.state.connectRetryCounter,
        delayOpen: false,
      };
      this.#secondary = session;
    }
    session.attach(connection, false, endpoints);
    session.besideEstablished = primary.state.name === 'established';
    taken(session);
    this.feed(session, { type: 'tcp-connection-confirmed' });
    return undefined;
  }

  connected(session: Session, endpoints: Endpoints): void {
    session.endpoints = endpoints;
    this.feed(session, { type: 'tcp-connection-request-acked' });
  }

  /** The connection is gone already. */
  connectionLost(session: Session, reason: string): void {
    session.connection = undefined;
    this.feed(session, { type: 'tcp-connection-fails', reason });
  }

  /** The peer has taken nothing for this long. */
  sendStalled(session: Session, stalledS: number): void {
    const { state } = session;
    if (state.name !== 'established' || stalledS < Math.max(this.#host.sendHoldS, 2 * state.negotiated.holdTimeS))
      return;
    this.feed(session, { type: 'send-hold-timer-expires' });
  }

  receive(session: Session, bytes: Uint8Array): void {
    this.#inbox.receive(session, bytes);
  }

  // ---- what its inbox asks ---------------------------------------------------------------------------------------

  other(session: Session): Session | undefined {
    return session === this.#primary ? this.#secondary : this.#primary;
  }

  /** Tells the speaker that something about the peer has changed. */
  progress(): void {
    this.#host.progress(this);
  }

  /** One event through the state machine, its effects carried out. */
  feed(session: Session, event: SessionEvent): void {
    const { state, effects } = step(session.state, event, this.fsm);
    session.state = state;
    for (const effect of effects) this.#perform(session, effect);
    this.#show();
  }

  // ---- inside ----------------------------------------------------------------------------------------------------

  #session(): Session {
    return new Session((session, timer) => this.#expire(session, timer));
  }

  #fsmConfig(): FsmConfig {
    const { identity, openHoldTimeS } = this.#host;
    const capabilities = offeredCapabilities(this.config, this.#host.restartState(this));
    return fsmConfig(this.config, identity.routerId, openHoldTimeS, capabilities);
  }

  #expire(session: Session, timer: TimerName): void {
    if (timer === 'hold' && session.connection !== undefined && this.#host.hasUnread(session.connection)) {
      // What the peer sent in time waits for us, not the other way round: it gets a second to be read.
      this.#host.timers.start(session.timers.hold, this.#host.nowMs + 1000);
      return;
    }
    this.feed(session, { type: `${timer}-timer-expires` });
  }

  #perform(session: Session, effect: SessionEffect): void {
    const host = this.#host;
    switch (effect.type) {
      case 'connect':
        session.attach(host.dial(this, session), true, {});
        return;
      case 'drop-connection':
        if (session.connection !== undefined) host.close(session.connection);
        session.connection = undefined;
        return;
      case 'unanswered':
        if (!this.other(session)) this.#note(UNANSWERED);
        return;
      case 'send-open':
        sendOpen(host, this, session, offeredCapabilities(this.config, host.restartState(this)));
        return;
      case 'send-keepalive':
        sendKeepalive(host, this.sent, session);
        return;
      case 'send-notification': {
        const { errorCode, errorSubcode, data } = effect;
        const message = { type: 'notification', errorCode, errorSubcode, data } as const;
        session.notification = sendMessage(host, this.sent, session, message);
        return;
      }
      case 'start-timer': {
        const jitter = effect.jitter ? 0.75 + host.random() / 4 : 1;
        host.timers.start(session.timers[effect.timer], host.nowMs + effect.seconds * 1000 * jitter);
        return;
      }
      case 'stop-timer':
        host.timers.stop(session.timers[effect.timer]);
        return;
      case 'established':
        this.#up(session, effect.negotiated);
        return;
      case 'ended':
        this.#ended(session, effect.cause, effect.was);
        return;
    }
  }

  #note(cause: Cause): void {
    this.lastCause = cause;
    this.lastCauseAtMs = this.#host.nowMs;
  }

  #up(session: Session, negotiated: Negotiated): void {
    const other = this.other(session);
    if (other?.state.name === 'established') this.#replace(other);
    // A dial of ours has become pointless; a connection of the peer is watched until its OPEN (RFC 4724 section 5).
    else if (other && (other.initiatedByUs || other.connection === undefined || other.state.name === 'open-confirm')) {
      if (rank(other) >= 3) this.feed(other, { type: 'open-collision-dump' });
      else this.#discard(other);
    }
    if (this.#secondary === session) {
      const first = this.#primary;
      this.#primary = session;
      this.#secondary = first.connection === undefined ? undefined : first;
    }
    session.establishedMs = this.#host.nowMs;
    session.updatesBefore = this.received.update;
    this.established++;
    this.endOfRib.clear();
    this.warned.clear();
    this.stale.sessionUp(negotiated, this.config);
    this.#host.rib.sessionUp(this.ribPeer, ribSession(this.config, negotiated, session.endpoints));
    this.#host.monitor.sessionUp(monitoredSession(this, session, negotiated));
    this.progress();
  }

  /** A restarted peer's new connection is up: the session before it has ended without anybody noticing. */
  #replace(old: Session): void {
    this.feed(old, { type: 'replaced-by-restart' });
    this.#shown = 'open-confirm';
    this.#tell('established', 'open-confirm', { type: 'replaced' });
  }

  #ended(session: Session, cause: Cause, was: Negotiated | undefined): void {
    const establishedS = was ? (this.#host.nowMs - session.establishedMs) / 1000 : 0;
    const other = this.other(session);
    // What ends beside a living session is no news of the peer, unless it was the one that counted.
    if (was || !other) {
      this.#note(cause);
      this.#cause = cause;
    }
    if (was) {
      this.endOfRib.clear();
      if (isCollision(cause) && this.received.update === session.updatesBefore) {
        // The peer has chosen its other connection before it was established on this one: there has been no session.
        this.established--;
        this.stale.sessionMoves();
      } else {
        this.dropped++;
        this.stale.sessionDown(was, cause, this.config);
      }
      this.#host.monitor.sessionDown(this.ribPeer, cause, session.notification);
    }
    this.progress();
    if (session !== this.#primary) {
      this.#secondary = undefined;
      this.#discard(session);
    } else if (other) {
      this.#primary = other;
      this.#secondary = undefined;
      this.#discard(session);
    } else if (this.config.maxPrefixesAction === 'idle' && isPrefixLimit(cause)) {
      this.#running = false;
    } else if (session.state.name === 'idle' && this.#running) {
      const { idleHoldMaxS } = this.config;
      const { hold, pauseS } = holdAfter(this.#hold, { cause, establishedS }, idleHoldMaxS, this.#host.random());
      this.#hold = hold;
      this.#host.timers.start(this.#idleTimer, this.#host.nowMs + pauseS * 1000);
    }
  }

  /** Lets a session go without a word. */
  #discard(session: Session): void {
    for (const timer of Object.values(session.timers)) this.#host.timers.stop(timer);
    if (session.connection !== undefined) this.#host.close(session.connection);
    session.connection = undefined;
    session.state = { name: 'idle', connectRetryCounter: session.state.connectRetryCounter };
    if (this.#secondary === session) this.#secondary = undefined;
  }

  #show(): void {
    const to = this.current.state.name;
    const from = this.#shown;
    const cause = this.#cause;
    this.#cause = undefined;
    if (from === to) return;
    this.#shown = to;
    this.sinceMs = this.#host.nowMs;
    this.#tell(from, to, progressOf(to) < progressOf(from) ? cause : undefined);
  }

  #tell(from: SessionStateName, to: SessionStateName, cause: Cause | undefined): void {
    const why = cause && { cause, reason: describeCause(cause) };
    this.#host.emit({ type: 'session', peer: this.config.name, from, to, ...why });
  }

  #applyInPlace({ impact, fields }: ConfigChange): void {
    const session = this.current;
    // Names of policy terms are new in place, although no route goes again.
    if (impact === 'soft-refresh' || fields.includes('import') || fields.includes('export')) {
      this.#host.rib.updatePeer(this.ribPeer, ribSettings(this.config, session.endpoints));
    }
    if (fields.includes('keepaliveS') && session.state.name === 'established') {
      const { state } = session;
      const negotiated = withKeepalive(state.negotiated, this.config.keepaliveS);
      session.state = { ...state, negotiated };
      if (negotiated.holdTimeS > 0) this.#host.timers.start(session.timers.keepalive, this.#host.nowMs);
    }
  }
}
