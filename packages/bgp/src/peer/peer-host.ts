/** What a peer needs of the speaker around it. */
import type { SessionMonitor } from '../bmp/session-monitor.js';
import type { SpeakerIdentity } from '../config.js';
import type { Rib } from '../rib/rib.js';
import type { SpeakerEvent } from '../speaker-event.js';
import type { RestartState } from './capabilities.js';
import type { MessageTap } from './message-tap.js';
import type { Peer } from './peer.js';
import type { Session } from './session.js';
import type { TimerQueue } from './timer-queue.js';

export interface PeerHost {
  readonly identity: SpeakerIdentity;
  /** The time of the input that is being handled. */
  readonly nowMs: number;
  readonly timers: TimerQueue;
  readonly rib: Rib;
  /** Told of every session that comes up or ends. */
  readonly monitor: SessionMonitor;
  /** Sees every message of every peer; undefined: nobody does. */
  readonly tap: MessageTap | undefined;
  /** Longest wait for a peer's OPEN. */
  readonly openHoldTimeS: number;
  /** Longest time a peer may take none of our octets, at least twice the hold time. RFC 9687. */
  readonly sendHoldS: number;
  /** 0 to 1. */
  random(): number;
  /** Received octets that wait for the connection's turn: the peer is not silent. */
  hasUnread(connection: number): boolean;
  /** Asks the driver to dial; gives the handle. */
  dial(peer: Peer, session: Session): number;
  send(connection: number, bytes: Uint8Array): void;
  close(connection: number): void;
  emit(event: SpeakerEvent): void;
  restartState(peer: Peer): RestartState;
  /** The peer is up, has sent its End-of-RIB, or has failed: matters while routes are held back after a restart. */
  progress(peer: Peer): void;
}
