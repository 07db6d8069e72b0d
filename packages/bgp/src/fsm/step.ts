/** The result of one event, and the small vocabulary the state files build it from. */
import type { NotificationError } from '../errors.js';
import { CEASE, ERROR_CODE, FSM_ERROR } from '../iana.js';
import type { NotificationMessage } from '../wire/message.js';
import { hardReset, insideHardReset } from '../wire/notification.js';
import type { Cause } from './cause.js';
import type { PeerOpen } from './check-open.js';
import type { FsmConfig } from './config.js';
import type { SessionEffect, TimerName } from './effect.js';
import type { Farewell } from './event.js';
import { ceaseOf, shutdownText } from './farewell-message.js';
import { negotiate } from './negotiate.js';
import type { OpenConfirmState, OpenSentState, SessionState } from './state.js';

export interface Step {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

const NOTHING: readonly SessionEffect[] = [];
const NO_DATA: Uint8Array = new Uint8Array(0);

/** Nothing happens. */
export const stay = (state: SessionState): Step => ({ state, effects: NOTHING });

export const become = (state: SessionState, ...effects: SessionEffect[]): Step => ({ state, effects });

export const startTimer = (timer: TimerName, seconds: number, jitter = false): SessionEffect => ({
  type: 'start-timer',
  timer,
  seconds,
  jitter,
});

export const stopTimer = (timer: TimerName): SessionEffect => ({ type: 'stop-timer', timer });

/** RFC 4271 section 10: jitter applies to the ConnectRetryTimer and the KeepaliveTimer. */
export const startConnectRetry = (config: FsmConfig): SessionEffect =>
  startTimer('connect-retry', config.connectRetryS, true);

export const notification = (errorCode: number, errorSubcode: number, data: Uint8Array = NO_DATA): SessionEffect => ({
  type: 'send-notification',
  errorCode,
  errorSubcode,
  data,
});

/** Which count a way to Idle makes of the ConnectRetryCounter: manual stops clear it, failures add one. */
type Counting = 'clear' | 'add' | 'keep';

/** Timers stop, the connection closes, resources go: every way to Idle. */
export function toIdle(state: SessionState, cause: Cause, counting: Counting, farewell?: SessionEffect): Step {
  const before = state.connectRetryCounter;
  return {
    state: { name: 'idle', connectRetryCounter: counting === 'clear' ? 0 : counting === 'add' ? before + 1 : before },
    effects: [
      ...(farewell ? [farewell] : []),
      stopTimer('connect-retry'),
      stopTimer('delay-open'),
      stopTimer('hold'),
      stopTimer('keepalive'),
      { type: 'drop-connection' },
      { type: 'ended', cause, was: state.name === 'established' ? state.negotiated : undefined },
    ],
  };
}

/** We found something wrong and say so. RFC 4271 section 6. */
export function failWith(state: SessionState, error: NotificationError): Step {
  const { errorCode, errorSubcode, data, message } = error;
  return toIdle(
    state,
    { type: 'notification-sent', errorCode, errorSubcode, detail: message },
    'add',
    notification(errorCode, errorSubcode, data),
  );
}

/** An error before our OPEN was sent: the peer is told only with SendNOTIFICATIONwithoutOPEN. */
export function failBeforeOpen(state: SessionState, error: NotificationError, config: FsmConfig): Step {
  if (config.notifyWithoutOpen) return failWith(state, error);
  return toIdle(state, { type: 'tcp-failed', reason: `closed before our OPEN: ${error.message}` }, 'add');
}

const FSM_SUBCODE: Readonly<Partial<Record<SessionState['name'], number>>> = {
  'open-sent': FSM_ERROR.inOpenSent,
  'open-confirm': FSM_ERROR.inOpenConfirm,
  established: FSM_ERROR.inEstablished,
};

/** RFC 6608: an event that the state does not expect, with the subcode of the state and, of a message, its type. */
export function unexpected(state: SessionState, what: string, messageType?: number): Step {
  const errorSubcode = FSM_SUBCODE[state.name] ?? FSM_ERROR.unspecified;
  return toIdle(
    state,
    { type: 'notification-sent', errorCode: ERROR_CODE.fsm, errorSubcode, detail: `${what} in ${state.name}` },
    'add',
    notification(ERROR_CODE.fsm, errorSubcode, messageType === undefined ? NO_DATA : Uint8Array.of(messageType)),
  );
}

/** ManualStop and AutomaticStop once our OPEN is out. */
export function stop(state: SessionState, farewell: Farewell | undefined, counting: 'clear' | 'add'): Step {
  if (!farewell) return toIdle(state, { type: 'graceful-close' }, counting);
  const cease = ceaseOf(farewell);
  // RFC 8538 section 3: where both sides set the N-bit, only a Hard Reset (with the true Cease inside) deletes routes.
  const wrapped =
    farewell.hard === true && 'negotiated' in state && state.negotiated.gracefulRestart?.notification === true;
  const { errorCode, errorSubcode, data } = wrapped ? hardReset(cease) : cease;
  return toIdle(
    state,
    {
      type: 'notification-sent',
      errorCode,
      errorSubcode,
      detail: farewell.text ?? '',
      ...(wrapped && { inside: cease }),
    },
    counting,
    notification(errorCode, errorSubcode, data),
  );
}

export function collisionDump(state: SessionState): Step {
  const errorSubcode = CEASE.connectionCollision;
  return toIdle(
    state,
    { type: 'notification-sent', errorCode: ERROR_CODE.cease, errorSubcode, detail: 'another connection won' },
    'add',
    notification(ERROR_CODE.cease, errorSubcode),
  );
}

export const holdTimerExpired = (state: SessionState): Step =>
  toIdle(state, { type: 'hold-timer-expired' }, 'add', notification(ERROR_CODE.holdTimer, 0));

export function notified(state: SessionState, message: NotificationMessage, counting: 'add' | 'keep'): Step {
  const { errorCode, errorSubcode } = message;
  const text = shutdownText(message);
  const inside = insideHardReset(message);
  return toIdle(
    state,
    { type: 'notification-received', errorCode, errorSubcode, text, ...(inside && { inside }) },
    counting,
  );
}

/** Our OPEN goes out and the peer's is awaited. */
export function sendOpen(state: SessionState, config: FsmConfig): Step {
  const next: OpenSentState = { name: 'open-sent', connectRetryCounter: state.connectRetryCounter };
  return become(
    next,
    stopTimer('connect-retry'),
    stopTimer('delay-open'),
    { type: 'send-open' },
    startTimer('hold', config.openHoldTimeS),
  );
}

/** The peer's OPEN is good: KEEPALIVE, timers as negotiated, OpenConfirm. `first` is what has to be sent before. */
export function acceptOpen(state: SessionState, open: PeerOpen, config: FsmConfig, first: SessionEffect[] = []): Step {
  const negotiated = negotiate(open, config);
  const next: OpenConfirmState = {
    name: 'open-confirm',
    connectRetryCounter: state.connectRetryCounter,
    negotiated,
  };
  const timers =
    negotiated.holdTimeS > 0
      ? [startTimer('keepalive', negotiated.keepaliveS, true), startTimer('hold', negotiated.holdTimeS)]
      : [stopTimer('keepalive'), stopTimer('hold')];
  return become(
    next,
    stopTimer('connect-retry'),
    stopTimer('delay-open'),
    ...first,
    { type: 'send-keepalive' },
    ...timers,
  );
}
