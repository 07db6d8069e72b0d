/** Active: waiting for the peer to dial, or for the time to dial again. RFC 4271 section 8.2.2. */
import { CEASE, ERROR_CODE } from '../iana.js';
import type { FsmConfig } from './config.js';
import type { SessionEvent } from './event.js';
import type { ActiveState } from './state.js';
import {
  acceptOpen,
  become,
  failBeforeOpen,
  notification,
  notified,
  type Step,
  sendOpen,
  startConnectRetry,
  startTimer,
  stay,
  stopTimer,
  toIdle,
} from './step.js';

export function active(state: ActiveState, event: SessionEvent, config: FsmConfig): Step {
  switch (event.type) {
    case 'manual-start':
    case 'automatic-start':
    case 'idle-hold-timer-expires':
    case 'tcp-connection-valid':
    case 'tcp-connection-request-invalid':
      return stay(state);
    case 'manual-stop':
      return toIdle(
        state,
        { type: 'stopped' },
        'clear',
        state.delayOpen && config.notifyWithoutOpen
          ? notification(ERROR_CODE.cease, event.farewell?.errorSubcode ?? CEASE.administrativeShutdown)
          : undefined,
      );
    case 'connect-retry-timer-expires':
      if (config.passive) return stay(state);
      return become({ ...state, name: 'connect', delayOpen: false }, startConnectRetry(config), { type: 'connect' });
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
      return toIdle(state, { type: 'tcp-failed', reason: event.reason }, 'add');
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
      return toIdle(state, { type: 'tcp-failed', reason: `${event.type} while waiting for a connection` }, 'add');
  }
}
