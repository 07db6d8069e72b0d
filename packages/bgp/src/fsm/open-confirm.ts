/** OpenConfirm: both OPENs are good, the peer's KEEPALIVE is awaited. RFC 4271 section 8.2.2. */
import { MESSAGE_TYPE } from '../iana.js';
import type { FsmConfig } from './config.js';
import type { SessionEvent } from './event.js';
import type { OpenConfirmState } from './state.js';
import {
  become,
  collisionDump,
  failWith,
  holdTimerExpired,
  notified,
  type Step,
  startTimer,
  stay,
  stop,
  toIdle,
  unexpected,
} from './step.js';

export function openConfirm(state: OpenConfirmState, event: SessionEvent, _config: FsmConfig): Step {
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
    case 'keepalive-timer-expires':
      return become(state, { type: 'send-keepalive' }, startTimer('keepalive', negotiated.keepaliveS, true));
    case 'tcp-connection-fails':
      return toIdle(state, { type: 'tcp-failed', reason: event.reason }, 'add');
    case 'notification':
      return notified(state, event.message, 'add');
    case 'notification-version-error':
      return notified(state, event.message, 'keep');
    case 'bgp-header-error':
    case 'bgp-open-message-error':
      return failWith(state, event.error);
    case 'bgp-open':
      // A second OPEN on one connection is no collision: the FSM error of RFC 6608 section 4.
      return unexpected(state, 'OPEN', MESSAGE_TYPE.open);
    case 'open-collision-dump':
    case 'replaced-by-restart':
      return collisionDump(state);
    case 'keepalive':
      return become(
        { name: 'established', connectRetryCounter: state.connectRetryCounter, negotiated },
        ...(negotiated.holdTimeS > 0 ? [startTimer('hold', negotiated.holdTimeS)] : []),
        { type: 'established', negotiated },
      );
    case 'update':
    case 'update-message-error':
      return unexpected(state, 'UPDATE', MESSAGE_TYPE.update);
    case 'route-refresh':
      return unexpected(state, 'ROUTE-REFRESH', MESSAGE_TYPE.routeRefresh);
    default:
      return unexpected(state, event.type);
  }
}
