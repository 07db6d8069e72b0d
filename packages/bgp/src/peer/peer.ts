/**
 * A configured neighbour: its sessions, its routes' fate, its restarts.
 *
 * The primary session dials or waits; a connection that the peer opens meanwhile gets a session of its own, and the two
 * live side by side until collision detection (RFC 4271 section 6.8) leaves one. Whatever survives is the primary.
 */
import { formatAddress } from '@tortie/ip';
import { type ChangeImpact, classifyChange, type ResolvedPeerConfig } from '../config.js';
import { NotificationError } from '../errors.js';
import { type Cause, describeCause } from '../fsm/cause.js';
import { checkOpen } from '../fsm/check-open.js';
import type { FsmConfig } from '../fsm/config.js';
import type { SessionEffect, TimerName } from '../fsm/effect.js';
import type { Farewell, SessionEvent } from '../fsm/event.js';
import type { Negotiated } from '../fsm/negotiate.js';
import type { SessionStateName } from '../fsm/state.js';
import { step } from '../fsm/transition.js';
import { CEASE, ERROR_CODE, MESSAGE_TYPE, ROUTE_REFRESH_SUBTYPE } from '../iana.js';
import { type MessageCounters, noMessages, type PeerView } from '../views.js';
import { decodeBody, encodeMessage } from '../wire/codec.js';
import { maxMessageOctets } from '../wire/context.js';
import { type FamilyName, familyByName, familyOf } from '../wire/family/family.js';
import type { Frame } from '../wire/framer.js';
import type { Message, OpenMessage, RouteRefreshMessage } from '../wire/message.js';
import { fsmConfig, offeredCapabilities } from './capabilities.js';
import { resolveCollision } from './collision.js';
import { holdAfter, type IdleHold, NO_HOLD } from './idle-hold.js';
import type { PeerHost } from './peer-host.js';
import { peerView } from './peer-view.js';
import { ribSession, ribSettings } from './rib-session.js';
import { type Endpoints, KEEPALIVE_MESSAGE, Session } from './session.js';
import { StaleRoutes } from './stale-routes.js';
import { Timer } from './timer-queue.js';

const RANK: readonly SessionStateName[] = ['idle', 'active', 'connect', 'open-sent', 'open-confirm', 'established'];

const COUNTER = {
  [MESSAGE_TYPE.open]: 'open',
  [MESSAGE_TYPE.update]: 'update',
  [MESSAGE_TYPE.notification]: 'notification',
  [MESSAGE_TYPE.keepalive]: 'keepalive',
  [MESSAGE_TYPE.routeRefresh]: 'routeRefresh',
} as const;

