/** A BFD session as the API shows it. */
import type { SessionView } from '@tortie/bfd';
import type { BfdStatus } from '../api/bfd.js';

export interface BfdViewInput {
  readonly view: SessionView;
  readonly multihop: boolean;
  readonly holdsSession: boolean;
}

export function bfdView({ view, multihop, holdsSession }: BfdViewInput): BfdStatus {
  const { state, sinceMs, diagnostic, remote, txIntervalMs, detectionTimeMs, flaps, lastDown, error } = view;
  return {
    state,
    since: new Date(sinceMs).toISOString(),
    diagnostic,
    ...(remote && { remoteState: remote.state, remoteDiagnostic: remote.diagnostic }),
    multihop,
    txIntervalMs,
    ...(detectionTimeMs !== undefined && { detectionTimeMs }),
    flaps,
    ...(lastDown !== undefined && { lastDown }),
    packetsIn: view.packetsIn,
    packetsOut: view.packetsOut,
    holdsSession,
    ...(error !== undefined && { error }),
  };
}
