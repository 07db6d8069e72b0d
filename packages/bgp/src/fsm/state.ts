/** The states of RFC 4271 section 8.2.2. A state holds only what exists in that state. */
import type { Negotiated } from './negotiate.js';

export type SessionStateName = 'idle' | 'connect' | 'active' | 'open-sent' | 'open-confirm' | 'established';

interface Counted {
  /** ConnectRetryCounter: attempts and sessions that failed since the last manual start. */
  readonly connectRetryCounter: number;
}

export type IdleState = Counted & { readonly name: 'idle' };
/** `delayOpen`: a TCP connection is there and the DelayOpenTimer runs. */
export type ConnectState = Counted & { readonly name: 'connect'; readonly delayOpen: boolean };
export type ActiveState = Counted & { readonly name: 'active'; readonly delayOpen: boolean };
export type OpenSentState = Counted & { readonly name: 'open-sent' };
export type OpenConfirmState = Counted & { readonly name: 'open-confirm'; readonly negotiated: Negotiated };
export type EstablishedState = Counted & { readonly name: 'established'; readonly negotiated: Negotiated };

export type SessionState = IdleState | ConnectState | ActiveState | OpenSentState | OpenConfirmState | EstablishedState;

export const IDLE: IdleState = { name: 'idle', connectRetryCounter: 0 };
