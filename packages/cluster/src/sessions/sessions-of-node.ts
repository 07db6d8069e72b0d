/** What a node must have, asked again for each index of the cluster: as desiredSessions, but only what differs is looked at. */
import type { ClusterIndex } from './cluster-index.js';
import { type DesiredSessions, type Remembered, sessionsWith } from './desired-sessions.js';

export class SessionsOfNode {
  readonly #self: string;
  #remembered: Remembered | undefined;

  constructor(self: string) {
    this.#self = self;
  }

  /** The same object as before where nothing is different. */
  of(index: ClusterIndex): DesiredSessions {
    const { desired, remembered } = sessionsWith(index, this.#self, this.#remembered);
    this.#remembered = remembered;
    return desired;
  }
}
