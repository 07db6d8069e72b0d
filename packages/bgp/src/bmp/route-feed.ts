/** What the feeds of a collector have in common: they are pulled, and hold what changed as bits, never as messages. */
import type { MonitoringWriter } from './monitoring-writer.js';

/** Rows looked at by one call: a walk over a large table is cut into pieces, so that it does not hold the event loop. */
export const MAX_VISITS = 16384;

export interface RouteFeed {
  /** pull() would do something. */
  readonly pending: boolean;
  readonly writers: readonly MonitoringWriter[];
  /** Writes up to about `octets` octets of messages; changes carry the time `nowMs`, the initial dump none. */
  pull(octets: number, nowMs: number): void;
  /** Stops following the tables and gives up every hold on them. */
  close(): void;
}

export const NO_BLOCK: Uint8Array = new Uint8Array(0);
