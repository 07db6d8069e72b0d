/** What a peer sends: octets become messages, messages become events of its sessions or routes in the RIB. */
import type { ResolvedPeerConfig } from '../config.js';
import { NotificationError } from '../errors.js';
import { checkOpen, type PeerOpen } from '../fsm/check-open.js';
import type { FsmConfig } from '../fsm/config.js';
import type { SessionEvent } from '../fsm/event.js';
import { CEASE, ERROR_CODE, MESSAGE_TYPE, ROUTE_REFRESH_SUBTYPE } from '../iana.js';
import type { MessageCounters } from '../views.js';
import { decodeBody } from '../wire/codec.js';
import { maxMessageOctets } from '../wire/context.js';
import { type FamilyName, familyByName, familyOf } from '../wire/family/family.js';
import { type Frame, HEADER_OCTETS } from '../wire/framer.js';
import type { OpenMessage, RouteRefreshMessage } from '../wire/message.js';
import { type CollisionVerdict, resolveCollision } from './collision.js';
import { keptFamilies } from './kept-routes.js';
import { tapMessage } from './message-tap.js';
import type { PeerHost } from './peer-host.js';
import { negotiatedOf, type Session } from './session.js';
import type { StaleRoutes } from './stale-routes.js';

/** What the inbox needs of its peer. */
export interface InboxPeer {
  readonly config: ResolvedPeerConfig;
  readonly fsm: FsmConfig;
  readonly ribPeer: number;
  readonly received: MessageCounters;
  treatedAsWithdraw: number;
  readonly stale: StaleRoutes;
  /** Families whose End-of-RIB came in this session. */
  readonly endOfRib: Set<FamilyName>;
  /** Families whose prefix limit was warned of in this session. */
  readonly warned: Set<FamilyName>;
  other(session: Session): Session | undefined;
  feed(session: Session, event: SessionEvent): void;
  progress(): void;
}

const COUNTER = {
  [MESSAGE_TYPE.open]: 'open',
  [MESSAGE_TYPE.update]: 'update',
  [MESSAGE_TYPE.notification]: 'notification',
  [MESSAGE_TYPE.keepalive]: 'keepalive',
  [MESSAGE_TYPE.routeRefresh]: 'routeRefresh',
} as const;

export class PeerInbox {
  readonly #host: PeerHost;
  readonly #peer: InboxPeer;

  constructor(host: PeerHost, peer: InboxPeer) {
    this.#host = host;
    this.#peer = peer;
  }

