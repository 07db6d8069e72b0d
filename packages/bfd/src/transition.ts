/** The state machine of RFC 5880 sections 6.2 and 6.8.6, without its timers. Pure. */
import type { Diagnostic, SessionState } from './words.js';

export interface Transition {
  readonly state: SessionState;
  /** What bfd.LocalDiag becomes; absent where it stays. */
  readonly diagnostic?: Diagnostic;
}

const NEIGHBOR_DOWN: Transition = { state: 'down', diagnostic: 'neighbor signaled session down' };

/** What our state becomes when a packet with the peer's state arrives. */
export function onPacket(state: SessionState, remote: SessionState): Transition {
  if (state === 'admin-down') return { state };
  if (remote === 'admin-down') return state === 'down' ? { state } : NEIGHBOR_DOWN;
  switch (state) {
    case 'down':
      if (remote === 'down') return { state: 'init' };
      return remote === 'init' ? up : { state };
    case 'init':
      return remote === 'down' ? { state } : up;
    case 'up':
      return remote === 'down' ? NEIGHBOR_DOWN : { state };
  }
}

/** Our diagnostic tells of the last change of the state: coming up has none. */
const up: Transition = { state: 'up', diagnostic: 'no diagnostic' };

/** What our state becomes when no packet has come for the detection time. RFC 5880 section 6.8.4. */
export const onDetectionTimeout = (state: SessionState): Transition =>
  state === 'init' || state === 'up' ? { state: 'down', diagnostic: 'control detection time expired' } : { state };
