/** Why a session or an attempt at one ended: data for programs, words for people. */
import { CEASE, ERROR_CODE, FSM_ERROR, HEADER_ERROR, OPEN_ERROR, UPDATE_ERROR } from '../iana.js';

/** What a Hard Reset wraps, RFC 8538. */
export interface InsideHardReset {
  readonly errorCode: number;
  readonly errorSubcode: number;
}

export type Cause =
  /** We found a violation or decided to stop, and said so; `detail` is what only we know. */
  | {
      readonly type: 'notification-sent';
      readonly errorCode: number;
      readonly errorSubcode: number;
      readonly detail: string;
      readonly inside?: InsideHardReset;
    }
  | {
      readonly type: 'notification-received';
      readonly errorCode: number;
      readonly errorSubcode: number;
      readonly inside?: InsideHardReset;
      /** The shutdown communication, RFC 9003; empty without one. */
      readonly text: string;
    }
  | { readonly type: 'hold-timer-expired' }
  /** RFC 9687: the peer took none of our octets for too long. */
  | { readonly type: 'send-hold-timer-expired' }
  | { readonly type: 'tcp-failed'; readonly reason: string }
  /** Closed without a NOTIFICATION so that the peer keeps our routes. */
  | { readonly type: 'graceful-close' }
  /** A newer connection of a restarted peer took its place, RFC 4724 section 5. */
  | { readonly type: 'replaced' }
  | { readonly type: 'stopped' };

/** Not even a refusal came back. */
export const UNANSWERED: Cause = {
  type: 'tcp-failed',
  reason: 'no answer to our connection: the peer is away, or a packet filter or another TCP-MD5 key drops what we send',
};

/** Both sides have dialled, and this connection was the one too many. RFC 4271 section 6.8. */
export const isCollision = (cause: Cause): boolean =>
  (cause.type === 'notification-sent' || cause.type === 'notification-received') &&
  cause.errorCode === ERROR_CODE.cease &&
  cause.errorSubcode === CEASE.connectionCollision;

const words = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter}`).replace(/ (As|Bgp)\b|^(bfd|.)/g, (part) => part.toUpperCase());

const nameOf = (table: Readonly<Record<string, number>>, value: number): string => {
  const found = Object.entries(table).find(([, number]) => number === value);
  return found ? words(found[0]) : String(value);
};

const CODE_NAMES: Readonly<Record<number, string>> = {
  [ERROR_CODE.header]: 'Message Header Error',
  [ERROR_CODE.open]: 'OPEN Message Error',
  [ERROR_CODE.update]: 'UPDATE Message Error',
  [ERROR_CODE.holdTimer]: 'Hold Timer Expired',
  [ERROR_CODE.fsm]: 'Finite State Machine Error',
  [ERROR_CODE.cease]: 'Cease',
  [ERROR_CODE.routeRefresh]: 'ROUTE-REFRESH Message Error',
  8: 'Send Hold Timer Expired',
};

const SUBCODES: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  [ERROR_CODE.header]: HEADER_ERROR,
  [ERROR_CODE.open]: OPEN_ERROR,
  [ERROR_CODE.update]: UPDATE_ERROR,
  [ERROR_CODE.fsm]: FSM_ERROR,
  [ERROR_CODE.cease]: CEASE,
};

/** `Cease/Administrative Shutdown`, `OPEN Message Error/Bad Peer AS`; numbers where a name is unknown. */
export function notificationName(errorCode: number, errorSubcode: number): string {
  const name = CODE_NAMES[errorCode] ?? `error ${errorCode}`;
  const subcodes = SUBCODES[errorCode];
  if (errorSubcode === 0) return name;
  return `${name}/${subcodes ? nameOf(subcodes, errorSubcode) : errorSubcode}`;
}

/** The reason comes first, also where a Hard Reset wraps it. */
const nameOfNotification = ({
  errorCode,
  errorSubcode,
  inside,
}: Extract<Cause, { readonly errorCode: number }>): string =>
  inside
    ? `${notificationName(inside.errorCode, inside.errorSubcode)} (Hard Reset)`
    : notificationName(errorCode, errorSubcode);

/** One line for a log or an event. */
export function describeCause(cause: Cause): string {
  switch (cause.type) {
    case 'notification-sent':
      return `we sent ${nameOfNotification(cause)}${cause.detail && `: ${cause.detail}`}`;
    case 'notification-received':
      return `peer sent ${nameOfNotification(cause)}${cause.text && `: ${cause.text}`}`;
    case 'hold-timer-expired':
      return 'hold timer expired';
    case 'send-hold-timer-expired':
      return 'send hold timer expired: the peer reads nothing';
    case 'tcp-failed':
      return cause.reason;
    case 'graceful-close':
      return 'closed without a Cease for a graceful restart';
    case 'replaced':
      return 'the restarted peer opened a new connection';
    case 'stopped':
      return 'stopped';
  }
}

/** We ended the session for too many prefixes. */
export const isPrefixLimit = (cause: Cause): boolean =>
  cause.type === 'notification-sent' &&
  cause.errorCode === ERROR_CODE.cease &&
  cause.errorSubcode === CEASE.maximumPrefixes;
