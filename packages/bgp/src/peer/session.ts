/** One state machine over at most one TCP connection. A peer has one, and a second one while connections collide. */
import type { Address } from '@tortie/ip';
import type { TimerName } from '../fsm/effect.js';
import type { Negotiated } from '../fsm/negotiate.js';
import { IDLE, type SessionState } from '../fsm/state.js';
import { type WireContext, wireContext } from '../wire/context.js';
import { Framer } from '../wire/framer.js';
import { Timer } from './timer-queue.js';

/** Where a connection ends, as far as the driver knows. */
export interface Endpoints {
  readonly localAddress?: Address | undefined;
  /** Other addresses of the interface that has the local one: next hops for routes of the other IP version. */
  readonly interfaceAddresses?: readonly Address[] | undefined;
  /** The interface, of a connection between link-local addresses. */
  readonly device?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remotePort?: number | undefined;
}

/** What both sides understand before the OPENs have said more. */
const UNNEGOTIATED: WireContext = wireContext({ fourOctetAs: false });

export class Session {
  state: SessionState = IDLE;
  /** The driver's handle; undefined without a connection, dialling included. */
  connection: number | undefined;
  initiatedByUs = false;
  /** The peer opened it while another one was established. */
  besideEstablished = false;
  endpoints: Endpoints = {};
  framer = new Framer();
  receive: WireContext = UNNEGOTIATED;
  send: WireContext = UNNEGOTIATED;
  /** Whole messages as they crossed the wire: both OPENs, and the NOTIFICATION that ended it. */
  sentOpen: Uint8Array | undefined;
  receivedOpen: Uint8Array | undefined;
  notification: Uint8Array | undefined;
  /** When it became established. */
  establishedMs = Number.NaN;
  /** How many UPDATEs the peer had sent in all at that time. */
  updatesBefore = 0;
  readonly timers: Readonly<Record<TimerName, Timer>>;

  constructor(expire: (session: Session, timer: TimerName) => void) {
    const timer = (name: TimerName): Timer => new Timer(() => expire(this, name));
    this.timers = {
      'connect-retry': timer('connect-retry'),
      hold: timer('hold'),
      keepalive: timer('keepalive'),
      'delay-open': timer('delay-open'),
    };
  }

  /** A fresh connection: nothing of an earlier one may shine through. */
  attach(connection: number, initiatedByUs: boolean, endpoints: Endpoints): void {
    this.connection = connection;
    this.initiatedByUs = initiatedByUs;
    this.besideEstablished = false;
    this.endpoints = endpoints;
    this.framer = new Framer();
    this.receive = UNNEGOTIATED;
    this.send = UNNEGOTIATED;
    this.sentOpen = undefined;
    this.receivedOpen = undefined;
    this.notification = undefined;
  }
}

/** What the session has agreed on, from OpenConfirm on. */
export const negotiatedOf = ({ state }: Session): Negotiated | undefined =>
  'negotiated' in state ? state.negotiated : undefined;
