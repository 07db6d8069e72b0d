/** What the main thread and the thread with the sessions tell each other. */
import type { SessionSpec, SessionView } from '@tortie/bfd';
import type { DroppedPackets } from './dropped-packets.js';
import type { StateEvent } from './engine.js';

/** Where the sockets are. */
export interface BfdPlace {
  /** Name or path of another network namespace. */
  readonly netns?: string;
  /** VRF device that sessions are inside of: its table leads to peers, and packets count that came by its interfaces. */
  readonly vrf?: string;
}

export type ToWorker =
  | { readonly type: 'set'; readonly spec: SessionSpec }
  | { readonly type: 'remove'; readonly name: string }
  | { readonly type: 'views'; readonly id: number }
  | { readonly type: 'close' };

export type FromWorker =
  | { readonly type: 'state'; readonly event: StateEvent }
  | { readonly type: 'problem'; readonly name: string; readonly text: string }
  | { readonly type: 'views'; readonly id: number; readonly report: BfdReport }
  | { readonly type: 'closed' };

export interface BfdReport {
  readonly sessions: readonly SessionView[];
  /** Packets that reached no session, by reason. */
  readonly dropped: DroppedPackets;
}
