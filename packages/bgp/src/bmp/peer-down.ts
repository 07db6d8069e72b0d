/** Why a session went down, in BMP's terms. RFC 7854 section 4.9. */
import type { Cause } from '../fsm/cause.js';
import { BMP_PEER_DOWN } from './registry.js';

export interface PeerDownReason {
  readonly reason: number;
  readonly data: Uint8Array;
}

/** ManualStop, RFC 4271 section 8.1.2. */
const MANUAL_STOP = 2;
/** RFC 7854 section 4.9: no event of RFC 4271 fits. */
const NO_EVENT = 0;
const NO_DATA: Uint8Array = new Uint8Array(0);

export function peerDownReason(cause: Cause, notification: Uint8Array | undefined): PeerDownReason {
  switch (cause.type) {
    case 'notification-sent':
    case 'hold-timer-expired':
    case 'send-hold-timer-expired':
      return notification
        ? { reason: BMP_PEER_DOWN.localNotification, data: notification }
        : { reason: BMP_PEER_DOWN.localEvent, data: Uint8Array.of(0, NO_EVENT) };
    case 'notification-received':
      return notification
        ? { reason: BMP_PEER_DOWN.remoteNotification, data: notification }
        : { reason: BMP_PEER_DOWN.remoteClosed, data: NO_DATA };
    case 'tcp-failed':
      return { reason: BMP_PEER_DOWN.remoteClosed, data: NO_DATA };
    case 'graceful-close':
    case 'stopped':
      return { reason: BMP_PEER_DOWN.localEvent, data: Uint8Array.of(0, MANUAL_STOP) };
    case 'replaced':
      return { reason: BMP_PEER_DOWN.localEvent, data: Uint8Array.of(0, NO_EVENT) };
  }
}
