/** Idle: no resources, every connection refused. RFC 4271 section 8.2.2. */
import type { FsmConfig } from './config.js';
import type { SessionEvent } from './event.js';
import type { IdleState } from './state.js';
import { become, type Step, startConnectRetry, stay } from './step.js';

export function idle(state: IdleState, event: SessionEvent, config: FsmConfig): Step {
  switch (event.type) {
    case 'manual-start':
    case 'automatic-start':
      return start(0, config);
    case 'idle-hold-timer-expires':
      // The counter goes on: only a start by the user or after a good session clears it.
      return start(state.connectRetryCounter, config);
    case 'tcp-connection-request-acked':
    case 'tcp-connection-confirmed':
      return become(state, { type: 'drop-connection' });
    default:
      return stay(state);
  }
}

function start(connectRetryCounter: number, config: FsmConfig): Step {
  if (config.passive) {
    // Deviation: a passive peer never dials, so no ConnectRetryTimer runs; the RFC would dial once it expires.
    return become({ name: 'active', connectRetryCounter, delayOpen: false });
  }
  if (config.waitForPeer) {
    return become({ name: 'active', connectRetryCounter, delayOpen: false }, startConnectRetry(config));
  }
  return become({ name: 'connect', connectRetryCounter, delayOpen: false }, startConnectRetry(config), {
    type: 'connect',
  });
}
