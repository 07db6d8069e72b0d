/** What peers tell of their sessions to whoever exports them. */
import type { Address } from '@tortie/ip';
import type { Cause } from '../fsm/cause.js';
import type { WireContext } from '../wire/context.js';

/** An established session as BMP shows it. */
export interface MonitoredSession {
  /** Index in the RIB. */
  readonly ribPeer: number;
  readonly address: Address;
  readonly asn: number;
  readonly routerId: number;
  readonly localAddress: Address | undefined;
  readonly localPort: number;
  readonly remotePort: number;
  /** Whole messages, as they crossed the wire. */
  readonly sentOpen: Uint8Array;
  readonly receivedOpen: Uint8Array;
  readonly receive: WireContext;
  readonly send: WireContext;
  /** When it came up, on the speaker's clock. */
  readonly establishedMs: number;
}

export interface SessionMonitor {
  sessionUp(session: MonitoredSession): void;
  /** `notification`: the whole message that ended the session, sent or received. */
  sessionDown(ribPeer: number, cause: Cause, notification: Uint8Array | undefined): void;
}
