/** Which of two connections with one peer survives. RFC 4271 section 6.8, RFC 6286 section 2.3, RFC 4724 section 5. */
import type { SessionStateName } from '../fsm/state.js';

export interface CollisionParties {
  readonly localRouterId: number;
  readonly localAsn: number;
  /** From the OPEN that has just come. */
  readonly remoteRouterId: number;
  readonly remoteAsn: number;
  /** The connection that the OPEN came on was opened by us. */
  readonly newInitiatedByUs: boolean;
  readonly existing: {
    readonly state: SessionStateName;
    readonly initiatedByUs: boolean;
    /** With graceful restart agreed, and established when the new connection came: the peer has restarted. */
    readonly restarted: boolean;
  };
}

/**
 * `none`: the existing connection is not far enough to collide. `replace`: the new one takes over once it is established,
 * and routes stay. Not at its OPEN already: we may notice late a connection that is older than the session, and the peer
 * is about to close it.
 */
export type CollisionVerdict = 'none' | 'keep-existing' | 'keep-new' | 'replace';

export function resolveCollision(parties: CollisionParties): CollisionVerdict {
  const { existing, newInitiatedByUs } = parties;
  if (existing.state === 'established') {
    // RFC 4724 section 5: a peer that opens a connection beside an established session has lost the old one.
    return existing.restarted && !newInitiatedByUs ? 'replace' : 'keep-existing';
  }
  if (existing.state !== 'open-confirm') return 'none';
  if (existing.initiatedByUs === newInitiatedByUs) {
    // Both by the peer: it would not dial again if the first one were of use to it. Both by us cannot be.
    return newInitiatedByUs ? 'keep-existing' : 'keep-new';
  }
  return localWins(parties) === newInitiatedByUs ? 'keep-new' : 'keep-existing';
}

/** The connection opened by the speaker with the higher BGP Identifier stays; of equal ones the higher AS number's. */
function localWins({ localRouterId, localAsn, remoteRouterId, remoteAsn }: CollisionParties): boolean {
  return localRouterId === remoteRouterId ? localAsn > remoteAsn : localRouterId > remoteRouterId;
}
