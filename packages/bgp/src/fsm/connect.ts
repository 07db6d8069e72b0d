/** Connect: we are dialling, or the connection is up and the DelayOpenTimer runs. RFC 4271 section 8.2.2. */
import type { FsmConfig } from './config.js';
import type { SessionEvent } from './event.js';
import type { ConnectState } from './state.js';
import {
  acceptOpen,
  become,
  failBeforeOpen,
  notified,
  type Step,
  sendOpen,
  startConnectRetry,
  startTimer,
  stay,
  stopTimer,
  toIdle,
} from './step.js';

export function connect(state: ConnectState, event: SessionEvent, config: FsmConfig): Step {
  switch (event.type) {
    case 'manual-start':
    case 'automatic-start':
    case 'idle-hold-timer-expires':
    case 'tcp-connection-valid':
    case 'tcp-connection-request-invalid':
      return stay(state);
    case 'manual-stop':
      return toIdle(state, { type: 'stopped' }, 'clear');
    case 'connect-retry-timer-expires':
      return become(
        { ...state, delayOpen: false },
        { type: 'unanswered' },
        { type: 'drop-connection' },
        startConnectRetry(config),
        stopTimer('delay-open'),
        { type: 'connect' },
      );
    case 'delay-open-timer-expires':
      return sendOpen(state, config);
    case 'tcp-connection-request-acked':
    case 'tcp-connection-confirmed':
      if (config.delayOpenS > 0) {
        return become(
          { ...state, delayOpen: true },
          stopTimer('connect-retry'),
          startTimer('delay-open', config.delayOpenS),
        );
      }
      return sendOpen(state, config);
    case 'tcp-connection-fails':
      // Deviation: without the DelayOpenTimer the RFC goes to Idle, which refuses the connection that the peer may
      // open meanwhile. Like every implementation we wait in Active, where the ConnectRetryTimer dials again.
      return become(
        { name: 'active', connectRetryCounter: state.connectRetryCounter + 1, delayOpen: false },
        startConnectRetry(config),
        stopTimer('delay-open'),
        { type: 'drop-connection' },
        { type: 'ended', cause: { type: 'tcp-failed', reason: event.reason }, was: undefined },
      );
    case 'bgp-open':
      if (state.delayOpen) return acceptOpen(state, event.open, config, [{ type: 'send-open' }]);
      return toIdle(state, { type: 'tcp-failed', reason: 'an OPEN without a connection' }, 'add');
    case 'bgp-header-error':
    case 'bgp-open-message-error':
      return failBeforeOpen(state, event.error, config);
    case 'notification-version-error':
      return notified(state, event.message, state.delayOpen ? 'keep' : 'add');
    case 'notification':
      return notified(state, event.message, 'add');
    default:
      return toIdle(state, { type: 'tcp-failed', reason: `${event.type} while connecting` }, 'add');
  }
}
