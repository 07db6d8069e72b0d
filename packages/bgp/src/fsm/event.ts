/** The events of RFC 4271 section 8.1, with their numbers, and the few that later RFCs added. */
import type { NotificationError } from '../errors.js';
import type { NotificationMessage } from '../wire/message.js';
import type { PeerOpen } from './check-open.js';

/** The Cease that we send when we stop; undefined closes TCP without a word (RFC 4724 restart). */
export interface Farewell {
  /** A number of CEASE. */
  readonly errorSubcode: number;
  /** Shutdown communication, RFC 9003. */
  readonly text?: string;
  /** Routes are to go at once, also where the N-bit would let the peer keep them (Hard Reset, RFC 8538). */
  readonly hard?: boolean;
}

export type SessionEvent =
  /** 1 ManualStart and 3 AutomaticStart; 4 and 5 where the configuration says passive. */
  | { readonly type: 'manual-start' }
  | { readonly type: 'automatic-start' }
  /** 2 and 8. */
  | { readonly type: 'manual-stop'; readonly farewell: Farewell | undefined }
  | { readonly type: 'automatic-stop'; readonly farewell: Farewell | undefined }
  /** 9. */
  | { readonly type: 'connect-retry-timer-expires' }
  /** 10. */
  | { readonly type: 'hold-timer-expires' }
  /** 11. */
  | { readonly type: 'keepalive-timer-expires' }
  /** 12. */
  | { readonly type: 'delay-open-timer-expires' }
  /** 13; also 6 and 7, the starts with DampPeerOscillations: the pause after a failed session is over. */
  | { readonly type: 'idle-hold-timer-expires' }
  /** 14 and 15: a connection request arrived and is to be taken, or not. */
  | { readonly type: 'tcp-connection-valid' }
  | { readonly type: 'tcp-connection-request-invalid' }
  /** 16: our connection request was answered. */
  | { readonly type: 'tcp-connection-request-acked' }
  /** 17: the peer's connection is established. */
  | { readonly type: 'tcp-connection-confirmed' }
  /** 18. */
  | { readonly type: 'tcp-connection-fails'; readonly reason: string }
  /** 19, and 20 while the DelayOpenTimer runs: the state knows which. Already checked by checkOpen. */
  | { readonly type: 'bgp-open'; readonly open: PeerOpen }
  /** 21. */
  | { readonly type: 'bgp-header-error'; readonly error: NotificationError }
  /** 22; also ROUTE-REFRESH errors (RFC 7313) and other faults found in a message before Established. */
  | { readonly type: 'bgp-open-message-error'; readonly error: NotificationError }
  /** 23: this connection lost against another one of the same peer. */
  | { readonly type: 'open-collision-dump' }
  /** 24: a NOTIFICATION about our version number. */
  | { readonly type: 'notification-version-error'; readonly message: NotificationMessage }
  /** 25. */
  | { readonly type: 'notification'; readonly message: NotificationMessage }
  /** 26. */
  | { readonly type: 'keepalive' }
  /** 27: an UPDATE; the RIB deals with its content. */
  | { readonly type: 'update' }
  /** 28. */
  | { readonly type: 'update-message-error'; readonly error: NotificationError }
  /** ROUTE-REFRESH, RFC 2918. */
  | { readonly type: 'route-refresh' }
  /** 29: SendHoldTimer_Expires, RFC 9687. */
  | { readonly type: 'send-hold-timer-expires' }
  /** The restarted peer's new connection takes over, RFC 4724 section 5. */
  | { readonly type: 'replaced-by-restart' };
