/** Established: routes flow. RFC 4271 section 8.2.2. */
import { ERROR_CODE, MESSAGE_TYPE } from '../iana.js';
import type { FsmConfig } from './config.js';
import type { SessionEvent } from './event.js';
import type { EstablishedState } from './state.js';
import {
  become,
  collisionDump,
  failWith,
  holdTimerExpired,
  notification,
  notified,
  type Step,
  startTimer,
  stay,
  stop,
  toIdle,
  unexpected,
} from './step.js';

/** RFC 9687. */
const SEND_HOLD_TIMER_EXPIRED = 8;

export function established(state: EstablishedState, event: SessionEvent, _config: FsmConfig): Step {
  const { negotiated } = state;
  switch (event.type) {
    case 'manual-start':
    case 'automatic-start':
    case 'idle-hold-timer-expires':
    case 'tcp-connection-valid':
    case 'tcp-connection-request-invalid':
    case 'tcp-connection-request-acked':
    case 'tcp-connection-confirmed':
      return stay(state);
    case 'manual-stop':
      return stop(state, event.farewell, 'clear');
    case 'automatic-stop':
      return stop(state, event.farewell, 'add');
    case 'hold-timer-expires':
      return holdTimerExpired(state);
    case 'send-hold-timer-expires':
      return toIdle(state, { type: 'send-hold-timer-expired' }, 'add', notification(SEND_HOLD_TIMER_EXPIRED, 0));
    case 'keepalive-timer-expires':
      if (negotiated.holdTimeS === 0) return stay(state);
      return become(state, { type: 'send-keepalive' }, startTimer('keepalive', negotiated.keepaliveS, true));
    case 'tcp-connection-fails':
      return toIdle(state, { type: 'tcp-failed', reason: event.reason }, 'add');
    case 'notification':
    case 'notification-version-error':
      return notified(state, event.message, 'add');
    case 'keepalive':
    case 'update':
    case 'route-refresh':
      return negotiated.holdTimeS > 0 ? become(state, startTimer('hold', negotiated.holdTimeS)) : stay(state);
    case 'update-message-error':
    // Deviation: the RFC lists header errors under "any other event" with an FSM error; section 6.1 gives them their
    // own NOTIFICATION, which tells the peer more.
    case 'bgp-header-error':
      return failWith(state, event.error);
    case 'bgp-open-message-error':
      // An OPEN, broken or not, has no place here; errors of ROUTE-REFRESH (RFC 7313 section 5) come this way too.
      return event.error.errorCode === ERROR_CODE.open
        ? unexpected(state, 'OPEN', MESSAGE_TYPE.open)
        : failWith(state, event.error);
    case 'bgp-open':
      return unexpected(state, 'OPEN', MESSAGE_TYPE.open);
    case 'open-collision-dump':
      return collisionDump(state);
    case 'replaced-by-restart':
      return toIdle(state, { type: 'replaced' }, 'keep');
    default:
      return unexpected(state, event.type);
  }
}