export class Peer {
  config: ResolvedPeerConfig;
  /** Index in the RIB. */
  readonly ribPeer: number;
  readonly received: MessageCounters = noMessages();
  readonly sent: MessageCounters = noMessages();
  established = 0;
  dropped = 0;
  sinceMs: number;
  lastCause: Cause | undefined;
  lastCauseAtMs: number | undefined;
  /** Families whose End-of-RIB came in this session. */
  readonly endOfRib = new Set<FamilyName>();
  readonly #host: PeerHost;
  readonly #stale: StaleRoutes;
  readonly #idleTimer: Timer;
  #fsm: FsmConfig;
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
    this.#fsm = this.#fsmConfig();
    this.ribPeer = host.rib.addPeer({ name: config.name, address: config.remoteAddress });
    this.#stale = new StaleRoutes(host, config.name, this.ribPeer);
    this.#primary = this.#session();
    this.#idleTimer = new Timer(() => this.#feed(this.#primary, { type: 'idle-hold-timer-expires' }));
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
    this.#feed(this.#primary, { type: 'automatic-start' });
  }

  /** Ends everything; without a farewell TCP closes without a word. Nothing starts by itself again. */
  stop(farewell: Farewell | undefined): void {
    this.#running = false;
    this.#host.timers.stop(this.#idleTimer);
    this.#hold = NO_HOLD;
    for (const session of [this.#secondary, this.#primary]) {
      if (session) this.#feed(session, { type: 'manual-stop', farewell });
    }
  }

  /** The configuration no longer has this peer: its routes go as well. */
  remove(): void {
    this.stop({ errorSubcode: CEASE.peerDeconfigured, hard: true });
    this.#stale.clear();
    this.#host.rib.removePeer(this.ribPeer);
  }

  reset(text: string): void {
    this.stop({ errorSubcode: CEASE.administrativeReset, text, hard: true });
    this.start();
  }

  /** Asks the peer for all its routes (RFC 2918). False where that is not possible. */
  requestRoutes(): boolean {
    const { negotiated, outputConnection } = this;
    if (!negotiated?.routeRefresh || outputConnection === undefined) return false;
    for (const name of negotiated.familyNames) {
      const { afi, safi } = familyByName(name);
      this.#sendMessage(this.current, { type: 'route-refresh', afi, safi, subtype: ROUTE_REFRESH_SUBTYPE.request });
    }
    return true;
  }

  /** Sends the peer all routes again. */
  resendRoutes(): boolean {
    const { negotiated } = this;
    if (!negotiated) return false;
    for (const family of negotiated.familyNames) this.#host.rib.refreshOut(this.ribPeer, family);
    return true;
  }

  /** Takes on a new configuration at the least cost. The remote address stays: another one is another peer. */
  update(config: ResolvedPeerConfig): ChangeImpact {
    const { impact, fields } = classifyChange(this.config, config);
    if (impact === 'none') return impact;
    const before = this.config;
    if (impact === 'session-reset') {
      this.stop(
        config.adminDown
          ? { errorSubcode: CEASE.administrativeShutdown, text: config.adminDownText, hard: true }
          : { errorSubcode: CEASE.otherConfigurationChange, hard: !onlyProtects(fields) },
      );
    }
    this.config = config;
    this.#fsm = this.#fsmConfig();
    if (impact === 'session-reset') this.start();
    else if (this.negotiated) this.#applyInPlace(before, impact);
    else if (this.#running && fields.some((field) => DIALLING.includes(field)) && rank(this.current) < 3) {
      this.stop(undefined);
      this.start();
    }
    return impact;
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
    taken(session);
    this.#feed(session, { type: 'tcp-connection-confirmed' });
    return undefined;
  }

  connected(session: Session, endpoints: Endpoints): void {
    session.endpoints = endpoints;
    this.#feed(session, { type: 'tcp-connection-request-acked' });
  }

  /** The connection is gone already. */
  connectionLost(session: Session, reason: string): void {
    session.connection = undefined;
    this.#feed(session, { type: 'tcp-connection-fails', reason });
  }

  /** The peer has taken nothing for this long. */
  sendStalled(session: Session, stalledS: number): void {
    const { state } = session;
    if (state.name !== 'established' || stalledS < Math.max(this.#host.sendHoldS, 2 * state.negotiated.holdTimeS))
      return;
    this.#feed(session, { type: 'send-hold-timer-expires' });
  }

  /** Octets from the peer. The one place where bytes become events, and violations become NOTIFICATIONs. */
  receive(session: Session, bytes: Uint8Array): void {
    const { connection } = session;
    this.received.octets += bytes.length;
    try {
      session.framer.push(bytes);
      for (;;) {
        const frame = session.framer.next();
        if (!frame) break;
        this.received[COUNTER[frame.type as keyof typeof COUNTER]]++;
        if (frame.type === MESSAGE_TYPE.update) this.#update(session, frame);
        else this.#message(session, frame);
        if (session.connection !== connection) return;
      }
    } catch (error) {
      this.#violation(session, error);
    }
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
    this.#feed(session, { type: `${timer}-timer-expires` });
  }

  /** One event through the state machine, its effects carried out. */
  #feed(session: Session, event: SessionEvent): void {
    const { state, effects } = step(session.state, event, this.#fsm);
    session.state = state;
    for (const effect of effects) this.#perform(session, effect);
    this.#show();
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
      case 'send-open':
        this.#sendMessage(session, this.#open());
        return;
      case 'send-keepalive':
        this.#send(session, KEEPALIVE_MESSAGE, 'keepalive');
        return;
      case 'send-notification': {
        const { errorCode, errorSubcode, data } = effect;
        this.#sendMessage(session, { type: 'notification', errorCode, errorSubcode, data });
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

  #up(session: Session, negotiated: Negotiated): void {
    const other = this.#other(session);
    // A dial of ours has become pointless; a connection of the peer is watched until its OPEN (RFC 4724 section 5).
    if (other && (other.initiatedByUs || other.connection === undefined || other.state.name === 'open-confirm')) {
      if (rank(other) >= 3) this.#feed(other, { type: 'open-collision-dump' });
      else this.#discard(other);
    }
    if (this.#secondary === session) {
      const first = this.#primary;
      this.#primary = session;
      this.#secondary = first.connection === undefined ? undefined : first;
    }
    session.establishedMs = this.#host.nowMs;
    this.established++;
    this.endOfRib.clear();
    this.#stale.sessionUp(negotiated, this.config);
    this.#host.rib.sessionUp(this.ribPeer, ribSession(this.config, negotiated, session.endpoints));
    this.#host.progress(this);
  }

  #ended(session: Session, cause: Cause, was: Negotiated | undefined): void {
    const establishedS = was ? (this.#host.nowMs - session.establishedMs) / 1000 : 0;
    this.lastCause = cause;
    this.lastCauseAtMs = this.#host.nowMs;
    this.#cause = cause;
    if (was) {
      this.dropped++;
      this.endOfRib.clear();
      this.#stale.sessionDown(was, cause, this.config);
    }
    this.#host.progress(this);
    const other = this.#other(session);
    if (session !== this.#primary) {
      this.#secondary = undefined;
      this.#discard(session);
    } else if (other) {
      this.#primary = other;
      this.#secondary = undefined;
      this.#discard(session);
    } else if (session.state.name === 'idle' && this.#running) {
      const { hold, pauseS } = holdAfter(
        this.#hold,
        { cause, establishedS },
        this.config.idleHoldMaxS,
        this.#host.random(),
      );
      this.#hold = hold;
      this.#host.timers.start(this.#idleTimer, this.#host.nowMs + pauseS * 1000);
    }
  }

  #other(session: Session): Session | undefined {
    return session === this.#primary ? this.#secondary : this.#primary;
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
    if (from === to) return;
    const cause = this.#cause;
    this.#cause = undefined;
    this.#shown = to;
    this.sinceMs = this.#host.nowMs;
    this.#host.emit({
      type: 'session',
      peer: this.config.name,
      from,
      to,
      ...(cause && RANK.indexOf(to) < RANK.indexOf(from) && { cause, reason: describeCause(cause) }),
    });
  }

  #open(): OpenMessage {
    const { identity } = this.#host;
    return {
      type: 'open',
      version: 4,
      asn: this.config.localAsn,
      holdTimeS: this.config.holdTimeS,
      routerId: identity.routerId,
      capabilities: offeredCapabilities(this.config, this.#host.restartState(this)),
    };
  }

  #sendMessage(session: Session, message: Message): void {
    const counter = message.type === 'route-refresh' ? 'routeRefresh' : message.type;
    this.#send(session, encodeMessage(message, session.send), counter);
  }

  #send(session: Session, bytes: Uint8Array, counter: Exclude<keyof MessageCounters, 'octets'>): void {
    if (session.connection === undefined) return;
    this.sent[counter]++;
    this.sent.octets += bytes.length;
    this.#host.send(session.connection, bytes);
  }

  #update(session: Session, frame: Frame): void {
    const { state } = session;
    if (state.name !== 'established') {
      this.#feed(session, { type: 'update' });
      return;
    }
    // What step() says of an UPDATE in Established, without its objects: this is the hot path.
    const { holdTimeS } = state.negotiated;
    if (holdTimeS > 0) this.#host.timers.start(session.timers.hold, this.#host.nowMs + holdTimeS * 1000);
    const outcome = this.#host.rib.receiveUpdate(this.ribPeer, frame.bytes, frame.start, frame.end);
    for (const { action, attributeType, reason } of outcome.faults) {
      if (action === 'session-reset') continue;
      this.#host.emit({
        type: 'fault',
        peer: this.config.name,
        action,
        reason,
        ...(attributeType !== undefined && { attributeType }),
      });
    }
    if (outcome.endOfRib) this.#endOfRib(outcome.endOfRib);
    if (this.config.maxPrefixes !== undefined && outcome.announced > 0) this.#checkPrefixLimit(this.config.maxPrefixes);
  }

  #endOfRib(family: FamilyName): void {
    this.endOfRib.add(family);
    this.#stale.sweep(family);
    this.#host.emit({ type: 'end-of-rib', peer: this.config.name, family });
    this.#host.progress(this);
  }

  /** RFC 4486 section 4: the Data field has AFI, SAFI and the limit. */
  #checkPrefixLimit(limit: number): void {
    for (const { family, received } of this.#host.rib.peerCounters(this.ribPeer)) {
      if (received <= limit) continue;
      const { afi, safi } = familyByName(family);
      const data = Uint8Array.of(afi >>> 8, afi, safi, limit >>> 24, limit >>> 16, limit >>> 8, limit);
      const text = `${received} ${family} prefixes; the limit is ${limit}`;
      throw new NotificationError(ERROR_CODE.cease, CEASE.maximumPrefixes, text, data);
    }
  }

  #message(session: Session, { type, bytes, start, end }: Frame): void {
    const message = decodeBody(type, bytes, start, end, session.receive);
    switch (message.type) {
      case 'open':
        this.#openReceived(session, message);
        return;
      case 'keepalive':
        this.#feed(session, message);
        return;
      case 'notification': {
        const version = message.errorCode === ERROR_CODE.open && message.errorSubcode === 1;
        this.#feed(session, { type: version ? 'notification-version-error' : 'notification', message });
        return;
      }
      case 'route-refresh':
        this.#feed(session, { type: 'route-refresh' });
        this.#routeRefresh(session, message);
        return;
      case 'update':
        return;
    }
  }

  #openReceived(session: Session, message: OpenMessage): void {
    const checked = checkOpen(message, this.#fsm);
    if (checked instanceof NotificationError) {
      this.#feed(session, { type: 'bgp-open-message-error', error: checked });
      return;
    }
    const other = this.#other(session);
    const early =
      session.state.name === 'open-sent' || session.state.name === 'connect' || session.state.name === 'active';
    if (other && early) {
      const verdict = resolveCollision({
        localRouterId: this.#fsm.routerId,
        localAsn: this.#fsm.localAsn,
        remoteRouterId: checked.routerId,
        remoteAsn: checked.asn,
        newInitiatedByUs: session.initiatedByUs,
        existing: {
          state: other.state.name,
          initiatedByUs: other.initiatedByUs,
          gracefulRestart: this.#keepsRoutesOf(other),
        },
      });
      if (verdict === 'keep-existing') {
        this.#feed(session, { type: 'open-collision-dump' });
        return;
      }
      if (verdict === 'keep-new') this.#feed(other, { type: 'open-collision-dump' });
      if (verdict === 'replace') this.#feed(other, { type: 'replaced-by-restart' });
    }
    this.#feed(session, { type: 'bgp-open', open: checked });
    const negotiated = negotiatedOf(session);
    if (!negotiated) return;
    session.receive = negotiated.receive;
    session.send = negotiated.send;
    session.framer.setMaxOctets(maxMessageOctets(negotiated.receive));
  }

  #keepsRoutesOf(session: Session): boolean {
    const families = negotiatedOf(session)?.gracefulRestart?.families ?? [];
    return families.length > 0 && this.config.gracefulRestart?.helper === true;
  }

  #routeRefresh(session: Session, { afi, safi, subtype }: RouteRefreshMessage): void {
    const negotiated = this.negotiated;
    const family = familyOf(afi, safi);
    // RFC 2918 section 4: a family that was not negotiated is ignored.
    if (session !== this.current || !negotiated || !family || !negotiated.families[family.index]) return;
    if (subtype === ROUTE_REFRESH_SUBTYPE.request) {
      this.#host.rib.refreshOut(this.ribPeer, family.name);
      return;
    }
    // RFC 7313 section 4: before the End-of-RIB of a graceful restart a BoRR is no part of a refresh.
    const initial = negotiated.peerSendsEndOfRib && !this.endOfRib.has(family.name);
    if (!negotiated.enhancedRouteRefresh || initial) return;
    if (subtype === ROUTE_REFRESH_SUBTYPE.begin) this.#stale.refreshBegins(family.name, this.config);
    if (subtype === ROUTE_REFRESH_SUBTYPE.end) this.#stale.sweep(family.name);
  }

  #violation(session: Session, error: unknown): void {
    if (error instanceof NotificationError) {
      const type =
        error.errorCode === ERROR_CODE.header
          ? 'bgp-header-error'
          : error.errorCode === ERROR_CODE.update || error.errorCode === ERROR_CODE.cease
            ? 'update-message-error'
            : 'bgp-open-message-error';
      this.#feed(session, { type, error });
      return;
    }
    // A mistake of ours must not take the other peers down with it.
    const problem = error instanceof Error ? error : new Error(String(error));
    this.#host.emit({ type: 'problem', peer: this.config.name, error: problem });
    const cease = new NotificationError(ERROR_CODE.cease, CEASE.outOfResources, `internal error: ${problem.message}`);
    this.#feed(session, { type: 'update-message-error', error: cease });
  }

  #applyInPlace(before: ResolvedPeerConfig, impact: ChangeImpact): void {
    const session = this.current;
    const { state } = session;
    if (impact === 'soft-refresh') {
      this.#host.rib.updatePeer(this.ribPeer, ribSettings(this.config, session.endpoints));
    }
    if (before.keepaliveS !== this.config.keepaliveS && state.name === 'established') {
      const { holdTimeS } = state.negotiated;
      if (holdTimeS === 0) return;
      const keepaliveS = Math.min(this.config.keepaliveS ?? holdTimeS / 3, holdTimeS / 3);
      session.state = { ...state, negotiated: { ...state.negotiated, keepaliveS } };
      this.#host.timers.start(session.timers.keepalive, this.#host.nowMs);
    }
  }

  toString(): string {
    return `${this.config.name} (${formatAddress(this.config.remoteAddress)})`;
  }
}

const rank = (session: Session): number => RANK.indexOf(session.state.name);

const negotiatedOf = ({ state }: Session): Negotiated | undefined =>
  'negotiated' in state ? state.negotiated : undefined;

/** Fields that matter to an attempt that is under way. */
const DIALLING: readonly (keyof ResolvedPeerConfig)[] = ['passive', 'remotePort', 'connectRetryS', 'delayOpenS'];

/** The peer and its routes are the same ones after the reset: let it keep them where the N-bit allows that. */
const onlyProtects = (fields: readonly (keyof ResolvedPeerConfig)[]): boolean =>
  fields.every((field) => field === 'password' || field === 'ttlSecurityHops' || field === 'holdTimeS');
