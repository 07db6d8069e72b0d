/** What a step asks its driver to do, in order. */
import type { Cause } from './cause.js';
import type { Negotiated } from './negotiate.js';

export type TimerName = 'connect-retry' | 'hold' | 'keepalive' | 'delay-open';

export type SessionEffect =
  /** Dial the peer. */
  | { readonly type: 'connect' }
  /** Close the connection, or give up dialling. What was sent before still goes out. */
  | { readonly type: 'drop-connection' }
  /** Nothing came back from where we dialled; we dial again. */
  | { readonly type: 'unanswered' }
  | { readonly type: 'send-open' }
  | { readonly type: 'send-keepalive' }
  | {
      readonly type: 'send-notification';
      readonly errorCode: number;
      readonly errorSubcode: number;
      readonly data: Uint8Array;
    }
  /** (Re)starts a timer; `jitter`: the driver takes 0.75 to 1.0 of the time (RFC 4271 section 10). */
  | { readonly type: 'start-timer'; readonly timer: TimerName; readonly seconds: number; readonly jitter: boolean }
  | { readonly type: 'stop-timer'; readonly timer: TimerName }
  /** The session is up: routes may flow. */
  | { readonly type: 'established'; readonly negotiated: Negotiated }
  /** The session or attempt is over. `was`: what an established one had agreed on; its routes go, or stay as stale. */
  | { readonly type: 'ended'; readonly cause: Cause; readonly was: Negotiated | undefined };