  /** Octets from the peer. The one place where bytes become events, and violations become NOTIFICATIONs. */
  receive(session: Session, bytes: Uint8Array): void {
    const { connection } = session;
    const { tap } = this.#host;
    this.#peer.received.octets += bytes.length;
    try {
      session.framer.push(bytes);
      for (;;) {
        const frame = session.framer.next();
        if (!frame) break;
        if (tap !== undefined) tapMessage(tap, this.#peer, session, frame);
        this.#peer.received[COUNTER[frame.type as keyof typeof COUNTER]]++;
        if (frame.type === MESSAGE_TYPE.update) this.#update(session, frame);
        else this.#message(session, frame);
        if (session.connection !== connection) return;
      }
      const { maxPrefixes } = this.#peer.config;
      if (maxPrefixes !== undefined && session.state.name === 'established') this.#checkPrefixLimit(maxPrefixes);
    } catch (error) {
      this.#violation(session, error);
    }
  }

  #update(session: Session, frame: Frame): void {
    const { state } = session;
    if (state.name !== 'established') {
      this.#peer.feed(session, { type: 'update' });
      return;
    }
    // What step() says of an UPDATE in Established, without its objects: this is the hot path.
    const { holdTimeS } = state.negotiated;
    if (holdTimeS > 0) this.#host.timers.start(session.timers.hold, this.#host.nowMs + holdTimeS * 1000);
    const outcome = this.#host.rib.receiveUpdate(this.#peer.ribPeer, frame.bytes, frame.start, frame.end);
    for (const { action, attributeType, reason } of outcome.faults) {
      if (action === 'session-reset') continue;
      if (action === 'treat-as-withdraw') this.#peer.treatedAsWithdraw++;
      this.#host.emit({
        type: 'fault',
        peer: this.#peer.config.name,
        action,
        reason,
        ...(attributeType !== undefined && { attributeType }),
      });
    }
    if (outcome.endOfRib) this.#endOfRib(outcome.endOfRib);
  }

  #endOfRib(family: FamilyName): void {
    this.#peer.endOfRib.add(family);
    this.#peer.stale.sweep(family);
    this.#host.emit({ type: 'end-of-rib', peer: this.#peer.config.name, family });
    this.#peer.progress();
  }

  /** After a chunk, not after each UPDATE: a peer may be a chunk above its limit before it is noticed. */
  #checkPrefixLimit(limit: number): void {
    const { config, ribPeer, warned } = this.#peer;
    for (const { family, received } of this.#host.rib.peerCounters(ribPeer)) {
      if (received <= limit || warned.has(family)) continue;
      if (config.maxPrefixesAction === 'warn') {
        warned.add(family);
        this.#host.emit({ type: 'prefix-limit', peer: config.name, family, received, limit });
        continue;
      }
      // RFC 4486 section 4: the Data field has AFI, SAFI and the limit.
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
        session.receivedOpen = bytes.slice(start - HEADER_OCTETS, end);
        this.#openReceived(session, message);
        return;
      case 'keepalive':
        this.#peer.feed(session, message);
        return;
      case 'notification': {
        session.notification = bytes.slice(start - HEADER_OCTETS, end);
        const version = message.errorCode === ERROR_CODE.open && message.errorSubcode === 1;
        this.#peer.feed(session, { type: version ? 'notification-version-error' : 'notification', message });
        return;
      }
      case 'route-refresh':
        this.#peer.feed(session, { type: 'route-refresh' });
        this.#routeRefresh(session, message);
        return;
      case 'update':
        return;
    }
  }

  #openReceived(session: Session, message: OpenMessage): void {
    const checked = checkOpen(message, this.#peer.fsm);
    if (checked instanceof NotificationError) {
      this.#peer.feed(session, { type: 'bgp-open-message-error', error: checked });
      return;
    }
    const other = this.#peer.other(session);
    const verdict = other ? this.#collide(session, other, checked) : 'none';
    if (verdict === 'keep-existing') {
      this.#peer.feed(session, { type: 'open-collision-dump' });
      return;
    }
    this.#peer.feed(session, { type: 'bgp-open', open: checked });
    const negotiated = negotiatedOf(session);
    if (negotiated) {
      session.receive = negotiated.receive;
      session.send = negotiated.send;
      session.framer.setMaxOctets(maxMessageOctets(negotiated.receive));
    }
    // Only after the new one has advanced: the peer as a whole does not fall back.
    if (other && verdict === 'keep-new') this.#peer.feed(other, { type: 'open-collision-dump' });
  }

  #collide(session: Session, other: Session, open: PeerOpen): CollisionVerdict {
    // A second OPEN on a connection that has had one collides with nothing: the state machine refuses it.
    if (negotiatedOf(session)) return 'none';
    const { fsm } = this.#peer;
    return resolveCollision({
      localRouterId: fsm.routerId,
      localAsn: fsm.localAsn,
      remoteRouterId: open.routerId,
      remoteAsn: open.asn,
      newInitiatedByUs: session.initiatedByUs,
      existing: {
        state: other.state.name,
        initiatedByUs: other.initiatedByUs,
        restarted: session.besideEstablished && this.#keepsRoutesOf(other),
      },
    });
  }

  #keepsRoutesOf(session: Session): boolean {
    const negotiated = negotiatedOf(session);
    if (!negotiated) return false;
    return keptFamilies(negotiated, { type: 'replaced' }, this.#peer.config.gracefulRestart).length > 0;
  }

  #routeRefresh(session: Session, { afi, safi, subtype }: RouteRefreshMessage): void {
    const negotiated = session.state.name === 'established' ? session.state.negotiated : undefined;
    const family = familyOf(afi, safi);
    // RFC 2918 section 4: a family that was not negotiated is ignored.
    if (!negotiated || !family || !negotiated.families[family.index]) return;
    if (subtype === ROUTE_REFRESH_SUBTYPE.request) {
      this.#host.rib.refreshOut(this.#peer.ribPeer, family.name);
      return;
    }
    // RFC 7313 section 4: before the End-of-RIB of a graceful restart a BoRR is no part of a refresh.
    const initial = negotiated.peerSendsEndOfRib && !this.#peer.endOfRib.has(family.name);
    if (!negotiated.enhancedRouteRefresh || initial) return;
    if (subtype === ROUTE_REFRESH_SUBTYPE.begin) this.#peer.stale.refreshBegins(family.name, this.#peer.config);
    if (subtype === ROUTE_REFRESH_SUBTYPE.end) this.#peer.stale.sweep(family.name);
  }

  #violation(session: Session, error: unknown): void {
    if (error instanceof NotificationError) {
      const type =
        error.errorCode === ERROR_CODE.header
          ? 'bgp-header-error'
          : error.errorCode === ERROR_CODE.update || error.errorCode === ERROR_CODE.cease
            ? 'update-message-error'
            : 'bgp-open-message-error';
      this.#peer.feed(session, { type, error });
      return;
    }
    // A mistake of ours must not take the other peers down with it.
    const problem = error instanceof Error ? error : new Error(String(error));
    this.#host.emit({ type: 'problem', peer: this.#peer.config.name, error: problem });
    const cease = new NotificationError(ERROR_CODE.cease, CEASE.outOfResources, `internal error: ${problem.message}`);
    this.#peer.feed(session, { type: 'update-message-error', error: cease });
  }
}
