/** OpenSent: our OPEN is out, the peer's is awaited. RFC 4271 section 8.2.2. */
import { MESSAGE_TYPE } from '../iana.js';
import type { FsmConfig } from './config.js';
import type { SessionEvent } from './event.js';
import type { OpenSentState } from './state.js';
import {
  acceptOpen,
  become,
  collisionDump,
  failWith,
  holdTimerExpired,
  notified,
  type Step,
  startConnectRetry,
  stay,
  stop,
  stopTimer,
  unexpected,
} from './step.js';

export function openSent(state: OpenSentState, event: SessionEvent, config: FsmConfig): Step {
  switch (event.type) {
    case 'manual-start':
    case 'automatic-start':
    case 'idle-hold-timer-expires':
    // Second connections of the peer have a state machine of their own; collisions are the peer's business.
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
    case 'tcp-connection-fails':
      return become(
        { name: 'active', connectRetryCounter: state.connectRetryCounter, delayOpen: false },
        stopTimer('hold'),
        { type: 'drop-connection' },
        ...(config.passive ? [] : [startConnectRetry(config)]),
        { type: 'ended', cause: { type: 'tcp-failed', reason: event.reason }, was: undefined },
      );
    case 'bgp-open':
      return acceptOpen(state, event.open, config);
    case 'bgp-header-error':
    case 'bgp-open-message-error':
      return failWith(state, event.error);
    case 'open-collision-dump':
    case 'replaced-by-restart':
      return collisionDump(state);
    case 'notification-version-error':
      return notified(state, event.message, 'keep');
    case 'notification':
      // Deviation: the RFC answers with an FSM error, against its own section 6.4 by which no NOTIFICATION is
      // answered; peers that dislike our OPEN say so in this state.
      return notified(state, event.message, 'add');
    case 'keepalive':
      return unexpected(state, 'KEEPALIVE', MESSAGE_TYPE.keepalive);
    case 'update':
    case 'update-message-error':
      return unexpected(state, 'UPDATE', MESSAGE_TYPE.update);
    case 'route-refresh':
      return unexpected(state, 'ROUTE-REFRESH', MESSAGE_TYPE.routeRefresh);
    default:
      return unexpected(state, event.type);
  }
}
